"""Chapter 09's solutions are held to what torch and the package do."""

import random

import pytest
import torch

from lenet_course.exercises import chapter_09 as chapter
from lenet_course.exercises import check


def test_one_step_is_that_of_torch():
    weights, gradients = torch.randn(5), torch.randn(5)
    parameter = torch.nn.Parameter(weights.clone())
    parameter.grad = gradients
    torch.optim.SGD([parameter], lr=0.3).step()
    ours = chapter.one_step.solution(weights.tolist(), gradients.tolist(), 0.3)
    torch.testing.assert_close(torch.tensor(ours), parameter.detach())


def test_the_mean_over_digits_is_that_of_all_digits_at_once():
    losses = torch.rand(200)
    batches = losses.split(64)
    means, sizes = [batch.mean().item() for batch in batches], [len(batch) for batch in batches]
    assert abs(chapter.mean_over_digits.solution(means, sizes) - losses.mean().item()) < 1e-6


def test_the_rates_are_those_of_the_recipe_without_activation():
    full, last = chapter.mean_rates.solution(1e-3, 60_000, 64)
    assert (round(full, 6), round(last, 6)) == (0.064, 0.032)


def test_a_step_on_the_sum_is_a_step_on_the_mean_with_the_rate_of_the_solution():
    for count in (64, 32):
        inputs, moved = torch.randn(count, dtype=torch.float64), []
        full, last = chapter.mean_rates.solution(1e-3, 640 + count % 64, 64)
        for reduction, rate in (("sum", 1e-3), ("mean", full if count == 64 else last)):
            weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
            getattr((weight * inputs - 1) ** 2, reduction)().backward()
            torch.optim.SGD([weight], lr=rate).step()
            moved.append(weight.item())
        assert abs(moved[0] - moved[1]) < 1e-12


def test_the_loop_is_mended_where_torch_would_take_plain_steps():
    weight, inputs, targets = 0.2, [1.0, 2.0, 0.5], [3.0, 1.0, 2.0]
    ours = chapter.mended_loop.solution(weight, inputs, targets, 0.1)
    for one, target in zip(inputs, targets, strict=True):
        weight -= 0.1 * 2 * (weight * one - target) * one
    assert abs(ours - weight) < 1e-6


def test_every_split_has_another_favourite_so_that_each_wrong_choice_shows():
    for seed in range(20):
        for splits in chapter.runs_to_choose_from(random.Random(seed)):
            favourites = [errors.index(min(errors)) for errors in splits]
            assert len(set(favourites)) == 3
            assert len(splits[0]) - 1 not in favourites


# --- what learners wrote, and what they are told ------------------------------------------------


def names_rebound(weights, gradients, rate):
    for weight, gradient in zip(weights, gradients, strict=True):
        weight = weight - rate * gradient
    return weights


def first_weight_returned(weights, gradients, rate):
    for weight, gradient in zip(weights, gradients, strict=True):
        return weight - rate * gradient


def list_returned_too_early(weights, gradients, rate):
    new = []
    for weight, gradient in zip(weights, gradients, strict=True):
        new.append(weight - rate * gradient)
        return new


def in_place(weights, gradients, rate):
    for index, gradient in enumerate(gradients):
        weights[index] -= rate * gradient
    return weights


def total_begun_anew(means, sizes):
    for mean, size in zip(means, sizes, strict=True):
        total = mean * size
    return total / sum(sizes)


def best_of(errors):
    return errors.index(min(errors))


