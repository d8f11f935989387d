"""Chapter 02's solutions are held to torch, and right answers may be written in other words."""

import pytest
import torch

from lenet_course.exercises import chapter_02 as chapter
from lenet_course.exercises import check


def picture(*sides):
    return torch.randn(sides, generator=torch.Generator().manual_seed(0))


def test_a_unit_is_what_a_torch_convolution_gives_there():
    image, kernel = picture(12, 14), picture(5, 5)
    maps = torch.conv2d(image[None, None], kernel[None, None], torch.tensor([0.5]))[0, 0]
    unit = chapter.one_unit.solution(image, kernel, 0.5, 3, 6)
    torch.testing.assert_close(unit, maps[3, 6])


def test_the_patches_are_those_of_torchs_unfold_laid_on_their_side():
    image = picture(6, 9)
    columns = torch.nn.functional.unfold(image[None, None], 3)[0]
    assert torch.equal(chapter.patches.solution(image, 3), columns.T)


def test_the_true_convolution_does_not_mind_which_of_the_two_is_the_kernel():
    # Cross-correlation does; both are padded so that every overlap counts.
    one, other = picture(4, 4), picture(3, 3)

    def everywhere(image, kernel):
        room = kernel.shape[0] - 1
        padded = torch.nn.functional.pad(image, (room,) * 4)
        return chapter.true_convolution.solution(padded, kernel)

    torch.testing.assert_close(everywhere(one, other), everywhere(other, one))


@pytest.mark.parametrize(("down", "right"), [(1, 0), (0, -2), (2, 1), (-1, 2)])
def test_the_moving_kernel_moves_a_picture(down, right):
    image = picture(9, 11)
    kernel = chapter.moving_kernel.solution(down, right)
    moved = torch.conv2d(image[None, None], kernel[None, None], padding=2)[0, 0]
    rolled = image.roll((down, right), (0, 1))
    assert torch.equal(moved[2:-2, 2:-2], rolled[2:-2, 2:-2])


def test_the_gradient_of_the_kernel_is_autograds():
    image, slopes = picture(9, 12), picture(5, 8)
    kernel = torch.zeros(5, 5, requires_grad=True)
    (torch.conv2d(image[None, None], kernel[None, None])[0, 0] * slopes).sum().backward()
    torch.testing.assert_close(chapter.kernel_gradient.solution(image, slopes), kernel.grad)


# --- right answers in other words ---------------------------------------------------------------


def unit_by_loops(image, kernel, bias, row, column):
    total = bias
    for i in range(5):
        for j in range(5):
            total += image[row + i][column + j] * kernel[i][j]
    return total


def unit_by_einsum(image, kernel, bias, row, column):
    window = image[row : row + 5, column : column + 5]
    return torch.einsum("ij,ij->", window.double(), kernel.double()).item() + bias


def patches_by_loops(image, size):
    return [
        [image[row + i, column + j].item() for i in range(size) for j in range(size)]
        for row in range(image.shape[0] - size + 1)
        for column in range(image.shape[1] - size + 1)
    ]


def patches_by_unfold(image, size):
    return torch.nn.functional.unfold(image[None, None], size)[0].T  # not contiguous


def convolution_by_loops(image, kernel):
    high, wide = kernel.shape
    rows, columns = image.shape[0] - high + 1, image.shape[1] - wide + 1
    answer = torch.zeros(rows, columns, dtype=torch.float64)
    for row in range(rows):
        for column in range(columns):
            for i in range(high):
                for j in range(wide):
                    pixel = image[row + high - 1 - i, column + wide - 1 - j]
                    answer[row, column] += kernel[i, j] * pixel
    return answer


def convolution_by_turning_twice(image, kernel):
    return torch.conv2d(image[None, None], kernel.rot90(2)[None, None]).squeeze().numpy()


def moving_as_a_list(down, right):
    return [[int((i, j) == (2 - down, 2 - right)) for j in range(5)] for i in range(5)]


