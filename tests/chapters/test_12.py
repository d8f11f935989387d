"""Chapter 12 measures by hand as libraries do, in any order of its sections, with any digits."""

import math
from functools import cache

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from page import Page
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from lenet_course import data, networks, training
from lenet_course.exercises import chapter_12
from lenet_course.widgets import ErrorGallery, layer_by_layer

PAGE = Page("12_looking_inside")
SOURCE, hand_made, sections, run = PAGE.source, PAGE.hand_made, PAGE.sections, PAGE.run
SEEDS = st.integers(0, 2**31)
some = settings(max_examples=20, deadline=None)


def noise(*sides, seed=0):
    return torch.randn(sides, generator=torch.Generator().manual_seed(seed))


# --- by hand and in libraries -------------------------------------------------------------------


@some
@given(SEEDS)
def test_the_hand_made_cosine_is_torchs(seed):
    one, other = noise(3, 5, 5, seed=seed), noise(3, 5, 5, seed=seed + 1)
    wanted = torch.cosine_similarity(one.flatten(), other.flatten(), dim=0).item()
    assert hand_made("cosine")(one, other) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("name", ["lenet5-1998", "relu-max", "sigmoid-avg"])
def test_what_goes_through_ends_where_the_network_ends(name):
    network = networks.find(name)
    model = networks.build(network, seed=0)
    inputs = noise(3, *network.input_shape)
    seen = hand_made("through", torch=torch)(model, inputs)
    assert torch.equal(seen["output"], model(inputs))
    assert torch.equal(seen["input"], inputs)
    assert "flatten" not in seen


def test_what_goes_through_by_hand_is_what_widgets_show():
    network, digit = networks.find("lenet5-1998"), torch.randint(256, (28, 28)).byte()
    model = networks.build(network, seed=0)
    by_hand = hand_made("through", torch=torch)(model, network.prepare(digit[None]))
    seen = layer_by_layer.through(model, network.prepare(digit[None]))
    assert list(seen) == list(by_hand)
    assert all(torch.equal(seen[name], values[0]) for name, values in by_hand.items())


def test_the_gallery_shows_what_goes_through():
    network, images = networks.find("lenet5-1998"), torch.randint(256, (3, 28, 28)).byte()
    model = networks.build(network, seed=0).requires_grad_(False)
    seen = hand_made("through", torch=torch)(model, network.prepare(images[1:2]))
    split = data.Split(images, torch.tensor([4, 9, 2]))
    shown = ErrorGallery(split, {"1998": {1: 4}}, model, network.prepare)
    layers = shown.shown["layers"]
    assert [layer["name"] for layer in layers] == list(seen)
    for layer in layers:
        values = seen[layer["name"]].flatten()
        sent = torch.tensor(list(shown.layers[layer["at"] :][: len(values)])).float() / 255
        spread = values.max() - values.min()
        found = values.min() + spread * sent  # 255 steps, so off by half of one at most
        torch.testing.assert_close(found, values, atol=spread.item() / 500, rtol=0)
    outputs = [float(text) for text in layers[-1]["numbers"]]
    assert outputs == pytest.approx(seen["output"][0].tolist(), abs=0.0051)


@some
@given(st.integers(5, 40), st.integers(1, 6), SEEDS)
def test_the_nearest_neighbours_are_those_of_scikit_learn(count, sides, seed):
    points, labels = noise(count, sides, seed=seed), torch.arange(count) % 3
    share = hand_made("neighbours_agree", torch=torch, math=math)(points, labels)
    near = NearestNeighbors(n_neighbors=2).fit(points.numpy()).kneighbors()[1][:, 0]
    assert share == pytest.approx((labels[near] == labels).float().mean().item())


@some
@given(st.integers(5, 40), st.integers(3, 10), SEEDS)
def test_the_widest_plane_is_that_of_scikit_learns_pca(count, sides, seed):
    points = noise(count, sides, seed=seed) * torch.linspace(1, 3, sides) + 5
    places, share = hand_made("widest_plane", torch=torch)(points)
    pca = PCA(n_components=2).fit(points.double().numpy())
    wanted = pca.transform(points.double().numpy())
    # A direction and its opposite are the same axis.
    numpy.testing.assert_allclose(abs(places.numpy()), abs(wanted), atol=1e-3)
    assert share == pytest.approx(pca.explained_variance_ratio_.sum(), abs=1e-4)


@some
@given(SEEDS)
def test_climbing_to_a_weighted_sum_gives_its_weights(seed):
    paper, ink, weights = -1.0, 2.0, noise(1, 1, 4, 4, seed=seed)
    weights[..., 0, 0] = 0
    names = {"torch": torch, "grey": 0.5, "paper": paper, "ink": ink}
    climb = hand_made("climb", **names)
    found = climb(lambda pictures: (pictures * weights).sum(dim=(1, 2, 3)), (1, 1, 4, 4), rate=0.1)
    cosine = torch.cosine_similarity((found - 0.5).flatten(), weights.flatten(), dim=0)
    assert cosine > 0.9999
    assert found[0, 0, 0, 0] == 0.5
    wild = climb(lambda pictures: (pictures * weights).sum(dim=(1, 2, 3)), (1, 1, 4, 4), rate=9.0)
    assert paper <= wild.min() and wild.max() <= ink


