"""Chapter 13 carries curvature back as the engine does, in any order, and with any digits."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from page import Page

from lenet_course import back_to_1998 as engine
from lenet_course import codes, data, layers
from lenet_course.back_to_1998 import losses, network, paper
from lenet_course.exercises import chapter_13 as exercises
from lenet_course.exercises import every_exercise

PAGE = Page("13_back_to_1998")
SOURCE, hand_made = PAGE.source, PAGE.hand_made
sections, run = PAGE.sections, PAGE.run

slope = hand_made("slope")
of_weights = hand_made("of_weights")
exact = hand_made("exact", slope=slope)
by_states = hand_made(
    "by_states", torch=torch, losses=losses, ten=torch.tensor(codes.digit_codes()).float()
)
seeds = st.integers(0, 2**31)


def noise(seed):
    return torch.Generator().manual_seed(seed)


# --- by hand and in the package -----------------------------------------------------------------


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_the_curvature_by_hand_is_the_engines(seed):
    flat = engine.first_weights([seed])
    digit = torch.rand(1, 1, 32, 32, generator=noise(seed)) * 1.275 - 0.1
    model, label = engine.to_module(flat[0]), torch.tensor([[seed % 10]])
    with torch.no_grad():
        s4, c5, f6 = (model[:n](digit).flatten() for n in (8, 10, 13))
        h_f6 = slope(f6) ** 2
        h_c5 = exercises.second_back.solution(h_f6, model.F6.weight, slope(c5))
        found = network.named(engine.curvature(flat, engine.SquaredError(), digit, label))
        ours = {
            "F6.weight": of_weights(h_f6, c5),
            "F6.bias": h_f6,
            "C5.weight": of_weights(h_c5, s4),
            "C5.bias": h_c5,
        }
    for part, values in ours.items():
        torch.testing.assert_close(values, found[part][0], rtol=1e-4, atol=1e-8)


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_the_slope_by_hand_is_the_engines_and_autograds(seed):
    sums = 3 * torch.randn(20, generator=noise(seed), requires_grad=True)
    states, slopes = network.squash(sums)
    torch.testing.assert_close(slope(states), slopes)
    (by_autograd,) = torch.autograd.grad(layers.ScaledTanh()(sums).sum(), sums)
    torch.testing.assert_close(slope(states.detach()), by_autograd)


@pytest.mark.parametrize("pixel", [-1.0, 1.0])
def test_the_exact_second_derivative_is_autograds(pixel):
    sums = torch.linspace(-3, 3, 25, dtype=torch.float64)

    def energy(a):
        return 0.5 * (layers.ScaledTanh()(a) - pixel) ** 2

    second = torch.stack([torch.func.grad(torch.func.grad(energy))(a) for a in sums])
    torch.testing.assert_close(exact(layers.ScaledTanh()(sums), pixel), second)


@given(seeds, st.sampled_from([0.1, 5.0, 20.0]))
@settings(max_examples=30, deadline=None)
def test_the_gradient_of_equation_9_by_hand_is_the_engines(seed, j):
    ten = torch.tensor(codes.digit_codes()).float()
    states = ten + 0.3 * torch.randn(10, 84, generator=noise(seed))
    labels = torch.randint(10, (10,), generator=noise(seed))
    gradient = by_states(states, labels, j)
    torch.testing.assert_close(
        gradient, engine.MAP(j).gradient(states, labels, ten), rtol=1e-3, atol=1e-4
    )
    slopes = exercises.pull_and_push.solution(
        losses.distances(states, ten)[0].tolist(), int(labels[0]), j
    )
    wanted = sum(slope * (states[0] - code) for slope, code in zip(slopes, ten, strict=True))
    torch.testing.assert_close(gradient[0], wanted, rtol=1e-3, atol=1e-4)


def test_a_share_alone_is_what_equation_9_gives_one_code():
    share = hand_made("share", math=math)
    for distance, j in ((0.3, 1.0), (19.0, 20.0), (48.0, 20.0)):
        y = torch.tensor([[distance]], requires_grad=True)
        layers.map_loss(y, torch.tensor([0]), j).backward()
        assert 1 - share(distance, j) == pytest.approx(y.grad.item(), abs=1e-6)


def test_the_reach_of_a_mean_is_students():
    reach = hand_made("reach", torch=torch, math=math)
    students = {2: 12.71, 3: 4.30, 5: 2.78, 10: 2.26}  # t over sqrt(count), two-sided, 5 of 100
    for count, wanted in students.items():
        assert reach(count) == pytest.approx(wanted, rel=0.03)


def test_the_printed_solutions_run_on_the_page(page):
    names, _ = page
    for each in every_exercise().values():
        if each.chapter == "13":
            exec(each.source, names)
    pair = [1.0, 3.0], [4.0, 8.0, 6.0]
    assert names["seeds_apart"](*pair) == exercises.seeds_apart.solution(*pair)
    assert names["pull_and_push"]([0.5, 3.0], 0, 1.0)[0] > 0


def test_what_the_paper_reports_is_complete():
    assert len(paper.FIGURE_5_TEST) == len(paper.FIGURE_5_TRAINING) == 21
    assert sorted(paper.FIGURE_5_TRAINING, reverse=True) == list(paper.FIGURE_5_TRAINING)
    assert paper.FIGURE_6[60_000] < paper.FIGURE_6[30_000] < paper.FIGURE_6[15_000]


# --- the page -----------------------------------------------------------------------------------


@pytest.fixture
def page(mnist, monkeypatch):
    """The names that the import cell gives, and the sections after it, over few of the digits.

    A pass through all of them takes a while; the notebook's own test goes through it.
    """
    few = replace(mnist, name="few of MNIST", train=mnist.train[:1_300], test=mnist.test[:500])
    monkeypatch.setattr(data, "load", lambda validation: few)
    start, *others = sections()
    names = {}
    run(start, names)
    return names, others


def test_every_section_runs_alone(page):
    names, others = page
    for section in others:
        run(section, dict(names))


@pytest.mark.long
def test_the_sections_run_backwards_and_then_each_ones_cells_do(page):
    names, others = page
    for section in reversed(others):
        run(section, names)
    for section in others:  # a cell finds its names, and finds them as they were
        for cell in reversed(section):
            run([cell], names)


def test_the_stand_in_digits_serve_as_well(with_stand_in):
    names = {}
    for section in sections():
        run(section, names)
    assert names["digits"].name == "scikit-learn digits"
