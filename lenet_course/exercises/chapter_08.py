"""Exercises of chapter 08, data.

Pictures are small and oblong, and hold whole numbers where that is possible, so that a message
shows numbers that can be checked by hand.
"""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

import torch
from torch.nn import functional

from .declaring import problem

# --- number_of ----------------------------------------------------------------------------------


class Four(bytes):
    """Bytes that a message shows as numbers, [0, 0, 39, 16]."""

    def __repr__(self):
        return repr(list(self))


def fours(random):
    yield (Four([0, 0, 0, 28]),)
    yield (Four([0, 0, 39, 16]),)
    yield (Four([0, 0, 234, 96]),)
    for _ in range(4):
        yield (Four(random.sample(range(1, 128), 4)),)
    yield (Four([random.randint(200, 255), *random.sample(range(1, 200), 3)]),)


@problem(
    inputs=fours,
    hints=[
        "Decimal digits work alike: 4 7 1 is 4 × 100 + 7 × 10 + 1. Here a step is worth 256.",
        "four[3] counts once, four[2] 256 times. And four[1], and four[0]?",
        "Begin with 0. For each byte, from the left: 256 times what you have, plus the byte.",
    ],
)
def number_of(four):
    number = 0
    for byte in four:
        number = 256 * number + byte
    return number


@number_of.mistake(
    "This reads the smallest part first, little-endian. Here the first byte is worth the most."
)
def little_endian(four):
    return int.from_bytes(four, "little")


@number_of.mistake("The bytes are added up. A byte is worth 256 times as much as the one after it.")
def added_up(four):
    return sum(four)


def _in_base(four, base):
    number = 0
    for byte in four:
        number = base * number + byte
    return number


@number_of.mistake(
    "A byte has 256 values, 0 to 255, so that one step to the left is worth 256 and not 255."
)
def in_base_255(four):
    return _in_base(four, 255)


@number_of.mistake("One step to the left is worth 256 here: a byte is no decimal digit.")
def in_base_10(four):
    return _in_base(four, 10)


@number_of.mistake("16 values are one hexadecimal digit. A byte is two of them, and has 256.")
def in_base_16(four):
    return _in_base(four, 16)


@number_of.mistake(
    "The bytes' decimal digits stand side by side here. Multiply each by its worth, and add."
)
def side_by_side(four):
    return int("".join(str(byte) for byte in four))


@number_of.mistake("Only the last two bytes are used. Four give up to 4,294,967,295.")
def last_two(four):
    return _in_base(four[-2:], 256)


@number_of.mistake("Only the last byte is used. Four give up to 4,294,967,295.")
def last_one(four):
    return four[-1]


@number_of.mistake("A size is never negative: take the first byte as 0 to 255, without a sign.")
def signed(four):
    return int.from_bytes(four, "big", signed=True)


@number_of.mistake("Everything is there, 256 times too large: the last byte counts once.")
def a_step_too_many(four):
    return 256 * _in_base(four, 256)


@number_of.mistake("These are the hexadecimal digits, as text. A number is asked for.")
def hexadecimal_text(four):
    return four.hex()


# --- paper_and_ink ------------------------------------------------------------------------------


def greys(random):
    yield (torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.5, 1.0]]),)
    for _ in range(6):
        generator = torch.Generator().manual_seed(random.randrange(2**31))
        sides = random.sample(range(2, 6), 2)
        mostly_paper = torch.rand(sides, generator=generator, dtype=torch.float64) ** 3
        yield (0.05 + 0.85 * mostly_paper,)  # no pixel need be quite paper or quite ink


@problem(
    inputs=greys,
    hints=[
        "Subtract the mean from every pixel: what is the mean now? And what is the variance?",
        "Divide every pixel by 2: the variance is 4 times smaller. By what must one divide to make "
        "it 1?",
        "A grey g becomes (g - mean) / spread, with the spread the root of the variance. What "
        "becomes of 0, and what of 1? pixels.std(correction=0) is the spread.",
    ],
)
def paper_and_ink(pixels):
    mean, spread = pixels.mean(), pixels.std(correction=0)
    return (0 - mean) / spread, (1 - mean) / spread


