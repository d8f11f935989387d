"""Chapter 08's solutions are held to the package, and right answers may be written otherwise."""

import contextlib
import struct

import numpy
import pytest
import torch

from lenet_course import augmentation, idx
from lenet_course.exercises import chapter_08 as chapter
from lenet_course.exercises import check


def random_picture(*sides):
    return torch.randn(sides, generator=torch.Generator().manual_seed(0))


def test_a_message_shows_four_bytes_as_numbers():
    assert "four=[0, 0, 39, 16]" in check("number_of", lambda four: four[-1]).message


@pytest.mark.parametrize("sizes", [(3,), (60_000,), (300,)])
def test_the_number_of_four_bytes_is_the_size_that_the_package_reads(sizes):
    file = bytes([0, 0, 8, 1]) + struct.pack(">I", *sizes) + bytes(sizes[0])
    assert chapter.number_of.solution(file[4:8]) == len(idx.read_idx(file)) == sizes[0]


def test_paper_and_ink_give_mean_0_and_variance_1():
    pixels = random_picture(8, 9).double().sigmoid()
    paper, ink = chapter.paper_and_ink.solution(pixels)
    rescaled = paper + (ink - paper) * pixels
    assert rescaled.mean().item() == pytest.approx(0, abs=1e-9)
    assert rescaled.var(correction=0).item() == pytest.approx(1)


def test_no_test_digit_of_mnist_has_leaked(mnist):
    assert chapter.leaked.solution(mnist.train.images, mnist.test.images) == 0
    assert chapter.leaked.solution(mnist.test.images, mnist.test.images[:50]) == 50


@pytest.mark.parametrize(("down", "right"), [(1, 0), (0, -2), (2, 1), (-3, 2), (5, 0)])
def test_a_shifted_picture_is_the_one_that_warp_gives(down, right):
    image = random_picture(6, 9)
    places = augmentation.look_up(down=float(down), right=float(right))
    warped = augmentation.warp(image[None, None], places, background=0.5)[0, 0]
    ours = chapter.shifted.solution(image, down, right, 0.5)
    torch.testing.assert_close(ours, warped, rtol=0, atol=1e-4)


def test_a_pixel_comes_from_where_the_packages_matrix_says():
    matrix = augmentation.look_up(down=3.0, right=-2.0, grow=1.25)[0]
    x, y = (matrix @ torch.tensor([20 - 15.5, 4 - 15.5, 1])).tolist()
    place = chapter.comes_from.solution(4, 20, 1.25, 3, -2)
    assert place == pytest.approx((y + 15.5, x + 15.5), abs=1e-5)


# --- right answers in other words ---------------------------------------------------------------


def number_written_out(four):
    return four[0] * 256**3 + four[1] * 256**2 + four[2] * 256 + four[3]


def number_by_shifting(four):
    return four[0] << 24 | four[1] << 16 | four[2] << 8 | four[3]


def paper_and_ink_by_loops(pixels):
    greys = pixels.flatten().tolist()
    mean = sum(greys) / len(greys)
    spread = (sum((grey - mean) ** 2 for grey in greys) / len(greys)) ** 0.5
    return [-mean / spread, (1 - mean) / spread]


def paper_and_ink_by_numpy(pixels):
    greys = pixels.numpy()
    return (numpy.array([0, 1]) - greys.mean()) / greys.std()


def paper_and_ink_in_float32(pixels):
    pixels = pixels.float()
    spread = ((pixels**2).mean() - pixels.mean() ** 2).sqrt()
    return torch.tensor([0.0, 1.0]).sub(pixels.mean()).div(spread)


def leaked_by_loops(train, test):
    count = 0
    for picture in test:
        if any(torch.equal(picture, other) for other in train):
            count += 1
    return count


def leaked_at_once(train, test):
    return (test[:, None] == train).flatten(2).all(dim=2).any(dim=1).sum()


def leaked_by_distance(train, test):
    return (torch.cdist(test.flatten(1).double(), train.flatten(1).double()).amin(1) == 0).sum()


def shifted_by_loops(image, down, right, background):
    height, width = image.shape
    moved = []
    for row in range(height):
        moved.append([])
        for column in range(width):
            inside = 0 <= row - down < height and 0 <= column - right < width
            moved[-1].append(image[row - down, column - right] if inside else background)
    return moved


def shifted_by_slices(image, down, right, background):
    height, width = image.shape
    moved = torch.full((height, width), background, dtype=torch.float64)
    new_rows = slice(max(down, 0), height + min(down, 0))
    old_rows = slice(max(-down, 0), height + min(-down, 0))
    new_columns = slice(max(right, 0), width + min(right, 0))
    old_columns = slice(max(-right, 0), width + min(-right, 0))
    moved[new_rows, new_columns] = image[old_rows, old_columns].double()
    return moved


def shifted_by_rolling(image, down, right, background):
    moved = image.roll((down, right), (0, 1))
    rows = torch.arange(len(image))[:, None] - down
    columns = torch.arange(image.shape[1])[None] - right
    outside = (rows < 0) | (rows >= len(image)) | (columns < 0) | (columns >= image.shape[1])
    moved[outside] = background
    return moved.T.contiguous().T  # not contiguous


def comes_from_by_tensor(row, column, grow, down, right):
    place = torch.tensor([row - down, column - right], dtype=torch.float64)
    return (place - 15.5) / grow + 15.5


def comes_from_multiplied_out(row, column, grow, down, right):
    rest = 15.5 - 15.5 / grow
    return (row - down) / grow + rest, (column - right) / grow + rest


