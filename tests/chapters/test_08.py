"""Chapter 08 reads, prepares, orders and distorts digits by hand as the package does."""

import math
from itertools import product

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from page import Page
from sklearn.neighbors import NearestNeighbors

from lenet_course import augmentation, data, idx, networks

PAGE = Page("08_data")
SOURCE, hand_made = PAGE.source, PAGE.hand_made
sections, run = PAGE.sections, PAGE.run

SEEDS = st.integers(0, 2**31)


def random_bytes(seed, *sides):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, sides, generator=generator, dtype=torch.uint8)


# --- by hand and in the package -----------------------------------------------------------------


@given(SEEDS, st.integers(1, 300), st.integers(1, 30), st.integers(1, 30))
@settings(max_examples=30, deadline=None)
def test_the_hand_made_reader_reads_what_the_hand_made_writer_wrote(seed, count, height, width):
    images = random_bytes(seed, count, height, width)
    file = hand_made("as_idx", torch=torch)(images)
    assert torch.equal(hand_made("read_images", torch=torch)(file), images)
    assert torch.equal(idx.read_idx(file), images)


@given(SEEDS, st.integers(0, 300))
@settings(max_examples=20, deadline=None)
def test_the_hand_made_writer_writes_labels_as_well(seed, count):
    labels = random_bytes(seed, count) % 10
    file = hand_made("as_idx", torch=torch)(labels.to(torch.int64))
    assert file[:4] == bytes([0, 0, 8, 1])
    assert torch.equal(idx.read_idx(file), labels)


def test_the_hand_made_reader_refuses_labels():
    file = hand_made("as_idx", torch=torch)(torch.zeros(5))
    with pytest.raises(AssertionError, match="These are no images"):
        hand_made("read_images", torch=torch)(file)


@given(SEEDS, st.integers(1, 9))
@settings(max_examples=20, deadline=None)
def test_prepared_by_hand_is_what_the_network_of_1998_reads(seed, count):
    images = random_bytes(seed, count, 28, 28)
    theirs = networks.find("lenet5-1998").prepare(images)
    ours = hand_made("prepared", torch=torch)(images)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


@given(SEEDS, st.sampled_from([1, 7, 1_000, 2_003]), st.floats(-2, 0), st.floats(0.1, 3))
@settings(max_examples=20, deadline=None)
def test_counted_greys_give_the_mean_and_the_variance_of_the_pixels(seed, count, paper, ink):
    images = random_bytes(seed, count, 5, 6)
    mean, variance = hand_made("mean_and_variance", torch=torch)(images, paper, ink)
    pixels = images.double() / 255 * (ink - paper) + paper
    assert mean == pytest.approx(pixels.mean().item(), abs=1e-4)
    assert variance == pytest.approx(pixels.var(correction=0).item(), abs=1e-4)


@given(SEEDS, st.integers(2, 40), st.integers(1, 1_200))
@settings(max_examples=15, deadline=None)
def test_the_nearest_neighbour_is_the_one_that_scikit_learn_finds(seed, known, asked):
    generator = torch.Generator().manual_seed(seed)
    known = torch.rand(known, 4, 5, generator=generator)
    asked = torch.rand(asked, 4, 5, generator=generator)
    search = NearestNeighbors(n_neighbors=1).fit(known.flatten(1))
    theirs = search.kneighbors(asked.flatten(1), return_distance=False)[:, 0]
    ours = hand_made("nearest", torch=torch)(known, torch.arange(len(known)), asked)
    assert (ours.numpy() == theirs).mean() > 0.99  # rounding may decide between two that are alike


