"""Chapter 06 answers and measures by hand as the package does, in any order, with any digits."""

import math
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from page import Page
from torch.nn import functional

from lenet_course import codes, data, figures, layers, networks

PAGE = Page("06_classifier")
SOURCE, hand_made = PAGE.source, PAGE.hand_made
sections, run = PAGE.sections, PAGE.run

C5_WAYS = {
    name: hand_made(name, torch=torch, product=product)
    for name in ("units_by_loops", "units_by_sums", "units_by_matrix")
}
RBF_WAYS = {
    name: hand_made(name, torch=torch) for name in ("distances_by_tensors", "distances_by_product")
}
distances_by_loops = hand_made("distances_by_loops")
softmax_by_hand = hand_made("softmax_by_hand", math=math)
softmax_by_tensors = hand_made("softmax_by_tensors")
cross_entropy_by_hand = hand_made("cross_entropy_by_hand", math=math)
map_loss = hand_made("map_loss_as_cross_entropy", torch=torch, functional=functional)

seeds = st.integers(0, 2**31)
# No deadline: on a machine with more to do, a step of a millisecond may take a second.
over_many_inputs = settings(max_examples=40, deadline=None)


def normal(seed, *sides):
    return torch.randn(sides, generator=torch.Generator().manual_seed(seed)).double()


def close(one, other):
    torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5, check_dtype=False)


# --- by hand and in the package -----------------------------------------------------------------


@pytest.mark.parametrize("way", C5_WAYS)
@over_many_inputs
@given(seeds, st.integers(1, 5), st.integers(1, 4), st.integers(1, 4))
def test_the_hand_made_c5_is_torchs(way, seed, units, channels, side):
    maps, kernels = (
        normal(seed, channels, side, side),
        normal(seed + 1, units, channels, side, side),
    )
    biases = normal(seed + 2, units)
    wanted = functional.conv2d(maps[None], kernels, biases)[0, :, 0, 0]
    close(C5_WAYS[way](maps, kernels, biases), wanted)


@pytest.mark.parametrize("way", RBF_WAYS)
@over_many_inputs
@given(seeds, st.integers(1, 6))
def test_the_hand_made_distances_are_the_packages(way, seed, digits):
    states, ten = normal(seed, digits, 84), torch.tensor(codes.digit_codes()).double()
    wanted = layers.RBF(codes.digit_codes()).double()(states)
    close(RBF_WAYS[way](states, ten), wanted)
    for state, row in zip(states.tolist(), wanted, strict=True):
        close(torch.tensor(distances_by_loops(state, ten.tolist())), row)


@over_many_inputs
@given(seeds, st.integers(1, 6), st.integers(2, 10))
def test_the_hand_made_softmax_and_loss_are_torchs(seed, digits, classes):
    logits = 3 * normal(seed, digits, classes)
    labels = torch.arange(digits) % classes
    losses = functional.cross_entropy(logits, labels, reduction="none")
    close(torch.tensor(cross_entropy_by_hand(logits, labels)), losses)
    close(torch.tensor([softmax_by_hand(row) for row in logits.tolist()]), logits.softmax(dim=1))
    close(softmax_by_tensors(logits), logits.softmax(dim=1))


@over_many_inputs
@given(seeds, st.integers(1, 6), st.floats(0.1, 300))
def test_the_map_loss_is_a_cross_entropy_of_eleven_answers(seed, digits, j):
    distances, labels = 100 * normal(seed, digits, 10).abs(), torch.arange(digits)
    close(map_loss(distances, labels, j), layers.map_loss(distances, labels, j))


def test_flattening_and_the_other_order_hold_for_any_sizes():
    maps = normal(0, 2, 3, 4, 5)
    places = torch.arange(60).reshape(3, 4, 5).permute(1, 2, 0).flatten()
    assert torch.equal(maps.flatten(1)[:, places], maps.permute(0, 2, 3, 1).flatten(1))


def test_five_wrong_pixels_never_matter_and_six_may():
    ten = torch.tensor(codes.digit_codes()).float()
    six, eight = ten[6].clone(), ten[8]
    differing = (six != eight).nonzero()[:, 0]
    output = layers.RBF(codes.digit_codes())
    for count in range(6):
        turned = six.clone()
        turned[differing[:count]] *= -1
        assert output(turned[None]).argmin() == 6
    six[differing[:6]] *= -1
    assert output(six[None])[0, 6] == output(six[None])[0, 8]


# --- the page -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def started(mnist):
    """The names that the cells before the first section give, the short training among them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "load", lambda: mnist)
        names = {}
        run(sections()[0], names)
    return names


@pytest.fixture
def page(started):
    """A copy of those names, and the sections."""
    return dict(started), sections()[1:]


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


@pytest.fixture
def explored(page):
    """The names after the section with the sliders."""
    names, others = page
    for section in others:
        if any("Explorer" in cell.source for cell in section):
            run(section, names)
    return names


def test_moving_a_slider_shows_the_new_shares_and_the_loss(explored):
    for slider, value in zip(explored["sliders"], (-1.5, 3.0, 4.5), strict=True):
        slider.value = value
    wanted = figures.shares([-1.5, 3.0, 4.5], right=1)
    assert (explored["drawing"].value, explored["words"].value) == (wanted.image, wanted.alt)


def test_the_cells_run_again_after_a_slider_was_moved(page, explored):
    explored["sliders"][0].value = 5.0
    _, others = page
    section = next(one for one in others if any("Explorer" in cell.source for cell in one))
    for cell in section:
        if "Explorer([" in cell.source:
            run([cell], explored)
    assert "Logits 5.0, 1.0, 0.0" in explored["words"].value


def test_the_words_under_the_sliders_tell_where_they_stand(explored):
    stand = [slider.value for slider in explored["sliders"]]
    assert stand == [2, 1, 0]
    assert "at 2, 1 and 0" in explored["Explorer"].text_alternative


def test_the_answer_below_the_sliders_is_within_their_reach(explored):
    assert {(slider.min, slider.max) for slider in explored["sliders"]} == {(-5, 5)}


def test_the_sum_is_as_many_times_as_steep_as_the_mean_as_there_are_digits(page):
    names, _ = page
    steepness = hand_made("steepness", torch=torch, functional=functional)
    states, labels = normal(0, 96, 84).float(), names["test"].labels[:96]
    for count in (1, 7, 96):
        batch = states[:count], labels[:count]
        ratio = steepness(*batch, "sum") / steepness(*batch, "mean")
        assert math.isclose(ratio, count, rel_tol=1e-4)


@pytest.mark.parametrize("seed", [1])
def test_the_thresholds_hold_for_other_seeds(mnist, monkeypatch, seed):
    monkeypatch.setattr(data, "load", lambda: mnist)
    build = networks.build
    monkeypatch.setattr(networks, "build", lambda *which, **_: build(*which, seed=seed))
    names = {}
    for section in sections():
        run(section, names)
