"""Chapter 07 builds by hand what the package builds, in any order, and with any digits."""

import re

import jupytext
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from page import Page, code_cells
from torch.nn import functional

from lenet_course import codes, data, layers, networks

PAGE = Page("07_the_whole_network")
SOURCE, hand_made = PAGE.source, PAGE.hand_made
sections, run = PAGE.sections, PAGE.run
LONGEST_CELL = 12  # lines of code, blank ones left out


squash = hand_made("squash", torch=torch)
subsample = hand_made("subsample")
convolve_by_table = hand_made("convolve_by_table", torch=torch, functional=functional)
distances_from = hand_made("distances_from", torch=torch)
map_loss = hand_made("map_loss", torch=torch)
lenet5 = hand_made(
    "lenet5",
    functional=functional,
    layers=layers,
    squash=squash,
    subsample=subsample,
    convolve_by_table=convolve_by_table,
    distances_from=distances_from,
)

seeds = st.integers(0, 2**31)
# No deadline: on a machine with more to do, a step of a millisecond may take a second.
over_many_inputs = settings(max_examples=50, deadline=None)


def normal(seed, *sides):
    return torch.randn(sides, generator=torch.Generator().manual_seed(seed)).double()


def close(one, other):
    torch.testing.assert_close(one, other, atol=1e-9, rtol=1e-9)


# --- by hand and in the package -----------------------------------------------------------------


@over_many_inputs
@given(seeds, st.floats(0.01, 20))
def test_the_hand_made_squash_is_the_packages(seed, scale):
    numbers = scale * normal(seed, 50)
    close(squash(numbers), layers.ScaledTanh()(numbers))


@over_many_inputs
@given(seeds, st.integers(1, 4), st.integers(1, 20), st.integers(1, 9), st.integers(1, 9))
def test_the_hand_made_subsampling_is_the_packages(seed, digits, maps, high, wide):
    layer = layers.Subsampling(maps).double()
    layer.coefficient.data, layer.bias.data = normal(seed, maps), normal(seed + 1, maps)
    inputs = normal(seed + 2, digits, maps, 2 * high, 2 * wide)
    close(subsample(inputs, layer.coefficient, layer.bias), layer(inputs))


@over_many_inputs
@given(seeds, st.integers(1, 3), st.data())
def test_the_hand_made_table_convolution_is_the_packages_for_any_table(seed, digits, more):
    row = st.sets(st.integers(0, 5), min_size=1).map(sorted)
    table = more.draw(st.just(layers.TABLE_I) | st.lists(row, min_size=1, max_size=8))
    layer = layers.TableConv2d(6, table, kernel_size=5).double()
    torch.nn.init.normal_(layer.weight, generator=torch.Generator().manual_seed(seed))
    maps = normal(seed, digits, 6, 9, 7)
    close(convolve_by_table(maps, table, layer.weight, layer.bias), layer(maps))


@over_many_inputs
@given(seeds, st.integers(1, 9))
def test_the_hand_made_distances_are_the_packages(seed, count):
    output = layers.RBF(codes.digit_codes()).double()
    states = normal(seed, count, 84)
    close(distances_from(states, output.codes), output(states))


@over_many_inputs
@given(seeds, st.integers(1, 30), st.floats(0.1, 30))
def test_the_hand_made_map_loss_is_the_packages_where_nothing_underflows(seed, count, j):
    distances, labels = 10 * normal(seed, count, 10).abs(), torch.arange(count) % 10
    torch.testing.assert_close(
        map_loss(distances, labels, j),
        layers.map_loss(distances, labels, j),
        # The chapter's exp(-j) is a 32-bit number.
        atol=1e-5,
        rtol=1e-5,
    )


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_the_network_in_eight_lines_is_the_built_one(seed):
    model = networks.build("lenet5-1998", seed=seed).double()
    pictures = normal(seed, 3, 1, 32, 32)
    close(
        lenet5(pictures, dict(model.named_parameters()) | dict(model.named_buffers())),
        model(pictures),
    )


# --- the page -----------------------------------------------------------------------------------


def start_of_the_page():
    """The names that the import cell gives, and the sections after it."""
    start, *others = sections()
    names = {}
    run(start, names)
    return names, others


@pytest.mark.long
def test_the_sections_run_forwards_and_then_backwards(mnist, monkeypatch):
    monkeypatch.setattr(data, "load", lambda: mnist)
    names, others = start_of_the_page()
    # What trains takes ten seconds: once here, after all others, and once in the test below.
    quick = [section for section in others if not any("training.fit" in c.source for c in section)]
    assert len(quick) == len(others) - 1
    for section in [*quick, *reversed(others)]:
        run(section, names)


def test_every_section_runs_alone_and_with_the_stand_in_digits(with_stand_in):
    names, others = start_of_the_page()
    assert names["digits"].name == "scikit-learn digits"
    for section in others:
        run(section, dict(names))


def test_every_section_with_code_asserts_something():
    for section in sections()[1:]:
        assert not section or any("assert " in cell.source for cell in section), section[0].source


def test_every_cell_but_set_up_and_exercises_asserts_or_defines_or_traces():
    for cell in code_cells(jupytext.read(SOURCE).cells)[2:]:
        given_up = "exercise" in cell.metadata.get("tags", [])
        assert given_up or re.search(r"assert |^def |shapes\.trace", cell.source, re.M), cell.source


def test_cells_are_short():
    for cell in code_cells(jupytext.read(SOURCE).cells):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= LONGEST_CELL, cell.source


def test_few_outputs_are_left_out_of_the_comparison():
    cells = code_cells(jupytext.read(SOURCE).cells)
    ignored = [c for c in cells if "nbval-ignore-output" in c.metadata.get("tags", [])]
    assert 4 * len(ignored) <= len(cells)
