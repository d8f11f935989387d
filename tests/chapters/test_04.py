"""Chapter 04 halves maps by hand as the package does, in any order of its sections, and with any
digits."""

import ast
import re
from itertools import product

import jupytext
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from page import Page
from torch.nn import functional

from lenet_course import data, layers, networks
from lenet_course.exercises import chapter_04

PAGE = Page("04_subsampling")
SOURCE, hand_made = PAGE.source, PAGE.hand_made
sections, run = PAGE.sections, PAGE.run


def numbers(seed, *sides):
    return torch.randn(sides, generator=torch.Generator().manual_seed(seed))


# --- by hand and in the package -----------------------------------------------------------------

SIZES = {"maps": st.integers(1, 4), "half": st.integers(1, 6), "seed": st.integers(0, 2**31)}


@given(**SIZES)
@settings(max_examples=15, deadline=None)
def test_the_loops_halve_as_the_package_does(maps, half, seed):
    layer, images = layers.Subsampling(maps), numbers(seed, maps, 2 * half, 2 * half)
    coefficient, bias = numbers(seed + 1, maps), numbers(seed + 2, maps)
    layer.load_state_dict({"coefficient": coefficient, "bias": bias})
    learned = hand_made("learned", coefficient=coefficient, bias=bias)
    by_loops = hand_made("by_loops", torch=torch, product=product)
    wanted = {
        "averaged": functional.avg_pool2d(images, 2),
        "largest": functional.max_pool2d(images, 2),
        "learned": layer(images[None])[0].detach(),
    }
    pools = {name: hand_made(name) for name in ("averaged", "largest")} | {"learned": learned}
    for name, pool in pools.items():
        torch.testing.assert_close(by_loops(images, pool), wanted[name], rtol=1e-4, atol=1e-5)


def test_equal_numbers_get_the_gradient_that_the_folded_solution_tells():
    gradient = hand_made("gradient", torch=torch)
    empty, whole = torch.zeros(1, 2, 2), torch.ones(1, 1)
    first = gradient(lambda maps: functional.max_pool2d(maps, 2), empty)
    shared = gradient(lambda maps: maps.amax(dim=(1, 2)), empty)
    assert first.tolist() == [[[1, 0], [0, 0]]]
    assert shared.tolist() == [[[0.25, 0.25], [0.25, 0.25]]]
    assert (chapter_04.back_through_max.solution(empty[0], whole) == 1).all()


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_the_windows_of_one_reshape_are_torchs(maps, down, across, seed):
    images = numbers(seed, maps, 2 * down, 2 * across)
    windows = hand_made("windows_of")(images)
    averages, largest = windows.mean(dim=(2, 4)), windows.amax(dim=(2, 4))
    torch.testing.assert_close(averages, functional.avg_pool2d(images, 2))
    torch.testing.assert_close(largest, functional.max_pool2d(images, 2))


@given(st.integers(1, 3), st.integers(3, 9), st.integers(3, 9), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_the_overlapping_windows_are_torchs(maps, rows, columns, seed):
    images = numbers(seed, maps, rows, columns)
    wanted = functional.max_pool2d(images, 3, stride=2)
    assert torch.equal(hand_made("overlapping")(images), wanted)


@given(st.integers(0, 6), st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_moved_by_hand_is_torchs_roll_with_an_empty_edge(by, seed):
    images = numbers(seed, 2, 4, 7)
    wanted = images.roll(by, -1)
    wanted[..., :by] = 0
    assert torch.equal(hand_made("moved", functional=functional)(images, by), wanted)


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0, 2.0])
def test_a_relative_change_is_how_much_longer_or_shorter_maps_became(factor):
    images = numbers(0, 5, 6, 14, 14)
    assert hand_made("change")(images, factor * images) == pytest.approx(abs(factor - 1))


def test_sixteen_times_as_far_whatever_the_maps_and_the_loss():
    for seed in range(5):
        maps = numbers(seed, 3, 6, 28, 28)
        averages, adds = layers.Subsampling(6, reduction="mean"), layers.Subsampling(6)
        for layer in (averages, adds):
            layer(maps).exp().mean().backward()
            torch.optim.SGD(layer.parameters(), lr=0.1).step()
        far, near = 4 * (adds.coefficient - 0.5), averages.coefficient - 2
        torch.testing.assert_close(far, 16 * near, rtol=1e-2, atol=1e-5)


# --- the page -----------------------------------------------------------------------------------


@pytest.fixture
def page(mnist, monkeypatch):
    """The names that the first two code cells give, and the sections after them."""
    monkeypatch.setattr(data, "load", lambda: mnist)
    start, *others = sections()
    names = {}
    run(start[:2], names)
    return names, others


