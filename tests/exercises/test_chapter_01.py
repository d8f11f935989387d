"""Chapter 01's solutions are held to what torch and the paper say."""

import pytest
import torch

from lenet_course.exercises import chapter_01 as chapter
from lenet_course.exercises import check


def test_the_places_are_those_of_torch_unfold():
    for size, kernel, stride in [(7, 2, 2), (32, 5, 1), (28, 3, 4)]:
        windows = torch.arange(size).unfold(0, kernel, stride)
        assert chapter.places.solution(size, kernel, stride) == windows[:, 0].tolist()


def test_the_dilated_size_is_that_of_a_torch_convolution():
    for size, kernel, stride, padding, dilation in [(32, 5, 1, 0, 1), (28, 3, 2, 1, 4)]:
        layer = torch.nn.Conv1d(1, 1, kernel, stride, padding, dilation)
        wanted = layer(torch.zeros(1, 1, size)).shape[-1]
        assert chapter.dilated_size.solution(size, kernel, stride, padding, dilation) == wanted


def test_the_receptive_fields_are_those_of_lenet():
    fields = [chapter.receptive_field.solution(chapter.LENET[:depth]) for depth in range(1, 6)]
    assert fields == [5, 6, 14, 16, 32]


def test_the_costs_are_those_of_the_paper():
    assert chapter.convolution_cost.solution(1, 6, 5, 32) == (156, 122_304)
    assert chapter.convolution_cost.solution(16, 120, 5, 5) == (48_120, 48_120)


def test_with_the_comment_put_right_the_program_agrees_with_torch():
    line, side = chapter.wrong_comment.solution()
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 6, 5),
        torch.nn.AvgPool2d(2),
        torch.nn.Conv2d(6, 16, 5),
        torch.nn.AvgPool2d(2),
    )
    sides, image = [], torch.zeros(1, 1, side, side)
    for layer in net:
        image = layer(image)
        sides.append(image.shape[-1])
    assert (line, sides) == (1, [24, 12, 8, 4])
    line_six = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16 * 4 * 4, 120))
    assert line_six(image).shape == (1, 120)


# --- what learners wrote, and what they are told ------------------------------------------------


def returns_too_early(size, kernel, stride):
    found = []
    for left in range(0, size, stride):
        if left + kernel <= size:
            found.append(left)
        return found


def walk_that_returns_too_early(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step
        step *= stride
        return field


def own_stride(layers):
    field = 1
    for kernel, stride in layers:
        field += (kernel - 1) * stride
    return field


def from_nothing(layers):
    field, step = 0, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step
        step *= stride
    return field


def added_strides(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step
        step += stride
    return field


def with_the_step(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        field, step = field + (kernel - 1) * step, step * stride
    return field, step


def one_bias(in_channels, out_channels, kernel, size):
    parameters = in_channels * out_channels * kernel**2 + 1
    return parameters, parameters * (size - kernel + 1) ** 2


def no_first_place(in_channels, out_channels, kernel, size):
    parameters = out_channels * (in_channels * kernel**2 + 1)
    return parameters, parameters * (size - kernel) ** 2


@pytest.mark.parametrize(
    ("name", "answer", "told"),
    [
        ("places", returns_too_early, "`return` ends the loop"),
        ("dilated_size", lambda n, k, s, p, d: (n + 2 * p - d * (k - 1)) // s + 1, "its reach"),
        ("dilated_size", lambda n, k, s, p, d: n + 2 * p - d * (k - 1) - 1 // s + 1, "brackets"),
        ("dilated_size", lambda n, k, s, p, d: n + 2 * p - (d * (k - 1) + 1) // s + 1, "brackets"),
        ("receptive_field", walk_that_returns_too_early, "`return` ends the loop"),
        ("receptive_field", own_stride, "The stride of this layer only"),
        ("receptive_field", from_nothing, "begin with a field of 1"),
        ("receptive_field", added_strides, "they multiply"),
        ("receptive_field", with_the_step, "without the step"),
        ("convolution_cost", one_bias, "Each output map has its own bias"),
        ("convolution_cost", no_first_place, "one place is missing"),
        ("wrong_comment", (1, 24), "Line 1 it is; now its side"),
        ("wrong_comment", (6, 16), "Line 6 is code"),
        ("wrong_comment", 1, "return line, side"),
        ("wrong_comment", (28, 1), "The line comes first"),
    ],
)
def test_what_learners_wrote_is_told_its_reason(name, answer, told):
    outcome = check(name, answer)
    assert outcome.status == "wrong" and told in outcome.message