def moving_by_rolling(down, right):
    middle = torch.zeros(5, 5, dtype=torch.float64)
    middle[2, 2] = 1
    return middle.roll((-down, -right), (0, 1))


def gradient_by_autograd(image, slopes):
    sides = [n - m + 1 for n, m in zip(image.shape, slopes.shape, strict=True)]
    kernel = torch.zeros(sides, requires_grad=True)
    (torch.conv2d(image[None, None], kernel[None, None])[0, 0] * slopes).sum().backward()
    return kernel.grad


def gradient_by_einsum(image, slopes):
    windows = image.double().unfold(0, slopes.shape[0], 1).unfold(1, slopes.shape[1], 1)
    return torch.einsum("ijrc,rc->ij", windows, slopes.double())


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("one_unit", unit_by_loops),
        ("one_unit", unit_by_einsum),
        ("patches", patches_by_loops),
        ("patches", patches_by_unfold),
        ("true_convolution", convolution_by_loops),
        ("true_convolution", convolution_by_turning_twice),
        ("moving_kernel", moving_as_a_list),
        ("moving_kernel", moving_by_rolling),
        ("kernel_gradient", gradient_by_autograd),
        ("kernel_gradient", gradient_by_einsum),
    ],
)
def test_a_right_answer_in_other_words_is_right(name, answer):
    outcome = check(name, answer)
    assert outcome.status == "right", outcome


# --- wrong answers, written as learners write them ----------------------------------------------


def from_columns(image, size):
    return torch.nn.functional.unfold(image[None, None], size)[0].reshape(-1, size * size)


def by_mirror(image, kernel):
    return torch.conv2d(image[None, None], kernel.fliplr()[None, None])[0, 0]


def upside_down(image, kernel):
    return torch.conv2d(image[None, None], kernel.flipud()[None, None])[0, 0]


def look_where_it_goes(down, right):
    kernel = torch.zeros(5, 5)
    kernel[2 + down][2 + right] = 1
    return kernel


def mean_of_slopes(image, slopes):
    windows = image.unfold(0, slopes.shape[0], 1).unfold(1, slopes.shape[1], 1)
    return (windows * slopes).mean(dim=(2, 3))


def patches_as_the_chapter_does(image, size):
    side = len(image) - size + 1
    windows = image.unfold(0, size, 1).unfold(1, size, 1)
    return windows.reshape(side * side, size * size)


def patches_by_loops_over_a_square(image, size):
    places = range(len(image) - size + 1)
    windows = [image[i : i + size, j : j + size] for i in places for j in places]
    return torch.stack([window.flatten() for window in windows])


def gradient_of_c1(image, slopes):
    gradient = torch.zeros(5, 5)
    for i in range(5):
        for j in range(5):
            gradient[i, j] = (slopes * image[i : i + 28, j : j + 28]).sum()
    return gradient


def gradient_of_some_5x5(image, slopes):
    gradient = torch.zeros(5, 5)
    for i, j in [(i, j) for i in range(5) for j in range(5)]:
        seen = image[i : i + slopes.shape[0], j : j + slopes.shape[1]]
        gradient[i, j] = torch.sum(seen * slopes)
    return gradient


digit = torch.ones(32, 32)  # as in the notebook


def unit_of_the_notebook(image, kernel, bias, row, column):
    return (digit[row : row + 5, column : column + 5] * kernel).sum() + bias


