"""Chapter 05 convolves many maps by hand as the package does, in any order of its sections."""

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from page import Page
from torch import nn

from lenet_course import data, layers

PAGE = Page("05_many_maps")

WAYS = {
    name: PAGE.hand_made(name, torch=torch, product=product) for name in ("by_loops", "by_links")
}


# --- by hand and in the package -----------------------------------------------------------------


@st.composite
def tables(draw):
    """Of 1 to 5 input maps; no row is empty."""
    sources = st.integers(0, draw(st.integers(0, 4)))
    return draw(st.lists(st.sets(sources, min_size=1).map(sorted), min_size=1, max_size=5))


@pytest.mark.parametrize("way", WAYS)
@given(tables(), st.integers(1, 4), st.integers(0, 3), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_the_hand_made_layer_is_the_packages(way, table, size, more, seed):
    torch.manual_seed(seed)
    layer = layers.TableConv2d(5, table, kernel_size=size)
    maps = torch.randn(5, size + more, size + more)
    with torch.no_grad():
        wanted = layer(maps[None])[0]
        ours = WAYS[way](maps, table, layer.weight, layer.bias)
    torch.testing.assert_close(ours, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("way", WAYS)
def test_a_table_with_every_mark_is_torchs_convolution(way):
    torch.manual_seed(0)
    layer, maps = nn.Conv2d(6, 16, kernel_size=5), torch.randn(6, 7, 7)
    full = [list(range(6))] * 16
    ours = WAYS[way](maps, full, layer.weight.flatten(0, 1), layer.bias)
    torch.testing.assert_close(ours, layer(maps), rtol=1e-4, atol=1e-5)


# --- the page -----------------------------------------------------------------------------------


@pytest.fixture
def page(mnist, monkeypatch):
    """The names that the import cell gives, and the sections after it."""
    monkeypatch.setattr(data, "load", lambda: mnist)
    start, *others = PAGE.sections()
    names = {}
    PAGE.run(start, names)
    return names, others


def section_with(others, words):
    """The one section in which these words stand."""
    (found,) = [part for part in others if any(words in cell.source for cell in part)]
    return found


def test_every_section_runs_alone(page):
    names, others = page
    for section in others:
        PAGE.run(section, dict(names))


def test_the_sections_run_backwards_and_twice(page):
    names, others = page
    for section in [*reversed(others), *others]:
        PAGE.run(section, names)


def test_the_stand_in_digits_serve_as_well(with_stand_in):
    names = {}
    for section in PAGE.sections():
        PAGE.run(section, names)
    assert names["digits"].name == "scikit-learn digits"


def test_the_corner_finder_finds_the_corner_of_other_sevens_too(page, mnist):
    names, others = page
    sevens = mnist.test.images[mnist.test.labels == 7]
    prepare = names["networks"].find("relu-max").prepare
    C1 = torch.relu(torch.conv2d(prepare(sevens[:100]), names["finders"][:, None]))
    S2 = nn.functional.avg_pool2d(C1, 2)
    PAGE.run(section_with(others, "corner_kernels / 6, -0.6"), names)
    maps = torch.conv2d(S2[:, :3], names["corner_kernels"][None])[:, 0]
    columns = maps.flatten(1).argmax(dim=1) % 10
    assert ((columns >= 4) & (columns <= 8)).float().mean() > 0.8


def test_weights_come_back_whatever_the_seed(page):
    names, others = page
    PAGE.run(section_with(others, "def come_back"), names)
    come_back, mask = names["come_back"], names["mask"]
    for seed in range(5):
        torch.manual_seed(seed)
        assert come_back() == come_back(gradients=mask, momentum=0.9) == [900, 900]
        assert come_back(gradients=mask) == [0, 0]
        assert come_back(gradients=mask, momentum=0.9, fresh=True) == [0, 0]
        assert come_back(use=mask, momentum=0.9) == [0, 900]


def test_twins_are_counted_the_same_whatever_the_seed(page, monkeypatch):
    names, others = page
    PAGE.run(section_with(others, "def kernel_numbers"), names)
    build, full = names["networks"].build, names["every_map"]
    for seed in range(1, 4):
        monkeypatch.setattr(
            names["networks"], "build", lambda layers, seed=0, s=seed: build(layers, seed=s)
        )
        counts = [
            names["different"](names["kernel_numbers"](table, alike))
            for alike in (["C3", "C5"], ["C3"], ["C1", "C3", "C5"])
            for table in (full, layers.TABLE_I)
        ]
        assert counts == [6, 60, 96, 60, 1, 3]


def test_running_an_earlier_section_again_changes_nothing_that_a_later_one_has_made(page):
    """Whoever goes back to "One unit" still has sixty kernels in the list of maps."""
    names, others = page
    made = {}
    for section in others:
        before = dict(names)
        PAGE.run(section, names)
        for name in names.keys() - {"__builtins__"}:
            if name in before and names[name] is not before[name]:
                made.setdefault(name, []).append(section[0].source)
    assert not made


# --- the explorer of Table I --------------------------------------------------------------------


@pytest.fixture
def explored(page):
    """The names after the section with the explorer."""
    names, others = page
    PAGE.run(section_with(others, "TableExplorer("), names)
    yield names
    names["explorer"].close()


def test_every_map_of_the_explorer_is_the_chapters(explored):
    explorer = explored["explorer"]
    for number in range(16):
        explorer.number, explorer.full = number, False
        made = torch.tensor(explorer.shown["map"])
        assert torch.allclose(made, explored["in_loops"][number], atol=1e-3)
        explorer.full = True
        assert (
            not torch.allclose(torch.tensor(explorer.shown["map"]), made, atol=1e-3) or number == 15
        )


def test_the_explorers_cell_runs_again_after_everything_was_moved(explored, page):
    explorer = explored["explorer"]
    explorer.number, explorer.full, explorer.row, explorer.column = 9, True, 7, 1
    section = section_with(page[1], "TableExplorer(")
    cell = next(cell for cell in section if "TableExplorer(" in cell.source)
    PAGE.run([cell], explored)
    again = explored["explorer"]
    assert (again.number, again.full, again.row, again.column) == (9, True, 7, 1)
    assert again is not explorer


# --- its form -----------------------------------------------------------------------------------
