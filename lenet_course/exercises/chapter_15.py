"""Exercises of chapter 15, your own digits.

Pictures are uint8 arrays, as files give them: small whole numbers, and sums that can be checked by
hand.
"""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

import math

import numpy

from .declaring import problem

# --- missing_light ------------------------------------------------------------------------------


def pages(random):
    grey, paper = [[200, 40, 210], [99, 30, 100]], [[200, 160, 200], [100, 90, 80]]
    yield numpy.array(grey, dtype=numpy.uint8), numpy.array(paper, dtype=numpy.uint8)
    for _ in range(6):
        generator = numpy.random.default_rng(random.randrange(2**31))
        sides = random.sample(range(3, 8), 2)
        paper = generator.integers(60, 240, sides)
        left = generator.integers(10, 106, sides)  # percent of the light that is left
        grey = (paper * left // 100).clip(0, 255)
        yield grey.astype(numpy.uint8), paper.astype(numpy.uint8)


@problem(
    inputs=pages,
    hints=[
        "Which share of the paper's light is left at a pixel? One division.",
        "1 - grey / paper is the share that is missing.",
        "Where a pixel is brighter than its paper that is negative: .clip(0) makes it 0.",
    ],
)
def missing_light(grey, paper):
    return (1 - grey / paper).clip(0)


NOT_BELOW_ZERO = "Where a pixel is brighter than its paper, nothing is missing: 0, not a negative"


@missing_light.mistake(f"{NOT_BELOW_ZERO} number. `.clip(0)` does that.")
def not_clipped(grey, paper):
    return 1 - grey / paper


@missing_light.mistake(
    "This is the share of the light that is left. Ink is where light is missing: 1 minus that."
)
def light_that_is_left(grey, paper):
    return grey / paper


@missing_light.mistake(
    "This is the share of the light that is left. Ink is where light is missing: 1 minus that."
)
def light_that_is_left_up_to_one(grey, paper):
    return (grey / paper).clip(0, 1)


@missing_light.mistake(
    "A difference is not a share: in the dark the same ink differs less. Divide by the paper."
)
def difference_only(grey, paper):
    return (paper.astype(float) - grey).clip(0)


@missing_light.mistake(
    "Divided by 255, as if the paper were white everywhere. Divide by the paper of each pixel."
)
def divided_by_white(grey, paper):
    return ((paper.astype(float) - grey) / 255).clip(0)


@missing_light.mistake(
    "Divided by 255, as if the paper were white everywhere. Divide by the paper of each pixel."
)
def paper_left_out(grey, paper):
    return (1 - grey / 255).clip(0)


@missing_light.mistake(
    "Where a pixel is brighter than its paper, its light is not missing: 0 there, and no abs()."
)
def brighter_counted_as_missing(grey, paper):
    return abs(1 - grey / paper)


@missing_light.mistake(
    "Divided by one brightness for the whole page, its mean. Each pixel has a paper of its own."
)
def mean_of_the_paper(grey, paper):
    return (1 - grey / paper.mean()).clip(0)


@missing_light.mistake(
    "The wrong way up: grey / paper is the share that is left, not paper / grey."
)
def upside_down(grey, paper):
    return (1 - paper / grey).clip(0)


@missing_light.mistake(
    "Divided by grey, the pixel itself. The share is one of the paper's light: divide by paper."
)
def divided_by_grey(grey, paper):
    return (paper / grey - 1).clip(0)


BYTES = (
    "These are bytes, and 200 - 210 of bytes is 246: below 0 they begin again at 255. Divide first "
    "(a division gives floats), or turn them into floats: paper.astype(float)."
)


@missing_light.mistake(BYTES)
def bytes_wrap_around(grey, paper):
    return (paper - grey) / paper


@missing_light.mistake(
    "Divided without a rest, which makes whole numbers of shares: / in place of //."
)
def whole_numbers_only(grey, paper):
    return (1 - (grey // paper).astype(float)).clip(0)


# --- crop_to_ink --------------------------------------------------------------------------------


def inks(random):
    small = [[0, 0, 0, 0], [0, 5, 0, 0], [0, 0, 7, 0], [0, 0, 0, 0]]
    yield (numpy.array(small, dtype=numpy.uint8),)
    for _ in range(6):
        generator = numpy.random.default_rng(random.randrange(2**31))
        high, wide = random.sample(range(6, 10), 2)
        part = generator.integers(1, 256, (high, wide)) * (generator.random((high, wide)) < 0.6)
        part[0, 1] = part[-1, 2] = part[1, 0] = part[2, -1] = 40
        part[3], part[:, 3] = 0, 0  # paper within the digit
        top, bottom, left, right = random.sample(range(1, 6), 4)
        yield (numpy.pad(part, ((top, bottom), (left, right))).astype(numpy.uint8),)
    nothing_to_cut, one_pixel = [[0, 9, 0], [3, 0, 1]], [[0, 0, 0], [0, 0, 0], [0, 0, 6]]
    for ink in (nothing_to_cut, one_pixel):
        yield (numpy.array(ink, dtype=numpy.uint8),)


@problem(
    inputs=inks,
    hints=[
        "Which rows hold any ink? ink.any(axis=1) says it for each row, axis=0 for each column.",
        "numpy.flatnonzero(ink.any(axis=1)) lists those rows; you need its first and its last.",
        "ink[a : b + 1, c : d + 1]: a slice leaves its end out.",
    ],
)
def crop_to_ink(ink):
    rows = numpy.flatnonzero(ink.any(axis=1))
    columns = numpy.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _ends(ink):
    rows, columns = numpy.flatnonzero(ink.any(axis=1)), numpy.flatnonzero(ink.any(axis=0))
    return rows[0], rows[-1], columns[0], columns[-1]


@crop_to_ink.mistake(
    "The last row and the last column with ink are cut off: a slice leaves its end out, so + 1."
)
def last_ones_lost(ink):
    top, bottom, left, right = _ends(ink)
    return ink[top:bottom, left:right]


@crop_to_ink.mistake(
    "Empty rows and columns *within* the digit are taken out as well, and its parts move together. "
    "Cut outside the first and the last only."
)
def gaps_closed(ink):
    return ink[ink.any(axis=1)][:, ink.any(axis=0)]


@crop_to_ink.mistake(
    "Rows and columns have changed places: any(axis=1) says which *rows* have ink."
)
def axes_exchanged(ink):
    top, bottom, left, right = _ends(ink)
    return ink[left : right + 1, top : bottom + 1]


@crop_to_ink.mistake("Only above and below is cut. Cut the columns as well.")
def rows_only(ink):
    top, bottom, _, _ = _ends(ink)
    return ink[top : bottom + 1]


@crop_to_ink.mistake("Only left and right is cut. Cut the rows as well.")
def columns_only(ink):
    _, _, left, right = _ends(ink)
    return ink[:, left : right + 1]


@crop_to_ink.mistake("What follows after the last ink is still there: the slices need an end.")
def starts_only(ink):
    top, _, left, _ = _ends(ink)
    return ink[top:, left:]


@crop_to_ink.mistake(
    "Faint ink is lost: whatever is not 0 is ink, and not only what is darker than half."
)
def faint_ink_lost(ink):
    dark = ink > 127
    if not dark.any():
        return ink[:0, :0]
    top, bottom, left, right = _ends(dark)
    return ink[top : bottom + 1, left : right + 1]


@crop_to_ink.mistake(
    "Where nothing is to be cut, `[a:-0]` is empty. Count the end of a slice from the front."
)
def cut_by_minus_zero(ink):
    top, bottom, left, right = _ends(ink)
    return ink[top : bottom + 1 - ink.shape[0], left : right + 1 - ink.shape[1]]


@crop_to_ink.mistake("One row and one column of paper too many are left on each side.")
def one_too_wide(ink):
    top, bottom, left, right = _ends(ink)
    return ink[max(0, top - 1) : bottom + 2, max(0, left - 1) : right + 2]


@crop_to_ink.mistake("The corners are right. Give the part of the picture, not where it lies.")
def only_the_corners(ink):
    return _ends(ink)


# --- fitted_size --------------------------------------------------------------------------------


def boxes(random):
    yield from [(40, 20), (10, 40), (20, 20), (300, 290)]
    for _ in range(8):
        yield random.randint(30, 200), random.randint(20, 190)
    yield from [(7, 5), (33, 47)]


@problem(
    inputs=boxes,
    hints=[
        "By which number has the longer side to be multiplied, to become 20?",
        "The same number for both sides, or the digit is stretched: 20 / max(height, width).",
        "round() each: pixels are whole.",
    ],
)
def fitted_size(height, width):
    scale = 20 / max(height, width)
    return round(height * scale), round(width * scale)


@fitted_size.mistake(
    "Both sides become 20, and a 1 becomes a black square. Multiply both by the same number."
)
def stretched(height, width):
    return 20, 20


@fitted_size.mistake(
    "The *shorter* side becomes 20 here, and the longer one does not fit. Divide by the longer one."
)
def shorter_side(height, width):
    scale = 20 / min(height, width)
    return round(height * scale), round(width * scale)


@fitted_size.mistake("Height and width have changed places: height first.")
def sides_exchanged(height, width):
    return fitted_size.solution(width, height)


ROUNDED_DOWN = "Rounded down here: 15.7 pixels are nearer to 16. Use round()."


@fitted_size.mistake(ROUNDED_DOWN)
def rounded_down(height, width):
    scale = 20 / max(height, width)
    return int(height * scale), int(width * scale)


@fitted_size.mistake(ROUNDED_DOWN)
def floor_of_the_product(height, width):
    longer = max(height, width)
    return height * 20 // longer, width * 20 // longer


@fitted_size.mistake("The scale is cut off to a whole number by //, and the digit does not get 20.")
def scale_cut_off(height, width):
    scale = max(1, max(height, width) // 20)
    return height // scale, width // scale


@fitted_size.mistake("Small digits are to grow as well: the longer side becomes 20, always.")
def never_enlarged(height, width):
    scale = min(1, 20 / max(height, width))
    return round(height * scale), round(width * scale)


@fitted_size.mistake("Rounded up here: 15.2 pixels are nearer to 15. Use round().")
def rounded_up(height, width):
    scale = 20 / max(height, width)
    return math.ceil(height * scale - 1e-9), math.ceil(width * scale - 1e-9)


@fitted_size.mistake("The scale is rounded before it is used. Round the two sides only.")
def scale_rounded(height, width):
    scale = round(20 / max(height, width), 1)
    return round(height * scale), round(width * scale)


@fitted_size.mistake("These sides are no whole numbers, and a picture has whole pixels: round().")
def not_rounded(height, width):
    return height * 20 / max(height, width), width * 20 / max(height, width)


@fitted_size.mistake(
    "The digit fits 28 x 28 here. MNIST's digits fit 20 x 20; the border comes afterwards."
)
def fits_28(height, width):
    scale = 28 / max(height, width)
    return round(height * scale), round(width * scale)


@fitted_size.mistake(
    "The height becomes 20 whatever the width is. A wide digit has to shrink by its width."
)
def height_always_20(height, width):
    return 20, round(width * 20 / height)


# --- centre_of_mass -----------------------------------------------------------------------------


def masses(random):
    yield (numpy.array([[0, 0, 0, 0], [0, 0, 4, 0], [0, 0, 4, 8]], dtype=numpy.uint8),)
    for _ in range(6):
        generator = numpy.random.default_rng(random.randrange(2**31))
        high, wide = random.sample(range(5, 12), 2)
        ink = generator.integers(0, 256, (high, wide)) * (generator.random((high, wide)) < 0.4)
        ink[1, 2], ink[-2, 1] = 255, 30
        yield (ink.astype(numpy.uint8),)


@problem(
    inputs=masses,
    hints=[
        "How much ink is in each row? ink.sum(axis=1). Those are the weights of the row numbers.",
        "The middle row is the mean of 0, 1, 2, ..., weighed: the sum of number times weight, "
        "divided by the sum of all weights.",
        "(ink.sum(axis=1) * numpy.arange(ink.shape[0])).sum() is that sum for the rows; axis=0 and "
        "ink.shape[1] for the columns. Divide both by ink.sum().",
    ],
)
def centre_of_mass(ink):
    row = (ink.sum(axis=1) * numpy.arange(ink.shape[0])).sum() / ink.sum()
    column = (ink.sum(axis=0) * numpy.arange(ink.shape[1])).sum() / ink.sum()
    return row, column


@centre_of_mass.mistake("Row and column have changed places: the row first.")
def column_first(ink):
    return centre_of_mass.solution(ink)[::-1]


@centre_of_mass.mistake(
    "This is the middle of the box around the ink. Where more ink is, the centre of mass is nearer."
)
def middle_of_the_box(ink):
    top, bottom, left, right = _ends(ink)
    return (top + bottom) / 2, (left + right) / 2


@centre_of_mass.mistake(
    "Every pixel with ink counts the same here. A black one, 255, weighs more than a grey one."
)
def grey_as_black(ink):
    return centre_of_mass.solution(ink > 0)


@centre_of_mass.mistake("This is the middle of the picture: the ink does not count.")
def middle_of_the_picture(ink):
    return (ink.shape[0] - 1) / 2, (ink.shape[1] - 1) / 2


@centre_of_mass.mistake("Rows and columns are counted from 1 here; the first is row 0.")
def counted_from_one(ink):
    row, column = centre_of_mass.solution(ink)
    return row + 1, column + 1


@centre_of_mass.mistake(
    "Divided by the number of pixels. A weighed mean is divided by the sum of the weights, the ink."
)
def divided_by_pixels(ink):
    row, column = centre_of_mass.solution(ink)
    return row * ink.sum() / ink.size, column * ink.sum() / ink.size


@centre_of_mass.mistake("`//` cuts the fractions off: a centre of mass need not be whole. Use /.")
def fractions_cut_off(ink):
    row, column = centre_of_mass.solution(ink)
    return row // 1, column // 1


@centre_of_mass.mistake(
    "The sum of weighed places is divided by their number. Divide by the weights, ink.sum()."
)
def divided_by_the_sides(ink):
    row, column = centre_of_mass.solution(ink)
    return row * ink.sum() / ink.shape[0], column * ink.sum() / ink.shape[1]


@centre_of_mass.mistake("This is a sum: divide it by all the ink, ink.sum().")
def not_divided(ink):
    row, column = centre_of_mass.solution(ink)
    return row * ink.sum(), column * ink.sum()


@centre_of_mass.mistake(
    "The place is right, rounded to whole pixels. Round when the digit is placed, not here."
)
def rounded_too_early(ink):
    row, column = centre_of_mass.solution(ink)
    return round(row), round(column)


@centre_of_mass.mistake("This is where the most ink is, not where the ink would balance.")
def darkest_row_and_column(ink):
    return ink.sum(axis=1).argmax(), ink.sum(axis=0).argmax()


TOO_LARGE_FOR_BYTES = (
    "These are bytes, which begin again at 0 above 255. Turn the ink into larger numbers first: "
    "ink.astype(float)."
)


@centre_of_mass.mistake(TOO_LARGE_FOR_BYTES)
def products_of_bytes(ink):
    rows, columns = (numpy.arange(side, dtype=numpy.uint8) for side in ink.shape)
    return (ink * rows[:, None]).sum() / ink.sum(), (ink * columns).sum() / ink.sum()


@centre_of_mass.mistake(TOO_LARGE_FOR_BYTES)
def sums_of_bytes_in_a_loop(ink):
    places = numpy.indices(ink.shape)
    row, column = ((place * ink.astype(int)).sum() % 256 for place in places)
    return row / (ink.sum() % 256), column / (ink.sum() % 256)


# --- held_back ----------------------------------------------------------------------------------


def answers_and_shares(random):
    right = [True, False, True, True]
    yield numpy.array([0.9, 0.6, 0.5, 0.7]), numpy.array(right), 0.6
    for _ in range(6):
        generator = numpy.random.default_rng(random.randrange(2**31))
        count = random.randint(7, 14)
        shares = generator.integers(20, 100, count) / 100
        right = generator.random(count) < 0.6
        least = sorted(shares)[count // 3]  # one answer lies exactly on the limit
        shares[0], right[0] = 0.99, False
        shares[-1], right[-1] = 0.1, True
        yield shares, right, float(least)
    yield numpy.array([0.3, 0.2, 0.25]), numpy.array([True, False, True]), 0.5


@problem(
    inputs=answers_and_shares,
    hints=[
        "First a mask: which answers are given? shares >= least.",
        "Held back is what is not given: its share of all is 1 - given.mean(). Among those given, "
        "right[given] says which are right.",
        "Where none is given there is no error: 0.0. Otherwise 1 - right[given].mean().",
    ],
)
def held_back(shares, right, least):
    given = shares >= least
    error = 1 - right[given].mean() if given.any() else 0.0
    return 1 - given.mean(), error


@held_back.mistake(
    "An answer whose share is exactly `least` is given: `>=`, and not `>`, is what the text says."
)
def the_limit_held_back(shares, right, least):
    given = shares > least
    return 1 - given.mean(), 1 - right[given].mean() if given.any() else 0.0


@held_back.mistake(
    "The error is divided by the number of all answers. Divide by the number of those given."
)
def divided_by_all(shares, right, least):
    given = shares >= least
    return 1 - given.mean(), (given & ~right).mean()


@held_back.mistake("The error of *all* answers. Only those that are given count: right[given].")
def error_of_all(shares, right, least):
    return 1 - (shares >= least).mean(), 1 - right.mean()


@held_back.mistake(
    "The second number is the share of right answers. Asked for is that of wrong ones."
)
def accuracy_for_error(shares, right, least):
    held, error = held_back.solution(shares, right, least)
    return held, 1 - error if (shares >= least).any() else ...


@held_back.mistake(
    "The first number is the share of answers given. Asked for is what is held back."
)
def given_for_held_back(shares, right, least):
    held, error = held_back.solution(shares, right, least)
    return 1 - held, error


@held_back.mistake(
    "The small shares are given here, and the large ones held back: shares >= least."
)
def unsure_ones_given(shares, right, least):
    given = shares < least
    return 1 - given.mean(), 1 - right[given].mean() if given.any() else 0.0


@held_back.mistake("This is the error of those held back. Asked for is that of the answers given.")
def error_of_those_held_back(shares, right, least):
    held = shares < least
    return held.mean(), 1 - right[held].mean() if (~held).any() else 0.5


@held_back.mistake("These are percents. Asked for are shares: 0.25, not 25.")
def percents(shares, right, least):
    held, error = held_back.solution(shares, right, least)
    return 100 * held, 100 * error


@held_back.mistake("These are counts. Asked for are shares: of all answers, and of those given.")
def counted(shares, right, least):
    given = shares >= least
    return len(shares) - given.sum(), (given & ~right).sum()


@held_back.mistake("The two numbers have changed places: first what is held back, then the error.")
def error_first(shares, right, least):
    return held_back.solution(shares, right, least)[::-1]


@held_back.mistake(
    "Where no answer is given, the mean of nothing is nan. Say 0.0: nobody was told anything wrong."
)
def mean_of_nothing(shares, right, least):
    given = shares >= least
    return 1 - given.mean(), 1 - right[given].mean() if given.any() else float("nan")
