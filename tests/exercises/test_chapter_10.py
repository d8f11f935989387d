"""Chapter 10's solutions are held to torch, and right answers may be written in other words."""

import itertools
import math

import numpy
import pytest
import torch
from torch import nn

from lenet_course.exercises import chapter_10 as chapter
from lenet_course.exercises import check


@pytest.mark.parametrize("shape", [(84, 120), (16, 6, 5, 5), (7, 2, 3, 4)])
def test_the_fan_in_is_torchs(shape):
    assert chapter.fan_in.solution(shape) == nn.init._calculate_correct_fan(
        torch.empty(shape), "fan_in"
    )


def test_the_spread_on_paper_is_the_spread_of_a_network():
    torch.manual_seed(0)
    numbers, layers = torch.randn(1, 400), [(400, 0.06), (3_000, 0.02), (2_000, 0.03)]
    rms = numbers.square().mean().sqrt().item()
    for fan_in, sd in layers:
        units = 20_000 if fan_in == 2_000 else layers[layers.index((fan_in, sd)) + 1][0]
        numbers = numbers.relu() if fan_in != 400 else numbers
        numbers = numbers @ (sd * torch.randn(fan_in, units))
    wanted = chapter.spread_after.solution(rms, layers)
    assert numbers.std().item() == pytest.approx(wanted, rel=0.1)


@pytest.mark.parametrize("gradient", [4.0, -7.5])
@pytest.mark.parametrize("factor", [0.1, 0.6])
def test_the_used_weight_moves_as_torchs_optimizers_move_it(gradient, factor):
    moved = []
    for optimizer in (torch.optim.SGD, torch.optim.Adam):
        stored = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
        (gradient * factor * stored).backward()
        optimizer([stored], lr=0.3).step()
        moved.append(factor * (stored.item() - 2.0))
    assert moved == pytest.approx(chapter.used_steps.solution(gradient, 0.3, factor), rel=1e-6)


def test_by_rejection_has_the_spread_of_torchs_truncated_normal():
    torch.manual_seed(0)
    ours = chapter.by_rejection.solution(torch.randn(60_000).tolist(), 50_000, 0.1)
    theirs = nn.init.trunc_normal_(torch.empty(50_000), std=0.1, a=-0.2, b=0.2)
    assert torch.tensor(ours).std().item() == pytest.approx(theirs.std().item(), rel=0.02)


def test_a_layer_with_biases_far_below_zero_is_dead():
    torch.manual_seed(0)
    layer = nn.Linear(20, 12)
    with torch.no_grad():
        layer.bias[:5] = -1_000
        layer.bias[5:] = 1_000
        assert chapter.dead_units.solution(layer(torch.randn(50, 20)).relu()) == 5


# --- right answers in other words ---------------------------------------------------------------


def spread_by_spreads(rms, layers):
    spread = torch.tensor(rms, dtype=torch.float64)
    for place, (fan_in, sd) in enumerate(layers):
        if place:
            spread = spread / 2**0.5
        spread = spread * fan_in**0.5 * sd
    return spread


def spread_by_one_product(rms, layers):
    fans, sds = zip(*layers, strict=True)
    shrunk = 2 ** (len(layers) - 1)
    return rms * math.prod(sds) * math.sqrt(math.prod(fans) / shrunk)


def rejected_by_a_loop(draws, count, sd):
    taken = []
    for draw in draws:
        if len(taken) < count and -2 <= draw <= 2:
            taken.append(draw * sd)
    return tuple(taken)


def rejected_by_torch(draws, count, sd):
    draws = torch.tensor(draws, dtype=torch.float64)
    return (draws[draws.abs() <= 2] * sd)[:count]


def dead_by_loops(activations):
    return sum(all(number == 0 for number in column) for column in zip(*activations, strict=True))


RIGHT = [
    ("fan_in", lambda shape: torch.empty(shape)[0].numel()),
    ("fan_in", lambda shape: numpy.prod(shape) / shape[0]),
    ("spread_after", spread_by_spreads),
    ("spread_after", spread_by_one_product),
    (
        "used_steps",
        lambda g, r, f: [-(f * r) * (f * g), -math.copysign(r * f, g)],
    ),
    ("used_steps", lambda g, r, f: torch.tensor([-g * r * f * f, -r * f if g > 0 else r * f])),
    ("by_rejection", rejected_by_a_loop),
    ("by_rejection", rejected_by_torch),
    (
        "by_rejection",
        lambda draws, count, sd: list(
            itertools.islice((sd * one for one in draws if one**2 <= 4), count)
        ),
    ),
    ("dead_units", dead_by_loops),
    ("dead_units", lambda activations: (activations.amax(0) == 0).sum()),
    ("dead_units", lambda activations: activations.shape[1] - activations.any(0).sum()),
    ("dead_units", lambda activations: int((activations.numpy().mean(0) == 0).sum())),
]


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_a_right_answer_may_be_written_in_other_words(name, answer):
    assert check(name, answer).status == "right", check(name, answer)


