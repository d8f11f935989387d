"""Exercises of chapter 04, subsampling.

Maps hold whole numbers, as floats, each of them once and of both signs: no window has its largest
number twice, and a message shows numbers that can be checked by hand.
"""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

import torch
from torch.nn import functional

from .declaring import problem


def distinct_numbers(random, rows, columns):
    """A map of whole numbers around zero, each of them once, as floats."""
    generator = torch.Generator().manual_seed(random.randrange(2**31))
    numbers = torch.randperm(rows * columns, generator=generator) - rows * columns // 2
    return numbers.reshape(rows, columns).float()


# --- max_unit -----------------------------------------------------------------------------------


def maps_and_places(random):
    yield torch.arange(48.0).reshape(6, 8), 1, 2
    yield torch.arange(48.0).reshape(6, 8) - 60, 2, 1  # nothing above zero
    for _ in range(10):
        high, wide = random.sample([14, 16, 18], 2)
        row, column = random.sample(range(1, 7), 2)
        yield distinct_numbers(random, high, wide), row, column


@problem(
    inputs=maps_and_places,
    hints=[
        "The unit at (0, 0) sees rows 0 and 1, columns 0 and 1. And the unit at (1, 2)?",
        "Windows stand side by side: that of the unit (row, column) begins at 2 * row, 2 * column.",
        "image[a : a + 2, b : b + 2] is a window, and .max() its largest number.",
    ],
)
def max_unit(image, row, column):
    window = image[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
    return window.max()


def _window(image, row, column, size=2):
    return image[2 * row : 2 * row + size, 2 * column : 2 * column + size]


@max_unit.mistake(
    "This window begins at (row, column) of C1. Windows move by 2: that of the unit (row, column) "
    "of S2 begins at 2 * row, 2 * column."
)
def begins_at_row_and_column(image, row, column):
    return image[row : row + 2, column : column + 2].max()


@max_unit.mistake("Row and column have changed places: image[rows, columns], rows first.")
def places_swapped(image, row, column):
    return _window(image, column, row).max()


@max_unit.mistake("This is the average. The unit of this exercise keeps the largest of the four.")
def average_of_four(image, row, column):
    return _window(image, row, column).mean()


@max_unit.mistake("These are the four added up. The unit of this exercise keeps the largest.")
def sum_of_four(image, row, column):
    return _window(image, row, column).sum()


@max_unit.mistake("This is the smallest of the four. The largest is wanted.")
def smallest(image, row, column):
    return _window(image, row, column).min()


STRONGEST = "Signs are left out here. -8 is a small number: the maximum of -8 and 1 is 1."


@max_unit.mistake(STRONGEST)
def largest_without_sign(image, row, column):
    return _window(image, row, column).abs().max()


@max_unit.mistake(STRONGEST)
def strongest(image, row, column):
    window = _window(image, row, column).flatten()
    return window[window.abs().argmax()]


@max_unit.mistake(
    "The search begins at 0, and where all four numbers are negative 0 is larger than any of them. "
    "Begin with one of the four."
)
def begins_at_zero(image, row, column):
    return _window(image, row, column).max().clamp(min=0)


@max_unit.mistake("An end is not included: two rows are a : a + 2, and so with the columns.")
def window_of_one(image, row, column):
    return _window(image, row, column, size=1).max()


@max_unit.mistake("The window is too large: a : a + 2 are two rows already.")
def window_of_three(image, row, column):
    return _window(image, row, column, size=3).max()


@max_unit.mistake("Rows and columns of S2 are counted from 0: the first unit is (0, 0).")
def counted_from_one(image, row, column):
    return _window(image, row - 1, column - 1).max()


@max_unit.mistake("This is the place of the largest number. The number itself is wanted: .max().")
def place_of_the_largest(image, row, column):
    return _window(image, row, column).argmax()


@max_unit.mistake("These are all four numbers. A unit is one number: take .max() of them.")
def all_four(image, row, column):
    return _window(image, row, column)


@max_unit.mistake("This is the largest number of the whole map. A unit sees its window only.")
def largest_of_all(image, row, column):
    return image.max()


@max_unit.mistake("Python's max compares whole rows. The tensor's own window.max() sees numbers.")
def pythons_max(image, row, column):
    return max(_window(image, row, column))


# --- average_pool -------------------------------------------------------------------------------


def pictures_and_sizes(random):
    yield torch.arange(24.0).reshape(4, 6), 2
    for size in (2, 3, 4, 5):
        down, across = random.sample(range(2, 5), 2)
        yield distinct_numbers(random, size * down, size * across), size
    yield distinct_numbers(random, 12, 6).T, 3  # not contiguous


@problem(
    inputs=pictures_and_sizes,
    hints=[
        "On paper: 4 rows and 6 columns, windows of 2. How many averages, in how many rows?",
        "As in the text, for one picture: (rows, columns) become (windows down, rows in a window, "
        "windows across, columns in a window).",
        "image.reshape(rows // size, size, columns // size, size), and the mean over the two sides "
        "that lie in a window. Sides are counted from 0.",
    ],
)
def average_pool(image, size):
    rows, columns = image.shape
    windows = image.reshape(rows // size, size, columns // size, size)
    return windows.mean(dim=(1, 3))


def _averages(image, size, **options):
    return functional.avg_pool2d(image[None], size, **options)[0]


@average_pool.mistake(
    "Each of these averages is taken along one row: numbers that follow each other are no window. "
    "Split rows and columns apart: (rows // size, size, columns // size, size)."
)
def along_one_row(image, size):
    rows, columns = image.shape
    return image.reshape(rows // size, columns // size, size * size).mean(dim=2)


@average_pool.mistake(
    "These averages are of numbers that lie far apart. The number of windows comes first, the side "
    "of the window second: (rows // size, size, ...)."
)
def far_apart(image, size):
    rows, columns = image.shape
    return image.reshape(size, rows // size, size, columns // size).mean(dim=(0, 2))


@average_pool.mistake(
    "The average is taken over the windows, not in them: gather over the sides of length `size`, "
    "which are number 1 and number 3, counted from 0."
)
def over_the_windows(image, size):
    rows, columns = image.shape
    return image.reshape(rows // size, size, columns // size, size).mean(dim=(0, 2))


@average_pool.mistake(
    "The text's windows have a side in front, the map's number: `dim=(2, 4)` there is `dim=(1, 3)` "
    "here, with one picture and four sides."
)
def with_the_texts_sides(image, size):
    rows, columns = image.shape
    return image.reshape(rows // size, size, columns // size, size).mean(dim=(2, 4))


@average_pool.mistake(
    "Rows and columns have changed places before the picture is cut: in `image.shape` rows come "
    "first, and so they do in `reshape`."
)
def cut_with_columns_first(image, size):
    columns, rows = image.shape
    return image.reshape(rows // size, size, columns // size, size).mean(dim=(1, 3))


@average_pool.mistake(
    "This cuts the picture into `size` windows down and `size` across. `size` is the side of a "
    "window: rows // size windows down."
)
def so_many_windows(image, size):
    rows, columns = image.shape
    return image.reshape(size, rows // size, size, columns // size).mean(dim=(1, 3))


@average_pool.mistake(
    "These are the windows, not averaged yet: .mean() over the two sides that lie in a window."
)
def not_averaged(image, size):
    rows, columns = image.shape
    return image.reshape(rows // size, size, columns // size, size)


@average_pool.mistake("These are sums. An average is the sum over size * size numbers: .mean().")
def sums_for_averages(image, size):
    return _averages(image, size) * size * size


@average_pool.mistake("A window has size * size numbers. The sum is divided by `size` only.")
def divided_by_its_side(image, size):
    return _averages(image, size) * size


@average_pool.mistake("Divided by 4 whatever the size. A window has size * size numbers.")
def divided_by_four(image, size):
    return _averages(image, size) * size * size / 4


@average_pool.mistake("These are the largest of each window. Averages are wanted.")
def maxima(image, size):
    return functional.max_pool2d(image[None], size)[0]


ALWAYS_TWO = "These windows are all 2×2. Their side is `size`."


@average_pool.mistake(ALWAYS_TWO)
def always_two(image, size):
    return _averages(image, 2)


@average_pool.mistake(ALWAYS_TWO)
def cut_into_twos(image, size):
    rows, columns = image.shape
    return image.reshape(rows // 2, 2, columns // 2, 2).mean(dim=(1, 3))


@average_pool.mistake("These windows overlap. They should stand side by side: a step of `size`.")
def step_of_one(image, size):
    return _averages(image, size, stride=1)


@average_pool.mistake("These windows overlap. They should stand side by side: a step of `size`.")
def step_of_two(image, size):
    return _averages(image, size, stride=2)


@average_pool.mistake(
    "This takes one number of each window, its upper left one. Average all size * size of them."
)
def one_of_each(image, size):
    return image[::size, ::size]


@average_pool.mistake("Only rows are averaged. A window is `size` columns wide as well.")
def rows_only(image, size):
    return image.unfold(0, size, size).mean(dim=2)


@average_pool.mistake("Only columns are averaged. A window is `size` rows high as well.")
def columns_only(image, size):
    return image.unfold(1, size, size).mean(dim=2)


@average_pool.mistake("The averages are right; rows and columns have changed places.")
def on_its_side(image, size):
    return _averages(image, size).T


@average_pool.mistake("The averages are right. Give them as rows and columns, as a picture.")
def in_one_line(image, size):
    return _averages(image, size).flatten()


@average_pool.mistake("The averages are right. A side of length 1 is too many: take [0].")
def one_side_too_many(image, size):
    return _averages(image, size)[None]


NOT_SQUARE = "The picture need not be square: count rows and columns apart, with image.shape."


@average_pool.mistake(NOT_SQUARE)
def as_if_square(image, size):
    side = len(image) // size
    return image.reshape(side, size, side, size).mean(dim=(1, 3))


@average_pool.mistake(NOT_SQUARE)
def as_many_columns_as_rows(image, size):
    return _averages(image[:, : len(image)], size)


@average_pool.mistake(
    "Torch wants a picture with one side more: image[None], and [0] of what comes out."
)
def torch_with_two_sides(image, size):
    return functional.avg_pool2d(image, size)


# --- twin_rate ----------------------------------------------------------------------------------


def rates_and_sizes(random):
    yield 0.16, 2
    for size in (3, 2, 4, 5, random.randint(6, 9)):
        yield random.randint(1, 9) / 10, size


@problem(
    inputs=rates_and_sizes,
    hints=[
        "A sum is size * size times the average. How much larger is the gradient of the "
        "coefficient behind it?",
        "And how much does a step of 0.1 mean for a coefficient that is size * size times smaller?",
        "Both factors count: for 2×2 that is 4 times 4, so that the rate is 16 times smaller.",
    ],
    tolerance=1e-9,
)
def twin_rate(rate, size):
    return rate / size**4


@twin_rate.mistake(
    "That is one factor of two. The gradient is size * size times larger, and the coefficient that "
    "it moves is size * size times smaller."
)
def one_factor_only(rate, size):
    return rate / size**2


@twin_rate.mistake("Sixteen is for a window of 2×2. How does it follow from `size`?")
def always_sixteen(rate, size):
    return rate / 16


@twin_rate.mistake(
    "Sixteen is for a window of 2×2, and the other way round: the unit that adds moves too far, so "
    "its rate has to be smaller."
)
def times_sixteen(rate, size):
    return rate * 16


@twin_rate.mistake(
    "This serves a few sizes only. How does the 16 of a 2×2 window follow from `size`?"
)
def by_table(rate, size):
    return rate / {2: 16, 3: 81}[size]


@twin_rate.mistake("The second factor, too, is size * size: 4 is what it is for a window of 2×2.")
def four_as_second_factor(rate, size):
    return rate / size**2 / 4


@twin_rate.mistake("Four is for a window of 2×2, and it is one factor of two.")
def always_four(rate, size):
    return rate / 4


@twin_rate.mistake(
    "The other way round: the unit that adds moves too far, so its rate has to be smaller."
)
def larger_rate(rate, size):
    return rate * size**4


@twin_rate.mistake(
    "The other way round: the unit that adds moves too far, so its rate has to be smaller."
)
def larger_rate_by_one_factor(rate, size):
    return rate * size**2


@twin_rate.mistake("With the same rate they part at the first step: see the 16 in the text.")
def same_rate(rate, size):
    return rate


@twin_rate.mistake("A window of side `size` has size * size numbers, not `size`.")
def side_for_window(rate, size):
    return rate / size


@twin_rate.mistake("Base and exponent have changed places: size**4, not 4**size.")
def power_swapped(rate, size):
    return rate / 4**size


@twin_rate.mistake("The factor is right. Multiply it by `rate`.")
def factor_only(rate, size):
    return 1 / size**4


@twin_rate.mistake("size * 4 is four times the side. Its fourth power is size**4.")
def four_times_the_side(rate, size):
    return rate / (size * 4)


# --- bias_for -----------------------------------------------------------------------------------


def counts_and_coefficients(random):
    yield from [(1, 5), (4, 5)]
    for count in (2, 3, 1, 4):
        yield count, random.randint(2, 9) + random.choice([0.25, 0.5])


@problem(
    inputs=counts_and_coefficients,
    hints=[
        "Three inputs are 1 and one is -1: what is their sum? And if only two are 1?",
        "`count` inputs of 1 and 4 - count of -1 add up to count - (4 - count). With one fewer the "
        "sum is smaller by 2.",
        "In the middle of these two sums, coefficient * sum + bias should be zero.",
    ],
)
def bias_for(count, coefficient):
    enough = count - (4 - count)
    return coefficient * (1 - enough)


@bias_for.mistake("The sign is reversed: where much is asked of the sum, the bias is negative.")
def sign_reversed(count, coefficient):
    return -bias_for.solution(count, coefficient)


@bias_for.mistake(
    "With this bias a sum that is enough gives exactly zero, and the unit does not fire. Zero "
    "belongs to the sum in the middle, 1 below."
)
def at_the_edge(count, coefficient):
    return -coefficient * (2 * count - 4)


@bias_for.mistake("This one fires when *more* than `count` inputs are 1.")
def more_than(count, coefficient):
    return bias_for.solution(count + 1, coefficient)


@bias_for.mistake("This one fires when one input fewer than `count` is 1.")
def one_too_few(count, coefficient):
    return bias_for.solution(count - 1, coefficient)


@bias_for.mistake(
    "This is the bias for inputs of 0 and 1. Here an input that is not 1 is -1: `count` ones and "
    "the rest of -1 add up to count - (4 - count)."
)
def inputs_of_zero_and_one(count, coefficient):
    return coefficient * (0.5 - count)


@bias_for.mistake(
    "For inputs of 0 and 1 a sum of `count` would give exactly zero. Here an input that is not 1 "
    "is -1: `count` ones and the rest of -1 add up to count - (4 - count)."
)
def edge_for_zero_and_one(count, coefficient):
    return -coefficient * count


@bias_for.mistake("The coefficient is missing: it multiplies the sum, so the bias grows with it.")
def coefficient_missing(count, coefficient):
    return bias_for.solution(count, 1)


@bias_for.mistake("Divided by the coefficient. It multiplies the sum, so the bias grows with it.")
def divided_by_coefficient(count, coefficient):
    return bias_for.solution(count, 1) / coefficient


@bias_for.mistake("This is the or whatever `count` says.")
def always_or(count, coefficient):
    return 3 * coefficient


@bias_for.mistake("This is the and whatever `count` says.")
def always_and(count, coefficient):
    return -3 * coefficient


GROWS_BY_TWO = (
    "With one input more that is 1 the sum grows by 2, not by 1, because a -1 goes as well."
)


@bias_for.mistake(GROWS_BY_TWO)
def sum_grows_by_one(count, coefficient):
    return coefficient * (4 - count)


@bias_for.mistake(GROWS_BY_TWO)
def sum_grows_by_one_from_five(count, coefficient):
    return coefficient * (5 - count)


@bias_for.mistake(GROWS_BY_TWO)
def sum_grows_by_one_from_three(count, coefficient):
    return coefficient * (3 - count)


@bias_for.mistake(
    "With this bias the sum of one input fewer gives exactly zero. Zero belongs to the sum in the "
    "middle, 1 above."
)
def zero_for_one_fewer(count, coefficient):
    return coefficient * (6 - 2 * count)


# --- back_through_max ---------------------------------------------------------------------------


def maps_and_slopes(random):
    image = torch.tensor([[1.0, 4.0, 2.0, 8.0], [3.0, 2.0, 5.0, 7.0]])
    yield image, torch.tensor([[10.0, 20.0]])
    for _ in range(6):
        rows, columns = random.sample(range(2, 6), 2)
        image = distinct_numbers(random, 2 * rows, 2 * columns)
        yield image, _nonzero(random, rows, columns)
    yield distinct_numbers(random, 8, 6).T, _nonzero(random, 4, 3).T  # not contiguous


def _nonzero(random, rows, columns):
    slopes = distinct_numbers(random, rows, columns)
    return torch.where(slopes == 0, 50.0, slopes)


@problem(
    inputs=maps_and_slopes,
    hints=[
        "In a window of 1, 4, 3, 2 the unit is 4. Which of the four changes it, and by how much?",
        "The largest number of a window gets the unit's slope, the other three get 0.",
        "windows = image.reshape(rows, 2, columns, 2) and windows.amax(dim=(1, 3), keepdim=True) "
        "find the largest; slopes[:, None, :, None] lays each slope over its window.",
    ],
)
def back_through_max(image, slopes):
    rows, columns = slopes.shape
    windows = image.reshape(rows, 2, columns, 2)
    largest = windows == windows.amax(dim=(1, 3), keepdim=True)
    return (largest * slopes[:, None, :, None]).reshape(2 * rows, 2 * columns)


def _spread(slopes):
    return slopes.repeat_interleave(2, dim=0).repeat_interleave(2, dim=1)


def _windows(image):
    return image.unfold(0, 2, 2).unfold(1, 2, 2)


def _from_windows(fours):
    rows, columns, _ = fours.shape
    return fours.reshape(rows, columns, 2, 2).transpose(1, 2).reshape(2 * rows, 2 * columns)


def _largest(image):
    return image == _spread(functional.max_pool2d(image[None], 2)[0])


@back_through_max.mistake(
    "Row and column in the window have changed places: its numbers are counted row by row, so that "
    "number 1 stands at the right of number 0, and number 2 below it."
)
def place_on_its_side(image, slopes):
    turned = _windows(image).mT.flatten(2)  # numbers of a window column by column
    return _spread(slopes) * _from_windows(turned == turned.amax(2, keepdim=True))


@back_through_max.mistake(
    "The numbers that are not the largest stay as they were. They do not change the unit: 0."
)
def rest_kept(image, slopes):
    return torch.where(_largest(image), _spread(slopes), image)


@back_through_max.mistake("All four get the slope. The unit notices the largest of them only.")
def all_four_get_it(image, slopes):
    return _spread(slopes)


@back_through_max.mistake("A quarter to each: that is the average. Here the largest gets it all.")
def a_quarter_to_each(image, slopes):
    return _spread(slopes) / 4


@back_through_max.mistake("The largest gets a quarter. The unit *is* that number: it gets it all.")
def a_quarter_to_the_largest(image, slopes):
    return _spread(slopes) * _largest(image) / 4


@back_through_max.mistake(
    "The slopes have no effect: each largest number gets 1. It gets the slope of its unit."
)
def slopes_left_out(image, slopes):
    return _largest(image).float()


@back_through_max.mistake("The smallest of each window gets the slope. It belongs to the largest.")
def to_the_smallest(image, slopes):
    return _spread(slopes) * _largest(-image)


@back_through_max.mistake(
    "The number farthest from zero gets the slope. -8 is a small number: the largest has its sign."
)
def to_the_strongest(image, slopes):
    return _spread(slopes) * _largest(image.abs() + image.sign() / 4)


@back_through_max.mistake("Always the upper left one gets the slope. It belongs to the largest.")
def to_the_first(image, slopes):
    answer = torch.zeros_like(image)
    answer[::2, ::2] = slopes
    return answer


@back_through_max.mistake(
    "The slope is multiplied by the number. When the largest grows by 1, so does the unit, however "
    "large it is: the slope alone."
)
def times_the_number(image, slopes):
    return _spread(slopes) * _largest(image) * image


@back_through_max.mistake("The sign is reversed. This is the way a step goes, not the gradient.")
def step_for_gradient(image, slopes):
    return -_spread(slopes) * _largest(image)


@back_through_max.mistake(
    "The slopes are laid out in tiles. Each slope stands over its own window: repeat_interleave, "
    "not repeat."
)
def in_tiles(image, slopes):
    return slopes.repeat(2, 2) * _largest(image)


@back_through_max.mistake("Only one window is answered for: the one with the largest of all.")
def largest_of_the_map(image, slopes):
    return _spread(slopes) * (image == image.max())


@back_through_max.mistake("These are the slopes themselves. The answer is as large as `image`.")
def slopes_themselves(image, slopes):
    return slopes


@back_through_max.mistake(
    "The numbers are right. Put the windows together again: reshape(2 * rows, 2 * columns)."
)
def still_in_windows(image, slopes):
    rows, columns = slopes.shape
    answer = back_through_max.solution(image, slopes)
    return answer.reshape(rows, 2, columns, 2)
