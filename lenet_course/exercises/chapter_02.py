"""Exercises of chapter 02, convolution.

Pictures and kernels hold small whole numbers, as floats: sums are exact in any order and precision,
and a message shows numbers that can be checked by hand.
"""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

import torch
from torch.nn import functional

from .declaring import problem


def whole_numbers(random, *sides):
    """A tensor of whole numbers from -9 to 9, none of them zero, as floats."""
    generator = torch.Generator().manual_seed(random.randrange(2**31))
    sizes = torch.randint(1, 10, sides, generator=generator)
    signs = torch.randint(0, 2, sides, generator=generator) * 2 - 1
    return (sizes * signs).float()


# --- one_unit -----------------------------------------------------------------------------------


def windows(random):
    for _ in range(8):
        high = random.randint(12, 16)
        image = whole_numbers(random, high, high + random.randint(1, 4))
        row, column = random.sample(range(2, 7), 2)
        yield image, whole_numbers(random, 5, 5), random.randint(1, 9), row, column


@problem(
    inputs=windows,
    hints=[
        "The window is a part of the image: 5 rows from `row` on, 5 columns from `column` on.",
        "image[a : a + 5, b : b + 5] is such a part; window * kernel multiplies place by place.",
        ".sum() adds up all 25 products. The bias comes once, at the end.",
    ],
)
def one_unit(image, kernel, bias, row, column):
    window = image[row : row + 5, column : column + 5]
    return (window * kernel).sum() + bias


@one_unit.mistake("The bias is missing: add it once, after the sum.")
def bias_missing(image, kernel, bias, row, column):
    return one_unit.solution(image, kernel, 0, row, column)


@one_unit.mistake("The bias is added to every product, 25 times. Add it once, after the sum.")
def bias_for_every_product(image, kernel, bias, row, column):
    return one_unit.solution(image, kernel, 25 * bias, row, column)


@one_unit.mistake("The products are averaged. A unit adds them up: .sum(), not .mean().")
def averaged(image, kernel, bias, row, column):
    return (image[row : row + 5, column : column + 5] * kernel).mean() + bias


@one_unit.mistake("Row and column have changed places: image[rows, columns], rows first.")
def places_swapped(image, kernel, bias, row, column):
    return one_unit.solution(image, kernel, bias, column, row)


@one_unit.mistake(
    "This window has its *centre* at (row, column). Its upper left corner should be there."
)
def centred(image, kernel, bias, row, column):
    return one_unit.solution(image, kernel, bias, row - 2, column - 2)


@one_unit.mistake(
    "The window begins one pixel too late: rows and columns are counted from 0, as Python does."
)
def counted_from_one(image, kernel, bias, row, column):
    return one_unit.solution(image, kernel, bias, row + 1, column + 1)


@one_unit.mistake("The kernel is turned by half a turn. C1 uses it as it stands.")
def kernel_turned(image, kernel, bias, row, column):
    return one_unit.solution(image, kernel.flip(0, 1), bias, row, column)


@one_unit.mistake("The kernel's rows and columns have changed places: use it as it stands.")
def kernel_transposed(image, kernel, bias, row, column):
    return one_unit.solution(image, kernel.T, bias, row, column)


@one_unit.mistake(
    "@ multiplies rows by columns, a matrix product. Here each pixel meets the weight at its own "
    "place: *."
)
def matrix_product(image, kernel, bias, row, column):
    return (image[row : row + 5, column : column + 5] @ kernel).sum() + bias


def _window_of(image, kernel, bias, rows, columns):
    return (image[rows, columns] * kernel).sum() + bias


@one_unit.mistake("An end is not included: 5 rows are row : row + 5, and so with the columns.")
def ends_taken_for_included(image, kernel, bias, row, column):
    return _window_of(image, kernel, bias, slice(row, row + 4), slice(column, column + 4))


@one_unit.mistake("An end is not included: 5 rows are row : row + 5, and so with the columns.")
def window_one_too_large(image, kernel, bias, row, column):
    return _window_of(image, kernel, bias, slice(row, row + 6), slice(column, column + 6))


@one_unit.mistake("row : 5 ends *at* row 5. Five rows from `row` on are row : row + 5.")
def ends_at_five(image, kernel, bias, row, column):
    return _window_of(image, kernel, bias, slice(row, 5), slice(column, 5))


