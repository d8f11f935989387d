"""Chapter 03's solutions are held to torch, and right answers may be written in other words."""

import math
import random

import pytest
import torch
from torch.nn import functional

from lenet_course import layers
from lenet_course.exercises import chapter_03 as chapter
from lenet_course.exercises import check


def some_numbers(*sides):
    return 3 * torch.randn(sides, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("leak", [0.01, 0.2, 0.7])
def test_the_leaky_relu_is_torchs(leak):
    values = some_numbers(3, 4, 5)
    wanted = functional.leaky_relu(values, leak)
    torch.testing.assert_close(chapter.leaky_relu.solution(values, leak), wanted)


def test_the_slope_from_the_output_is_autograds():
    numbers = some_numbers(50).double().requires_grad_()
    squashed = layers.ScaledTanh()(numbers)
    (wanted,) = torch.autograd.grad(squashed.sum(), numbers)
    torch.testing.assert_close(chapter.squash_slope.solution(squashed.detach()), wanted)


@pytest.mark.parametrize("depth", range(6))
def test_the_slope_of_a_chain_is_autograds(depth):
    start = torch.tensor(-1.3, dtype=torch.float64, requires_grad=True)
    number = 1 * start
    for _ in range(depth):
        number = torch.sigmoid(number)
    (wanted,) = torch.autograd.grad(number, start)
    assert math.isclose(chapter.chained_slope.solution(-1.3, depth), wanted)


def test_a_map_is_dead_where_relu_gives_its_bias_no_gradient():
    for seed in range(10):
        for (sums,) in chapter.layers_of_maps(random.Random(seed)):
            bias = torch.zeros(sums.shape[1], 1, 1, requires_grad=True)
            torch.relu(sums + bias).sum().backward()
            assert chapter.dead_maps.solution(sums) == (bias.grad == 0).sum()


def test_the_matrix_of_a_linear_layer_is_its_weight():
    layer = torch.nn.Linear(4, 3).requires_grad_(False)
    weight, bias = chapter.affine_map.solution(layer, 4)
    torch.testing.assert_close(weight, layer.weight.data)
    torch.testing.assert_close(bias, layer.bias.data)


# --- right answers in other words ---------------------------------------------------------------


def leaky_by_loops(values, leak):
    bent = values.double().flatten()
    for number, value in enumerate(bent.tolist()):
        bent[number] = value if value >= 0 else leak * value
    return bent.reshape(values.shape)


def chained_by_autograd(number, depth):
    start = torch.tensor(number, requires_grad=True)
    bent = start
    for _ in range(depth):
        bent = torch.sigmoid(bent)
    return torch.autograd.grad(bent, start)[0]


def chained_from_inside(number, depth):
    if depth == 0:
        return 1.0
    bent = 0.5 * (1 + math.tanh(number / 2))
    return chained_from_inside(bent, depth - 1) * bent * (1 - bent)


def dead_by_loops(sums):
    return sum(1 for m in range(sums.shape[1]) if all(s <= 0 for s in sums[:, m].flatten()))


def affine_one_by_one(network, size):
    bias = network(torch.zeros(1, size, dtype=torch.float64))[0]
    columns = [network(one[None].double())[0] - bias for one in torch.eye(size)]
    return torch.stack(columns, dim=1).numpy(), bias.tolist()


def affine_with_single_inputs(network, size):
    bias = network(torch.zeros(size))
    return [
        [network(torch.eye(size)[i])[o] - bias[o] for i in range(size)] for o in range(len(bias))
    ], bias


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("leaky_relu", leaky_by_loops),
        ("leaky_relu", functional.leaky_relu),
        ("leaky_relu", lambda values, leak: torch.where(values > 0, values, leak * values)),
        ("leaky_relu", lambda values, leak: torch.maximum(values, leak * values).numpy()),
        ("squash_slope", lambda output: 1.7159 * 2 / 3 * (1 - (output.double() / 1.7159) ** 2)),
        ("squash_slope", lambda output: 1.144 * (1 - (output / 1.7159) ** 2)),
        ("squash_slope", lambda output: [2 / 3 * (1.7159 - o * o / 1.7159) for o in output]),
        ("chained_slope", chained_by_autograd),
        ("chained_slope", chained_from_inside),
        ("dead_maps", dead_by_loops),
        ("dead_maps", lambda sums: int((torch.relu(sums).sum(dim=(0, 2, 3)) == 0).sum())),
        ("affine_map", affine_one_by_one),
        ("affine_map", affine_with_single_inputs),
    ],
)
def test_a_right_answer_in_other_words_is_right(name, answer):
    outcome = check(name, answer)
    assert outcome.status == "right", outcome


# --- wrong answers, written as learners write them ----------------------------------------------


def chained_too_early(number, depth):
    product = 1.0
    for _ in range(depth):
        product *= number * (1 - number)
        number = 1 / (1 + math.exp(-number))
    return product


def chained_from_the_start(number, depth):
    bent = 1 / (1 + math.exp(-number))
    product = 1.0
    for _ in range(depth):
        product *= bent * (1 - bent)
    return product


def chained_sum(number, depth):
    total = 0
    for _ in range(depth):
        number = 1 / (1 + math.exp(-number))
        total += number * (1 - number)
    return total


def chained_slopes_of_slopes(number, depth):
    product = 1
    for _ in range(depth):
        bent = 1 / (1 + math.exp(-number))
        slope = bent * (1 - bent)
        product *= slope
        number = slope
    return product


