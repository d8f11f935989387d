"""Chapter 09 trains by hand as the package does, in any order, and with any digits."""

import ast
import math
import re
from pathlib import Path
from statistics import mean

import jupytext
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from lenet_course import data, networks, training

SOURCE = Path(__file__).parents[2] / "chapters" / "09_training.py"

# No deadline: on a machine with more to do, a step of a millisecond may take a second.
a_few = settings(max_examples=12, deadline=None)
many = settings(max_examples=200, deadline=None)


def hand_made(name, **names):
    """The chapter's own function of that name."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    [found] = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == name]
    exec(compile(ast.Module([found], []), SOURCE.name, "exec"), names)
    return names[name]


def random_digits(count, seed):
    noise = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (count, 28, 28), generator=noise, dtype=torch.uint8)
    return data.Split(images, torch.randint(10, (count,), generator=noise))


def names_for(network):
    return {
        "torch": torch,
        "functional": functional,
        "data": data,
        "network": network,
        "mean": mean,
    }


# --- by hand and in the package -----------------------------------------------------------------


@a_few
@given(
    st.sampled_from(["relu-max", "relu-avg", "no-activation", "sigmoid-avg"]),
    st.integers(1, 150),
    st.integers(1, 3),
    st.sampled_from([0.01, 0.1]),
    st.integers(0, 100),
)
def test_the_hand_made_loop_takes_the_steps_of_fit(name, count, epochs, rate, seed):
    network, digits = networks.FAMILY[name], random_digits(count, seed)
    one_pass = hand_made("one_pass", **names_for(network))
    by_hand, by_fit = (networks.build(network, seed=seed) for _ in range(2))
    optimizer = torch.optim.SGD(by_hand.parameters(), lr=rate)
    losses = [
        loss for epoch in range(epochs) for loss in one_pass(by_hand, digits, optimizer, epoch)
    ]
    history = training.fit(
        by_fit,
        digits,
        prepare=network.prepare,
        optimizer=torch.optim.SGD(by_fit.parameters(), lr=rate),
        epochs=epochs,
    )
    torch.testing.assert_close(torch.tensor(losses), torch.tensor(history.losses))
    for ours, theirs in zip(by_hand.parameters(), by_fit.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


@a_few
@given(st.sampled_from(["relu-max", "relu-avg"]), st.integers(1, 300), st.integers(0, 100))
def test_the_hand_made_evaluation_is_the_packages(name, count, seed):
    network, digits = networks.FAMILY[name], random_digits(count, seed)
    model = networks.build(network, seed=seed)
    loss, error = hand_made("evaluate", **names_for(network))(model, digits)
    package = training.evaluate(model, digits, prepare=network.prepare)
    assert loss == pytest.approx(package.loss, rel=1e-5)
    assert error == package.error


def test_the_first_version_is_right_only_while_all_batches_are_full():
    network = networks.FAMILY["relu-max"]
    model = networks.build(network, seed=0)
    first_version = hand_made("mean_loss_v1", **names_for(network))
    full, odd = random_digits(128, 0), random_digits(65, 0)
    package = [training.evaluate(model, one, prepare=network.prepare).loss for one in (full, odd)]
    assert first_version(model, full) == pytest.approx(package[0], rel=1e-5)
    assert first_version(model, odd) != pytest.approx(package[1], rel=1e-5)


@many
@given(
    st.integers(1, 100_000).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count)))
)
def test_the_hand_made_interval_is_the_packages(counts):
    errors, count = counts
    low, high = hand_made("wilson", math=math)(errors, count)
    package = training.Evaluation(count, errors, 0.0, torch.empty(0)).interval
    assert (low, high) == pytest.approx(package, abs=1e-12)


# --- the page -----------------------------------------------------------------------------------


def sections():
    """The chapter's cells, cut before each second-level heading; the first part imports."""
    parts = [[]]
    for cell in jupytext.read(SOURCE).cells:
        if cell.cell_type == "markdown" and re.search(r"^## ", cell.source, re.M):
            parts.append([])
        parts[-1].append(cell)
    return parts


def run(section, names):
    for cell in section:
        if cell.cell_type == "code":
            exec(cell.source, names)


def test_every_section_runs_alone_from_the_last_to_the_first_with_the_stand_in_digits(
    with_stand_in,
):
    start, *others = sections()
    names = {}
    run(start, names)
    assert names["digits"].name == "scikit-learn digits"
    for section in reversed(others):
        run(section, dict(names))
