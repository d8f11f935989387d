"""output_size says how many places a window has; counted here by trying every place."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet_course import shapes
from lenet_course.shapes.arithmetic import by, pair

sizes = st.integers(1, 60)
kernels = st.integers(1, 9)
strides = st.integers(1, 5)
paddings = st.integers(0, 4)
dilations = st.integers(1, 4)


def places(size, kernel, stride, padding, dilation):
    """Slide the window along the padded side, and count where it fits."""
    reach = dilation * (kernel - 1) + 1
    return len(range(0, size + 2 * padding - reach + 1, stride))


@given(sizes, kernels, strides, paddings, dilations)
def test_the_formula_counts_the_places_where_the_window_fits(
    size, kernel, stride, padding, dilation
):
    answer = shapes.output_size(size, kernel, stride, padding, dilation)
    assert max(answer, 0) == places(size, kernel, stride, padding, dilation)


@given(sizes, kernels, strides, paddings, dilations)
def test_ceil_mode_adds_one_place_exactly_when_pixels_are_left_over(
    size, kernel, stride, padding, dilation
):
    padding = min(padding, kernel // 2)  # torch's pooling, which alone has this mode, takes no more
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    floor = shapes.output_size(size, kernel, stride, padding, dilation)
    ceil = shapes.output_size(size, kernel, stride, padding, dilation, ceil_mode=True)
    starts_on_the_far_padding = floor * stride >= size + padding
    assert ceil == floor + (room % stride > 0 and not starts_on_the_far_padding)


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({"size": 32, "kernel_size": 5}, 28),
        ({"size": 28, "kernel_size": 2, "stride": 2}, 14),
        ({"size": 28, "kernel_size": 5, "padding": 2}, 28),
        ({"size": 224, "kernel_size": 7, "stride": 2, "padding": 3}, 112),
        ({"size": 9, "kernel_size": 3, "dilation": 3}, 3),
        ({"size": 5, "kernel_size": 2, "stride": 2, "ceil_mode": True}, 3),
        # The third window would start on the padding after the picture, so torch leaves it out.
        ({"size": 3, "kernel_size": 2, "stride": 2, "padding": 1, "ceil_mode": True}, 2),
    ],
)
def test_known_sizes(settings, size):
    assert shapes.output_size(**settings) == size


def test_a_window_that_does_not_fit_gives_zero_or_less():
    assert shapes.output_size(4, kernel_size=5) == 0
    assert shapes.output_size(4, kernel_size=9) < 0


def test_a_setting_for_both_sides_may_be_one_number_or_two():
    assert pair(5) == (5, 5)
    assert pair((3, 7)) == (3, 7)


def test_a_shape_is_written_with_crosses():
    assert by((6, 28, 28)) == "6x28x28"
    assert by((84,)) == "84"


def test_a_shape_error_is_a_value_error():
    assert issubclass(shapes.ShapeError, ValueError)


def test_shapes_imports_neither_torch_nor_numpy():
    program = (
        "import sys, lenet_course.shapes; print(sorted({'torch', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