@one_unit.mistake("These are the 25 products, each with the bias. Add up the products first.")
def not_summed(image, kernel, bias, row, column):
    return image[row : row + 5, column : column + 5] * kernel + bias


@one_unit.mistake("These are the 25 products. A unit is one number: add them up, and add the bias.")
def not_summed_without_bias(image, kernel, bias, row, column):
    return image[row : row + 5, column : column + 5] * kernel


# --- patches ------------------------------------------------------------------------------------


def pictures_and_sizes(random):
    yield torch.arange(12.0).reshape(3, 4), 2
    for _ in range(6):
        high, size = random.randint(5, 8), random.randint(2, 3)
        yield whole_numbers(random, high, high + random.randint(1, 3)), size
    yield whole_numbers(random, 9, 8).T, 3  # not contiguous


@problem(
    inputs=pictures_and_sizes,
    hints=[
        "On paper: a picture of 3 rows and 4 columns, a window of 2. How many lines has the table, "
        "and how many numbers stand in each?",
        "Two loops, over rows and over columns, and image[row : row + size, column : column + "
        "size].flatten() for a line; torch.stack makes a table of a list of lines.",
        "Without loops: image.unfold(0, size, 1).unfold(1, size, 1) has the shape "
        "(rows, columns, size, size), and only has to be reshaped.",
    ],
)
def patches(image, size):
    windows = image.unfold(0, size, 1).unfold(1, size, 1)
    return windows.reshape(-1, size * size)


def _windows(image, size):
    return image.unfold(0, size, 1).unfold(1, size, 1)


@patches.mistake(
    "This table lies on its side: each *line* should be a window, and here each column is one. "
    "Transpose it (functional.unfold gives it this way as well)."
)
def on_its_side(image, size):
    return patches.solution(image, size).T


@patches.mistake(
    "Every number is there, in the wrong place: reshape keeps the order in memory. A table with a "
    "window in each column has to be transposed (.T), not reshaped."
)
def reshaped_for_transposed(image, size):
    return patches.solution(image, size).T.reshape(-1, size * size)


@patches.mistake(
    "The windows are right, their order is not: the window moves to the right first, and then down."
)
def down_first(image, size):
    return _windows(image, size).transpose(0, 1).reshape(-1, size * size)


@patches.mistake("Inside each window the pixels stand column by column. Write them row by row.")
def pixels_column_by_column(image, size):
    return _windows(image, size).transpose(2, 3).reshape(-1, size * size)


@patches.mistake("These windows stand side by side. They overlap: the window moves by one pixel.")
def side_by_side(image, size):
    return image.unfold(0, size, size).unfold(1, size, size).reshape(-1, size * size)


@patches.mistake(
    "The last places are missing: a window fits until its edge touches the border, at "
    "rows - size + 1 places down and columns - size + 1 across."
)
def last_places_missing(image, size):
    return _windows(image[:-1, :-1], size).reshape(-1, size * size)


COUNTED_APART = (
    "The picture has 3 rows and 4 columns: count places for rows and for columns apart, with "
    "image.shape."
)


@patches.mistake(COUNTED_APART)
def rows_counted_for_columns(image, size):
    return patches.solution(image[:, : len(image)], size)


@patches.mistake(COUNTED_APART)
def reshaped_as_if_square(image, size):
    side = len(image) - size + 1
    return _windows(image, size).reshape(side * side, size * size)


@patches.mistake(COUNTED_APART)
def columns_counted_for_rows(image, size):
    side = image.shape[1] - size + 1
    corners = [(row, column) for row in range(side) for column in range(side)]
    return torch.stack([image[i : i + size, j : j + size].flatten() for i, j in corners])


@patches.mistake("The windows are right. Flatten each of them, so that it fills one line.")
def not_flattened(image, size):
    return _windows(image, size).reshape(-1, size, size)


@patches.mistake("The windows are right. Make one table of them: a line for each place.")
def places_in_two_directions(image, size):
    return _windows(image, size)


@patches.mistake("The windows are right. Make one table of them: a line for each place.")
def places_in_two_directions_flat(image, size):
    return _windows(image, size).flatten(2)


@patches.mistake(
    "Only a window of one row is cut out. A window has `size` rows as well as `size` columns."
)
def windows_of_one_row(image, size):
    return image.unfold(1, size, 1).reshape(-1, size)


# --- true_convolution ---------------------------------------------------------------------------


