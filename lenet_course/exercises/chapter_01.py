"""Exercises of chapter 01, shape arithmetic."""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

import math

from .declaring import problem

# --- places -------------------------------------------------------------------------------------


def rows_and_windows(random):
    yield from [(7, 2, 2), (7, 3, 1), (32, 5, 1), (5, 5, 3), (4, 6, 2), (9, 1, 4)]
    for _ in range(12):
        yield random.randint(6, 40), random.randint(1, 9), random.randint(1, 5)


@problem(
    inputs=rows_and_windows,
    hints=[
        "On paper: a row of 7 boxes, a window of 2. Move its left edge 2 boxes at a time.",
        "A place counts when the whole window lies on the row: left + kernel <= size.",
        "range(0, size, stride) lists the candidates; keep those that fit.",
    ],
)
def places(size, kernel, stride):
    return [left for left in range(0, size, stride) if left + kernel <= size]


@places.mistake(
    "The last window hangs over the border: its right edge, left + kernel, may reach size, "
    "but not pass it."
)
def windows_over_the_border(size, kernel, stride):
    return list(range(0, size, stride))


@places.mistake(
    "The last place is missing: a window whose right edge touches the border still fits "
    "(left + kernel <= size, with <= and not <)."
)
def border_not_touched(size, kernel, stride):
    return [left for left in range(0, size, stride) if left + kernel < size]


@places.mistake("Every place is listed; the window moves by `stride` pixels each time.")
def stride_forgotten(size, kernel, stride):
    return [left for left in range(size) if left + kernel <= size]


@places.mistake("The number is right: the exercise asks for the list of left edges themselves.")
def counted_instead_of_listed(size, kernel, stride):
    return len(places.solution(size, kernel, stride))


@places.mistake("These are counted from 1. The first pixel of a row has the number 0.")
def counted_from_one(size, kernel, stride):
    return [left + 1 for left in places.solution(size, kernel, stride)]


@places.mistake("These are right edges: a window is named by its left edge.")
def right_edges(size, kernel, stride):
    return [left + kernel - 1 for left in places.solution(size, kernel, stride)]


@places.mistake(
    "The window moves by its own width here. It moves by `stride`, which may be less or more."
)
def moved_by_the_kernel(size, kernel, stride):
    return [left for left in range(0, size, kernel) if left + kernel <= size]


RETURN_IN_THE_LOOP = "`return` ends the loop in its first round: move it out, behind the loop."


@places.mistake(RETURN_IN_THE_LOOP)
def returned_within_the_loop(size, kernel, stride):
    return [0] if kernel <= size else []


# --- dilated_size -------------------------------------------------------------------------------


def windows_with_everything(random):
    yield from [(32, 5, 1, 0, 1), (32, 3, 1, 0, 2), (28, 5, 1, 2, 1), (9, 2, 2, 1, 3)]
    yield from [(28, 3, 2, 0, 4), (14, 5, 3, 4, 2), (7, 2, 2, 0, 1), (11, 3, 4, 1, 1)]
    for _ in range(12):
        kernel, dilation = random.randint(1, 5), random.randint(1, 4)
        size = dilation * (kernel - 1) + 1 + random.randint(0, 25)
        yield size, kernel, random.randint(1, 4), random.randint(0, 3), dilation


@problem(
    inputs=windows_with_everything,
    hints=[
        "How many pixels does the window span, from its first to its last, when d - 1 pixels are "
        "left out between neighbours?",
        "A window of 3 with dilation 2 touches pixels 0, 2 and 4: it spans 5. "
        "In general: dilation * (kernel - 1) + 1.",
        "Padding stands on both sides: size + 2 * padding. Then count places as before, with the "
        "span in place of the kernel.",
    ],
)
def dilated_size(size, kernel, stride, padding, dilation):
    span = dilation * (kernel - 1) + 1
    return (size + 2 * padding - span) // stride + 1


@dilated_size.mistake(
    "Dilation has no effect here. A dilated window spans dilation * (kernel - 1) + 1 pixels."
)
def dilation_forgotten(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - kernel) // stride + 1


