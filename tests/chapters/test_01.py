"""Chapter 01 computes by hand what the package computes, in any order, and with any digits."""

import re

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from page import Page

from lenet_course import data, figures, networks, shapes

PAGE = Page("01_shape_arithmetic")
SOURCE, hand_made = PAGE.source, PAGE.hand_made
sections, run = PAGE.sections, PAGE.run


output_size = hand_made("output_size")
rounded_up = hand_made("rounded_up")
walk = hand_made("walk")
convolution = hand_made("convolution")
subsampling = hand_made("subsampling")
in_words = hand_made("in_words", shapes=shapes)

# No deadline: on a machine with more to do, a step of a millisecond may take a second.
many = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
sizes, kernels, strides = st.integers(1, 300), st.integers(1, 12), st.integers(1, 7)
paddings, dilations = st.integers(0, 9), st.integers(1, 6)


# --- by hand and in the package -----------------------------------------------------------------


@many
@given(sizes, kernels, strides, paddings, dilations)
def test_the_hand_made_size_is_the_packages(size, kernel, stride, padding, dilation):
    ours = output_size(size, kernel, stride, padding, dilation)
    assert ours == shapes.output_size(size, kernel, stride, padding, dilation)


@many
@given(sizes, kernels, strides, st.data())
def test_the_hand_made_size_in_ceil_mode_is_the_packages_and_torchs(size, kernel, stride, more):
    padding = more.draw(st.integers(0, kernel // 2))
    assume(size + 2 * padding >= kernel)
    ours = rounded_up(size, kernel, stride, padding)
    assert ours == shapes.output_size(size, kernel, stride, padding, ceil_mode=True)
    layer = torch.nn.MaxPool1d(kernel, stride, padding, ceil_mode=True)
    assert ours == layer(torch.zeros(1, 1, size)).shape[-1]


@many
@given(st.lists(st.tuples(kernels, strides, dilations), min_size=1, max_size=6))
def test_the_hand_made_walk_gives_the_packages_receptive_fields(windows):
    layers = [shapes.Conv2d(1, k, stride=s, dilation=d, padding=40) for k, s, d in windows]
    rows = shapes.trace(layers, input_shape=(1, 64, 64))
    assert [field for field, _ in walk(windows)] == [row.receptive_field for row in rows]


@many
@given(st.integers(1, 8), st.integers(1, 20), st.integers(1, 6), st.integers(0, 30))
def test_the_hand_made_costs_of_a_convolution_are_the_packages(inputs, maps, kernel, more):
    row = shapes.trace([shapes.Conv2d(maps, kernel)], (inputs, kernel + more, kernel + more))[0]
    by_hand = convolution(links=inputs * maps, maps=maps, kernel=kernel, side=more + 1)
    assert by_hand == (row.parameters, row.connections, row.multiply_adds)


@many
@given(st.integers(1, 400), st.integers(1, 200))
def test_a_fully_connected_layer_is_a_convolution_of_one_pixel(inputs, units):
    row = shapes.trace([shapes.Linear(units)], (inputs,))[0]
    by_hand = convolution(links=inputs * units, maps=units, kernel=1, side=1)
    assert by_hand == (row.parameters, row.connections, row.multiply_adds)


@many
@given(st.integers(1, 30), st.integers(1, 30))
def test_the_hand_made_costs_of_subsampling_are_the_packages(maps, side):
    row = shapes.trace([shapes.Subsampling(2)], (maps, 2 * side, 2 * side))[0]
    assert subsampling(maps, side) == (row.parameters, row.connections, row.multiply_adds)


@many
@given(sizes, kernels, strides, paddings, dilations)
def test_the_formula_in_words_is_the_traces_or_says_why_nothing_fits(
    size, kernel, stride, padding, dilation
):
    said = in_words(size, kernel, stride, padding, dilation)
    layer = shapes.Conv2d(1, kernel, stride=stride, padding=padding, dilation=dilation)
    try:
        assert said == shapes.trace([layer], (1, size, size))[0].formula
    except shapes.ShapeError:
        assert f"reaches over {dilation * (kernel - 1) + 1} pixels" in said
        assert f"the row has {size + 2 * padding}" in said


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_for_same_an_even_window_gets_one_more_pixel_after_than_before():
    image, kernel = torch.rand(1, 1, 28, 28), torch.rand(1, 1, 4, 4)
    padded = torch.nn.ZeroPad2d((1, 2, 1, 2))(image)
    same = torch.conv2d(image, kernel, padding="same")
    torch.testing.assert_close(same, torch.conv2d(padded, kernel))


@pytest.mark.parametrize("name", ["sigmoid-avg", "lenet5-1998"])
def test_the_gradient_shows_the_same_squares_for_every_digit(name, mnist):
    square_seen = hand_made("square_seen", torch=torch, networks=networks)
    network = networks.FAMILY[name]
    rows = network.trace()
    for image in mnist.test.images[:5]:
        for layer in ("C1", "S2", "C3", "S4"):
            assert square_seen(network, layer, image)[2] == rows[layer].receptive_field


# --- the page -----------------------------------------------------------------------------------


@pytest.fixture
def page(mnist, monkeypatch):
    """The names that the import cell gives, and the sections after it, by their headings."""
    monkeypatch.setattr(data, "load", lambda: mnist)
    start, *others = sections()
    names = {}
    run(start, names)
    return names, others


def test_every_section_runs_alone(page):
    names, others = page
    for section in others:
        run(section, dict(names))


def test_the_sections_run_backwards_and_twice(page):
    names, others = page
    for section in [*reversed(others), *others]:
        run(section, names)


def test_the_stand_in_digits_serve_as_well(with_stand_in):
    names = {}
    for section in sections():
        run(section, names)
    assert names["digits"].name == "scikit-learn digits"


@pytest.fixture
def explorer(page):
    """The explorer of the section with the sliders, as it begins."""
    names, others = page
    (section,) = [part for part in others if any("ShapeExplorer(" in c.source for c in part)]
    run(section, names)
    yield names["explorer"]
    names["explorer"].close()


def test_the_explorers_formula_is_the_chapters_own(explorer):
    for size, kernel, stride, padding, dilation in (
        (12, 3, 1, 2, 1),
        (16, 7, 4, 4, 2),
        (1, 1, 1, 0, 1),
    ):
        explorer.size, explorer.kernel_size, explorer.stride = size, kernel, stride
        explorer.padding, explorer.dilation = padding, dilation
        assert explorer.formula == in_words(size, kernel, stride, padding, dilation)


def test_the_explorers_cell_runs_again_where_nothing_fits(explorer, page):
    explorer.size, explorer.kernel_size, explorer.padding = 2, 7, 0
    names, others = page
    (cell,) = [c for part in others for c in part if "ShapeExplorer(" in c.source]
    run([cell], names)
    assert (names["explorer"].size, names["explorer"].formula) == (2, "")


def test_both_puzzles_have_an_answer_within_the_sliders(explorer):
    answer = "Size 1, kernel 1, stride 3, padding 4, dilation 1."
    assert answer in SOURCE.read_text(encoding="utf-8")
    values = [int(number) for number in re.findall(r"\d", answer)]
    for setting, value in zip(explorer.window, values, strict=True):
        setattr(explorer, setting, value)
    assert list(explorer.window.values()) == values
    assert (explorer.places, explorer.left_over) == ((3, 3), 2)
    told = figures.window(*values).alt
    assert "stands at 3 places" in told and told.endswith("Pixels left over: 2.")
