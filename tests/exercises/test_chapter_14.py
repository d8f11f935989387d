"""Chapter 14's solutions are held to what they model, and may be written in other words."""

import math
import statistics
from fractions import Fraction

import numpy
import pytest
import torch
from torch.nn import functional

from lenet_course.exercises import chapter_14 as chapter
from lenet_course.exercises import check


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_the_largest_by_slices_is_torchs_pooling(size):
    maps = torch.randn(2, 3, 5 * size, 4 * size)
    ours = chapter.largest_by_slices.solution(maps, size)
    assert torch.equal(ours, functional.max_pool2d(maps, size))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_speed_up_is_that_of_a_clock(share):
    before = [share, 1 - share]
    after = [share / 7, 1 - share]
    assert chapter.speed_up.solution(share, 7) == pytest.approx(sum(before) / sum(after))
    assert chapter.speed_up.solution(share, math.inf) == pytest.approx(1 / (1 - share))


def test_one_machine_exchanges_nothing():
    assert chapter.step_seconds.solution(100, 1, 0.5, 4000, 9.0, 1.0) == 50.0


# --- right answers in other words ---------------------------------------------------------------


def gain_by_sorting(before, after):
    def middle(seconds):
        ordered, half = sorted(seconds[1:]), (len(seconds) - 1) // 2
        return (ordered[half] + ordered[-1 - half]) / 2

    return middle(before) / middle(after)


def largest_by_loops(maps, size):
    rows, columns = maps.shape[-2] // size, maps.shape[-1] // size
    pooled = maps.new_empty((*maps.shape[:-2], rows, columns)).double()
    for row in range(rows):
        for column in range(columns):
            window = maps[..., row * size : (row + 1) * size, column * size : (column + 1) * size]
            pooled[..., row, column] = window.amax(dim=(-2, -1))
    return pooled


def largest_step_by_step(maps, size):
    best = maps[..., ::size, ::size]
    for place in range(1, size * size):
        down, right = divmod(place, size)
        best = torch.maximum(best, maps[..., down::size, right::size])
    return best


def step_by_transfers(digits, machines, per_digit, size, latency, bandwidth):
    seconds = per_digit * digits / machines
    for _ in range(2):
        for _ in range(machines - 1):
            seconds += latency
            seconds += size / (machines * bandwidth)
    return torch.tensor(seconds, dtype=torch.float64)


RIGHT = [
    ("gain", gain_by_sorting),
    ("gain", lambda before, after: numpy.median(before[1:]) / numpy.median(after[1:])),
    ("speed_up", lambda share, times: 1 / (share / times + (1 - share))),
    ("speed_up", lambda share, times: (1 + share * (1 / times - 1)) ** -1),
    ("speed_up", lambda share, times: times / (times * (1 - share) + share)),
    ("largest_by_slices", largest_by_loops),
    ("largest_by_slices", largest_step_by_step),
    (
        "largest_by_slices",
        lambda maps, size: maps.unfold(-2, size, size).unfold(-2, size, size).amax((-1, -2)),
    ),
    ("loss_factor", lambda mine, total, processes: mine / (total / processes)),
    ("loss_factor", lambda mine, total, processes: float(Fraction(mine * processes, total))),
    ("step_seconds", step_by_transfers),
]


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_a_right_answer_may_be_written_in_other_words(name, answer):
    assert check(name, answer).status == "right", check(name, answer)


# --- wrong answers as people write them ---------------------------------------------------------


WRONG = [
    ("gain", lambda b, a: statistics.mean(b[1:]) / statistics.mean(a[1:]), "one slow round"),
    ("gain", lambda b, a: sum(b) / sum(a), "one slow round"),
    ("gain", lambda b, a: sum(b[1:]) / sum(a[1:]), "one slow round"),
    ("gain", lambda b, a: statistics.median(a[1:]) / statistics.median(b[1:]), "Turned round"),
    ("gain", lambda b, a: statistics.median(b) / statistics.median(a), "warms up"),
    (
        "gain",
        lambda b, a: statistics.median(b[:-1]) / statistics.median(a[:-1]),
        "leaves out the last",
    ),
    ("gain", lambda b, a: b[1:][len(b[1:]) // 2] / a[1:][len(a[1:]) // 2], "sorted"),
    ("gain", lambda b, a: sorted(b[1:])[len(b) // 2] / sorted(a[1:])[len(a) // 2], "expected"),
    ("speed_up", lambda share, times: share * times + 1 - share, "do not add up"),
    ("speed_up", lambda share, times: 1 / (1 - share), "endlessly fast"),
    ("speed_up", lambda share, times: 1 - share * (1 - 1 / times), "time that is left"),
    ("speed_up", lambda share, times: times, "rest of the time"),
    ("speed_up", lambda share, times: 1 // (1 - share + share / times), "behind the point"),
    ("speed_up", lambda share, times: 1 / (1 - share + share * times), "half the seconds"),
    ("largest_by_slices", functional.avg_pool2d, "means of the windows"),
    ("largest_by_slices", lambda m, s: -functional.max_pool2d(-m, s), "the smallest"),
    ("largest_by_slices", lambda m, s: m.amax(dim=(-2, -1)), "expected"),
    ("largest_by_slices", lambda m, s: functional.max_pool2d(m, s, 1), "overlap"),
    ("largest_by_slices", lambda m, s: m[..., ::s, ::s], "upper left"),
    ("largest_by_slices", lambda m, s: m.unflatten(-1, (-1, s)).amax(-1), "no lower"),
    ("loss_factor", lambda mine, total, processes: mine / total, "*added*"),
    ("loss_factor", lambda mine, total, processes: mine / (total // processes), "rounds down"),
    ("loss_factor", lambda mine, total, processes: 1 / processes, "Missing"),
    ("loss_factor", lambda mine, total, processes: 1.0, "weighs more"),
    ("loss_factor", lambda mine, total, processes: processes / total, "*sum*"),
    ("loss_factor", lambda mine, total, processes: total / mine / processes, "Turned round"),
    ("step_seconds", lambda d, n, p, s, t, b: d / n * p, "exchange is missing"),
    ("step_seconds", lambda d, n, p, s, t, b: d / n * p + (n - 1) * (t + s / n / b), "two rounds"),
    (
        "step_seconds",
        lambda d, n, p, s, t, b: d / n * p + 2 * (n - 1) * (t + s / b),
        "one n-th of the gradient",
    ),
    (
        "step_seconds",
        lambda d, n, p, s, t, b: d / n * p + t + 2 * (n - 1) * s / n / b,
        "not only the first",
    ),
]


@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_a_wrong_answer_is_told_its_mistake(name, answer, said):
    outcome = check(name, answer)
    assert outcome.status == "wrong"
    assert said in outcome.message, outcome
