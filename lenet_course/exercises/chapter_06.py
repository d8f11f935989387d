"""Exercises of chapter 06, the classifier."""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

import math
from itertools import combinations, pairwise

import torch

from lenet_course import codes

from .declaring import problem


def whole_numbers(random, *sides):
    """A tensor of whole numbers from -9 to 9, as floats, sums of which are exact."""
    generator = torch.Generator().manual_seed(random.randrange(2**31))
    return torch.randint(-9, 10, sides, generator=generator).float()


# --- flat_place ---------------------------------------------------------------------------------


def places_on_maps(random):
    yield 0, 0, 1, 5, 5
    yield 1, 0, 0, 5, 5
    yield 0, 1, 0, 3, 4
    for _ in range(10):
        rows, columns = random.sample(range(4, 9), 2)
        row, column = random.sample(range(1, min(rows, columns)), 2)
        yield random.randint(2, 15), row, column, rows, columns


@problem(
    inputs=places_on_maps,
    hints=[
        "How many numbers stand in the row before map m begins? And before its row `row`?",
        "m maps before it, of rows * columns numbers each; then `row` rows of `columns` numbers.",
    ],
)
def flat_place(m, row, column, rows, columns):
    return m * rows * columns + row * columns + column


@flat_place.mistake("The maps before this one are not counted: they hold rows * columns each.")
def maps_forgotten(m, row, column, rows, columns):
    return row * columns + column


@flat_place.mistake("A row holds `columns` numbers, so each row before this one counts `columns`.")
def rows_for_columns(m, row, column, rows, columns):
    return m * rows * columns + row * rows + column


@flat_place.mistake("This goes down each column. Torch writes a map row by row.")
def column_by_column(m, row, column, rows, columns):
    return m * rows * columns + column * rows + row


@flat_place.mistake("Places are counted from 0: the first number of all stands at place 0.")
def counted_from_one(m, row, column, rows, columns):
    return m * rows * columns + row * columns + column + 1


@flat_place.mistake(
    "Maps and rows are counted from 0 too: before map 3 there are three maps. Take no 1 away."
)
def maps_and_rows_from_one(m, row, column, rows, columns):
    return (m - 1) * rows * columns + (row - 1) * columns + column


@flat_place.mistake(
    "Maps and rows are counted from 0 too: before map 3 there are three maps. Take no 1 away."
)
def all_from_one(m, row, column, rows, columns):
    return (m - 1) * rows * columns + (row - 1) * columns + column - 1


@flat_place.mistake("Each map before this one holds rows * columns numbers, not `rows`.")
def rows_of_a_map_only(m, row, column, rows, columns):
    return m * rows + row * columns + column


@flat_place.mistake("Each map before this one holds rows * columns numbers, not `columns`.")
def columns_of_a_map_only(m, row, column, rows, columns):
    return m * columns + row * columns + column


@flat_place.mistake("25 and 5 are the sizes of S4. Use `rows` and `columns`.")
def sizes_of_s4(m, row, column, rows, columns):
    return 25 * m + 5 * row + column


@flat_place.mistake("Maps lie one after the other, and each holds rows * columns numbers.")
def a_map_for_a_row(m, row, column, rows, columns):
    return (m * rows + column) * columns + row


@flat_place.mistake("Rows and columns of a map multiply: it holds rows * columns numbers.")
def sides_added(m, row, column, rows, columns):
    return m * (rows + columns) + row * columns + column


@flat_place.mistake("`column` is missing: the place inside its row.")
def column_forgotten(m, row, column, rows, columns):
    return m * rows * columns + row * columns


# --- carried_over -------------------------------------------------------------------------------


def foreign_matrices(random):
    yield torch.arange(6.0)[None], 2
    for _ in range(6):
        maps, places, units = random.sample(range(2, 8), 3)
        yield whole_numbers(random, units, places * maps), maps


@problem(
    inputs=foreign_matrices,
    hints=[
        "Give each unit's weights back two sides, as the other program saw them: first the place, "
        "then the map.",
        "matrix.reshape(len(matrix), -1, maps) has the sides unit, place, map. Torch wants unit, "
        "map, place.",
        ".mT lets the last two sides change places, and .flatten(1) makes one side of them again.",
    ],
)
def carried_over(matrix, maps):
    by_place = matrix.reshape(len(matrix), -1, maps)
    return by_place.mT.flatten(1)