# --- wrong answers as people write them ---------------------------------------------------------


def spread_with_a_relu_after_each(rms, layers):
    for fan_in, sd in layers:
        rms = rms * math.sqrt(fan_in / 2) * sd
    return rms


def spread_that_forgets_the_relu(rms, layers):
    for fan_in, sd in layers:
        rms = rms * math.sqrt(fan_in) * sd
    return rms


def cut_after_scaling(draws, count, sd):
    scaled = [sd * draw for draw in draws]
    return [number for number in scaled if abs(number) <= 2][:count]


WRONG = [
    ("fan_in", lambda shape: shape[1] * shape[2] * shape[3], "two sides only"),
    ("fan_in", lambda shape: shape[1] * shape[-1] ** 2, "expected"),
    ("fan_in", math.prod, "all weights of the layer"),
    ("fan_in", lambda shape: math.prod(shape) // shape[1], "fan-out"),
    ("fan_in", lambda shape: shape[1] if len(shape) == 2 else shape[2] * shape[3], "input maps"),
    ("spread_after", spread_with_a_relu_after_each, "a ReLU too many"),
    ("spread_after", spread_that_forgets_the_relu, "between the layers are missing"),
    ("spread_after", lambda rms, layers: rms, "does not use `layers`"),
    ("spread_after", lambda rms, layers: spread_by_spreads(rms, layers[:-1]), "last layer"),
    (
        "spread_after",
        lambda rms, layers: spread_with_a_relu_after_each(rms, layers[:-1]),
        "last layer",
    ),
    ("spread_after", lambda rms, layers: spread_by_spreads(rms, [x[::-1] for x in layers]), "pair"),
    (
        "spread_after",
        lambda rms, layers: spread_that_forgets_the_relu(rms, layers) / math.sqrt(2),
        "is fixed",
    ),
    ("used_steps", lambda g, r, f: (-r * f * g, -r * f), "one factor too few"),
    ("used_steps", lambda g, r, f: (-r * g, -r * g / abs(g)), "without any factor"),
    ("used_steps", lambda g, r, f: (r * f * f * g, r * f * g / abs(g)), "Uphill"),
    ("used_steps", lambda g, r, f: (f - f * r * f * g, f - r * f * g / abs(g)), "after the step"),
    ("used_steps", lambda g, r, f: (r * f * f * abs(g), r * f), "lengths"),
    ("by_rejection", cut_after_scaling, "standard deviations"),
    (
        "by_rejection",
        lambda d, n, s: torch.tensor(d[:n]).clamp(-2, 2) * s,
        "pile up",
    ),
    ("by_rejection", lambda d, n, s: [s * x for x in d if x <= 2][:n], "upper tail"),
    ("by_rejection", lambda d, n, s: [s * x for x in sorted(d) if abs(x) <= 2][:n], "Sorted"),
    ("by_rejection", lambda d, n, s: sorted(s * x for x in rejected_by_a_loop(d, n, 1)), "Sorted"),
    ("by_rejection", lambda d, n, s: rejected_by_a_loop(d, n, s**2), "squared"),
    ("dead_units", lambda a: ((a[0] == 0) & (a[-1] == 0)).sum(), "two digits"),
    ("dead_units", lambda a: (a < 0.5).all(0).sum(), "single digit"),
    ("dead_units", lambda a: (a.mean(0) < 0.1).sum(), "single digit"),
    ("dead_units", lambda a: ((a == 0).float().mean(0) > 0.9).sum(), "single digit"),
    ("dead_units", lambda a: (a.std(0) == 0).sum(), "the same for every digit"),
    ("dead_units", lambda a: (a == a[0]).all(0).sum(), "the same for every digit"),
    ("dead_units", lambda a: (a == 0).all(1).sum(), "for each unit, over all digits"),
    ("dead_units", lambda a: (a.sum(0) > 0).sum(), "the units that live"),
    ("dead_units", lambda a: (a.sum(0) == 0).float().mean(), "share"),
]


@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_a_wrong_answer_is_told_its_mistake(name, answer, said):
    outcome = check(name, answer)
    assert outcome.status == "wrong"
    assert said in outcome.message, outcome
