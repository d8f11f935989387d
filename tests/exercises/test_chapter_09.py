"""Chapter 09's solutions are held to what torch and the package do."""

import random

import torch

from lenet_course.exercises import chapter_09 as chapter


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
