"""Chapter 04's solutions are held to torch, and right answers may be written in other words."""

import random

import pytest
import torch
from torch.nn import functional

from lenet_course import layers
from lenet_course.exercises import chapter_04 as chapter
from lenet_course.exercises import check


def picture(*sides):
    return torch.randn(sides, generator=torch.Generator().manual_seed(0))


def test_a_unit_is_what_torchs_maximum_gives_there():
    image = picture(12, 16)
    halved = functional.max_pool2d(image[None], 2)[0]
    assert chapter.max_unit.solution(image, 3, 6) == halved[3, 6]


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_the_averages_are_torchs(size):
    image = picture(12, 18)
    wanted = functional.avg_pool2d(image[None], size)[0]
    torch.testing.assert_close(chapter.average_pool.solution(image, size), wanted)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_twins_stay_twins_with_the_twin_rate(size):
    adds, averages = (layers.Subsampling(2, size, reduction=kind) for kind in ("sum", "mean"))
    maps = picture(3, 2, 12, 12)
    for layer, rate in ((averages, 0.05), (adds, chapter.twin_rate.solution(0.05, size))):
        layer(maps).square().mean().backward()
        torch.optim.SGD([layer.coefficient], lr=rate).step()
    torch.testing.assert_close(adds.coefficient * size**2, averages.coefficient)
    assert not torch.allclose(averages.coefficient, torch.full((2,), 0.5 * size**2), atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_unit_with_that_bias_fires_from_so_many_on_and_is_as_sure_below_as_above(count):
    sums = torch.tensor([-4.0, -2, 0, 2, 4])
    before_squash = 3 * sums + chapter.bias_for.solution(count, 3)
    assert (before_squash > 0).tolist() == [on >= count for on in range(5)]
    assert -before_squash[count - 1] == before_squash[count]


def test_the_gradient_is_autograds():
    image, slopes = picture(8, 10).requires_grad_(), picture(4, 5)
    (functional.max_pool2d(image[None], 2)[0] * slopes).sum().backward()
    answer = chapter.back_through_max.solution(image.detach(), slopes)
    torch.testing.assert_close(answer, image.grad)


@pytest.mark.parametrize("seed", range(20))
def test_no_window_of_the_inputs_has_its_largest_number_twice(seed):
    for image, _ in chapter.maps_and_slopes(random.Random(seed)):
        assert len(image.unique()) >= image.numel() - 1  # the small one has a 2 in two windows
        windows = image.unfold(0, 2, 2).unfold(1, 2, 2).flatten(2)
        assert ((windows == windows.amax(2, keepdim=True)).sum(2) == 1).all()


# --- right answers in other words ---------------------------------------------------------------


def unit_by_loops(image, row, column):
    largest = float("-inf")
    for i in range(2):
        for j in range(2):
            largest = max(largest, image[2 * row + i][2 * column + j].item())
    return largest


def unit_of_the_whole_map(image, row, column):
    return functional.max_pool2d(image.double()[None, None], 2)[0, 0, row, column]


def averages_by_loops(image, size):
    rows, columns = image.shape
    return [
        [
            sum(image[i + a, j + b].item() for a in range(size) for b in range(size)) / size**2
            for j in range(0, columns, size)
        ]
        for i in range(0, rows, size)
    ]


def averages_by_torch(image, size):
    return torch.nn.AvgPool2d(size)(image[None, None].double()).squeeze((0, 1))


def averages_by_unfold(image, size):
    return image.unfold(0, size, size).unfold(1, size, size).mean(dim=(2, 3)).numpy()


def averages_by_einsum(image, size):
    rows, columns = image.shape
    windows = image.reshape(rows // size, size, columns // size, size)
    return torch.einsum("risj->sr", windows).T / size**2  # not contiguous


def rate_in_two_steps(rate, size):
    window = size * size
    return rate / window / window


def rate_as_a_tensor(rate, size):
    return torch.tensor(rate, dtype=torch.float64) * float(size) ** -4


def bias_by_table(count, coefficient):
    return {1: 3, 2: 1, 3: -1, 4: -3}[count] * coefficient


def bias_from_the_two_sums(count, coefficient):
    enough, too_little = 2 * count - 4, 2 * (count - 1) - 4
    return -coefficient * (enough + too_little) / 2


def back_by_autograd(image, slopes):
    image = image.clone().requires_grad_()
    (functional.max_pool2d(image[None], 2)[0] * slopes).sum().backward()
    return image.grad


def back_by_loops(image, slopes):
    answer = torch.zeros(image.shape, dtype=torch.float64)
    for row in range(slopes.shape[0]):
        for column in range(slopes.shape[1]):
            window = image[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            i, j = divmod(int(window.flatten().argmax()), 2)
            answer[2 * row + i, 2 * column + j] = slopes[row, column]
    return answer


def back_by_places(image, slopes):
    _, places = functional.max_pool2d(image[None], 2, return_indices=True)
    return functional.max_unpool2d(slopes[None], places, 2)[0]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("max_unit", unit_by_loops),
        ("max_unit", unit_of_the_whole_map),
        ("average_pool", averages_by_loops),
        ("average_pool", averages_by_torch),
        ("average_pool", averages_by_unfold),
        ("average_pool", averages_by_einsum),
        ("twin_rate", rate_in_two_steps),
        ("twin_rate", rate_as_a_tensor),
        ("bias_for", bias_by_table),
        ("bias_for", bias_from_the_two_sums),
        ("back_through_max", back_by_autograd),
        ("back_through_max", back_by_loops),
        ("back_through_max", back_by_places),
    ],
)
def test_a_right_answer_in_other_words_is_right(name, answer):
    outcome = check(name, answer)
    assert outcome.status == "right", outcome


# --- wrong answers, written as learners write them ----------------------------------------------


def averages_as_if_square(image, size):
    side = image.shape[0] // size
    return image.reshape(side, size, side, size).mean(dim=(1, 3))


def averages_in_a_row(image, size):
    rows, columns = image.shape
    return image.reshape(rows // size, columns // size, size**2).mean(-1)


def back_to_all(image, slopes):
    return slopes.repeat_interleave(2, 0).repeat_interleave(2, 1)


def back_in_tiles(image, slopes):
    spread = functional.max_pool2d(image[None], 2)[0]
    spread = spread.repeat_interleave(2, 0).repeat_interleave(2, 1)
    return slopes.tile(2, 2) * (image == spread)


def back_with_slopes_of_one(image, slopes):
    image = image.clone().requires_grad_()
    functional.max_pool2d(image[None], 2).sum().backward()
    return image.grad


def back_through_the_average(image, slopes):
    image = image.clone().requires_grad_()
    (functional.avg_pool2d(image[None], 2)[0] * slopes).sum().backward()
    return image.grad


def unit_by_a_loop_from_zero(image, row, column):
    largest = 0
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        largest = max(largest, image[2 * row + i, 2 * column + j].item())
    return largest


def averages_by_the_text(image, size):
    rows, columns = image.shape
    return image.reshape(rows // size, size, columns // size, size).mean(dim=(2, 4))


def averages_of_twos(image, size):
    rows, columns = image.shape
    return image.reshape(rows // 2, 2, columns // 2, 2).mean(dim=(1, 3))


def averages_cut_with_columns_first(image, size):
    rows, columns = image.shape
    return image.reshape(columns // size, size, rows // size, size).mean(dim=(1, 3))


def averages_of_so_many_windows(image, size):
    rows, columns = image.shape
    return image.reshape(size, rows // size, size, columns // size).mean(dim=(1, 3))


def windows_not_averaged(image, size):
    rows, columns = image.shape
    return image.reshape(rows // size, size, columns // size, size)


def back_with_places_turned(image, slopes):
    answer = torch.zeros_like(image)
    for row in range(slopes.shape[0]):
        for column in range(slopes.shape[1]):
            window = image[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            j, i = divmod(int(window.flatten().argmax()), 2)
            answer[2 * row + i, 2 * column + j] = slopes[row, column]
    return answer


def back_beside_the_image(image, slopes):
    spread = functional.max_pool2d(image[None], 2)[0].repeat_interleave(2, 0)
    mask = image == spread.repeat_interleave(2, 1)
    return torch.where(mask, slopes.repeat_interleave(2, 0).repeat_interleave(2, 1), image)


WRONG = [
    ("max_unit", unit_by_a_loop_from_zero, "begins at 0"),
    ("average_pool", averages_by_the_text, "dim=(1, 3)"),
    ("average_pool", averages_of_twos, "all 2×2"),
    ("average_pool", averages_cut_with_columns_first, "changed places"),
    ("average_pool", averages_of_so_many_windows, "windows down"),
    ("average_pool", windows_not_averaged, "not averaged yet"),
    ("twin_rate", lambda rate, size: rate * 16, "Sixteen is for"),
    ("twin_rate", lambda rate, size: rate / {2: 16, 3: 81}[size], "a few sizes"),
    ("twin_rate", lambda rate, size: rate / size**2 / 4, "second factor"),
    ("bias_for", lambda count, c: c * (5 - count), "grows by 2"),
    ("bias_for", lambda count, c: c * (3 - count), "grows by 2"),
    ("bias_for", lambda count, c: c * (6 - 2 * count), "one input fewer gives exactly zero"),
    ("back_through_max", back_with_places_turned, "changed places"),
    ("back_through_max", back_beside_the_image, "stay as they were"),
    ("max_unit", lambda i, r, c: i[r : r + 2, c : c + 2].max(), "Windows move by 2"),
    ("max_unit", lambda i, r, c: i[2 * c : 2 * c + 2, 2 * r : 2 * r + 2].max(), "changed places"),
    ("max_unit", lambda i, r, c: i[2 * r : 2 * r + 2, 2 * c : 2 * c + 2].mean(), "the average"),
    ("max_unit", lambda i, r, c: i[2 * r : 2 * r + 1, 2 * c : 2 * c + 1].max(), "not included"),
    ("max_unit", lambda i, r, c: max(i[2 * r : 2 * r + 2, 2 * c : 2 * c + 2]), "Python's max"),
    ("max_unit", lambda i, r, c: i[2 * r : 2 * r + 2, 2 * c : 2 * c + 2].abs().max(), "Signs are"),
    ("average_pool", averages_in_a_row, "taken along one row"),
    ("average_pool", averages_as_if_square, "need not be square"),
    ("average_pool", lambda i, s: functional.avg_pool2d(i[None], 2)[0], "all 2×2"),
    ("average_pool", lambda i, s: functional.avg_pool2d(i, s), "one side more"),
    ("average_pool", lambda i, s: i[::s, ::s], "one number of each window"),
    ("average_pool", lambda i, s: functional.avg_pool2d(i[None], s)[0].T, "changed places"),
    ("average_pool", lambda i, s: functional.avg_pool2d(i[None], s, 1)[0], "overlap"),
    ("twin_rate", lambda rate, size: rate / (size * size), "one factor of two"),
    ("twin_rate", lambda rate, size: rate / 16, "How does it follow"),
    ("twin_rate", lambda rate, size: rate * (size * size) ** 2, "other way round"),
    ("twin_rate", lambda rate, size: rate, "part at the first step"),
    ("twin_rate", lambda rate, size: rate / size, "not `size`"),
    ("bias_for", lambda count, c: c * (2 * count - 5), "sign is reversed"),
    ("bias_for", lambda count, c: c * (4 - 2 * count), "exactly zero"),
    ("bias_for", lambda count, c: c * (3 - 2 * count), "*more* than"),
    ("bias_for", lambda count, c: 5 - 2 * count, "coefficient is missing"),
    ("bias_for", lambda count, c: -c * count, "inputs of 0 and 1"),
    ("back_through_max", back_to_all, "All four get"),
    ("back_through_max", back_in_tiles, "laid out in tiles"),
    ("back_through_max", back_with_slopes_of_one, "slopes have no effect"),
    ("back_through_max", back_through_the_average, "A quarter to each"),
    ("back_through_max", lambda i, s: s, "as large as `image`"),
]


@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_a_wrong_answer_is_told_its_mistake(name, answer, said):
    outcome = check(name, answer)
    assert outcome.status == "wrong"
    assert said in outcome.message, outcome