@paper_and_ink.mistake("The two have changed places: paper first, then ink.")
def ink_and_paper(pixels):
    return paper_and_ink.solution(pixels)[::-1]


@paper_and_ink.mistake(
    "This divides by the variance. Dividing all pixels by s makes the variance s² times smaller: "
    "divide by its root."
)
def by_the_variance(pixels):
    mean, variance = pixels.mean(), pixels.var(correction=0)
    return -mean / variance, (1 - mean) / variance


@paper_and_ink.mistake(
    "Torch's std divides by the number of pixels less one, unless told otherwise: correction=0."
)
def one_less(pixels):
    return -pixels.mean() / pixels.std(), (1 - pixels.mean()) / pixels.std()


@paper_and_ink.mistake(
    "The mean is 0 now, and the variance is what it was. Divide both by the spread."
)
def spread_forgotten(pixels):
    return -pixels.mean(), 1 - pixels.mean()


@paper_and_ink.mistake(
    "The variance is 1 now, and the mean is not 0. Subtract it before you divide."
)
def mean_forgotten(pixels):
    return 0, 1 / pixels.std(correction=0)


@paper_and_ink.mistake("The mean is added. To bring it to 0, subtract it.")
def mean_added(pixels):
    mean, spread = pixels.mean(), pixels.std(correction=0)
    return mean / spread, (1 + mean) / spread


@paper_and_ink.mistake("This multiplies by the spread. To bring the variance to 1, divide by it.")
def multiplied(pixels):
    mean, spread = pixels.mean(), pixels.std(correction=0)
    return -mean * spread, (1 - mean) * spread


@paper_and_ink.mistake(
    "These are the mean and the spread. What do 0 and 1 become, once the one is subtracted and the "
    "other divided by?"
)
def mean_and_spread(pixels):
    return pixels.mean(), pixels.std(correction=0)


@paper_and_ink.mistake(
    "These are the palest and the darkest pixel *of this picture*, rescaled. Paper is 0 and ink is "
    "1, whether or not a pixel reaches them."
)
def from_this_picture(pixels):
    mean, spread = pixels.mean(), pixels.std(correction=0)
    return (pixels.min() - mean) / spread, (pixels.max() - mean) / spread


@paper_and_ink.mistake(
    "These are all pixels, rescaled, and rightly so. Asked for is what 0 and what 1 become: a pair."
)
def all_pixels(pixels):
    return (pixels - pixels.mean()) / pixels.std(correction=0)


@paper_and_ink.mistake(
    "The mean is subtracted after the division. Then it has to be divided as well: "
    "(grey - mean) / spread."
)
def subtracted_afterwards(pixels):
    mean, spread = pixels.mean(), pixels.std(correction=0)
    return -mean, 1 / spread - mean


# --- leaked -------------------------------------------------------------------------------------


def splits(random):
    """Some test pictures are from the training ones; others are nearly, turned, or as dark."""
    small = torch.arange(18, dtype=torch.uint8).reshape(3, 2, 3)
    yield small, small[[2, 1]]
    for _ in range(5):
        generator = torch.Generator().manual_seed(random.randrange(2**31))
        train = torch.randint(0, 9, (8, 3, 4), generator=generator, dtype=torch.uint8)
        train[6:] = train[random.randrange(6)]  # twice more in the training set
        new = torch.randint(10, 19, (3, 3, 4), generator=generator, dtype=torch.uint8)
        nearly = train[[1, 4, 2]]
        nearly[:2, 2, random.randrange(4)] += 10
        nearly[2, random.randrange(3), random.randrange(4)] += 1  # one grey of one pixel
        twice, thrice = random.sample(range(6), 2)
        copies = train[[twice, twice, thrice, thrice, thrice, 7]]
        test = torch.cat([copies, nearly, train[:2].flip(1, 2) + 20, train[2:4].roll(1, 2), new])
        yield train, test[torch.randperm(len(test), generator=generator)]