def pictures_and_kernels(random):
    yield torch.eye(3), torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    for _ in range(8):
        high, wide = random.sample(range(2, 5), 2)
        image = whole_numbers(random, random.randint(6, 8), random.randint(9, 11))
        yield image, whole_numbers(random, high, wide)
    yield whole_numbers(random, 9, 7).T, whole_numbers(random, 3, 3)


def _slide(image, kernel):
    return torch.conv2d(image[None, None], kernel[None, None])[0, 0]


@problem(
    inputs=pictures_and_kernels,
    hints=[
        "torch.conv2d slides the kernel as it stands. What has to be done to the kernel first?",
        "The kernel is turned by half a turn: its first row becomes the last, and its first column "
        "becomes the last.",
        "kernel.flip(0, 1) turns it. [None, None] adds two sides of length 1, [0, 0] takes them "
        "away again.",
    ],
)
def true_convolution(image, kernel):
    turned = kernel.flip(0, 1)
    return torch.conv2d(image[None, None], turned[None, None])[0, 0]


@true_convolution.mistake(
    "This is the cross-correlation: the kernel slides as it stands. Turn it by half a turn first."
)
def cross_correlation(image, kernel):
    return _slide(image, kernel)


@true_convolution.mistake("Only the rows are reversed. Half a turn reverses the columns as well.")
def rows_only(image, kernel):
    return _slide(image, kernel.flip(0))


@true_convolution.mistake("Only the columns are reversed. Half a turn reverses the rows as well.")
def columns_only(image, kernel):
    return _slide(image, kernel.flip(1))


@true_convolution.mistake(
    "The kernel is transposed: rows became columns. Half a turn reverses both and swaps nothing."
)
def transposed(image, kernel):
    return _slide(image, kernel.T)


@true_convolution.mistake(
    "This is a quarter of a turn, and half a turn is wanted: flip both sides."
)
def a_quarter_turn(image, kernel):
    return _slide(image, kernel.rot90())


@true_convolution.mistake(
    "This is a quarter of a turn, and half a turn is wanted: flip both sides."
)
def a_quarter_turn_back(image, kernel):
    return _slide(image, kernel.rot90(-1))


@true_convolution.mistake("The picture is turned here. Turn the kernel, and leave the picture.")
def picture_turned(image, kernel):
    return _slide(image.flip(0, 1), kernel)


@true_convolution.mistake(
    "Picture and kernel are both turned, or the map was turned afterwards, which is the same. Turn "
    "the kernel only, before it slides."
)
def both_turned(image, kernel):
    return _slide(image.flip(0, 1), kernel.flip(0, 1))


@true_convolution.mistake(
    "The numbers are right. torch.conv2d's two extra sides are still there: take [0, 0]."
)
def extra_sides(image, kernel):
    return true_convolution.solution(image, kernel)[None, None]


NO_PADDING = (
    "The kernel is turned rightly. It also stands partly outside the picture: only places where it "
    "fits are wanted, without padding."
)


@true_convolution.mistake(NO_PADDING)
def padded_all_the_way(image, kernel):
    high, wide = kernel.shape[0] - 1, kernel.shape[1] - 1
    return true_convolution.solution(functional.pad(image, (wide, wide, high, high)), kernel)


@true_convolution.mistake(NO_PADDING)
def padded_by_one(image, kernel):
    return true_convolution.solution(functional.pad(image, (1, 1, 1, 1)), kernel)


@true_convolution.mistake(NO_PADDING)
def padded_by_two(image, kernel):
    return true_convolution.solution(functional.pad(image, (2, 2, 2, 2)), kernel)