def test_every_section_runs_alone(page):
    names, others = page
    for section in others:
        run(section, dict(names))


@pytest.mark.long
def test_the_sections_run_backwards_and_twice(page):
    names, others = page
    for section in [*reversed(others), *others]:
        run(section, names)


@pytest.mark.long
def test_every_cell_runs_again_at_once_and_after_the_whole_page(page):
    names, others = page
    cells = [*sections()[0][2:], *(cell for section in others for cell in section)]
    for cell in cells:  # few steps, since what they give is not the question here
        cell.source = cell.source.replace("steps, seeds = 200, (0, 1)", "steps, seeds = 10, (0,)")
        run([cell, cell], names)
    assert names["steps"] == 10
    run([*reversed(cells), *cells], names)  # none lives on what the last one left


def test_the_stand_in_digits_serve_as_well(with_stand_in):
    names = {}
    for section in sections():
        run(section, names)
    assert names["digits"].name == "scikit-learn digits"


def section_with(page, words):
    """The names after the one section whose code holds these words has been run."""
    names, others = page
    (section,) = [part for part in others if any(words in cell.source for cell in part)]
    run(section, names)
    return names


def test_s2_follows_a_digit_by_every_second_pixel_whatever_the_weights(page):
    names = section_with(page, "def left_over")
    images, moved, left_over = names["five_hundred"][:50], names["moved"], names["left_over"]
    for seed, pool in product(range(3), ("average", "maximum")):
        c1 = networks.build("relu-max", seed=seed).C1
        with torch.no_grad():
            maps = [names["pools"][pool](c1(moved(images, by))) for by in range(5)]
        rest, shifts = zip(*(left_over(maps[0], maps[by], by) for by in range(1, 5)), strict=True)
        assert max(rest[1::2]) < 1e-3 < 0.1 < min(rest[0::2])
        assert shifts[1::2] == (1, 2)


def test_the_folded_stripes_are_what_the_text_says(page):
    names = section_with(page, "def every_second")
    text = "\n".join(cell.source for cell in jupytext.read(SOURCE).cells)
    (snippet,) = re.findall(r"```python\n(stripes.*?)```", text, re.S)
    *lines, last = ast.parse(snippet).body
    exec(compile(ast.Module(lines, []), SOURCE.name, "exec"), names)
    seen = eval(compile(ast.Expression(last.value), SOURCE.name, "eval"), names)
    assert seen == {"every second": [1, 0], "average": [0.5, 0.5], "maximum": [1, 1]}


def test_every_way_learns_with_another_seed_as_well(page):
    names, others = page
    (section,) = [part for part in others if any("def wrongly_read" in c.source for c in part)]
    run(section[:1], names)
    shapes, wrongly_read = names["shapes"], names["wrongly_read"]
    for pool in (shapes.AvgPool2d(2), shapes.MaxPool2d(2), shapes.Subsampling(2)):
        assert wrongly_read(pool, seed=2, steps=200) < 20


@pytest.fixture
def explored(page):
    """The names after the section with the unit of 1998 on a real map."""
    names = section_with(page, "SubsamplingUnit(")
    yield names
    names["explorer"].close()


def test_the_widget_counts_as_the_chapters_own_function_does(explored):
    explorer, fires_where = explored["explorer"], explored["fires_where"]
    for coefficient, bias in product((0.1, 0.7, 2, 5, 6), (-15, -2.5, -0.5, 0, 1, 15)):
        explorer.coefficient, explorer.bias = coefficient, bias
        assert explorer.words.startswith(fires_where(coefficient, bias))


def test_the_words_count_the_units_that_fire_with_cause_and_without(explored):
    fires_where = explored["fires_where"]
    windows = explored["maps"][0].unfold(0, 2, 2).unfold(1, 2, 2)
    fires, good = windows.sum((2, 3)) > 0.5, (windows > 0.5).flatten(2).any(2)
    right, wanted, wrong = (int(part.sum()) for part in (fires & good, good, fires & ~good))
    assert fires_where(5, -2.5).endswith(
        f"more than 0.50: at {right} of the {wanted} units that see a number above 0.5, and at "
        f"{wrong} that see none."
    )


def test_the_widgets_cell_runs_again_after_everything_was_moved(explored, page):
    explorer = explored["explorer"]
    explorer.coefficient, explorer.bias, explorer.row, explorer.column = 3, 4, 0, 13
    section = next(part for part in page[1] if any("SubsamplingUnit(" in c.source for c in part))
    for cell in section:
        run([cell], explored)
    again = explored["explorer"]
    assert (again.coefficient, again.bias, again.row, again.column) == (3, 4, 0, 13)