@problem(
    inputs=splits,
    hints=[
        "Two pictures are the same when all their pixels are: torch.equal(one, other).",
        "For each picture of `test`: is there any picture in `train` that is equal to it?",
        "Two loops take long on MNIST. picture.numpy().tobytes() can be put in a set, and a set "
        "finds it at once.",
    ],
)
def leaked(train, test):
    known = {picture.numpy().tobytes() for picture in train}
    return sum(picture.numpy().tobytes() in known for picture in test)


def _same(train, test):
    """(test, train): whether two pictures are equal."""
    return (test[:, None] == train[None]).flatten(2).all(dim=2)


@leaked.mistake(
    "These are the training pictures that occur in `test`. Asked for are the test pictures that "
    "occur in `train`: there may be more of one than of the other."
)
def from_the_other_side(train, test):
    return int(_same(train, test).any(dim=0).sum())


@leaked.mistake(
    "A test picture counts once, however often it occurs in `train`. This counts every pair."
)
def pairs(train, test):
    return int(_same(train, test).sum())


@leaked.mistake(
    "A picture that differs by one grey of one pixel is counted too. Asked for are exact copies: "
    "all pixels equal."
)
def nearly_the_same(train, test):
    one, other = test.flatten(1).double(), train.flatten(1).double()
    return int((torch.cdist(one, other).amin(dim=1) < 2).sum())


@leaked.mistake(
    "A picture that is in `test` twice counts twice. A set of the test pictures forgets that."
)
def distinct(train, test):
    return len({p.numpy().tobytes() for p in train} & {p.numpy().tobytes() for p in test})


@leaked.mistake(
    "This compares the first with the first, the second with the second. A test picture may stand "
    "anywhere in `train`."
)
def place_by_place(train, test):
    count = min(len(train), len(test))
    return int((train[:count] == test[:count]).flatten(1).all(dim=1).sum())


@leaked.mistake(
    "With tensors, `in` asks whether *any* pixel agrees. Two pictures are the same when all do."
)
def any_pixel(train, test):
    return sum(picture in train for picture in test)


@leaked.mistake("Equal sums do not make equal pictures: compare all pixels.")
def equal_sums(train, test):
    sums = set(train.sum(dim=(1, 2)).tolist())
    return sum(total in sums for total in test.sum(dim=(1, 2)).tolist())


@leaked.mistake("These are the test pictures that are *not* in `train`.")
def not_leaked(train, test):
    return len(test) - leaked.solution(train, test)


@leaked.mistake("This is their share of `test`. Asked for is how many.")
def as_a_share(train, test):
    return leaked.solution(train, test) / len(test)


@leaked.mistake("This says whether there is a leak. Asked for is how many pictures have leaked.")
def whether(train, test):
    return leaked.solution(train, test) > 0


@leaked.mistake(
    "Some are in `train`, and this finds none. If you look them up in a set or a dict of tensors: "
    "those look for the same object. Put bytes in, picture.numpy().tobytes()."
)
def as_objects(train, test):
    known = set(train)
    return sum(picture in known for picture in test)


# --- shifted ------------------------------------------------------------------------------------


def moves(random):
    yield torch.arange(1.0, 13.0).reshape(3, 4), 1, 0, 0.5
    yield torch.arange(1.0, 13.0).reshape(3, 4), 0, -2, 0.5
    for _ in range(8):
        generator = torch.Generator().manual_seed(random.randrange(2**31))
        image = torch.randint(1, 10, (5, 7), generator=generator).float()
        down, right = random.sample(range(1, 4), 2)
        signs = random.choice([-1, 1]), random.choice([-1, 1])
        yield image, signs[0] * down, signs[1] * right, -random.randint(1, 9) / 2


@problem(
    inputs=moves,
    hints=[
        "Begin with a picture that is all background: torch.full_like(image, background). Which "
        "part of it is covered by which part of the old one?",
        "A loop over all pixels will do: the new pixel at row, column is the old one at "
        "row - down, column - right, if there is such a one.",
        "functional.pad(image, (left, right, top, bottom), value=...) adds background on the four "
        "sides; a negative number cuts off. With slices, mind that image[:-0] is empty.",
    ],
)
def shifted(image, down, right, background):
    return functional.pad(image, (right, -right, down, -down), value=background)


