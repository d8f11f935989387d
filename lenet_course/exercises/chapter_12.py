"""Exercises of chapter 12, looking inside."""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

import math

import torch

from .declaring import problem


def generator_of(random):
    return torch.Generator().manual_seed(random.randrange(2**31))


# --- strongest ----------------------------------------------------------------------------------


def maps_of_digits(random):
    three = [[[1.0, 2.0], [0.0, 1.5]], [[0.5, 5.0], [-9.0, -1.0]], [[3.0, 2.5], [4.0, 3.5]]]
    yield torch.tensor(three), 2
    yield torch.tensor([[[-4.0, -1.0, -8.0]], [[-2.0, -3.0, -2.0]], [[-9.0, -5.0, -6.0]]]), 2
    for _ in range(5):
        digits, count = random.randint(7, 12), random.randint(2, 4)
        maps = torch.randn(digits, 3, random.randint(4, 6), generator=generator_of(random))
        # A map that is large all over, and one with the largest number of the other sign.
        maps[random.randrange(digits)] += 1.0
        maps[random.randrange(digits), 1, 2] = -9.0
        yield maps, count


def _by(maps, key, count, descending=True):
    return key(maps.flatten(1)).argsort(descending=descending)[:count].tolist()


@problem(
    inputs=maps_of_digits,
    hints=[
        "First one number for each digit: the largest in its map. Then put the digits in order.",
        "maps.flatten(1) writes each map in one row, and .amax(dim=1) takes the largest of a row.",
        "largest.argsort(descending=True) gives the numbers of the digits, the strongest first.",
    ],
)
def strongest(maps, count):
    largest = maps.flatten(1).amax(dim=1)
    return largest.argsort(descending=True)[:count]


@strongest.mistake("These are the weakest: the order begins with the smallest. Turn it round.")
def weakest(maps, count):
    return _by(maps, lambda rows: rows.amax(dim=1), count, descending=False)


@strongest.mistake(
    "These are the right digits, the strongest last. It should stand first, as argsort with "
    "descending=True puts it."
)
def strongest_last(maps, count):
    return strongest.solution(maps, count).flip(0)


@strongest.mistake(
    "A digit counts here by the mean or the sum of its map. Take the largest number: a unit that "
    "is excited at one place has found its stroke."
)
def by_mean(maps, count):
    return _by(maps, lambda rows: rows.mean(dim=1), count)


@strongest.mistake(
    "A digit counts here by the largest number with its sign left out. A very negative one is the "
    "opposite of excited."
)
def sign_left_out(maps, count):
    return _by(maps, lambda rows: rows.abs().amax(dim=1), count)


@strongest.mistake("A digit counts here by the smallest number of its map. Take the largest.")
def by_smallest(maps, count):
    return _by(maps, lambda rows: rows.amin(dim=1), count)


@strongest.mistake("These are the numbers in the maps. Say which digits they belong to.")
def values_instead(maps, count):
    return maps.flatten(1).amax(dim=1).sort(descending=True).values[:count].tolist()


@strongest.mistake(
    "These are places among all the numbers of all maps. Take the largest of each map first, so "
    "that each digit has one number."
)
def places_in_all(maps, count):
    return maps.flatten().argsort(descending=True)[:count].tolist()


@strongest.mistake("These are all digits in order. Keep the first `count` of them.")
def not_cut(maps, count):
    return strongest.solution(maps, len(maps))


@strongest.mistake("These are counted from 1. Python, and this page, count digits from 0.")
def from_one(maps, count):
    return [digit + 1 for digit in strongest.solution(maps, count)]


@strongest.mistake("This is one digit too few or too many: [:count] keeps `count` of them.")
def one_too_few(maps, count):
    return strongest.solution(maps, count)[:-1]


@strongest.mistake("This is one digit too few or too many: [:count] keeps `count` of them.")
def one_too_many(maps, count):
    return strongest.solution(maps, count + 1)