@pytest.mark.parametrize(
    ("name", "answer", "told"),
    [
        ("one_step", names_rebound, "leaves the list alone"),
        ("one_step", first_weight_returned, "This is one weight"),
        ("one_step", list_returned_too_early, "`return` stand inside the loop"),
        ("one_step", lambda w, g, r: [a - b / r for a, b in zip(w, g, strict=True)], "divided by"),
        ("one_step", lambda w, g, r: [a - r for a in w], "The rate alone"),
        ("one_step", lambda w, g, r: [(a - b) * r for a, b in zip(w, g, strict=True)], "brackets"),
        ("one_step", lambda w, g, r: [r * b for b in g], "less its step"),
        ("mean_over_digits", lambda m, s: sum(m) / sum(s), "The number of digits is right"),
        ("mean_over_digits", lambda m, s: [a * b for a, b in zip(m, s, strict=True)], "add them"),
        ("mean_over_digits", lambda m, s: sum(map(float.__mul__, m, map(float, s))) / 64, "by all"),
        ("mean_over_digits", total_begun_anew, "Add to it"),
        ("mean_rates", lambda rate, count, size: rate * size, "A pair is asked for"),
        ("mean_rates", lambda rate, count, size: (rate * size, rate * (-count % size)), "0"),
        ("mean_rates", lambda rate, count, size: (rate * size, rate), "its own size"),
        ("mean_rates", lambda rate, count, size: (rate * size, rate * size / 2), "left of `count`"),
        ("mean_rates", lambda rate, count, size: (rate * 64, rate * 32), "belong to the example"),
        ("mean_rates", lambda rate, n, size: (rate * size, rate * (n // size)), "full batches"),
        ("chosen_run", lambda a, b, c: (min(b), c[best_of(b)]), "Its number is asked for"),
        ("chosen_run", lambda a, b, c: (best_of(b) + 1, c[best_of(b)]), "counted from 0"),
        ("chosen_run", lambda a, b, c: (c[best_of(b)], best_of(b)), "comes first"),
        ("chosen_run", lambda a, b, c: best_of(b), "test error as well"),
        ("chosen_run", lambda a, b, c: c[best_of(b)], "which run it belongs to"),
        ("chosen_run", lambda a, b, c: (best_of(b), a[best_of(b)]), "by heart"),
    ],
)
def test_a_learners_wrong_answer_is_told_what_is_wrong(name, answer, told):
    outcome = check(name, answer)
    assert outcome.status == "wrong"
    assert told in outcome.message


def test_a_list_that_is_changed_in_place_is_right_too():
    assert check("one_step", in_place).status == "right"


LOOP = """
def mended_loop(weight, inputs, targets, rate):
    weight = torch.nn.Parameter(torch.tensor(weight))
    optimizer = torch.optim.SGD([weight], lr=rate)
    for one, target in zip(inputs, targets, strict=True):
        loss = (weight * one - target) ** 2
        loss.backward()
        optimizer.step()
    return weight.item()
"""
CLEARED = LOOP.replace("loss.backward()", "optimizer.zero_grad(); loss.backward()")
INSIDE = " " * 8


def loop(source):
    names = {"torch": torch}
    exec(source, names)
    return names["mended_loop"]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (LOOP, "still carries the gradients"),
        (LOOP.replace("    for", "    optimizer.zero_grad()\n    for"), "still carries"),
        (LOOP.replace("loss.backward()", "optimizer.zero_grad; loss.backward()"), "still carries"),
        (
            LOOP.replace("optimizer.step()", "optimizer.zero_grad(); optimizer.step()"),
            "never moves",
        ),
        (LOOP.replace(INSIDE + "optimizer.step", "    optimizer.step"), "One step is taken"),
        (CLEARED.replace(INSIDE + "optimizer.step", "    optimizer.step"), "Only the last input"),
        (CLEARED.replace("    return", INSIDE + "return"), "after the first input"),
        (CLEARED.replace("step()", "step(); optimizer.step()"), "takes two steps"),
        (CLEARED.replace("weight.item()", "loss.item()"), "This is the last loss"),
    ],
)
def test_a_loop_that_is_not_mended_is_told_what_it_does(source, told):
    outcome = check("mended_loop", loop(source))
    assert outcome.status == "wrong"
    assert told in outcome.message


@pytest.mark.parametrize(
    "source",
    [
        CLEARED,
        LOOP.replace("optimizer.step()", "optimizer.step(); optimizer.zero_grad()"),
        LOOP.replace("loss.backward()", "weight.grad = None; loss.backward()"),
        CLEARED.replace("weight.item()", "weight"),
    ],
)
def test_a_loop_may_be_mended_in_more_ways_than_one(source):
    assert check("mended_loop", loop(source)).status == "right"