@shifted.mistake(
    "What leaves on one side comes in on the other: roll goes round in a ring. What enters should "
    "be background."
)
def rolled(image, down, right, background):
    return image.roll((down, right), (0, 1))


@shifted.mistake(
    "Below 0, Python counts from the other end: image[-1] is the last row. So ask for "
    "0 <= row - down as well, and for the column alike."
)
def taken_from_the_end(image, down, right, background):
    moved = torch.full_like(image, background)
    for row in range(len(image)):
        for column in range(image.shape[1]):
            if row - down < len(image) and column - right < image.shape[1]:
                moved[row, column] = image[row - down, column - right]
    return moved


@shifted.mistake(
    "For moves down and to the right this is so. For a negative one, moved[:down] is not what "
    "enters: that is moved[down:], the last rows."
)
def filled_from_the_start(image, down, right, background):
    moved = image.roll((down, right), (0, 1))
    moved[:down] = background
    moved[:, :right] = background
    return moved


@shifted.mistake(
    "For moves down and to the right this is so. For a negative one, what leaves still comes in on "
    "the other side: fill the last rows or columns."
)
def filled_when_positive(image, down, right, background):
    moved = image.roll((down, right), (0, 1))
    moved[: max(down, 0)] = background
    moved[:, : max(right, 0)] = background
    return moved


@shifted.mistake(
    "image[:-0] is image[:0], which is empty: for a move of 0 nothing is left. Write "
    "image[: height - down]."
)
def cut_by_minus_nought(image, down, right, background):
    moved = torch.full_like(image, background)
    moved[down:, right:] = image[:-down, :-right]
    return moved


@shifted.mistake("What enters is 0. It should be `background`, which need not be 0.")
def zeros_enter(image, down, right, background):
    return shifted.solution(image, down, right, 0)


@shifted.mistake(
    "The picture moves the other way: up for down, left for right. The new pixel at row, column is "
    "the old one at row - down, column - right."
)
def the_other_way(image, down, right, background):
    return shifted.solution(image, -down, -right, background)


@shifted.mistake("Up and down are exchanged; left and right are as they should be.")
def up_for_down(image, down, right, background):
    return shifted.solution(image, -down, right, background)


@shifted.mistake("Left and right are exchanged; up and down are as they should be.")
def left_for_right(image, down, right, background):
    return shifted.solution(image, down, -right, background)


@shifted.mistake("Rows and columns are exchanged: `down` changes the row, the first dimension.")
def exchanged(image, down, right, background):
    return shifted.solution(image, right, down, background)


@shifted.mistake("It moves down only. Move it to the right as well.")
def down_only(image, down, right, background):
    return shifted.solution(image, down, 0, background)


@shifted.mistake("It moves to the right only. Move it down as well.")
def right_only(image, down, right, background):
    return shifted.solution(image, 0, right, background)


@shifted.mistake(
    "The picture has grown or shrunk: as much as enters on one side has to leave on the other."
)
def another_size(image, down, right, background):
    return functional.pad(image, (right, 0, down, 0), value=background)


@shifted.mistake(
    "Background enters from one side, and nothing moves: it hides part of the picture."
)
def hidden(image, down, right, background):
    moved = shifted.solution(image, down, right, float("nan"))
    return torch.where(moved.isnan(), torch.as_tensor(background), image)


@shifted.mistake(
    "A negative move does nothing here. In Python image[:-1] leaves out the last row, and "
    "image[-1:] is the last row: treat both signs."
)
def downwards_only(image, down, right, background):
    return shifted.solution(image, max(down, 0), max(right, 0), background)


# --- comes_from ---------------------------------------------------------------------------------