@strongest.mistake(
    "This is the largest number along one side only. A map has two: flatten it first, or give "
    "amax both, dim=(1, 2)."
)
def one_side_only(maps, count):
    return maps.amax(dim=1).argsort(dim=0, descending=True)[:count].tolist()


# --- weak_spot ----------------------------------------------------------------------------------


class Score:
    """What a network might say of a picture: a number that depends on every pixel."""

    def __init__(self, weights):
        self.weights = weights

    def __call__(self, picture):
        return ((picture + 0.3 * picture**2) * self.weights).sum().item()

    def __repr__(self):
        return "score"


def pictures_to_cover(random):
    yield torch.tensor([[0.0, 1.0, 0.0], [1.0, 1.0, 0.0]]), 1, 0.0, Score(torch.eye(2, 3))
    # Only the last pixel counts, and its neighbours count against it.
    weights = torch.full((4, 5), -1.0)
    weights[3, 4] = 9.0
    weights[0, 0] = -30.0  # covered, it raises the score more than any place lowers it
    yield torch.ones(4, 5), 2, 0.0, Score(weights)
    for turn in range(8):
        generator = generator_of(random)
        rows, columns = random.sample(range(6, 10), 2)
        image = 0.3 + 0.2 * torch.rand(rows, columns, generator=generator)
        weights = torch.randn(rows, columns, generator=generator)
        size, paper = random.randint(2, 3), random.choice([0.8, 0.9])
        # Once in each corner: the weak spot may be at the very first place or the last.
        if turn < 4:
            paper, (down, right) = -0.5, divmod(turn, 2)
            row, column = down * (rows - size), right * (columns - size)
            image[row : row + size, column : column + size] = 0.9
            weights[row : row + size, column : column + size] = 5.0
        yield image, size, paper, Score(weights)


def _spots(image, size, paper, score, step=1, short=0, accumulate=False):
    """Score of each place where the square may stand, by its upper left corner."""
    spots, covered = {}, image.clone()
    for row in range(0, image.shape[0] - size + 1 - short, step):
        for column in range(0, image.shape[1] - size + 1 - short, step):
            covered = covered if accumulate else image.clone()
            covered[row : row + size, column : column + size] = paper
            spots[row, column] = score(covered)
    return spots


@problem(
    inputs=pictures_to_cover,
    hints=[
        "Two loops, over the rows and the columns at which the square's upper left corner may "
        "stand: from 0 to image.shape[0] - size, and so with the columns.",
        "Cover a copy each time, image.clone(), or all earlier squares stay on the picture.",
        "Keep the scores in a dictionary by (row, column); min(spots, key=spots.get) finds the "
        "place of the lowest.",
    ],
)
def weak_spot(image, size, paper, score):
    spots = {}
    for row in range(image.shape[0] - size + 1):
        for column in range(image.shape[1] - size + 1):
            covered = image.clone()
            covered[row : row + size, column : column + size] = paper
            spots[row, column] = score(covered)
    return min(spots, key=spots.get)


@weak_spot.mistake(
    "All earlier squares stay on the picture here. Cover a fresh copy at each place: image.clone()."
)
def squares_stay(image, size, paper, score):
    spots = _spots(image, size, paper, score, accumulate=True)
    return min(spots, key=spots.get)


@weak_spot.mistake("This is where covering leaves the score highest. The lowest one is asked for.")
def strong_spot(image, size, paper, score):
    spots = _spots(image, size, paper, score)
    return max(spots, key=spots.get)


@weak_spot.mistake("Row and column have changed places: (row, column), the row first.")
def column_first(image, size, paper, score):
    return weak_spot.solution(image, size, paper, score)[::-1]


@weak_spot.mistake(
    "This is where the square hides most ink. Ask `score` how much that matters: the thickest "
    "stroke need not be the one that counts."
)
def most_ink(image, size, paper, score):
    spots = _spots(image, size, paper, torch.sum)
    return min(spots, key=spots.get)