RIGHT = [
    ("number_of", number_written_out),
    ("number_of", number_by_shifting),
    ("number_of", lambda four: int.from_bytes(four, "big")),
    ("number_of", lambda four: int(four.hex(), 16)),
    ("number_of", lambda four: struct.unpack(">I", four)[0]),
    ("paper_and_ink", paper_and_ink_by_loops),
    ("paper_and_ink", paper_and_ink_by_numpy),
    ("paper_and_ink", paper_and_ink_in_float32),
    ("leaked", leaked_by_loops),
    ("leaked", leaked_at_once),
    ("leaked", leaked_by_distance),
    ("shifted", shifted_by_loops),
    ("shifted", shifted_by_slices),
    ("shifted", shifted_by_rolling),
    ("comes_from", comes_from_by_tensor),
    ("comes_from", comes_from_multiplied_out),
]


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_a_right_answer_in_other_words_is_right(name, answer):
    outcome = check(name, answer)
    assert outcome.status == "right", outcome


# --- wrong answers, written as learners write them ----------------------------------------------


def std_as_torch_gives_it(pixels):
    return (-pixels.mean() / pixels.std(), (1 - pixels.mean()) / pixels.std())


def only_downwards(image, down, right, background):
    moved = torch.full_like(image, background)
    down, right = max(down, 0), max(right, 0)
    moved[down:, right:] = image[: len(image) - down, : image.shape[1] - right]
    return moved


def counted_in_train(train, test):
    return sum(any(torch.equal(picture, other) for other in test) for picture in train)


def every_pair(train, test):
    return sum(torch.equal(one, other) for one in test for other in train)


def shifted_without_a_floor(image, down, right, background):
    height, width = image.shape
    moved = torch.full((height, width), float(background))
    for row in range(height):
        for column in range(width):
            with contextlib.suppress(IndexError):
                moved[row, column] = image[row - down, column - right]
    return moved


def shifted_and_filled_at_the_start(image, down, right, background):
    moved = torch.roll(image, (down, right), (0, 1))
    moved[:down, :] = background
    moved[:, :right] = background
    return moved


def shifted_and_filled_if_positive(image, down, right, background):
    moved = torch.roll(image, (down, right), (0, 1))
    if down > 0:
        moved[:down] = background
    if right > 0:
        moved[:, :right] = background
    return moved


def leaked_or_nearly(train, test):
    apart = (test[:, None].int() - train.int()).abs().flatten(2).sum(dim=2)
    return (apart.amin(dim=1) < 2).sum()


def pulled_in(row, column, grow, down, right):
    old_row, old_column = chapter.comes_from.solution(row, column, grow, down, right)
    return max(0, min(31, old_row)), max(0, min(31, old_column))


WRONG = [
    ("number_of", lambda four: int.from_bytes(four, "little"), "little-endian"),
    ("number_of", lambda four: sum(four), "added up"),
    ("number_of", lambda four: struct.unpack("<I", four)[0], "little-endian"),
    ("number_of", lambda four: struct.unpack(">i", four)[0], "never negative"),
    ("number_of", lambda four: four[2] * 256 + four[3], "last two bytes"),
    ("number_of", lambda four: four.hex(), "A number is asked for"),
    ("paper_and_ink", std_as_torch_gives_it, "less one"),
    ("paper_and_ink", lambda p: (p.mean(), p.std(correction=0)), "the mean and the spread"),
    ("paper_and_ink", lambda p: (p - p.mean()) / p.std(correction=0), "a pair"),
    ("paper_and_ink", lambda p: (-p.mean(), 1 - p.mean()), "Divide both by the spread"),
    ("leaked", counted_in_train, "training pictures that occur in `test`"),
    ("leaked", every_pair, "counts every pair"),
    ("leaked", lambda train, test: sum(p in train for p in test), "*any* pixel agrees"),
    ("leaked", lambda train, test: len(set(train) & set(test)), "finds none"),
    ("shifted", lambda i, d, r, b: i.roll((d, r), (0, 1)), "goes round in a ring"),
    ("shifted", lambda i, d, r, b: torch.roll(i, (r, d), (0, 1)), "expected"),
    ("shifted", shifted_without_a_floor, "Below 0, Python counts from the other end"),
    ("shifted", shifted_and_filled_at_the_start, "moved[:down] is not what enters"),
    ("shifted", shifted_and_filled_if_positive, "still comes in on the other side"),
    ("leaked", leaked_or_nearly, "differs by one grey"),
    ("comes_from", pulled_in, "without pulling it in"),
    ("shifted", only_downwards, "A negative move does nothing"),
    (
        "shifted",
        lambda i, d, r, b: torch.nn.functional.pad(i, (r, -r, d, -d)),
        "What enters is 0",
    ),
    (
        "comes_from",
        lambda r, c, g, d, t: ((r - 15.5) / g + 15.5 - d, (c - 15.5) / g + 15.5 - t),
        "has to be undone first",
    ),
    ("comes_from", lambda r, c, g, d, t: ((r - d) / g, (c - t) / g), "upper left corner"),
    (
        "comes_from",
        lambda r, c, g, d, t: ((r - 16 - d) / g + 16, (c - 16 - t) / g + 16),
        "At 16 there are 16 above",
    ),
]


@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_a_wrong_answer_is_told_its_mistake(name, answer, said):
    outcome = check(name, answer)
    assert outcome.status == "wrong"
    assert said in outcome.message, outcome


def sliced_to_minus_nought(image, down, right, background):
    moved = torch.full_like(image, background)
    moved[down:, right:] = image[:-down, :-right]
    return moved


def test_an_empty_slice_is_told_why_it_is_empty():
    assert "image[:-0] is image[:0]" in str(check("shifted", sliced_to_minus_nought))
