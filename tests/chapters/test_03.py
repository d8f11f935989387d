"""Chapter 03 bends by hand as torch does, in any order of its sections, and with any digits."""

import math
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from page import Page

from lenet_course import data, figures, layers, networks

PAGE = Page("03_activation")
SOURCE, hand_made = PAGE.source, PAGE.hand_made
sections, run = PAGE.sections, PAGE.run

PACKAGED = {"sigmoid": torch.sigmoid, "scaled_tanh": layers.ScaledTanh(), "relu": torch.relu}
BY_LOOPS = hand_made("by_loops", torch=torch, product=product)


def some_numbers(seed, *sides):
    return 4 * torch.randn(sides, generator=torch.Generator().manual_seed(seed))


# --- by hand and in the package -----------------------------------------------------------------


@pytest.mark.parametrize("name", PACKAGED)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_bent_by_loops_is_bent_by_the_package(name, sides, seed):
    maps = some_numbers(seed, *sides)
    ours = BY_LOOPS(maps, hand_made(name, math=math))
    torch.testing.assert_close(ours, PACKAGED[name](maps), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", PACKAGED)
@given(st.lists(st.integers(0, 5), min_size=0, max_size=4), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_bent_in_tensor_operations_is_bent_by_the_package(name, sides, seed):
    sigmoid_of = hand_made("sigmoid_of", torch=torch)
    ours = hand_made(f"{name}_of", torch=torch, sigmoid_of=sigmoid_of)
    maps = 20 * some_numbers(seed, *sides)
    torch.testing.assert_close(ours(maps), PACKAGED[name](maps), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", networks.ACTIVATIONS)
def test_the_slopes_are_those_of_small_differences(name):
    function, step = networks.ACTIVATIONS[name](), 1e-6
    numbers = some_numbers(0, 50).double()
    wanted = (function(numbers + step) - function(numbers - step)) / (2 * step)
    ours = hand_made("slopes", torch=torch)(function, numbers)
    torch.testing.assert_close(ours, wanted, rtol=1e-6, atol=1e-6)


def test_the_xor_of_two_relus_is_pythons():
    xor = hand_made("xor", torch=torch)
    for a, b in product((0, 1), (0, 1)):
        assert xor(torch.tensor(a), torch.tensor(b)) == a ^ b


# --- the page -----------------------------------------------------------------------------------


@pytest.fixture
def page(mnist, monkeypatch):
    """The names that the import cell gives, and the sections after it."""
    monkeypatch.setattr(data, "load", lambda: mnist)
    start, *others = sections()
    names = {}
    run(start, names)
    return names, others


def test_every_section_runs_alone(page):
    names, others = page
    for section in others:
        run(section, dict(names))


@pytest.mark.long
def test_every_cell_runs_again_at_once_and_after_the_whole_page(page):
    names, others = page
    cells = [cell for section in others for cell in section]
    for cell in cells:
        run([cell, cell], names)
    names["number"].value = -2.5  # a slider that was moved
    run(reversed(cells), names)  # another order, so that none lives on what the last one left


def test_a_cell_of_the_explorer_runs_after_its_slider_was_moved(explored, page):
    explored["number"].value = 3.6
    (cell,) = [cell for section in page[1] for cell in section if "class Explorer" in cell.source]
    run([cell], explored)


def test_the_stand_in_digits_serve_as_well(with_stand_in):
    names = {}
    for section in sections():
        run(section, names)
    assert names["digits"].name == "scikit-learn digits"


def section_with(words, others):
    """The one section whose code holds these words."""
    (found,) = [part for part in others if any(words in cell.source for cell in part)]
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "words",
    [
        "def gradients",
        "def deep(",
        "def learned",
        "C1.bias[2] = -6",
        "def collapsed",
        "highest > 0",
    ],
)
def test_what_is_learned_or_drawn_at_random_holds_for_other_seeds(page, words, seed):
    names, others = page
    for cell in section_with(words, others):
        source = cell.source.replace("manual_seed(0)", f"manual_seed({seed})")
        exec(source.replace("seed=0", f"seed={seed}"), names)


@pytest.mark.parametrize("label", [0, 1, 4, 8])
def test_another_digit_serves_as_well(mnist, monkeypatch, label):
    monkeypatch.setattr(data, "load", lambda: mnist)
    start, *others = sections()
    names = {}
    for cell in start:
        exec(cell.source.replace("labels == 7", f"labels == {label}"), names)
    run(others[0], names)


@pytest.fixture
def explored(page):
    """The names after the section with the slider."""
    names, others = page
    run(section_with("Explorer", others), names)
    return names


@pytest.mark.parametrize("number", [-4.0, 0.0, 2.7, 4.0])
def test_moving_the_slider_shows_where_that_number_sits(explored, number):
    explored["number"].value = number
    wanted = figures.functions(explored["three"], point=number)
    assert (explored["drawing"].value, explored["words"].value) == (wanted.image, wanted.alt)


def test_the_words_under_the_slider_tell_where_it_stands(explored):
    explored["number"].value = 2.5
    assert "At 2.5: sigmoid 0.924" in explored["words"].value