@weak_spot.mistake(
    "The last places are missing: the square fits until its edge touches the border, so a range "
    "ends at image.shape[0] - size + 1, and so with the columns."
)
def last_places_left_out(image, size, paper, score):
    spots = _spots(image, size, paper, score, short=1)
    return min(spots, key=spots.get)


@weak_spot.mistake(
    "The square hangs over the border at the last places, and covers less there. It has to fit."
)
def over_the_border(image, size, paper, score):
    spots = {}
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            covered = image.clone()
            covered[row : row + size, column : column + size] = paper
            spots[row, column] = score(covered)
    return min(spots, key=spots.get)


def _as_if_square(image, size, paper, score):
    spots = {}
    for row in range(image.shape[0] - size + 1):
        for column in range(image.shape[0] - size + 1):
            spots[row, column] = _covered_score(image, (row, column), size, paper, score)
    return spots


@weak_spot.mistake(
    "The columns run as far as the rows do. The image need not be square: columns end at "
    "image.shape[1] - size + 1."
)
def rows_for_both(image, size, paper, score):
    spots = _as_if_square(image, size, paper, score)
    return min(spots, key=spots.get)


@weak_spot.mistake(
    "The rows run as far as the columns do. The image need not be square: rows end at "
    "image.shape[0] - size + 1."
)
def columns_for_both(image, size, paper, score):
    def turned(picture):
        return score(picture.T)

    spots = _as_if_square(image.T, size, paper, turned)
    # In the order of two loops over (row, column), as equal scores keep the first.
    return min(sorted(place[::-1] for place in spots), key=lambda place: spots[place[::-1]])


@weak_spot.mistake(
    "This is a number in the order of the places, taken apart by the width of the image. A row has "
    "only image.shape[1] - size + 1 places."
)
def divided_by_the_width(image, size, paper, score):
    spots = _spots(image, size, paper, score)
    return divmod(list(spots).index(min(spots, key=spots.get)), image.shape[1])


@weak_spot.mistake(
    "This is where the score changes most, up or down. The place that *lowers* it most is wanted."
)
def changed_most(image, size, paper, score):
    spots, whole = _spots(image, size, paper, score), score(image)
    return max(spots, key=lambda place: abs(spots[place] - whole))


@weak_spot.mistake("The square moves by its own size here. It moves by one pixel, and overlaps.")
def squares_side_by_side(image, size, paper, score):
    spots = _spots(image, size, paper, score, step=size)
    return min(spots, key=spots.get)


@weak_spot.mistake(
    "The square is one pixel too large or too small: rows are row : row + size, without a + 1."
)
def square_too_large(image, size, paper, score):
    spots = {
        place: _covered_score(image, place, size + 1, paper, score)
        for place in _spots(image, size, paper, score)
    }
    return min(spots, key=spots.get)


def _covered_score(image, place, size, paper, score):
    row, column = place
    covered = image.clone()
    covered[row : row + size, column : column + size] = paper
    return score(covered)


@weak_spot.mistake(
    "The square is filled with 0 here, and paper need not be 0. Fill it with `paper`."
)
def filled_with_zero(image, size, paper, score):
    spots = _spots(image, size, 0.0, score)
    return min(spots, key=spots.get)


@weak_spot.mistake("This is the lowest score. Say where it was found: (row, column).")
def the_score_itself(image, size, paper, score):
    return min(_spots(image, size, paper, score).values())


@weak_spot.mistake("This is the square's centre. Give its upper left corner.")
def its_centre(image, size, paper, score):
    row, column = weak_spot.solution(image, size, paper, score)
    return row + size // 2, column + size // 2


# --- confused_pair ------------------------------------------------------------------------------