def chained_from_the_first_slope(number, depth):
    bent = 1 / (1 + math.exp(-number))
    slope = bent * (1 - bent)
    for _ in range(depth):
        number = 1 / (1 + math.exp(-number))
        slope *= number * (1 - number)
    return slope


def columns_forgotten(network, size):
    bias = network(torch.zeros(size))
    return network(torch.eye(size)) - bias, bias


def weight_alone(network, size):
    weight = (network(torch.eye(size)) - network(torch.zeros(size))).T
    return weight, torch.zeros(len(weight))


def bias_in_a_row(network, size):
    bias = network(torch.zeros(1, size))
    return (network(torch.eye(size)) - bias).T, bias


WRONG = [
    ("leaky_relu", lambda v, k: torch.relu(v), "ReLU itself"),
    ("leaky_relu", lambda v, k: torch.relu(v) - k * torch.relu(v), "expected"),
    ("leaky_relu", lambda v, k: torch.relu(v) + k * torch.relu(-v), "come out positive"),
    ("leaky_relu", lambda v, k: torch.where(v > 0, v * k, v), "wrong side"),
    ("leaky_relu", lambda v, k: v.clamp(min=-k), "is a bound"),
    ("leaky_relu", lambda v, k: torch.maximum(v, torch.tensor(k)), "compare with leak * values"),
    ("leaky_relu", lambda v, k: max(v, k * v), "look at one number"),
    ("leaky_relu", lambda v, k: v if v > 0 else k * v, "look at one number"),
    ("leaky_relu", lambda v, k: torch.where(v > 0, v, k), "`leak` is a factor"),
    ("leaky_relu", lambda v, k: torch.where(v > 0, v, 0.1 * v), "does not use `k`"),
    (
        "squash_slope",
        lambda o: 1.7159 * 2 / 3 * (1 - torch.tanh(2 * o / 3) ** 2),
        "already squashed",
    ),
    ("squash_slope", lambda o: 1 - o * o, "plain tanh"),
    ("squash_slope", lambda o: 1.7159 * (1 - (o / 1.7159) ** 2), "2/3 is missing"),
    ("squash_slope", lambda o: (1 - (o / 1.7159) ** 2) * 2 / 3, "1.7159 in front"),
    ("squash_slope", lambda o: 2 / 3 * 1.7159 * (1 - o**2), "divide it by 1.7159"),
    ("squash_slope", lambda o: o * (1 - o), "sigmoid's"),
    ("squash_slope", lambda o: 1 - math.tanh(o) ** 2, "takes one number"),
    ("squash_slope", lambda o: 1 - o**2 / 1.7159, "missing in front"),
    ("squash_slope", lambda o: 1.144 * (1 - o * o / 1.7159), "1.7159 as well"),
    ("squash_slope", lambda o: 1.7159 * (1 - torch.tanh(2 / 3 * o) ** 2), "squashes it again"),
    ("chained_slope", chained_too_early, "bend it first"),
    ("chained_slope", chained_from_the_start, "pass the number on"),
    ("chained_slope", chained_sum, "they multiply"),
    ("chained_slope", lambda number, depth: 4.0**-depth, "bound"),
    ("chained_slope", chained_slopes_of_slopes, "Pass on the bent number"),
    ("chained_slope", chained_from_the_first_slope, "counted twice"),
    ("dead_maps", lambda s: (s.amax(dim=(0, 2, 3)) < 0).sum(), "<=, not <"),
    ("dead_maps", lambda s: sum(bool((s[:, m] <= 0).any()) for m in range(s.shape[1])), "*some*"),
    ("dead_maps", lambda s: (s <= 0).all(0).sum(), "when all of its places are"),
    ("dead_maps", lambda s: (s.amax((0, 2, 3)) > 0).sum(), "alive"),
    ("dead_maps", lambda s: (s <= 0).flatten(2).all(2).all(0), "How many are?"),
    ("dead_maps", lambda s: (s.amax((1, 2, 3)) <= 0).sum(), "The maps are the second side"),
    ("dead_maps", lambda s: (s == 0).all(dim=3).all(dim=2).all(dim=0).sum(), "before ReLU"),
    ("dead_maps", lambda s: (s == 0).all(dim=(0, 2, 3)).sum(), "before ReLU"),
    ("dead_maps", lambda s: [m for m in range(s.shape[1]) if s[:, m].max() <= 0], "How many are"),
    ("dead_maps", lambda s: (s.sum(dim=(0, 2, 3)) < 0).sum(), "the total"),
    ("affine_map", columns_forgotten, "transpose"),
    ("affine_map", lambda n, s: (n(torch.eye(s)), n(torch.zeros(s))), "take the bias off first"),
    ("affine_map", lambda n, s: (n(torch.eye(s)).T, n(torch.zeros(s))), "Take it off"),
    ("affine_map", lambda n, s: (n.weight, n.bias), "only call it"),
    ("affine_map", lambda n, s: (n.bias, n.weight), "only call it"),
    ("affine_map", weight_alone, "answers to zeros"),
    ("affine_map", bias_in_a_row, "take [0]"),
]


@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_a_wrong_answer_is_told_its_mistake(name, answer, said):
    outcome = check(name, answer)
    assert outcome.status == "wrong"
    assert said in outcome.message, outcome
