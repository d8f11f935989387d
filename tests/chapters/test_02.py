"""Chapter 02 convolves by hand as torch does, in any order of its sections, and with any digits."""

from itertools import product

import jupytext
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from page import Page, code_cells

from lenet_course import data, networks, shapes

PAGE = Page("02_convolution")
SOURCE, hand_made = PAGE.source, PAGE.hand_made
sections, run = PAGE.sections, PAGE.run


WAYS = {
    name: hand_made(name, torch=torch, product=product)
    for name in ("by_loops", "by_shifts", "by_product")
}


# --- by hand and in the package -----------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 5), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_the_hand_made_layer_is_the_packages(way, maps, size, more, seed):
    layer = shapes.Conv2d(maps, size, name="C1")
    model = networks.build([layer], input_shape=(1, size + more, size + more), seed=seed)
    image = torch.randn(size + more, size + more, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        wanted = model(image[None, None])[0]
        ours = WAYS[way](image, model.C1.weight[:, 0], model.C1.bias)
    torch.testing.assert_close(ours, wanted, rtol=1e-4, atol=1e-5)


@given(st.integers(0, 6), st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_moved_by_hand_is_torchs_roll_with_an_empty_edge(by, seed):
    moved = hand_made("moved", functional=torch.nn.functional)
    maps = torch.randn(2, 4, 7, generator=torch.Generator().manual_seed(seed))
    wanted = maps.roll(by, -1)
    wanted[..., :by] = 0
    assert torch.equal(moved(maps, by), wanted)


def test_the_maps_follow_the_digit_whatever_the_weights(mnist):
    moved = hand_made("moved", functional=torch.nn.functional)
    images = networks.FAMILY["relu-max"].prepare(mnist.test.images[:20])
    for seed, by in product(range(3), range(1, 5)):
        start = networks.build("relu-max", seed=seed)[:3]
        with torch.no_grad():
            C1 = start.C1(images), start.C1(moved(images, by))
            S2 = start(images), start(moved(images, by))
        torch.testing.assert_close(C1[1][..., by:], C1[0][..., :-by])
        shifts = [torch.allclose(S2[1][..., 3:], moved(S2[0], n)[..., 3:]) for n in range(4)]
        assert shifts == [n == by / 2 for n in range(4)]


# --- the page -----------------------------------------------------------------------------------


@pytest.fixture
def page(mnist, monkeypatch):
    """The names that the import cell gives, and the sections after it."""
    monkeypatch.setattr(data, "load", lambda: mnist)
    start, *others = sections()
    names = {}
    run(start, names)
    return names, others


def test_every_section_runs_alone(page):
    names, others = page
    for section in others:
        run(section, dict(names))


def test_the_sections_run_backwards_and_twice(page):
    names, others = page
    for section in [*reversed(others), *others]:
        run(section, names)


def test_the_stand_in_digits_serve_as_well(with_stand_in):
    names = {}
    for section in sections():
        run(section, names)
    assert names["digits"].name == "scikit-learn digits"


def cell_with(words):
    """The one code cell of the chapter that holds these words."""
    (found,) = [c for c in code_cells(jupytext.read(SOURCE).cells) if words in c.source]
    return found


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("row, column = 30, 10", "The window must fit: row and column from 0 to 27."),
        ("row, column = 3, -1", "The window must fit: row and column from 0 to 27."),
    ],
)
def test_a_window_that_does_not_fit_is_refused_in_words(page, settings, says):
    names, _ = page
    source = cell_with("row, column = 24, 10").source
    with pytest.raises(AssertionError, match=says):
        exec(source.replace("row, column = 24, 10", settings), names)


@pytest.mark.parametrize("by", [0, 1, 4, 9, 27])
def test_the_digit_may_be_moved_by_any_number_that_fits(page, by):
    names, others = page
    (section,) = [part for part in others if any("by = 3" in cell.source for cell in part)]
    first = section[0].source.replace("by = 3", f"by = {by}")
    exec(first, names)


def test_shifts_beyond_those_of_the_text_are_found_too(page):
    names, others = page
    (section,) = [part for part in others if any("by = 3" in cell.source for cell in part)]
    run(section, names)
    answering_shift = names["answering_shift"]
    assert [answering_shift(3, by) for by in range(5, 10)] == [None, 3, None, 4, None]
    assert [answering_shift(6, by) for by in range(5, 13)] == [*[None] * 3, 2, *[None] * 3, 3]


@pytest.fixture
def stepper(page):
    """The stepper of the first section, as it begins."""
    names, others = page
    (section,) = [part for part in others if any("ConvolutionStepper(" in c.source for c in part)]
    run(section, names)
    yield names["stepper"]
    names["stepper"].close()


def test_the_stepper_shows_the_seven_of_the_chapter_first(stepper, page):
    window = page[0]["digit"][15:20, 19:24].flatten().tolist()
    assert [float(text) for text in stepper.shown["window"]] == pytest.approx(window, abs=0.00501)


def test_the_stepper_reaches_the_places_that_the_answer_names(stepper):
    stepper.row, stepper.column = 24, 10
    assert "25 products add up to 0.83;" in stepper.words
    stepper.column = 14
    assert "25 products add up to -0.86;" in stepper.words


def test_the_steppers_cell_runs_again_after_everything_was_moved(stepper, page):
    stepper.row, stepper.column, stepper.digit, stepper.bias = 3, 4, 2, -0.5
    stepper.kernel = torch.ones(5, 5)
    run([cell_with("ConvolutionStepper(")], page[0])
    again = page[0]["stepper"]
    assert (again.row, again.digit, again.bias) == (3, 2, -0.5) and again is not stepper