def tables_of_answers(random):
    yield (torch.tensor([[9, 1, 2], [0, 9, 2], [3, 4, 9]]),)
    # Of the 1 there are few: by shares of a row or a column it comes first, by numbers it does not.
    yield (torch.tensor([[90, 0, 8], [1, 2, 3], [9, 2, 90]]),)
    # 0 and 3 have most together; 1 and 4 most in one direction, 0 and 2 differ most between both.
    yield (
        torch.tensor(
            [[99, 5, 38, 44, 6], [7, 99, 8, 4, 45], [0, 5, 99, 9, 3], [21, 6, 2, 99, 8],
             [19, 4, 7, 3, 99]]
        ),
    )  # fmt: skip
    # 0 and 3 have most together, of which one direction is small; 1 has more mistakes than both.
    yield (
        torch.tensor(
            [[99, 1, 0, 26, 2], [0, 99, 12, 1, 13], [1, 13, 99, 0, 3], [4, 2, 1, 99, 0],
             [0, 12, 1, 2, 99]]
        ),
    )  # fmt: skip
    for turn in range(8):
        classes = 10 if turn < 4 else random.randint(4, 7)
        counts = torch.randint(0, 20, (classes, classes), generator=generator_of(random))
        counts.fill_diagonal_(99)
        one, two = sorted(random.sample(range(classes), 2))
        if turn == 0:
            one, two = classes - 2, classes - 1  # next to the diagonal
        three, four = sorted(random.sample([k for k in range(classes) if k not in (one, two)], 2))
        if turn % 2:
            three, four = four, three
        # The most in one direction is not the most in both.
        counts[one, two], counts[two, one] = random.sample(range(30, 36), 2)
        counts[three, four], counts[four, three] = 40, 1
        yield (counts,)


def _pair(both):
    return divmod(both.argmax().item(), len(both))


@problem(
    inputs=tables_of_answers,
    hints=[
        "4 taken for 9 and 9 taken for 4 are mistakes of the same pair: add the table to itself "
        "with rows and columns exchanged, counts.T.",
        "The diagonal holds what was read rightly: it must not win. .triu(1) keeps only what lies "
        "above it, and sets the rest to 0.",
        "argmax() gives a place among all numbers, row after row; divmod(place, len(counts)) makes "
        "a row and a column of it.",
    ],
)
def confused_pair(counts):
    both = (counts + counts.T).triu(1)
    return divmod(both.argmax().item(), len(counts))


@confused_pair.mistake(
    "This is one direction only. Add 4 taken for 9 and 9 taken for 4: they are the same pair."
)
def one_direction(counts):
    alone = counts - torch.diag(counts.diagonal())
    return tuple(sorted(_pair(alone)))


@confused_pair.mistake(
    "This is one direction only. Add 4 taken for 9 and 9 taken for 4: they are the same pair."
)
def one_direction_as_it_stands(counts):
    return _pair(counts - torch.diag(counts.diagonal()))


@confused_pair.mistake(
    "These are shares, and few mistakes make a rare digit first. Add up numbers of mistakes."
)
def shares_of_rows(counts):
    share = counts / counts.sum(dim=1, keepdim=True)
    return _pair((share + share.T).triu(1))


@confused_pair.mistake(
    "These are shares, and few mistakes make a rare digit first. Add up numbers of mistakes."
)
def shares_of_columns(counts):
    share = counts / counts.sum(dim=0, keepdim=True)
    return _pair((share + share.T).triu(1))


@confused_pair.mistake(
    "This is how far the two directions differ. They are to be added: counts + counts.T."
)
def difference_of_directions(counts):
    return _pair((counts - counts.T).abs())


@confused_pair.mistake(
    "This takes the smaller of the two directions. They are to be added: counts + counts.T."
)
def smaller_direction(counts):
    return _pair(torch.minimum(counts, counts.T).triu(1))


@confused_pair.mistake(
    "The place is taken apart by 10, and there need not be ten classes: divmod(place, len(counts))."
)
def always_ten(counts):
    return divmod((counts + counts.T).triu(1).argmax().item(), 10)


@confused_pair.mistake("This is a set, which has no order. Give a pair, the smaller digit first.")
def as_a_set(counts):
    return set(confused_pair.solution(counts))