WRONG = [
    ("one_unit", unit_of_the_notebook, "It does not use `image`"),
    (
        "one_unit",
        lambda i, k, b, r, c: b + (i[r : r + 4, c : c + 4] * k).sum(),
        "5 rows are row : row + 5",
    ),
    ("one_unit", lambda i, k, b, r, c: (i[r:5, c:5] * k).sum() + b, "ends *at* row 5"),
    ("patches", patches_as_the_chapter_does, "has 3 rows and 4 columns"),
    ("patches", patches_by_loops_over_a_square, "has 3 rows and 4 columns"),
    ("patches", lambda i, s: patches_by_unfold(i[:-1, :-1], s), "columns - size + 1 across"),
    ("true_convolution", lambda i, k: torch.conv2d(i, k[::-1])[0, 0], "Torch takes no negative"),
    ("true_convolution", lambda i, k: torch.conv2d(i, k.rot90(2)), "four sides"),
    (
        "true_convolution",
        lambda i, k: torch.conv2d(i[None, None], k.rot90(2)[None, None], padding=2)[0, 0],
        "without padding",
    ),
    ("kernel_gradient", gradient_of_c1, "5 and 28 are C1's sizes"),
    ("kernel_gradient", gradient_of_some_5x5, "5 and 28 are C1's sizes"),
    (
        "kernel_gradient",
        lambda i, s: i.unfold(0, len(s), 1).unfold(1, s.shape[1], 1).mean(dim=(2, 3)),
        "times the slope of its place",
    ),
    ("kernel_gradient", lambda i, s: s.sum(), "times the slope of its place"),
    ("kernel_gradient", lambda i, s: i.sum(), "each weight has its own gradient"),
    ("one_unit", lambda i, k, b, r, c: (i[r : r + 5, c : c + 5] * k + b).sum(), "25 times"),
    ("one_unit", lambda i, k, b, r, c: (i[r : r + 5, c : c + 5] * k).sum(), "bias is missing"),
    ("one_unit", lambda i, k, b, r, c: (i[c : c + 5, r : r + 5] * k).sum() + b, "changed places"),
    ("one_unit", lambda i, k, b, r, c: (i[r - 2 : r + 3, c - 2 : c + 3] * k).sum() + b, "centre"),
    ("one_unit", lambda i, k, b, r, c: (i[r : r + 5, c : c + 5] @ k).sum() + b, "matrix product"),
    ("patches", from_columns, "reshape keeps the order in memory"),
    ("patches", lambda i, s: torch.nn.functional.unfold(i[None, None], s)[0], "on its side"),
    ("patches", lambda i, s: i.unfold(1, s, 1).unfold(0, s, 1).flatten(0, 1), "expected values"),
    ("patches", lambda i, s: i.unfold(0, s, s).unfold(1, s, s).reshape(-1, s * s), "overlap"),
    ("patches", lambda i, s: i.unfold(0, s, 1).unfold(1, s, 1), "Make one table"),
    (
        "true_convolution",
        lambda i, k: torch.conv2d(i[None, None], k[None, None])[0, 0],
        "slides as",
    ),
    ("true_convolution", by_mirror, "Only the columns"),
    ("true_convolution", upside_down, "Only the rows"),
    ("true_convolution", lambda i, k: chapter._slide(i, k.T.flip(0)), "quarter of a turn"),
    ("true_convolution", lambda i, k: chapter._slide(i, k).flip(0, 1), "before it slides"),
    ("moving_kernel", look_where_it_goes, "the other way"),
    ("moving_kernel", lambda down, right: look_where_it_goes(-right, -down), "changed places"),
    ("moving_kernel", lambda down, right: look_where_it_goes(down, -right), "Up and down"),
    ("moving_kernel", lambda down, right: look_where_it_goes(-down, right), "Left and right"),
    ("moving_kernel", lambda down, right: look_where_it_goes(-down, -right) / 25, "fades"),
    ("kernel_gradient", mean_of_slopes, "mean over the places"),
    ("kernel_gradient", lambda i, s: chapter._slide(i, s.rot90(2)), "Turned by half a turn"),
    ("kernel_gradient", lambda i, s: -chapter._slide(i, s), "sign is reversed"),
    ("kernel_gradient", lambda i, s: chapter._slide(i, s**0), "slopes have no effect"),
    ("kernel_gradient", lambda i, s: (i * s.sum()).sum(), "expected"),
]


@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_a_wrong_answer_is_told_its_mistake(name, answer, said):
    outcome = check(name, answer)
    assert outcome.status == "wrong"
    assert said in outcome.message, outcome
