"""Chapter 15 prepares by hand as the package does; its sections run in any order."""

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from page import Page
from PIL import Image, ImageFilter

from lenet_course import data, handwriting, photographs, results, training

PAGE = Page("15_your_own_digits")
NAMES = {"numpy": numpy, "Image": Image, "ImageFilter": ImageFilter, "handwriting": handwriting}


def hand_made(name, **names):
    return PAGE.hand_made(name, **NAMES, **names)


# --- by hand and in the package -----------------------------------------------------------------


@given(st.integers(1, 90), st.integers(1, 90), st.floats(0.02, 1), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_the_hand_made_digit_is_the_packages(height, width, density, seed):
    by_hand = hand_made("by_hand", centred=hand_made("centred"))
    random = numpy.random.default_rng(seed)
    ink = numpy.where(random.random((height, width)) < density, 255, 0).astype(numpy.uint8)
    ink[random.integers(height), random.integers(width)] = 200
    assert numpy.array_equal(by_hand(ink), handwriting.to_mnist(ink))


@given(st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_the_hand_made_paper_is_nearly_the_packages_away_from_the_edge(seed):
    paper_of, photographed = hand_made("paper_of"), hand_made("photographed")
    random = numpy.random.default_rng(seed)
    digit = numpy.pad(random.integers(0, 256, (18, 12), dtype=numpy.uint8), ((5, 5), (8, 8)))
    page = photographed(digit, seed)
    difference = numpy.abs(paper_of(page) - photographs._paper(page))
    assert difference[60:-60, 80:-80].mean() < 9 and numpy.median(difference) < 6


def test_the_hand_made_ink_is_the_packages_but_for_specks(mnist, tmp_path):
    photographed = hand_made("photographed")
    ink_of = hand_made("ink_of", paper_of=hand_made("paper_of"))
    for seed, digit in enumerate(mnist.test.images[:10].numpy()):
        page = photographed(digit, seed)
        Image.fromarray(page).save(tmp_path / "page.png")
        ink = photographs.steps(tmp_path / "page.png")["ink"]
        assert ((ink_of(page) > 127) == (ink > 127)).mean() > 0.99


def test_the_photographs_taken_by_code_are_read_rightly(page, tmp_path):
    names, _ = page
    photographed = hand_made("photographed")
    right = 0
    for seed in range(40):
        Image.fromarray(photographed(names["pictures"][seed], seed)).save(tmp_path / "page.png")
        digit = handwriting.to_mnist(photographs.read(tmp_path / "page.png"))
        right += names["answer_to"](digit)[0] == names["labels"][seed]
    assert right >= 38


# --- the page -----------------------------------------------------------------------------------


@pytest.fixture
def page(mnist, monkeypatch):
    """The names that the import cell gives, and the sections after it."""
    monkeypatch.setattr(data, "load", lambda: mnist)
    start, *others = PAGE.sections()
    names = {}
    PAGE.run(start, names)
    return names, others


def test_every_section_runs_alone(page):
    names, others = page
    for section in others:
        PAGE.run(section, dict(names))


@pytest.mark.long
def test_the_sections_run_backwards_and_twice(page):
    names, others = page
    for section in [*reversed(others), *others]:
        PAGE.run(section, names)


def test_the_stand_in_digits_serve_as_well(with_stand_in):
    names = {}
    for section in PAGE.sections():
        PAGE.run(section, names)
    assert names["digits"].name == "scikit-learn digits"


def test_what_was_told_when_the_weights_were_made_is_what_the_chapter_says():
    source = PAGE.source.read_text(encoding="utf-8")
    record = results.load("weights")
    assert record["script"] in source
    assert len(record["validation error"]) == 2
    assert {len(way) for way in record["validation error"].values()} == {3}


@pytest.mark.parametrize("seed", [1, 2])
def test_the_shapes_are_learned_with_other_seeds_too(page, seed):
    names, others = page
    (section,) = [part for part in others if any("def drawn" in cell.source for cell in part)]
    for cell in section:
        if "beginner" in cell.source:
            cell.source = cell.source.replace("seed=0", f"seed={seed}")
    PAGE.run(section, names)
    assert names["of_shapes"].errors <= 3


def test_the_accidents_spoil_other_digits_too(page, mnist):
    names, others = page
    (section,) = [part for part in others if any("accidents = {" in c.source for c in part)]
    some = slice(5_000, 5_400)
    names |= {"pictures": mnist.test.images[some].numpy(), "labels": mnist.test.labels[some]}
    about_the_first = ("example = ", "lines = ", "boxed = ", "lost = ", "ones = ")
    cells = [c for c in section if not any(words in c.source for words in about_the_first)]
    PAGE.run(cells, names)
    assert all(mended < left / 3 for left, mended in names["costs"].values())


def test_a_share_is_measured_on_the_same_digits_as_an_error(page):
    names, others = page
    (section,) = [part for part in others if any("def sure_and_right" in c.source for c in part)]
    PAGE.run(section, names)
    _, right = names["sure_and_right"](0)
    split = data.Split(torch.from_numpy(names["pictures"]), names["labels"])
    test = training.evaluate(names["model"], split, prepare=names["network"].prepare)
    assert test.errors == (~right).sum()