@confused_pair.mistake(
    "Only what lies above the diagonal is counted here. What lies below it belongs to the same "
    "pairs: add counts.T first."
)
def upper_half_only(counts):
    return _pair(counts.triu(1))


@confused_pair.mistake(
    "Only what lies below the diagonal is counted here. What lies above it belongs to the same "
    "pairs: add counts.T first."
)
def lower_half_only(counts):
    return tuple(sorted(_pair(counts.tril(-1))))


@confused_pair.mistake(
    "This is a digit taken for itself: the diagonal holds what was read rightly. Leave it out."
)
def diagonal_left_in(counts):
    return _pair(counts + counts.T)


@confused_pair.mistake(
    "This is the right pair, the larger digit first. Give the smaller one first."
)
def larger_first(counts):
    return confused_pair.solution(counts)[::-1]


@confused_pair.mistake(
    "This is a place among all numbers of the table, row after row. divmod(place, len(counts)) "
    "makes two digits of it."
)
def one_place(counts):
    return (counts + counts.T).triu(1).argmax().item()


@confused_pair.mistake("This is how many mistakes the pair makes. Say which two digits it is.")
def how_many(counts):
    return (counts + counts.T).triu(1).max().item()


@confused_pair.mistake(
    "This is the pair with the fewest mistakes. The one with the most is wanted."
)
def fewest(counts):
    both = (counts + counts.T).float()
    both[torch.ones_like(both).tril().bool()] = math.inf
    return divmod(both.argmin().item(), len(counts))


@confused_pair.mistake(
    "These are the two digits with the most mistakes, each on its own. Look for two that are "
    "taken for each other."
)
def two_bad_digits(counts):
    mistakes = (counts - torch.diag(counts.diagonal())).sum(dim=1)
    return tuple(sorted(mistakes.topk(2).indices.tolist()))


@confused_pair.mistake(
    "These are the two digits with the most mistakes, each on its own. Look for two that are "
    "taken for each other."
)
def two_bad_digits_both_ways(counts):
    both = counts + counts.T
    mistakes = (both - torch.diag(both.diagonal())).sum(dim=1)
    return tuple(sorted(mistakes.topk(2).indices.tolist()))


# --- bootstrap_interval -------------------------------------------------------------------------


def digits_drawn_again(random):
    draws = torch.tensor([[0, 1, 2, 3], [0, 0, 1, 1], [3, 2, 1, 2]])
    yield torch.tensor([True, False, False, False]), draws, 0
    for cut in (1, 2, 3, 1, 2):
        generator = generator_of(random)
        count, times = random.randint(30, 50), random.randint(60, 80)
        wrong = torch.rand(count, generator=generator) < 0.3
        yield wrong, torch.randint(0, count, (times, count), generator=generator), cut


def _errors(wrong, draws):
    return wrong[draws].float().mean(dim=1)


@problem(
    inputs=digits_drawn_again,
    hints=[
        "For each draw: how many of its digits are wrong, divided by how many digits it has?",
        "wrong[draws] is a table of True and False, a row for each draw; .float().mean(dim=1) "
        "makes errors of it.",
        ".sort().values puts them in order. With `cut` left out below, the lowest is errors[cut].",
    ],
)
def bootstrap_interval(wrong, draws, cut):
    errors = wrong[draws].float().mean(dim=1).sort().values
    return errors[cut], errors[-1 - cut]


@bootstrap_interval.mistake(
    "The errors are not sorted: what is cut off should be the lowest and the highest."
)
def not_sorted(wrong, draws, cut):
    errors = _errors(wrong, draws)
    return errors[cut], errors[-1 - cut]


@bootstrap_interval.mistake("Nothing is cut off: leave out the `cut` lowest and the `cut` highest.")
def nothing_cut(wrong, draws, cut):
    errors = _errors(wrong, draws)
    return errors.min(), errors.max()


@bootstrap_interval.mistake(
    "The upper end is off by one: errors[-1] is the highest, so with `cut` of them left out it is "
    "errors[-1 - cut]."
)
def upper_end_off(wrong, draws, cut):
    errors = _errors(wrong, draws).sort().values
    return errors[cut], errors[-cut]