@given(st.integers(1, 500), st.integers(1, 64), st.integers(0, 99), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_batches_by_hand_are_the_packages(count, batch_size, seed, epoch):
    by_hand = hand_made("in_batches", torch=torch, numpy=numpy)
    ours = by_hand(count, batch_size, seed, epoch)
    theirs = data.batches(count, batch_size, seed, epoch)
    assert [one.tolist() for one in ours] == [one.tolist() for one in theirs]


@given(
    SEEDS,
    st.integers(2, 9),
    st.floats(-180, 180),
    st.floats(0.4, 2.5),
    st.floats(0.5, 2),
    st.floats(-6, 6),
    st.floats(-6, 6),
    st.sampled_from([0.0, -0.1, -1.0]),
)
@settings(max_examples=40, deadline=None)
def test_a_digit_looked_up_in_loops_is_the_packages(
    seed, side, turn, grow, widen, down, right, paper
):
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(side, side, generator=generator) + paper
    matrix = augmentation.look_up(down=down, right=right, turn=turn, grow=grow, widen=widen)
    blend = hand_made("blend", math=math, product=product)
    looked_up = hand_made("looked_up", torch=torch, product=product, blend=blend)
    theirs = augmentation.warp(image[None, None], matrix, background=paper)[0, 0]
    torch.testing.assert_close(looked_up(image, matrix[0], paper), theirs, rtol=0, atol=1e-3)


def test_the_first_half_is_harder_whichever_digits_are_known(mnist):
    nearest = hand_made("nearest", torch=torch)
    test = mnist.test[::4]
    for start in (0, 20_000, 40_000):
        known = mnist.train[start : start + 1_000]
        wrong = (nearest(known.images, known.labels, test.images) != test.labels).float()
        assert wrong[:1250].mean() > 1.4 * wrong[1250:].mean()


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


@pytest.mark.long
def test_every_cell_runs_again_at_once_and_after_the_whole_page(page):
    names, others = page
    cells = [cell for section in others for cell in section]
    for cell in cells:
        run([cell, cell], names)
    run(reversed(cells), names)  # another order, so that none lives on what the last one left


def test_the_stand_in_digits_serve_as_well(with_stand_in):
    names = {}
    for section in sections():
        run(section, names)
    assert names["digits"].name == "scikit-learn digits"


def section_with(page, words):
    """The names after the one section that holds these words has been run."""
    names, others = page
    (section,) = [part for part in others if any(words in cell.source for cell in part)]
    run(section, names)
    return names


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_luck_is_reported_whatever_the_dice_say(page, seed, monkeypatch):
    names, others = page
    (section,) = [part for part in others if any("def played" in cell.source for cell in part)]
    for cell in section:
        cell.source = cell.source.replace("manual_seed(0)", f"manual_seed({seed})")
    run(section, names)
    assert names["luck"]["300 tried"] > 4
    assert names["chosen_well"] - names["then"] < 2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_distortions_help_and_any_angle_harms_whatever_the_dice_say(page, seed):
    names, others = page
    (section,) = [part for part in others if any("def missed_with" in c.source for c in part)]
    for cell in section:
        cell.source = cell.source.replace("manual_seed(0)", f"manual_seed({seed})")
    run(section, names)
    assert list(names["errors"]) == ["300 digits", "and mild distortions", "and any angle"]


def test_moving_a_slider_shows_that_digit(page):
    names = section_with(page, "class Explorer")
    names["turning"].value, names["growing"].value, names["moving"].value = -45, 1.5, -2
    assert names["drawing"].value == names["distorted"](-45, 1.5, -2).image
    explorer = names["Explorer"]([names["drawing"]])
    assert explorer.picture() == names["drawing"].value
    assert "turned by -45°, made 1.50 times as large, moved 2 to the left" in (
        explorer.text_alternative
    )


def test_every_cell_runs_again_after_the_sliders_were_moved(page):
    names, others = page
    (section,) = [part for part in others if any("class Explorer" in c.source for c in part)]
    run(section, names)
    names["turning"].value, names["moving"].value = 90, -12
    (explorer_cell,) = [cell for cell in section if "class Explorer" in cell.source]
    run([explorer_cell], names)
    assert "moved 12 to the left" in names["words"].value