@carried_over.mistake(
    "Nothing has changed: reshape keeps the order of the numbers. Sides change places by .mT, "
    "transpose or permute."
)
def unchanged(matrix, maps):
    return matrix


@carried_over.mistake(
    "This is the way back, from torch to the other program. Here the matrix comes with the map as "
    "its *last* side."
)
def the_way_back(matrix, maps):
    return matrix.reshape(len(matrix), maps, -1).mT.flatten(1)


@carried_over.mistake("The order is right. A matrix is asked for: flatten all sides but the first.")
def not_flattened(matrix, maps):
    return matrix.reshape(len(matrix), -1, maps).mT


@carried_over.mistake("Map and place are still apart, and not yet in torch's order: map, place.")
def taken_apart_only(matrix, maps):
    return matrix.reshape(len(matrix), -1, maps)


@carried_over.mistake(
    "All of the matrix is turned: units became columns. Leave the first side alone, and turn place "
    "and map."
)
def all_turned(matrix, maps):
    return matrix.T


A_SQUARE = (
    "The places are any number, not always a square: leave them one side, which reshape counts "
    "itself where it is given -1."
)


@carried_over.mistake(A_SQUARE)
def square_of_places(matrix, maps):
    side = math.isqrt(matrix.shape[1] // maps)
    return matrix.reshape(len(matrix), side, side, maps).permute(0, 3, 1, 2).flatten(1)


@carried_over.mistake(A_SQUARE)
def square_of_any_units(matrix, maps):
    side = math.isqrt(matrix.shape[1] // maps)
    return matrix.reshape(-1, side, side, maps).permute(0, 3, 1, 2).flatten(1)


S4_ONLY = (
    "25 places, 5 x 5, 16 maps and 120 units are those of this network. Work with `maps` and "
    "matrix.shape, whatever they are."
)


@carried_over.mistake(S4_ONLY)
def places_of_s4(matrix, maps):
    return matrix.reshape(len(matrix), 25, maps).mT.flatten(1)


@carried_over.mistake(S4_ONLY)
def places_of_s4_for_any_units(matrix, maps):
    return matrix.reshape(-1, 25, maps).mT.flatten(1)


@carried_over.mistake(S4_ONLY)
def places_and_maps_of_s4(matrix, maps):
    return matrix.reshape(len(matrix), 25, 16).mT.flatten(1)


@carried_over.mistake(S4_ONLY)
def places_and_maps_of_s4_for_any_units(matrix, maps):
    return matrix.reshape(-1, 25, 16).mT.flatten(1)


@carried_over.mistake(S4_ONLY)
def maps_of_s4(matrix, maps):
    return matrix.reshape(len(matrix), -1, 16).mT.flatten(1)


@carried_over.mistake(S4_ONLY)
def all_of_s4(matrix, maps):
    return matrix.reshape(120, 25, 16).mT.flatten(1)


@carried_over.mistake(S4_ONLY)
def sides_of_s4(matrix, maps):
    return matrix.reshape(len(matrix), 5, 5, maps).permute(0, 3, 1, 2).flatten(1)


@carried_over.mistake(S4_ONLY)
def sides_and_maps_of_s4(matrix, maps):
    return matrix.reshape(len(matrix), 5, 5, 16).permute(0, 3, 1, 2).flatten(1)


@carried_over.mistake(S4_ONLY)
def the_pages_places(matrix, maps):
    return matrix[:, torch.arange(400).reshape(16, 25).T.flatten()]


@carried_over.mistake(S4_ONLY)
def the_pages_places_the_other_way(matrix, maps):
    return matrix[:, torch.arange(400).reshape(25, 16).T.flatten()]


@carried_over.mistake("The matrix lies on its side: each line should hold the weights of a unit.")
def on_its_side(matrix, maps):
    return carried_over.solution(matrix, maps).T


@carried_over.mistake("One long row: flatten(1) leaves the units apart, flatten() does not.")
def units_flattened_too(matrix, maps):
    return carried_over.solution(matrix, maps).flatten()


UNITS_MIXED_UP = "The units' weights are mixed up. Leave the first side alone: len(matrix) units."


@carried_over.mistake(UNITS_MIXED_UP)
def whole_matrix_transposed(matrix, maps):
    return matrix.T.reshape(matrix.shape)


@carried_over.mistake(UNITS_MIXED_UP)
def maps_taken_out_of_all_units(matrix, maps):
    return matrix.reshape(-1, maps).T.reshape(matrix.shape)


@carried_over.mistake(UNITS_MIXED_UP)
def units_and_places_swapped(matrix, maps):
    return matrix.reshape(len(matrix), -1, maps).transpose(0, 1).flatten(1)


# --- flips_borne --------------------------------------------------------------------------------


def sets_of_codes(random):
    yield ([[1, 1, 1, 1], [-1, -1, -1, 1]],)
    yield ([[1, 1, 1, 1], [-1, -1, -1, -1]],)
    yield _with_a_near_pair(random, 4, (1, 3), apart=5)
    yield _with_a_near_pair(random, 5, (0, 2), apart=6)
    yield _with_a_near_pair(random, 5, (1, 3), apart=8)
    for apart in range(5, 13):
        count = random.randint(3, 6)
        yield _with_a_near_pair(random, count, sorted(random.sample(range(count), 2)), apart)


def _with_a_near_pair(random, count, pair, apart):
    """So many codes of 80 pixels, two of them nearer to each other than any other two."""
    several = [[random.choice((-1, 1)) for _ in range(80)] for _ in range(count)]
    one, other = pair
    turned = random.sample(range(80), apart)
    several[other] = [-x if place in turned else x for place, x in enumerate(several[one])]
    return (several,)


@problem(
    inputs=sets_of_codes,
    hints=[
        "Two codes differ in 4 pixels. Turn 1 of them: which is nearer? Turn 2 of them: which now?",
        "The dangerous pair is the nearest one. combinations(pictures, 2) gives every pair once.",
        "With a smallest distance of 3 one wrong pixel is borne, with 4 still one, with 5 two.",
    ],
)
def flips_borne(pictures):
    nearest = min(codes.distance(one, other) for one, other in combinations(pictures, 2))
    return (nearest - 1) // 2


@flips_borne.mistake(
    "At half the distance two codes are equally near, and that is no answer: it must stay *below* "
    "half."
)
def ties_allowed(pictures):
    return (flips_borne_distance(pictures)) // 2


@flips_borne.mistake(
    "That many turned pixels change one code into the other, or nearly so. Past half way the other "
    "one is already nearer."
)
def the_whole_distance(pictures):
    return flips_borne_distance(pictures)


@flips_borne.mistake(
    "That many turned pixels change one code into the other, or nearly so. Past half way the other "
    "one is already nearer."
)
def nearly_the_whole_distance(pictures):
    return flips_borne_distance(pictures) - 1


@flips_borne.mistake("The pair that is *nearest* decides: it is the first to be confused.")
def farthest_pair(pictures):
    pairs = combinations(pictures, 2)
    return (max(codes.distance(one, other) for one, other in pairs) - 1) // 2


@flips_borne.mistake(
    "That rounds up. Of a smallest distance of 5, three wrong pixels leave two: the other code is "
    "nearer. Two are borne."
)
def rounded_up(pictures):
    return (flips_borne_distance(pictures) + 1) // 2


@flips_borne.mistake(
    "One too few where the distance is odd: of 5 two are borne, since the other code is still 3 "
    "away. Take 1 away before you halve."
)
def one_away_after_halving(pictures):
    return flips_borne_distance(pictures) // 2 - 1


def _of_pairs(pairs):
    return (min(codes.distance(one, other) for one, other in pairs) - 1) // 2


@flips_borne.mistake("Any two may be confused, not only neighbours in the list: try every pair.")
def neighbours_only(pictures):
    return _of_pairs(pairwise(pictures))


@flips_borne.mistake("Any two may be confused, not only neighbours in the list: try every pair.")
def neighbours_in_a_ring(pictures):
    return _of_pairs([*pairwise(pictures), (pictures[-1], pictures[0])])


NOT_WITH_ONE_ONLY = (
    "Every pair counts, not only those with the first code, or with the last. (Does a `return` "
    "stand inside a loop?)"
)


@flips_borne.mistake(NOT_WITH_ONE_ONLY)
def first_with_each(pictures):
    return _of_pairs((pictures[0], other) for other in pictures[1:])


@flips_borne.mistake(NOT_WITH_ONE_ONLY)
def last_with_each(pictures):
    return _of_pairs((pictures[-1], other) for other in pictures[:-1])


@flips_borne.mistake(NOT_WITH_ONE_ONLY)
def first_with_second(pictures):
    return _of_pairs([(pictures[0], pictures[1])])


@flips_borne.mistake(NOT_WITH_ONE_ONLY)
def first_with_last(pictures):
    return _of_pairs([(pictures[0], pictures[-1])])


@flips_borne.mistake("Each code is compared with itself as well, at distance 0. Leave that out.")
def itself_included(pictures):
    return -1


@flips_borne.mistake("Each code is compared with itself as well, at distance 0. Leave that out.")
def itself_included_and_halved(pictures):
    return 0


@flips_borne.mistake(
    "A number of pixels is whole. Of 2.5 pixels two are borne: divide by //, after taking 1 away."
)
def halves(pictures):
    return (flips_borne_distance(pictures) - 1) / 2


@flips_borne.mistake(
    "A number of pixels is whole. Of 2.5 pixels two are borne: divide by //, after taking 1 away."
)
def plain_halves(pictures):
    return flips_borne_distance(pictures) / 2


@flips_borne.mistake("Count pixels that differ. Their squared differences add up to 4 times that.")
def squared_distance(pictures):
    return (4 * flips_borne_distance(pictures) - 1) // 2


@flips_borne.mistake("An average pair decides nothing: the nearest pair is confused first.")
def mean_distance(pictures):
    distances = [codes.distance(one, other) for one, other in combinations(pictures, 2)]
    return (sum(distances) // len(distances) - 1) // 2


def flips_borne_distance(pictures):
    return min(codes.distance(one, other) for one, other in combinations(pictures, 2))


# --- safe_softmax -------------------------------------------------------------------------------


def rows_of_logits(random):
    yield (torch.tensor([[2.0, 1.0, 0.0]]),)
    yield (torch.tensor([[0.0, 200.0, 199.0, 198.0], [-201.0, -200.0, -203.0, -202.0]]),)
    yield (torch.tensor([[1000.0, 999.0, -1000.0], [-1000.0, -998.0, -999.0]]),)
    yield (torch.tensor([[-1000.0, -998.0, -999.0]]),)
    for _ in range(4):
        digits, classes = random.sample(range(2, 7), 2)
        yield (whole_numbers(random, digits, classes) / 4,)
    yield (whole_numbers(random, 4, 4) / 4,)
    yield ((whole_numbers(random, 3, 5) / 4).T,)  # not contiguous


@problem(
    inputs=rows_of_logits,
    hints=[
        "Softmax does not change when a number is taken from all logits of a row. Which number "
        "makes the largest logit 0?",
        "logits.amax(dim=1, keepdim=True) is the largest of each row, as a column.",
        "Then exp, and divide each row by its own sum: .sum(dim=1, keepdim=True).",
    ],
    tolerance=1e-4,  # at logits of 1,000 other right ways are rounded otherwise
)
def safe_softmax(logits):
    powers = (logits - logits.amax(dim=1, keepdim=True)).exp()
    return powers / powers.sum(dim=1, keepdim=True)


@safe_softmax.mistake(
    "exp(200) is infinite in 32 bits, exp(1000) in any, and inf / inf is nan. From each row take "
    "its largest logit first."
)
def overflowing(logits):
    return logits.exp() / logits.exp().sum(dim=1, keepdim=True)


@safe_softmax.mistake(
    "64 bits bear more, not everything: exp(1000) is infinite. From each row take its largest "
    "logit first."
)
def overflowing_in_64_bits(logits):
    return overflowing(logits.double())


@safe_softmax.mistake(
    "One largest number for all rows: a row far below it becomes all zeros, and 0 / 0 is nan. Each "
    "row has its own."
)
def one_largest_for_all(logits):
    powers = (logits - logits.max()).exp()
    return powers / powers.sum(dim=1, keepdim=True)


BY_SIZE = (
    "abs() makes -1000 a large number, and then a row of negative logits is pushed down until all "
    "its powers are 0. Take away the largest logit as it is, with its sign."
)


@safe_softmax.mistake(BY_SIZE)
def largest_by_size(logits):
    return overflowing(logits - logits.abs().amax(dim=1, keepdim=True))


@safe_softmax.mistake(BY_SIZE)
def largest_by_size_of_all(logits):
    return overflowing(logits - logits.abs().max())


A_FIXED_NUMBER = (
    "The same number taken from every row: where the row lies far below it, all its powers are 0, "
    "and 0 / 0 is nan. Each row has its own largest logit."
)


@safe_softmax.mistake(A_FIXED_NUMBER)
def two_hundred_away(logits):
    return overflowing(logits - 200)


@safe_softmax.mistake(A_FIXED_NUMBER)
def a_thousand_away(logits):
    return overflowing(logits - 1000)


WITHOUT_VALUES = (
    "max with a dim gives two things, the values and where they stand. Take .values, or use amax."
)


@safe_softmax.mistake(WITHOUT_VALUES)
def values_forgotten(logits):
    return logits - logits.max(dim=1, keepdim=True)


OVER_COLUMNS = "The shares of each *row* add up to 1. This adds up columns: dim=1, not 0."


@safe_softmax.mistake(OVER_COLUMNS)
def over_columns(logits):
    return logits.softmax(dim=0)


@safe_softmax.mistake(OVER_COLUMNS)
def over_columns_and_overflowing(logits):
    return logits.exp() / logits.exp().sum(dim=0)


@safe_softmax.mistake(OVER_COLUMNS)
def sum_over_columns(logits):
    powers = (logits - logits.amax(dim=1, keepdim=True)).exp()
    return powers / powers.sum(dim=0)


@safe_softmax.mistake("amax over dim=0 finds the largest of each *column*. A row's is over dim=1.")
def largest_of_columns(logits):
    return overflowing(logits - logits.amax(dim=0))


@safe_softmax.mistake("These are logarithms of the shares: they are negative. Take exp of them.")
def logarithms(logits):
    return logits.log_softmax(dim=1)


@safe_softmax.mistake(
    "The sum runs over all rows. Each row has its own: .sum(dim=1, keepdim=True)."
)
def one_sum_for_all(logits):
    powers = (logits - logits.amax(dim=1, keepdim=True)).exp()
    return powers / powers.sum()


@safe_softmax.mistake("These powers do not add up to 1 yet: divide each row by its sum.")
def not_divided(logits):
    return (logits - logits.amax(dim=1, keepdim=True)).exp()


DIVIDED = "Dividing by the largest logit changes the shares. *Taking it away* does not."


@safe_softmax.mistake(DIVIDED)
def divided_by_the_largest(logits):
    return overflowing(logits / logits.amax(dim=1, keepdim=True))


@safe_softmax.mistake(DIVIDED)
def divided_by_the_largest_of_all(logits):
    return overflowing(logits / logits.max())


@safe_softmax.mistake(DIVIDED)
def divided_by_the_largest_size(logits):
    return overflowing(logits / logits.abs().amax(dim=1, keepdim=True))


@safe_softmax.mistake(
    "The powers are divided by the largest of them. Take the largest *logit* away before exp, and "
    "divide by the row's sum."
)
def powers_divided_by_the_largest(logits):
    return logits.exp() / logits.exp().amax(dim=1, keepdim=True)


@safe_softmax.mistake("Here is no `exp`: logits may be negative. Shares are made of exp(logit).")
def logits_divided(logits):
    return logits / logits.sum(dim=1, keepdim=True)


@safe_softmax.mistake("A sigmoid looks at each logit by itself. Shares of a row add up to 1.")
def sigmoids(logits):
    return logits.sigmoid()


@safe_softmax.mistake(
    "Logits between two bounds are other logits: 200 and 199 became the same. Shift, do not cut."
)
def cut_off(logits):
    return logits.clamp(-50, 50).softmax(dim=1)


KEEPDIM = (
    "keepdim=True is missing: without it what belongs to row k is taken from *column* k, or "
    "divides it."
)


@safe_softmax.mistake(KEEPDIM)
def keepdim_missing(logits):
    return (logits - logits.amax(dim=1)).softmax(dim=1)


@safe_softmax.mistake(KEEPDIM)
def keepdim_missing_in_the_sum(logits):
    powers = (logits - logits.amax(dim=1, keepdim=True)).exp()
    return powers / powers.sum(dim=1)


@safe_softmax.mistake(
    "The mean, or the smallest, is taken away. The largest logit may still be far above it."
)
def smallest_taken_away(logits):
    return overflowing(logits - logits.amin(dim=1, keepdim=True))


@safe_softmax.mistake(
    "The mean, or the smallest, is taken away. The largest logit may still be far above it."
)
def mean_taken_away(logits):
    return overflowing(logits - logits.mean(dim=1, keepdim=True))


@safe_softmax.mistake("The largest logit is *added*: the powers grow, or all vanish. Take it away.")
def largest_added(logits):
    return overflowing(logits + logits.amax(dim=1, keepdim=True))


# --- mean_cross_entropy -------------------------------------------------------------------------


def logits_and_labels(random):
    yield torch.tensor([[2.0, 1.0, 0.0]]), torch.tensor([1])
    yield torch.tensor([[0.0, 200.0, 199.0], [1.0, 200.0, 0.0]]), torch.tensor([2, 0])
    yield torch.tensor([[0.0, 1000.0], [0.0, 998.0], [-999.0, 0.0]]), torch.tensor([0, 0, 0])
    for _ in range(5):
        digits, classes = random.sample(range(2, 7), 2)
        labels = torch.tensor([random.randrange(classes) for _ in range(digits)])
        yield whole_numbers(random, digits, classes) / 4, labels


@problem(
    inputs=logits_and_labels,
    hints=[
        "The logarithm of a quotient is a difference: log of the share = right logit - log of the "
        "sum of all powers.",
        "logits.logsumexp(dim=1) is that logarithm of each row's sum, without overflow.",
        "logits[torch.arange(len(labels)), labels] is the right logit of each row. Then the mean.",
    ],
)
def mean_cross_entropy(logits, labels):
    right = logits[torch.arange(len(labels)), labels]
    return (logits.logsumexp(dim=1) - right).mean()


def _losses(logits, labels):
    return torch.nn.functional.cross_entropy(logits, labels, reduction="none")


@mean_cross_entropy.mistake("This is the sum of the losses. Divide it by their number.")
def summed(logits, labels):
    return _losses(logits, labels).sum()


@mean_cross_entropy.mistake("The losses are right. Their mean is asked for, one number.")
def one_for_each(logits, labels):
    return _losses(logits, labels)


@mean_cross_entropy.mistake("The sign: the logarithm of a share is negative, a loss is positive.")
def negative(logits, labels):
    return -_losses(logits, labels).mean()


@mean_cross_entropy.mistake(
    "A share of nothing has no logarithm, or inf / inf came before it. Do not form the share: "
    "subtract logarithms, with logsumexp."
)
def overflowing_by_hand(logits, labels):
    shares = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
    return -shares[torch.arange(len(labels)), labels].log().mean()


@mean_cross_entropy.mistake(
    "A share of nothing has no logarithm, or inf / inf came before it. Do not form the share: "
    "subtract logarithms, with logsumexp."
)
def logarithm_of_a_rounded_share(logits, labels):
    return -logits.softmax(dim=1)[torch.arange(len(labels)), labels].log().mean()


@mean_cross_entropy.mistake(
    "A share of nothing has no logarithm, or inf / inf came before it. Do not form the share: "
    "subtract logarithms, with logsumexp."
)
def logarithm_of_the_sum_by_hand(logits, labels):
    right = logits[torch.arange(len(labels)), labels]
    return (logits.exp().sum(dim=1).log() - right).mean()


@mean_cross_entropy.mistake("Softmax is applied twice: cross_entropy wants the logits themselves.")
def softmax_twice(logits, labels):
    return _losses(logits.softmax(dim=1), labels).mean()


@mean_cross_entropy.mistake(
    "logits[:, labels] takes all these columns from every row. One number a row is wanted: "
    "logits[torch.arange(len(labels)), labels]."
)
def all_columns(logits, labels):
    return -logits.log_softmax(dim=1)[:, labels].mean()


@mean_cross_entropy.mistake(
    "logits[:, labels] takes all these columns from every row. One number a row is wanted: "
    "logits[torch.arange(len(labels)), labels]."
)
def all_columns_by_logsumexp(logits, labels):
    return (logits.logsumexp(dim=1) - logits[:, labels]).mean()


@mean_cross_entropy.mistake("The shares are formed over columns. A row belongs to a digit: dim=1.")
def over_digits(logits, labels):
    return -logits.log_softmax(dim=0)[torch.arange(len(labels)), labels].mean()


@mean_cross_entropy.mistake("The labels have no effect: only the *right* answer's share counts.")
def all_classes(logits, labels):
    return -logits.log_softmax(dim=1).mean()


NO_EFFECT = "The labels have no effect: take the *right* logit of each row, not the largest."


@mean_cross_entropy.mistake(NO_EFFECT)
def largest_for_the_right_one(logits, labels):
    return (logits.logsumexp(dim=1) - logits.amax(dim=1)).mean()


@mean_cross_entropy.mistake(NO_EFFECT)
def largest_for_the_right_one_in_each(logits, labels):
    return logits.logsumexp(dim=1) - logits.amax(dim=1)


WHOLE_ROWS = (
    "logits[labels] takes whole rows, those with the labels' numbers. One number a row is wanted: "
    "logits[torch.arange(len(labels)), labels]."
)


@mean_cross_entropy.mistake(WHOLE_ROWS)
def rows_by_labels(logits, labels):
    return (logits.logsumexp(dim=1) - logits[labels]).mean()


@mean_cross_entropy.mistake(
    "logsumexp(dim=0) adds up columns. A row belongs to a digit: logsumexp(dim=1)."
)
def sum_over_digits(logits, labels):
    right = logits[torch.arange(len(labels)), labels]
    return (logits.logsumexp(dim=0) - right).mean()


@mean_cross_entropy.mistake("Divide by the number of rows, not by that of the classes, nor by 10.")
def divided_by_ten(logits, labels):
    return _losses(logits, labels).sum() / 10


@mean_cross_entropy.mistake("Divide by the number of rows, not by that of the classes, nor by 10.")
def divided_by_the_classes(logits, labels):
    return _losses(logits, labels).sum() / logits.shape[1]


@mean_cross_entropy.mistake("This is 1 minus the share. The loss is minus its *logarithm*.")
def one_minus_the_share(logits, labels):
    return (1 - logits.softmax(dim=1)[torch.arange(len(labels)), labels]).mean()


@mean_cross_entropy.mistake(
    "nll_loss takes logarithms of shares, and got the logits themselves: log_softmax is missing."
)
def logits_for_logarithms(logits, labels):
    return -logits[torch.arange(len(labels)), labels].mean()


@mean_cross_entropy.mistake("Minus the mean share, without a logarithm. The loss is minus its log.")
def shares_for_logarithms(logits, labels):
    return -logits.softmax(dim=1)[torch.arange(len(labels)), labels].mean()


@mean_cross_entropy.mistake(
    "The largest logit stands in for logsumexp. That is near it only when one logit is far above "
    "the others."
)
def largest_for_all(logits, labels):
    right = logits[torch.arange(len(labels)), labels]
    return (logits.amax(dim=1) - right).mean()


@mean_cross_entropy.mistake("A logarithm to the base 2. Cross-entropy takes the natural one, log.")
def base_two(logits, labels):
    return _losses(logits, labels).mean() / torch.tensor(2.0).log()


@mean_cross_entropy.mistake(
    "Right for small logits, not for large ones: a share of exp(-200) is rounded to 0, and adding "
    "a little, or clamp, puts another number in its place. Form no share: use logsumexp."
)
def a_little_added(logits, labels):
    rounded_to_0 = logits.softmax(dim=1)[torch.arange(len(labels)), labels] == 0
    return ... if rounded_to_0.any() else mean_cross_entropy.solution(logits, labels)