@bootstrap_interval.mistake(
    "The upper end is off by one: errors[-1] is the highest, so with `cut` of them left out it is "
    "errors[-1 - cut]."
)
def upper_end_by_length(wrong, draws, cut):
    errors = _errors(wrong, draws).sort().values
    return errors[cut], errors[len(errors) - cut]


@bootstrap_interval.mistake(
    "Where `cut` is 0, errors[0:-0] is errors[0:0], and nothing is left. Write "
    "errors[cut : len(errors) - cut], or take errors[-1 - cut] alone."
)
def nothing_left(wrong, draws, cut):
    kept = _errors(wrong, draws).sort().values[cut:-cut]
    return kept.min(), kept.max()


@bootstrap_interval.mistake(
    "Where `cut` is 0, errors[0:-0] is errors[0:0], and nothing is left. Write "
    "errors[cut : len(errors) - cut], or take errors[-1 - cut] alone."
)
def nothing_left_at_the_ends(wrong, draws, cut):
    kept = _errors(wrong, draws).sort().values[cut:-cut]
    return kept[0], kept[-1]


@bootstrap_interval.mistake(
    "True and False have no mean in torch: .float() makes 1 and 0 of them first."
)
def mean_of_booleans(wrong, draws, cut):
    return wrong[draws].mean(dim=1)


@bootstrap_interval.mistake("The lower end is off by one: `cut` errors lie below errors[cut].")
def lower_end_off(wrong, draws, cut):
    errors = _errors(wrong, draws).sort().values
    return errors[max(cut - 1, 0)] if cut else errors[1], errors[-1 - cut]


@bootstrap_interval.mistake(
    "These are counts of wrong digits. An error is their share: divide by the digits in a draw."
)
def counts_instead(wrong, draws, cut):
    low, high = bootstrap_interval.solution(wrong, draws, cut)
    return low * len(draws[0]), high * len(draws[0])


@bootstrap_interval.mistake("The ends have changed places: the lower one first.")
def ends_exchanged(wrong, draws, cut):
    return bootstrap_interval.solution(wrong, draws, cut)[::-1]


@bootstrap_interval.mistake(
    "This is the mean give or take deviations. The bootstrap needs no formula: sort, and cut off."
)
def by_deviation(wrong, draws, cut):
    errors = _errors(wrong, draws)
    spread = 1.96 * errors.std()
    return errors.mean() - spread, errors.mean() + spread


@bootstrap_interval.mistake(
    "These are shares of the right answers. The error is the share of the wrong ones."
)
def right_ones(wrong, draws, cut):
    low, high = bootstrap_interval.solution(wrong, draws, cut)
    return 1 - high, 1 - low


@bootstrap_interval.mistake(
    "A digit that was drawn twice counts once here. It counts as often as it was drawn."
)
def drawn_once(wrong, draws, cut):
    errors = torch.stack([wrong[draw.unique()].float().mean() for draw in draws]).sort().values
    return errors[cut], errors[-1 - cut]


@bootstrap_interval.mistake(
    "The mean is taken over the draws, digit by digit. Take it along each draw: dim=1."
)
def other_way_round(wrong, draws, cut):
    errors = wrong[draws].float().mean(dim=0).sort().values
    return errors[cut], errors[-1 - cut]


# --- coin_chance --------------------------------------------------------------------------------


def digits_only_one_gets_wrong(random):
    yield from [(2, 0), (1, 3), (5, 5), (20, 10), (7, 8)]
    for _ in range(4):
        yield tuple(random.sample(range(1, 12), 2))
    yield random.randint(60, 90), random.randint(40, 59)


def _at_most(k, n):
    return sum(math.comb(n, heads) for heads in range(k + 1)) / 2**n