def places(random):
    yield 15.5, 15.5, 2.0, 0, 0
    yield 10, 20, 2.0, 0, 0
    yield 10, 20, 1.0, 3, 5
    yield 2, 30, 0.5, 4, -3  # from above the field, and from beyond its right side
    for _ in range(6):
        row, column = random.sample(range(32), 2)
        down, right = random.sample([-5, -4, -3, -2, 2, 3, 4, 5], 2)
        yield row, column, random.choice([0.5, 0.8, 1.25, 2.0]), down, right


@problem(
    inputs=places,
    hints=[
        "Undo what was done, the last thing first: move back, and then shrink what was enlarged.",
        "To shrink about the middle: how far from the middle is it? Divide that by `grow`, and "
        "count from the middle again.",
        "(row - down - 15.5) / grow + 15.5 is the old row. The column goes alike.",
    ],
)
def comes_from(row, column, grow, down, right):
    old_row = (row - down - 15.5) / grow + 15.5
    old_column = (column - right - 15.5) / grow + 15.5
    return old_row, old_column


def _each(row, column, down, right, formula):
    return formula(row, down), formula(column, right)


@comes_from.mistake(
    "This says where the old pixel *goes*. Asked for is where the new one comes from: undo both, "
    "the last first."
)
def goes_to(row, column, grow, down, right):
    return _each(row, column, down, right, lambda at, by: (at - 15.5) * grow + 15.5 + by)


@comes_from.mistake(
    "Enlarged about the upper left corner. Count from the middle, 15.5, before you divide, and "
    "from the corner again afterwards."
)
def about_the_corner(row, column, grow, down, right):
    return _each(row, column, down, right, lambda at, by: (at - by) / grow)


@comes_from.mistake(
    "The move was the last thing that was done, so it has to be undone first, before you divide."
)
def wrong_order(row, column, grow, down, right):
    return _each(row, column, down, right, lambda at, by: (at - 15.5) / grow + 15.5 - by)


@comes_from.mistake("To look up what was enlarged, look less far: divide by `grow`.")
def multiplied_by_grow(row, column, grow, down, right):
    return _each(row, column, down, right, lambda at, by: (at - by - 15.5) * grow + 15.5)


@comes_from.mistake(
    "The digit moved down, so this pixel came from further *up*: subtract the move."
)
def move_added(row, column, grow, down, right):
    return _each(row, column, down, right, lambda at, by: (at + by - 15.5) / grow + 15.5)


@comes_from.mistake(
    "The middle of rows 0 to 31 is 15.5: as many pixels above as below. At 16 there are 16 above "
    "and 15 below."
)
def middle_at_16(row, column, grow, down, right):
    return _each(row, column, down, right, lambda at, by: (at - by - 16) / grow + 16)


@comes_from.mistake(
    "The middle of rows 0 to 31 is 15.5: as many pixels above as below. At 15 there are 15 above "
    "and 16 below."
)
def middle_at_15(row, column, grow, down, right):
    return _each(row, column, down, right, lambda at, by: (at - by - 15) / grow + 15)


@comes_from.mistake("`down` belongs to the row, `right` to the column: they have changed places.")
def moves_exchanged(row, column, grow, down, right):
    return comes_from.solution(row, column, grow, right, down)


@comes_from.mistake("The pair is the wrong way round: row first.")
def pair_exchanged(row, column, grow, down, right):
    return comes_from.solution(row, column, grow, down, right)[::-1]


@comes_from.mistake("This is counted from the middle. Add 15.5 again: row 0 is the uppermost.")
def from_the_middle(row, column, grow, down, right):
    return _each(row, column, down, right, lambda at, by: (at - by - 15.5) / grow)


@comes_from.mistake(
    "This place lies outside the field. That is right: there is paper. Give it as it is, without "
    "pulling it in."
)
def clamped(row, column, grow, down, right):
    place = comes_from.solution(row, column, grow, down, right)
    return tuple(min(max(at, 0), 31) for at in place)


@comes_from.mistake("The move is undone, the enlarging is not.")
def not_shrunk(row, column, grow, down, right):
    return row - down, column - right


@comes_from.mistake("The enlarging is undone, the move is not.")
def not_moved_back(row, column, grow, down, right):
    return comes_from.solution(row, column, grow, 0, 0)