@true_convolution.mistake(NO_PADDING)
def padded_to_the_same_size(image, kernel):
    high, wide = kernel.shape[0] - 1, kernel.shape[1] - 1
    ends = (wide // 2, wide - wide // 2, high // 2, high - high // 2)
    return true_convolution.solution(functional.pad(image, ends), kernel)


@true_convolution.mistake("Torch takes no negative step. kernel.flip(0, 1) turns both sides.")
def negative_step(image, kernel):
    return _slide(image, kernel[::-1])


FOUR_SIDES = (
    "torch.conv2d wants four sides: image[None, None] and kernel[None, None] put two of length 1 "
    "in front."
)


@true_convolution.mistake(FOUR_SIDES)
def two_sides_each(image, kernel):
    return torch.conv2d(image, kernel.flip(0, 1))


@true_convolution.mistake(FOUR_SIDES)
def two_sides_of_the_kernel(image, kernel):
    return torch.conv2d(image[None, None], kernel.flip(0, 1))


@true_convolution.mistake(FOUR_SIDES)
def two_sides_of_the_image(image, kernel):
    return torch.conv2d(image, kernel.flip(0, 1)[None, None])


# --- moving_kernel ------------------------------------------------------------------------------


def moves(random):
    yield from [(1, 0), (0, 2), (-1, 2), (0, 0), (2, 1), (-2, -1)]
    for _ in range(6):
        yield tuple(random.sample(range(-2, 3), 2))


@problem(
    inputs=moves,
    hints=[
        "One weight of 1 and 24 of 0 copy one pixel of the window. Which one leaves the picture "
        "where it is?",
        "The weight in the middle, at [2, 2]. To move the picture to the right, a unit has to copy "
        "what is on its *left*.",
        "To move it by `right` pixels, the 1 stands `right` columns to the left of the middle.",
    ],
)
def moving_kernel(down, right):
    kernel = torch.zeros(5, 5)
    kernel[2 - down, 2 - right] = 1
    return kernel


@moving_kernel.mistake(
    "This one moves the picture the other way. The 1 says where a unit looks: to move a picture to "
    "the right, look left."
)
def the_other_way(down, right):
    return moving_kernel.solution(-down, -right)


@moving_kernel.mistake("Rows and columns have changed places: down is a matter of rows, the first.")
def directions_swapped(down, right):
    return moving_kernel.solution(right, down)


@moving_kernel.mistake("Rows and columns have changed places, and both directions are reversed.")
def swapped_and_reversed(down, right):
    return moving_kernel.solution(-right, -down)


@moving_kernel.mistake("To the right it is right. Up and down are the wrong way round.")
def up_for_down(down, right):
    return moving_kernel.solution(-down, right)


@moving_kernel.mistake("Down it is right. Left and right are the wrong way round.")
def left_for_right(down, right):
    return moving_kernel.solution(down, -right)


@moving_kernel.mistake(
    "Counted from the corner. The middle of the kernel, [2, 2], is the one that moves nothing."
)
def from_the_corner(down, right):
    kernel = torch.zeros(5, 5)
    kernel[down, right] = 1
    return kernel


@moving_kernel.mistake(
    "Counted from the corner. The middle of the kernel, [2, 2], is the one that moves nothing."
)
def back_from_the_corner(down, right):
    kernel = torch.zeros(5, 5)
    kernel[-down, -right] = 1
    return kernel


@moving_kernel.mistake(
    "The middle is at [2, 2], counted from 0. This kernel moves the picture too far up and left."
)
def middle_at_three(down, right):
    kernel = torch.zeros(6, 6)
    kernel[3 - down, 3 - right] = 1
    return kernel[:5, :5]


@moving_kernel.mistake(
    "A picture that stays and one that moves are added up: two weights of 1. Only one may be there."
)
def ghost_left_behind(down, right):
    kernel = moving_kernel.solution(down, right)
    kernel[2, 2] = 1
    return kernel


@moving_kernel.mistake("The place is right. The weight is 1/25, so that the picture fades: take 1.")
def faded(down, right):
    return moving_kernel.solution(down, right) / 25


# --- kernel_gradient ----------------------------------------------------------------------------


def pictures_and_slopes(random):
    yield torch.arange(1.0, 13.0).reshape(3, 4), torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]])
    for _ in range(7):
        high, wide = random.sample(range(3, 7), 2)
        image = whole_numbers(random, high + random.randint(1, 2), wide + random.randint(3, 4))
        yield image, whole_numbers(random, high, wide)
    yield whole_numbers(random, 9, 8).T, whole_numbers(random, 5, 7)


@problem(
    inputs=pictures_and_slopes,
    hints=[
        "The weight in the upper left corner meets image[row, column] at the place (row, column). "
        "A change of the weight changes that unit by so much, and the loss by slope times pixel.",
        "slopes has rows x columns numbers. The corner's gradient is the sum of slopes * "
        "image[:rows, :columns]. The weight to the right of it meets pixels one further right.",
        "So the slopes slide over the picture like a large kernel: torch.conv2d, as it stands.",
    ],
)
def kernel_gradient(image, slopes):
    return torch.conv2d(image[None, None], slopes[None, None])[0, 0]


@kernel_gradient.mistake(
    "This is the mean over the places. The loss feels a weight at every place: their sum."
)
def averaged_over_places(image, slopes):
    return _slide(image, slopes) / slopes.numel()