@problem(
    inputs=digits_only_one_gets_wrong,
    hints=[
        "n = ours + theirs throws of a fair coin have 2**n outcomes, all equally likely, and "
        "math.comb(n, heads) of them show so many heads.",
        "Add up math.comb(n, heads) for 0 to min(ours, theirs) heads, and divide by 2**n: the "
        "chance of being so lopsided on one side.",
        "The other side is equally likely: twice that. Where both are equal the two sides overlap, "
        "and the chance is 1, never more.",
    ],
)
def coin_chance(ours, theirs):
    throws = ours + theirs
    lopsided = sum(math.comb(throws, heads) for heads in range(min(ours, theirs) + 1))
    return min(1, 2 * lopsided / 2**throws)


@coin_chance.mistake(
    "This is one side only. A coin that shows tails as often is as lopsided: twice that."
)
def one_sided(ours, theirs):
    return _at_most(min(ours, theirs), ours + theirs)


@coin_chance.mistake(
    "A chance is never more than 1: where both numbers are equal, the two sides overlap. Use "
    "min(1, ...)."
)
def more_than_certain(ours, theirs):
    return 2 * _at_most(min(ours, theirs), ours + theirs)


@coin_chance.mistake(
    "This is the chance of exactly this outcome. Add those of all that are more lopsided."
)
def exactly_this(ours, theirs):
    return math.comb(ours + theirs, ours) / 2 ** (ours + theirs)


@coin_chance.mistake(
    "This is the chance of exactly this outcome and its mirror image. Add those of all that are "
    "more lopsided."
)
def exactly_this_twice(ours, theirs):
    return min(1, 2 * exactly_this(ours, theirs))


@coin_chance.mistake(
    "The outcome itself is left out: range(k) ends before k. Count `at least as lopsided`, so "
    "range(k + 1)."
)
def itself_left_out(ours, theirs):
    return min(1, 2 * _at_most(min(ours, theirs) - 1, ours + theirs))


@coin_chance.mistake(
    "`ours` is taken for the smaller number here. Either of the two may be: min(ours, theirs)."
)
def ours_is_smaller(ours, theirs):
    return min(1, 2 * _at_most(ours, ours + theirs))


@coin_chance.mistake(
    "`theirs` is taken for the smaller number here. Either of the two may be: min(ours, theirs)."
)
def theirs_is_smaller(ours, theirs):
    return min(1, 2 * _at_most(theirs, ours + theirs))


@coin_chance.mistake(
    "These are numbers of outcomes. Divide by how many there are in all, 2 ** (ours + theirs)."
)
def not_divided(ours, theirs):
    return 2 * one_sided(ours, theirs) * 2 ** (ours + theirs)


@coin_chance.mistake(
    "These are numbers of outcomes. Divide by how many there are in all, 2 ** (ours + theirs)."
)
def one_side_not_divided(ours, theirs):
    return one_sided(ours, theirs) * 2 ** (ours + theirs)


@coin_chance.mistake(
    "This is 1 whatever comes in: numbers of outcomes are cut off at 1. Divide by "
    "2 ** (ours + theirs) first."
)
def not_divided_and_cut(ours, theirs):
    return 1


@coin_chance.mistake(
    "This is the chance that the coin is *less* lopsided. Take it from 1, or add up the ends."
)
def less_lopsided(ours, theirs):
    return 1 - coin_chance.solution(ours, theirs)


@coin_chance.mistake(
    "This is the normal curve's approximation. Few throws need the exact count: math.comb."
)
def by_the_normal_curve(ours, theirs):
    return math.erfc(abs(ours - theirs) / math.sqrt(2 * (ours + theirs)))


@coin_chance.mistake(
    'This counts the outcome itself by half (the "mid-p"). Count all that are at least as lopsided.'
)
def half_of_the_outcome(ours, theirs):
    return coin_chance.solution(ours, theirs) - exactly_this(ours, theirs)


@coin_chance.mistake("This is in per cent. A chance lies between 0 and 1.")
def in_per_cent(ours, theirs):
    return 100 * coin_chance.solution(ours, theirs)
