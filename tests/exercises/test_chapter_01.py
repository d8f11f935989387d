"""Chapter 01's solutions are held to what torch and the paper say."""

import torch

from lenet_course.exercises import chapter_01 as chapter


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