@kernel_gradient.mistake(
    "Turned by half a turn: the slopes slide as they stand, and the first weight meets the first "
    "pixels."
)
def slopes_turned(image, slopes):
    return _slide(image, slopes.flip(0, 1))


@kernel_gradient.mistake(
    "The numbers are right, and stand turned by half a turn: the first weight meets the first "
    "pixels."
)
def gradient_turned(image, slopes):
    return _slide(image, slopes).flip(0, 1)


@kernel_gradient.mistake("The numbers are right; rows and columns have changed places.")
def gradient_transposed(image, slopes):
    return _slide(image, slopes).T


@kernel_gradient.mistake(
    "The sign is reversed. This is the direction of a training step, which goes against the "
    "gradient."
)
def step_for_gradient(image, slopes):
    return -_slide(image, slopes)


@kernel_gradient.mistake(
    "The slopes have no effect: this is the gradient of the sum of all units. A place counts as "
    "much as its slope says."
)
def slopes_left_out(image, slopes):
    return _slide(image, torch.ones_like(slopes))


@kernel_gradient.mistake(
    "Only the first place is counted. The weights are shared: add up the places where they stand."
)
def first_place_only(image, slopes):
    high, wide = (n - m + 1 for n, m in zip(image.shape, slopes.shape, strict=True))
    return image[:high, :wide] * slopes[0, 0]


@kernel_gradient.mistake(
    "This multiplies the sum of the slopes by the sum of the pixels. At each place its own slope "
    "meets its own pixel: multiply first, then add up."
)
def summed_before_multiplying(image, slopes):
    return _slide(image, torch.ones_like(slopes)) * slopes.sum()


@kernel_gradient.mistake(
    "The picture is padded here, so the answer has more numbers than the kernel. There are as many "
    "as places where slopes fits on the picture."
)
def padded_all_around(image, slopes):
    high, wide = slopes.shape[0] - 1, slopes.shape[1] - 1
    return _slide(functional.pad(image, (wide, wide, high, high)), slopes)


@kernel_gradient.mistake(
    "These are all the weights' gradients added up to one number. Each weight has its own."
)
def one_number(image, slopes):
    return _slide(image, slopes).sum()


SIZES_OF_C1 = "5 and 28 are C1's sizes; here they follow from image and slopes."


@kernel_gradient.mistake(SIZES_OF_C1)
def a_window_of_28_for_each_weight(image, slopes):
    gradient = torch.zeros(5, 5)
    for i in range(5):
        for j in range(5):
            gradient[i, j] = (image[i : i + 28, j : j + 28] * slopes).sum()
    return gradient


@kernel_gradient.mistake(SIZES_OF_C1)
def a_kernel_of_5_for_any_slopes(image, slopes):
    high, wide = slopes.shape
    gradient = torch.zeros(5, 5)
    for i in range(5):
        for j in range(5):
            gradient[i, j] = (image[i : i + high, j : j + wide] * slopes).sum()
    return gradient


@kernel_gradient.mistake(SIZES_OF_C1)
def a_window_of_5_at_each_place(image, slopes):
    gradient = torch.zeros(5, 5)
    for row in range(28):
        for column in range(28):
            window = image[row : row + 5, column : column + 5]
            gradient = gradient + slopes[row, column] * window
    return gradient


SLOPE_OF_ITS_PLACE = "Each pixel counts times the slope of its place."


@kernel_gradient.mistake(SLOPE_OF_ITS_PLACE)
def means_without_slopes(image, slopes):
    return slopes_left_out(image, slopes) / slopes.numel()


@kernel_gradient.mistake(SLOPE_OF_ITS_PLACE)
def slopes_without_pixels(image, slopes):
    return torch.full_like(_slide(image, slopes), slopes.sum())


@kernel_gradient.mistake(f"{SLOPE_OF_ITS_PLACE} And each weight has its own gradient.")
def sum_of_the_slopes(image, slopes):
    return slopes.sum()


@kernel_gradient.mistake(f"{SLOPE_OF_ITS_PLACE} And each weight has its own gradient.")
def sum_of_the_pixels(image, slopes):
    return image.sum()


@kernel_gradient.mistake(f"{SLOPE_OF_ITS_PLACE} And each weight has its own gradient.")
def all_pixels_times_all_slopes(image, slopes):
    return image.sum() * slopes.sum()
