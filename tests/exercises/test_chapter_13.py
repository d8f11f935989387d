"""Chapter 13's solutions are held to the engine; right answers may be written in other words."""

import math
import statistics

import pytest
import torch

from lenet_course import back_to_1998 as engine
from lenet_course import layers
from lenet_course.back_to_1998 import network
from lenet_course.exercises import chapter_13 as chapter
from lenet_course.exercises import check


def test_the_curvature_behind_a_step_is_the_one_it_was_made_from():
    for h in (0.0, 0.3, 7.0):
        assert chapter.curvature_behind.solution(5e-4 / (0.02 + h), 5e-4, 0.02) == pytest.approx(h)


@pytest.fixture
def traced():
    """One network and one digit, and what the engine's forward pass leaves of them."""
    flat = engine.first_weights([3])
    digit = torch.rand(1, 32, 32, generator=torch.Generator().manual_seed(0))
    weights = network.named(flat)
    found = network.named(
        engine.curvature(flat, engine.SquaredError(), digit[None], torch.tensor([[4]]))
    )
    return weights, network.forward(weights, digit)[1], found


def test_one_layer_back_is_the_engines(traced):
    weights, trace, found = traced
    above, slopes = found["F6.bias"][0], trace.C5_slopes[0]
    ours = chapter.second_back.solution(above, weights["F6.weight"][0], slopes)
    torch.testing.assert_close(ours, found["C5.bias"][0], rtol=1e-4, atol=1e-8)


def test_a_shared_weights_curvature_is_the_engines(traced):
    weights, trace, found = traced
    squares = {name: part.square() for name, part in weights.items()}
    h = torch.rand(1, 6, 784, generator=torch.Generator().manual_seed(1))
    ours = chapter.shared_curvature.solution(h[0], trace.C1_inputs[0])
    wanted = torch.bmm(h, trace.C1_inputs.square().transpose(1, 2))[0]
    torch.testing.assert_close(ours, wanted)
    assert ours.shape == squares["C1.weight"][0].shape == found["C1.weight"][0].shape


@pytest.mark.parametrize("j", [0.1, 3.0, 20.0])
def test_pull_and_push_are_autograds_slopes_of_equation_9(j):
    distances = torch.tensor([[0.5, 2.5, 1.5, 19.0]], dtype=torch.float64, requires_grad=True)
    layers.map_loss(distances, torch.tensor([2]), j).backward()
    ours = chapter.pull_and_push.solution(distances[0].tolist(), 2, j)
    assert ours == pytest.approx(distances.grad[0].tolist())


def test_seeds_of_one_recipe_are_seldom_two_apart():
    dice = torch.Generator().manual_seed(0)
    draws = torch.randn(2_000, 2, 30, generator=dice).tolist()
    far = [abs(chapter.seeds_apart.solution(*pair)) > 2 for pair in draws]
    assert 0.03 < statistics.mean(far) < 0.07


# --- in other words -----------------------------------------------------------------------------


def back_by_loops(above, weights, slopes):
    found = []
    for i, slope in enumerate(slopes):
        found.append(sum(above[k] * weights[k, i] ** 2 for k in range(len(above))) * slope**2)
    return found


def shared_by_loops(h, inputs):
    places = range(h.shape[1])
    return [[sum(m[p] * w[p] ** 2 for p in places).item() for w in inputs] for m in h]


def slopes_by_tensors(distances, label, j):
    y = torch.tensor([*distances, j], dtype=torch.float64)
    return torch.nn.functional.one_hot(torch.tensor(label), len(distances)) - (-y).softmax(0)[:-1]


def apart_by_deviations(ours, theirs):
    varies = sum(statistics.stdev(each) ** 2 / len(each) for each in (ours, theirs))
    return (sum(theirs) / len(theirs) - sum(ours) / len(ours)) * varies**-0.5


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("curvature_behind", lambda step, rate, mu: (rate - mu * step) / step),
        ("second_back", back_by_loops),
        (
            "second_back",
            lambda above, weights, slopes: torch.einsum(
                "k,ki,i->i", above.double(), weights.double().square(), slopes.double().square()
            ),
        ),
        ("shared_curvature", shared_by_loops),
        ("shared_curvature", lambda h, inputs: torch.einsum("mp,wp->mw", h, inputs * inputs)),
        ("shared_curvature", lambda h, inputs: (inputs.double() ** 2 @ h.double().T).T),
        ("pull_and_push", slopes_by_tensors),
        ("seeds_apart", apart_by_deviations),
    ],
)
def test_right_answers_in_other_words_are_right(name, answer):
    assert check(name, answer).status == "right", check(name, answer)


def test_the_first_example_can_be_reckoned_by_head():
    assert chapter.seeds_apart.solution([1.0, 3.0], [4.0, 8.0, 6.0]) == pytest.approx(
        4 / math.sqrt(1 + 4 / 3)
    )
