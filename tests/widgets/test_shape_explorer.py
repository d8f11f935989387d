"""The shape explorer's sizes are those of shapes, and its windows those that torch sees."""

import re
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet_course import figures, shapes
from lenet_course.widgets import ShapeExplorer
from lenet_course.widgets.shape_explorer import LIMITS

REACHED = (range(least, most + 1) for least, most in LIMITS.values())
EVERY = [dict(zip(LIMITS, window, strict=True)) for window in product(*REACHED)]
windows = st.sampled_from(EVERY)
fitting = st.sampled_from([window for window in EVERY if shapes.output_size(**window) >= 1])
impossible = st.sampled_from([window for window in EVERY if shapes.output_size(**window) < 1])
many = settings(max_examples=40, deadline=None)


@many
@given(windows)
def test_formula_places_and_left_over_are_those_of_shapes(window):
    explorer = ShapeExplorer(**window)
    places = max(0, shapes.output_size(**window))
    assert explorer.window == window and explorer.places == (places, places)
    if places:
        expression, _, size = explorer.formula.partition(" = ")
        assert eval(expression) == int(size) == places
        assert explorer.shown["formula"] == explorer.formula
        last = (places - 1) * window["stride"] + explorer.reach
        assert 0 <= explorer.left_over == window["size"] + 2 * window["padding"] - last
        assert explorer.left_over < window["stride"]
    else:
        assert explorer.formula == "" and explorer.words.startswith("It stands nowhere")


@many
@given(fitting, st.integers(0, 23), st.integers(0, 23))
def test_the_window_drawn_is_the_one_that_the_unit_sees_by_its_gradient(window, row, column):
    explorer = ShapeExplorer(**window, row=row, column=column)
    kept = {name: value for name, value in window.items() if name != "size"}
    layer = torch.nn.Conv2d(1, 1, **kept, bias=False)
    torch.nn.init.ones_(layer.weight)
    pixels = torch.zeros(1, 1, window["size"], window["size"], requires_grad=True)
    (seen,) = torch.autograd.grad(layer(pixels)[0, 0, explorer.row, explorer.column], pixels)
    shown = explorer.shown
    inside = [[at for at in shown[side] if 0 <= at < window["size"]] for side in ("tops", "lefts")]
    wanted = torch.zeros_like(seen)
    for top in inside[0]:
        for left in inside[1]:
            wanted[0, 0, top, left] = 1
    assert torch.equal(seen, wanted)


@many
@given(impossible)
def test_every_way_out_that_is_offered_is_one(window):
    words = ShapeExplorer(**window).words
    offered = re.findall(r"(size|kernel|padding|dilation) (\d+)", words.partition("enough: ")[2])
    assert offered
    for setting, value in offered:
        name = {"kernel": "kernel_size"}.get(setting, setting)
        assert shapes.output_size(**window | {name: int(value)}) >= 1
        assert LIMITS[name][0] <= int(value) <= LIMITS[name][1]


def test_the_impossible_is_explained_with_its_numbers():
    explorer = ShapeExplorer(size=4, kernel_size=7, padding=1)
    assert explorer.words == (
        "It stands nowhere: the window reaches over 7 pixels, and with its padding the row has 6. "
        "Any one of these is enough: size 5, kernel 6, padding 2."
    )
    assert explorer.shown["formula"] == "(4 + 2*1 - 1*(7 - 1) - 1) // 1 + 1 = 0: no place"


@pytest.mark.parametrize(
    ("window", "says"),
    [
        ({"size": 7, "kernel_size": 2, "stride": 2}, "One pixel of a row is left over."),
        ({"size": 8, "kernel_size": 2, "stride": 2}, "No pixel is left over."),
        ({"size": 8, "kernel_size": 1, "stride": 3}, "One pixel of a row is left over."),
        ({"size": 3, "kernel_size": 3}, "stands at 1 place of a row: the map has 1×1 units."),
        ({"size": 3, "kernel_size": 1, "padding": 1}, "Windows at the border see padding only."),
    ],
)
def test_the_words_fit_the_numbers(window, says):
    assert says in ShapeExplorer(**window).words


def test_a_unit_stays_on_the_map_when_the_map_shrinks():
    explorer = ShapeExplorer(size=16, kernel_size=1, row=15, column=9)
    explorer.stride = 4
    assert (explorer.row, explorer.column) == (3, 3)
    explorer.size, explorer.kernel_size = 3, 7
    assert (explorer.row, explorer.column) == (0, 0)


def test_settings_stay_within_the_sliders():
    explorer = ShapeExplorer(size=99, kernel_size=0, padding=-1)
    assert (explorer.size, explorer.kernel_size, explorer.padding) == (16, 1, 0)


def test_a_page_without_widgets_gets_the_row_with_all_places_as_a_picture():
    data, metadata = ShapeExplorer(7, 3, stride=2, padding=1)._repr_mimebundle_()
    wanted = figures.window(7, 3, 2, 1)
    assert data["image/png"] == wanted.image
    assert data["text/plain"] == metadata["image/png"]["alt"]
    assert data["text/plain"].startswith(wanted.alt)


def test_what_was_set_is_still_there_when_the_cell_runs_again():
    first = ShapeExplorer(name="test: shape")
    first.size, first.padding, first.row = 12, 3, 5
    second = ShapeExplorer(name="test: shape")
    assert (second.size, second.padding, second.row) == (12, 3, 5)
    second.close()