def test_climbing_changes_each_picture_for_its_own_wish():
    names = {"torch": torch, "grey": 0.5, "paper": 0.0, "ink": 1.0}
    found = hand_made("climb", **names)(lambda p: p.mean(dim=(1, 2, 3)) * 1e-6, (3, 1, 2, 2))
    assert torch.allclose(found, found[:1].expand(3, -1, -1, -1)) and found.min() > 0.5


def test_covering_leaves_the_picture_as_it_was():
    picture = noise(6, 7)
    before = picture.clone()
    copy = hand_made("covered")(picture, 1, 2, 9.0, 3)
    assert torch.equal(picture, before)
    assert (copy == 9).nonzero().tolist() == [[r, c] for r in (1, 2, 3) for c in (2, 3, 4)]


def test_the_shares_add_up_to_one_and_the_nearest_has_most():
    model, pictures = networks.build("lenet5-1998", seed=0), noise(5, 1, 32, 32)
    shares = hand_made("shares", torch=torch, model=model)(pictures)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(5))
    assert torch.equal(shares.argmax(dim=1), networks.find("lenet5-1998").decide(model(pictures)))


@some
@given(st.integers(30, 300), st.floats(0.05, 0.5), SEEDS)
def test_the_bootstrap_spreads_as_a_binomial_does(count, rate, seed):
    wrong = torch.zeros(count, dtype=torch.bool)
    wrong[: max(1, round(rate * count))] = True
    errors = hand_made("bootstrapped", torch=torch)(wrong)
    rate = wrong.float().mean().item()
    assert torch.equal(errors, errors.sort().values) and len(errors) == 2_000
    assert errors.mean().item() == pytest.approx(rate, abs=0.02)
    deviation = math.sqrt(rate * (1 - rate) / count)
    assert errors.std().item() == pytest.approx(deviation, rel=0.15)


def test_the_ends_of_the_bootstrap_are_those_of_the_exercise():
    wrong = noise(200) > 1
    errors = hand_made("bootstrapped", torch=torch)(wrong)
    dice = torch.Generator().manual_seed(0)
    draws = torch.stack([torch.randint(200, (200,), generator=dice) for _ in range(2_000)])
    low, high = chapter_12.bootstrap_interval.solution(wrong, draws, 50)
    assert (low, high) == (errors[50], errors[-51])


@some
@given(st.integers(0, 60), st.integers(1, 60))
def test_the_thrown_coins_fall_as_those_that_are_counted(ours, theirs):
    thrown = hand_made("chance_of_coins", torch=torch)(ours, theirs)
    assert thrown == pytest.approx(chapter_12.coin_chance.solution(ours, theirs), abs=0.025)


# --- the page -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page():
    """The names that the import cells give with the stand-in digits, and the sections after them.

    What is trained once is kept, so that a section may run again and again.
    """
    names, load = {}, data.load
    start, *others = sections()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "load", data._stand_in)
        run(start, names)
    assert data.load is load
    names["trained"] = cache(names["trained"])
    return names, others


def test_the_stand_in_digits_are_meant(page, with_stand_in):
    names, _ = page
    assert names["digits"].name == data.load().name == "scikit-learn digits"


def test_every_section_runs_alone(page):
    names, others = page
    for section in others:
        run(section, dict(names))


@pytest.mark.long
def test_the_sections_run_backwards_and_twice(page):
    names, others = page[0].copy(), page[1]
    for section in [*reversed(others), *others]:
        run(section, names)


@pytest.fixture
def explored(page):
    """The names after the section with the sliders."""
    names = page[0].copy()
    for section in page[1]:
        if any("Explorer" in cell.source for cell in section):
            run(section, names)
    return names


def test_moving_a_slider_covers_another_part_of_the_digit(explored):
    before = explored["drawing"].value
    explored["top"].value, explored["left"].value = 20, 10
    assert explored["drawing"].value != before
    assert explored["words"].value.startswith("A digit, and a bar for each of ten answers")


def test_the_sliders_reach_every_place_and_no_further(explored):
    assert {(slider.min, slider.max) for slider in (explored["top"], explored["left"])} == {(0, 25)}


def test_the_words_in_the_widgets_place_tell_where_the_sliders_stand(explored):
    told = explored["Explorer"].text_alternative
    assert f"row {explored['top'].value} and column {explored['left'].value}:" in told


def test_a_grey_square_is_seen_where_a_paper_one_hides_nothing(page):
    names = page[0].copy()
    for section in page[1]:
        if any("def lost_on_plain_paper" in cell.source for cell in section):
            run(section, names)
    assert names["lost_on_plain_paper"]("paper") == 0
    assert names["lost_on_plain_paper"]("grey") > 0


def test_the_interval_of_the_page_is_the_packages():
    evaluation = training.Evaluation(10_000, 157, 0.0, torch.zeros(0))
    low, high = evaluation.interval
    assert (round(low, 4), round(high, 4)) == (0.0134, 0.0183)