@dilated_size.mistake(
    "The span is too wide: a window of k pixels has k - 1 steps of `dilation` between them, not k."
)
def steps_as_many_as_pixels(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * kernel) // stride + 1


@dilated_size.mistake("Padding is added on both sides of the row: 2 * padding.")
def padded_on_one_side(size, kernel, stride, padding, dilation):
    return (size + padding - dilation * (kernel - 1) - 1) // stride + 1


@dilated_size.mistake("Padding has no effect here. It makes the row longer on both sides.")
def padding_forgotten(size, kernel, stride, padding, dilation):
    return (size - dilation * (kernel - 1) - 1) // stride + 1


@dilated_size.mistake(
    "One place is missing: the window stands somewhere before its first step, hence the + 1."
)
def first_place_missing(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride


@dilated_size.mistake("The stride has no effect here. It divides the number of steps.")
def every_step_taken(size, kernel, stride, padding, dilation):
    return size + 2 * padding - dilation * (kernel - 1)


@dilated_size.mistake(
    "A step that does not fit is not taken: round down with //, not up and not with /."
)
def rounded_up(size, kernel, stride, padding, dilation):
    return -(-(size + 2 * padding - dilation * (kernel - 1) - 1) // stride) + 1


@dilated_size.mistake("The number of steps must be whole: round down, with // in place of /.")
def not_rounded(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1


@dilated_size.mistake("The + 1 is the first place. It comes after the division, not before.")
def one_added_before_dividing(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1)) // stride


@dilated_size.mistake(
    "The window's first pixel is missing from its reach, which is dilation * (kernel - 1) + 1."
)
def reach_without_its_first_pixel(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1)) // stride + 1


BRACKETS = "// binds more tightly than + and -: put the whole sum before it in brackets."


@dilated_size.mistake(BRACKETS)
def brackets_missing(size, kernel, stride, padding, dilation):
    return size + 2 * padding - dilation * (kernel - 1) - 1 // stride + 1


@dilated_size.mistake(BRACKETS)
def brackets_missing_after_the_span(size, kernel, stride, padding, dilation):
    span = dilation * (kernel - 1) + 1
    return size + 2 * padding - span // stride + 1


# --- receptive_field ----------------------------------------------------------------------------

LENET = [(5, 1), (2, 2), (5, 1), (2, 2), (5, 1)]


def stacks_of_layers(random):
    yield from [(LENET[:depth],) for depth in range(1, 6)]
    yield ([(3, 2), (3, 3), (4, 1), (2, 1)],)
    for _ in range(8):
        depth = random.randint(2, 6)
        yield ([(random.randint(1, 6), random.randint(1, 3)) for _ in range(depth)],)


@problem(
    inputs=stacks_of_layers,
    hints=[
        "Walk forwards. Before the first layer one unit sees one pixel, and neighbours lie one "
        "pixel apart.",
        "A window of k units reaches k - 1 steps further than one unit. How many pixels of the "
        "picture is one such step?",
        "Keep two numbers: the field, which grows by (kernel - 1) * step, and then the step, which "
        "is multiplied by the stride.",
    ],
)
def receptive_field(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step
        step *= stride
    return field


@receptive_field.mistake(
    "The strides have no effect here. After a stride of 2, neighbouring units see windows that lie "
    "two pixels apart."
)
def strides_forgotten(layers):
    return 1 + sum(kernel - 1 for kernel, stride in layers)


@receptive_field.mistake(
    "The kernels are added up. Neighbouring windows overlap: each layer adds kernel - 1 steps, and "
    "after a stride each step is longer."
)
def kernels_added(layers):
    return sum(kernel for kernel, stride in layers)


@receptive_field.mistake(
    "A layer's own stride is counted too early: it spreads the units of *later* layers apart, "
    "not the window of this one."
)
def step_grown_too_early(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        step *= stride
        field += (kernel - 1) * step
    return field


@receptive_field.mistake(
    "Only the last stride is remembered. Two strides of 2 make steps of 4 pixels: they multiply."
)
def only_the_last_stride(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step
        step = stride
    return field


STRIDES_MULTIPLY = (
    "The strides are added. Two strides of 3 make steps of 9, not of 6: they multiply."
)


@receptive_field.mistake(STRIDES_MULTIPLY)
def strides_added(layers):
    field, step = 1, 0
    for kernel, stride in layers:
        field += (kernel - 1) * max(step, 1)
        step += stride
    return field


@receptive_field.mistake(STRIDES_MULTIPLY)
def strides_added_to_one(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step
        step += stride
    return field


@receptive_field.mistake(
    "The stride of this layer only is used. The step comes from all layers before it: a second "
    "number, which every stride multiplies."
)
def own_stride_only(layers):
    return 1 + sum((kernel - 1) * stride for kernel, stride in layers)


@receptive_field.mistake("Before the first layer a pixel sees itself: begin with a field of 1.")
def begun_with_nothing(layers):
    return receptive_field.solution(layers) - 1


@receptive_field.mistake("The field is asked for, without the step.")
def field_and_step(layers):
    return receptive_field.solution(layers), math.prod(stride for _, stride in layers)


@receptive_field.mistake(RETURN_IN_THE_LOOP)
def returned_within_the_first_round(layers):
    return receptive_field.solution(layers[:1])


@receptive_field.mistake(
    "Each layer adds kernel - 1 steps, not kernel: the first unit of the window is already counted."
)
def one_step_too_many(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        field += kernel * step
        step *= stride
    return field


# --- convolution_cost ---------------------------------------------------------------------------


def convolutions(random):
    yield from [(1, 6, 5, 32), (6, 16, 5, 14), (16, 120, 5, 5), (3, 8, 2, 9)]
    for _ in range(10):
        kernel = random.randint(2, 6)
        yield random.randint(2, 9), random.randint(2, 20), kernel, kernel + random.randint(1, 15)


@problem(
    inputs=convolutions,
    hints=[
        "Begin with one output map: how many weights does its window have when it looks at all "
        "input maps at once? And how many biases?",
        "Parameters: out_channels * (in_channels * kernel * kernel + 1). "
        "C1, with 1 and 6 channels and a kernel of 5, has 156.",
        "Every parameter is used once at every place. How many places are there, along a row and "
        "down a column?",
    ],
)
def convolution_cost(in_channels, out_channels, kernel, size):
    parameters = out_channels * (in_channels * kernel * kernel + 1)
    side = size - kernel + 1
    return parameters, parameters * side * side


@convolution_cost.mistake(
    "The biases are missing: one for each output map, used like a weight at every place."
)
def without_biases(in_channels, out_channels, kernel, size):
    weights = out_channels * in_channels * kernel * kernel
    return weights, weights * (size - kernel + 1) ** 2


@convolution_cost.mistake(
    "The parameters are right. The paper counts the bias as a connection too: multiply all of them "
    "by the number of places."
)
def connections_without_biases(in_channels, out_channels, kernel, size):
    weights = out_channels * in_channels * kernel * kernel
    return weights + out_channels, weights * (size - kernel + 1) ** 2


@convolution_cost.mistake(
    "Each output map looks at *all* input maps: its window holds in_channels * kernel * kernel "
    "weights."
)
def one_input_map_only(in_channels, out_channels, kernel, size):
    parameters = out_channels * (kernel * kernel + 1)
    return parameters, parameters * (size - kernel + 1) ** 2


@convolution_cost.mistake(
    "There is a bias for each pair of maps here. An output map has one bias, however many input "
    "maps it looks at."
)
def bias_for_every_pair(in_channels, out_channels, kernel, size):
    parameters = out_channels * in_channels * (kernel * kernel + 1)
    return parameters, parameters * (size - kernel + 1) ** 2


@convolution_cost.mistake("There is one bias in all here. Each output map has its own bias.")
def one_bias_in_all(in_channels, out_channels, kernel, size):
    parameters = out_channels * in_channels * kernel * kernel + 1
    return parameters, parameters * (size - kernel + 1) ** 2


@convolution_cost.mistake(
    "The parameters are right. Along each side one place is missing: size - kernel steps, and + 1 "
    "for the place before the first step."
)
def first_place_not_counted(in_channels, out_channels, kernel, size):
    parameters = out_channels * (in_channels * kernel * kernel + 1)
    return parameters, parameters * (size - kernel) ** 2


@convolution_cost.mistake(
    "The parameters are right. The window does not stand at every pixel of the picture: count its "
    "places, size - kernel + 1 along each side."
)
def a_place_for_every_pixel(in_channels, out_channels, kernel, size):
    parameters = out_channels * (in_channels * kernel * kernel + 1)
    return parameters, parameters * size * size


@convolution_cost.mistake(
    "The parameters are right. The window moves along the row *and* down the column: the places "
    "are side * side."
)
def places_along_one_row(in_channels, out_channels, kernel, size):
    parameters = out_channels * (in_channels * kernel * kernel + 1)
    return parameters, parameters * (size - kernel + 1)


@convolution_cost.mistake("The window is a square: kernel * kernel weights on each input map.")
def window_of_one_row(in_channels, out_channels, kernel, size):
    parameters = out_channels * (in_channels * kernel + 1)
    return parameters, parameters * (size - kernel + 1) ** 2


@convolution_cost.mistake("Both numbers are right; parameters come first, connections second.")
def the_other_way_round(in_channels, out_channels, kernel, size):
    parameters, connections = convolution_cost.solution(in_channels, out_channels, kernel, size)
    return connections, parameters


# --- wrong_comment ------------------------------------------------------------------------------
# The chapter shows this program. It runs; one comment is wrong.
#
#     1  # the picture           1@32x32
#     2  Conv2d(1, 6, 5)       # 6@24x24
#     3  AvgPool2d(2)          # 6@12x12
#     4  Conv2d(6, 16, 5)      # 16@8x8
#     5  AvgPool2d(2)          # 16@4x4
#     6  Flatten(), Linear(16 * 4 * 4, 120)


@problem(
    hints=[
        "A comment is never run. Line 6 is code, and it runs: begin there and walk backwards.",
        "16 * 4 * 4 values reach line 6, so line 5 is right. Which size does line 4 need for that?",
        "Line 2 gives 24 = size - 5 + 1.",
    ],
)
def wrong_comment():
    line, side = 1, 28
    return line, side


@wrong_comment.mistake(
    "Line 1 it is. But with 32 pixels line 2 would give 28: which side gives 24 with a window of 5?"
)
def the_side_as_it_stands():
    return 1, 32


@wrong_comment.mistake("Line 1 it is. A window of 5 takes away 4 pixels, not 5: 24 = side - 5 + 1.")
def five_pixels_taken_away():
    return 1, 29


@wrong_comment.mistake("Line 1 it is; now its side. A window of 5 makes 24 of it, as line 2 says.")
def line_one_with_another_side():
    return 1, ...


@wrong_comment.mistake(
    "28 follows from line 1, but line 1 is a comment too. Line 3 needs 24, as line 2 says."
)
def line_two_believed_wrong():
    return 2, 28


@wrong_comment.mistake(
    "14 follows from a picture of 32, and that is only a comment. Line 4 needs 12, as line 3 says."
)
def line_three_believed_wrong():
    return 3, 14


@wrong_comment.mistake(
    "10 follows from a picture of 32, and that is only a comment. Line 5 needs 8, as line 4 says."
)
def line_four_believed_wrong():
    return 4, 10


@wrong_comment.mistake(
    "5 follows from a picture of 32, and that is only a comment. Line 6 runs with 4 * 4."
)
def line_five_believed_wrong():
    return 5, 5


@wrong_comment.mistake("Line 6 is code, and the program runs. It is a comment that is wrong.")
def the_code_believed_wrong():
    return 6, ...


@wrong_comment.mistake("Both numbers are right. The line comes first, then the side.")
def side_before_line():
    return 28, 1


TWO_NUMBERS = "Two numbers are asked for: return line, side."


@wrong_comment.mistake(TWO_NUMBERS)
def the_line_alone():
    return 1


@wrong_comment.mistake(TWO_NUMBERS)
def the_side_alone():
    return 28
