"""Chapter 14's short cuts give what torch gives, in any order, and with any digits."""

import copy
import itertools
import math
import statistics
import time
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from page import Page
from torch import nn
from torch.nn import functional
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from lenet_course import data, networks, processes, shapes, training
from lenet_course.exercises import chapter_14 as exercises

PAGE = Page("14_faster_and_further")
SOURCE, hand_made = PAGE.source, PAGE.hand_made
sections, run = PAGE.sections, PAGE.run

NETWORK = networks.FAMILY["relu-max"]
by_slices = hand_made("by_slices", torch=torch)
corners = hand_made("corners", torch=torch, functional=functional)
convolve_and_pool = hand_made("convolve_and_pool", corners=corners, functional=functional)
one_cycle = hand_made("one_cycle", math=math)
smoothed = hand_made("smoothed", functional=functional)
ring = hand_made("ring", torch=torch)
parts = hand_made("parts")

seeds = st.integers(0, 2**31)
over_many_inputs = settings(max_examples=50, deadline=None)


def noise(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


# --- by hand and in torch -----------------------------------------------------------------------


@over_many_inputs
@given(seeds, st.integers(1, 4), st.integers(1, 7), st.integers(1, 7))
def test_pooling_by_slices_is_torchs(seed, count, height, width):
    maps = noise(seed, count, 3, 2 * height, 2 * width)
    assert torch.equal(by_slices(maps), functional.max_pool2d(maps, 2))


@over_many_inputs
@given(seeds, st.integers(1, 3), st.integers(1, 5), st.integers(1, 5), st.integers(1, 4))
def test_corners_give_outputs_and_gradients_of_convolution_and_pooling(
    seed, channels, maps, kernel, places
):
    layer = nn.Conv2d(channels, maps, kernel).double()
    inputs = noise(seed, 3, channels, 2 * places + kernel - 1, 2 * places + kernel - 1).double()
    leaves = [layer.weight, layer.bias, inputs.requires_grad_()]
    ours, theirs = convolve_and_pool(inputs, layer), functional.max_pool2d(layer(inputs), 2)
    torch.testing.assert_close(ours, theirs)
    slopes = noise(seed, *ours.shape).double()
    for one, other in zip(
        torch.autograd.grad(ours, leaves, slopes),
        torch.autograd.grad(theirs, leaves, slopes),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("answer", ["with_corners", "sliced", "both"])
@pytest.mark.parametrize("seed", range(3))
def test_every_way_forward_is_the_networks(answer, seed):
    names = {"by_slices": by_slices, "convolve_and_pool": convolve_and_pool}
    model = networks.build(NETWORK, seed=seed)
    pictures = noise(seed, 9, 1, 32, 32)
    torch.testing.assert_close(
        hand_made(answer, **names)(model, pictures), model(pictures), atol=1e-5, rtol=1e-5
    )


@over_many_inputs
@given(seeds, st.floats(0, 0.9))
def test_the_hand_made_smoothing_is_torchs(seed, part):
    outputs, labels = 5 * noise(seed, 20, 10), torch.arange(20) % 10
    theirs = functional.cross_entropy(outputs, labels, reduction="none", label_smoothing=part)
    torch.testing.assert_close(smoothed(outputs, labels, part), theirs, atol=1e-5, rtol=1e-5)


@given(st.integers(10, 400), st.floats(1e-4, 1))
@settings(max_examples=20, deadline=None)
def test_the_hand_made_cycle_is_torchs(steps, most):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=most)
    scheduler = hand_made("scheduler", torch=torch)(optimizer, steps)
    for step in range(steps):
        ours = one_cycle(step, steps, most)
        assert ours == pytest.approx(scheduler.get_last_lr()[0], rel=1e-6, abs=1e-9)
        optimizer.step()
        scheduler.step()


@over_many_inputs
@given(seeds, st.integers(1, 9), st.integers(1, 50))
def test_a_ring_gives_every_machine_the_sum_and_counts_its_bytes(seed, machines, numbers):
    gradients = [noise(seed + rank, numbers) for rank in range(machines)]
    before = copy.deepcopy(gradients)
    sums, sent = ring(gradients)
    assert all(torch.equal(one, sums[0]) for one in sums)
    torch.testing.assert_close(sums[0], torch.stack(before).sum(dim=0), atol=1e-5, rtol=1e-5)
    assert sum(sent) == 2 * (machines - 1) * 4 * numbers
    assert all(torch.equal(*pair) for pair in zip(gradients, before, strict=True))


@over_many_inputs
@given(st.integers(1, 200), st.integers(1, 9))
def test_every_digit_is_in_one_part_and_parts_are_even(count, processes):
    batch = torch.arange(count).flip(0)
    shares = parts(batch, processes)
    assert sorted(torch.cat(shares).tolist()) == list(range(count))
    lengths = [len(share) for share in shares]
    assert max(lengths) - min(lengths) <= 1


@over_many_inputs
@given(seeds, st.integers(2, 20), st.integers(2, 4))
def test_the_factor_of_the_exercise_makes_the_plain_mean_right(seed, total, processes):
    layer, inputs = nn.Linear(5, 3).double(), noise(seed, total, 5).double()
    labels = torch.arange(total) % 3

    def slope(part, factor=1.0):
        loss = functional.cross_entropy(layer(inputs[part]), labels[part])
        return torch.autograd.grad(factor * loss, layer.weight)[0]

    whole = torch.arange(total)
    shares = [part for part in parts(whole, processes) if len(part)]
    factor = exercises.loss_factor.solution
    mean = sum(slope(part, factor(len(part), total, processes)) for part in shares) / processes
    torch.testing.assert_close(mean, slope(whole))


@over_many_inputs
@given(st.integers(1, 9000), st.integers(1, 128), st.floats(1e-6, 1e-3), st.floats(1e-6, 1e-3))
def test_the_model_of_a_step_is_the_exercises(digits, machines, per_digit, latency):
    predicted_step = hand_made("predicted_step", size=246_824)
    wanted = exercises.step_seconds.solution(digits, machines, per_digit, 246_824, latency, 1e9)
    assert predicted_step(digits, machines, per_digit, latency, 1e9) == pytest.approx(wanted)


@over_many_inputs
@given(st.integers(1, 200), st.integers(1, 9))
def test_parts_and_factors_are_the_packages(count, size):
    batch, losses = torch.arange(count).flip(0), torch.linspace(1, 3, count)
    for rank, own in enumerate(parts(batch, size)):
        group = type("Pretended", (processes.Group,), {"rank": rank, "size": size})()
        assert torch.equal(group.part(batch), own)
        if len(own):
            factor = exercises.loss_factor.solution(len(own), count, size)
            theirs = group.descended(losses[own], "mean", count)
            torch.testing.assert_close(theirs, factor * losses[own].mean())


@pytest.mark.parametrize("count", [2, 3])
def test_processes_in_step_stay_equal_to_one(count):
    names = {"vector_to_parameters": vector_to_parameters}
    descend = hand_made("descend", parameters_to_vector=parameters_to_vector, **names)
    pictures, labels = noise(0, 30, 1, 32, 32), torch.arange(30) % 10
    some = SimpleNamespace(labels=labels)
    names = {"functional": functional, "torch": torch, "pixels": pictures, "some": some}
    of_part = hand_made("of_part", **names)
    alone, *others = (networks.build(NETWORK, seed=0).double() for _ in range(1 + count))
    plain = torch.optim.SGD(alone.parameters(), lr=0.1)
    for batch in data.batches(30, 8):
        plain.zero_grad()
        functional.cross_entropy(alone(pictures[batch].double()), labels[batch]).backward()
        shares = list(zip(others, parts(batch, count), strict=True))
        mean = sum(len(part) * of_part(model, part) for model, part in shares) / len(batch)
        for model in others:
            descend(model, mean)
        plain.step()
    one = parameters_to_vector(alone.parameters())
    assert all((parameters_to_vector(o.parameters()) - one).abs().max() < 1e-12 for o in others)


def test_the_stopwatch_measures_in_turn_and_leaves_out_the_first_round():
    clock, calls = [0.0], []

    def work(name, seconds):
        def way():
            calls.append(name)
            clock[0] += next(seconds)

        return way

    names = {"statistics": statistics, "time": SimpleNamespace(process_time=lambda: clock[0])}
    names["torch"] = torch
    in_turn = hand_made("in_turn", **names)
    old, new = iter([90.0, 3.0, 1.0, 50.0]), itertools.repeat(2.0)
    assert in_turn({"old": work("old", old), "new": work("new", new)}, rounds=3) == {
        "old": 3.0,
        "new": 2.0,
    }
    assert calls == ["old", "new"] * 4


def test_the_stopwatch_gives_the_threads_back_also_after_an_error():
    in_turn = hand_made("in_turn", statistics=statistics, time=time, torch=torch)
    before, seen = torch.get_num_threads(), []
    in_turn({"way": lambda: seen.append(torch.get_num_threads())}, rounds=1)
    with pytest.raises(ZeroDivisionError):
        in_turn({"way": lambda: 1 / 0})
    assert seen == [1, 1] and torch.get_num_threads() == before


def test_the_network_of_width_one_is_the_familys():
    lenet = hand_made("lenet", shapes=shapes)
    assert shapes.trace(lenet()).multiply_adds == NETWORK.trace().multiply_adds
    assert shapes.trace(lenet()).parameters == NETWORK.trace().parameters


# --- the page -----------------------------------------------------------------------------------


def remembering(fit):
    """training.fit, but what it has trained once with an optimizer it gives again."""
    known = {}

    def quick(model, *arguments, **settings):
        if (kind := type(settings["optimizer"])) not in known:
            history = fit(model, *arguments, **settings)
            known[kind] = history, copy.deepcopy(model.state_dict())
        history, state = known[kind]
        model.load_state_dict(state)
        return history

    return quick


@pytest.mark.long
def test_every_cell_runs_again_at_once_and_after_the_whole_page(mnist, monkeypatch):
    monkeypatch.setattr(data, "load", lambda: mnist)
    monkeypatch.setattr(training, "fit", remembering(training.fit))
    cells, names = [cell for section in sections() for cell in section], {}
    for cell in cells:
        run([cell, cell], names)
    run(reversed(cells[2:]), names)  # so that no cell lives on what the last one left


def test_every_section_runs_alone_with_the_stand_in_digits(with_stand_in):
    first, *others = sections()
    names = {}
    run(first, names)
    assert names["digits"].name == "scikit-learn digits"
    for section in others:
        run(section, dict(names))
