"""Exercises of chapter 00, start here."""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

import torch

from .declaring import problem

# --- border_pixels ------------------------------------------------------------------------------


def digits_in_fields(random):
    # The digit is in the middle: the border has whole pixels on each side.
    yield from [(28, 32), (20, 28), (3, 5), (1, 9)]
    for _ in range(10):
        side = random.randint(2, 40)
        yield side, side + 2 * random.randint(1, 6)


@problem(
    inputs=digits_in_fields,
    hints=[
        "On paper: a digit of 1 pixel in a field of 3. How many boxes are around it?",
        "Count the pixels of the field, and those of the digit. Both are squares.",
        "field * field pixels in all; digit * digit of them are the digit.",
    ],
)
def border_pixels(digit, field):
    return field * field - digit * digit


@border_pixels.mistake("That is the whole field: the digit's own pixels are no border.")
def the_whole_field(digit, field):
    return field * field


@border_pixels.mistake("That is the digit: the border is what lies around it.")
def the_digit(digit, field):
    return digit * digit


@border_pixels.mistake(
    "The difference of two squares is not the square of the difference: square each side first."
)
def difference_squared(digit, field):
    return (field - digit) ** 2


@border_pixels.mistake(
    "The corners are counted twice: the strips above and below already reach from side to side."
)
def corners_twice(digit, field):
    return 2 * (field - digit) * field


@border_pixels.mistake("The corners are missing: four strips as long as the digit leave them out.")
def corners_missing(digit, field):
    return 2 * (field - digit) * digit


@border_pixels.mistake("These are pixels along one row. The field has rows as well as columns.")
def along_one_row(digit, field):
    return field - digit


SIDES = "A side is counted here, not an area: a square of side n has n * n pixels."


@border_pixels.mistake(SIDES)
def sides_for_areas(digit, field):
    return 4 * field - 4 * digit


@border_pixels.mistake(SIDES)
def doubled_sides(digit, field):
    return 2 * field - 2 * digit


CARET = "`^` is no power in Python: write field ** 2, or field * field."


@border_pixels.mistake(CARET)
def caret_for_power(digit, field):
    return field ^ 2 - digit ^ 2  # Python subtracts first


@border_pixels.mistake(CARET)
def caret_for_power_in_brackets(digit, field):
    return (field ^ 2) - (digit ^ 2)


# --- wrong_answers ------------------------------------------------------------------------------


def rates(random):
    yield from [(1, 10_000), (0.95, 10_000), (2.5, 200), (12, 300), (100, 7)]
    for _ in range(10):
        yield random.randint(1, 49), 100 * random.randint(2, 500)


@problem(
    inputs=rates,
    hints=[
        "1 percent is 1 in 100. How many hundreds are there in 10,000?",
        "Percent means hundredths: as a fraction, 0.95% is 0.0095.",
        "The fraction of the digits that is wrong, percent / 100, times the number of digits.",
    ],
)
def wrong_answers(percent, count):
    return percent * count / 100


@wrong_answers.mistake(
    "Percent is taken for a fraction here: 1% is 0.01, not 1. Divide by 100 once."
)
def percent_for_a_fraction(percent, count):
    return percent * count


@wrong_answers.mistake("These are the right answers: an error of 1% leaves 99% right.")
def right_ones_counted(percent, count):
    return (100 - percent) * count / 100


@wrong_answers.mistake("Divided by 100 twice: percent / 100 is already the fraction.")
def divided_twice(percent, count):
    return percent / 100 * count / 100


@wrong_answers.mistake("This is the fraction. Of how many digits? Multiply by count.")
def the_fraction(percent, count):
    return percent / 100


@wrong_answers.mistake(
    "The count is divided by the percentage. More percent must give more errors: multiply."
)
def count_over_percent(percent, count):
    return count / percent


@wrong_answers.mistake(
    "The percentage of `percent` in `count` is asked the other way round: a rate is given, and a "
    "number of digits is wanted."
)
def percent_over_count(percent, count):
    return 100 * percent / count


@wrong_answers.mistake("Half a percent is lost: // rounds down too early. Use / instead.")
def rounded_too_early(percent, count):
    return percent // 1 * count / 100


# --- accuracy -----------------------------------------------------------------------------------


def answers_and_labels(random):
    yield torch.tensor([7, 2, 1, 0]), torch.tensor([7, 2, 1, 9])
    yield torch.tensor([3, 5, 3, 8, 8]), torch.tensor([5, 3, 3, 3, 8])
    for _ in range(8):
        generator = torch.Generator().manual_seed(random.randrange(2**31))
        count = random.randint(21, 400)
        labels = torch.randint(10, (count,), generator=generator)
        wrong = torch.randperm(count, generator=generator)[: random.randint(1, count // 4)]
        predictions = labels.clone()
        predictions[wrong] = (labels[wrong] + 1 + wrong % 9) % 10
        yield predictions, labels


@problem(
    inputs=answers_and_labels,
    hints=[
        "predictions == labels compares the two place by place, and gives True or False for each.",
        "True counts as 1: (predictions == labels).sum() is the number of right answers.",
        "Divide by the number of digits, len(labels); .item() makes a tensor of one a number.",
    ],
)
def accuracy(predictions, labels):
    right = (predictions == labels).sum().item()
    return right / len(labels)


@accuracy.mistake("This is the error, the fraction of wrong answers. Accuracy is the other part.")
def the_error(predictions, labels):
    return (predictions != labels).sum().item() / len(labels)


@accuracy.mistake("This is in percent. A fraction from 0 to 1 is asked for: leave out the 100.")
def in_percent(predictions, labels):
    return 100 * accuracy.solution(predictions, labels)


@accuracy.mistake("This is the error, and in percent. Accuracy is asked for, from 0 to 1.")
def error_in_percent(predictions, labels):
    return 100 * the_error(predictions, labels)


@accuracy.mistake(
    "These are the right answers, counted. Divide by the number of digits for a fraction."
)
def counted(predictions, labels):
    return (predictions == labels).sum().item()


@accuracy.mistake(
    "Divided by 10, the number of classes. Divide by the number of digits, len(labels)."
)
def divided_by_the_classes(predictions, labels):
    return (predictions == labels).sum().item() / 10


@accuracy.mistake(
    "Divided by 10,000, the size of one test set. Divide by the digits given here, len(labels)."
)
def divided_by_the_test_set(predictions, labels):
    return (predictions == labels).sum().item() / 10_000


@accuracy.mistake("// rounds down to a whole number, so nearly everything becomes 0. Use /.")
def rounded_down(predictions, labels):
    return (predictions == labels).sum().item() // len(labels)


@accuracy.mistake("Each digit's verdict is there. Add them up, and divide by how many there are.")
def not_averaged(predictions, labels):
    return predictions == labels


@accuracy.mistake("True and False have no mean in torch: .float() first, or .sum().")
def mean_of_truths(predictions, labels):
    return (predictions == labels).mean()


@accuracy.mistake(
    "Sorting loses which answer belongs to which digit: compare place by place, as they come."
)
def sorted_first(predictions, labels):
    return (predictions.sort().values == labels.sort().values).float().mean().item()


@accuracy.mistake(
    "Right answers over wrong ones is a ratio of two parts. Divide by the whole, len(labels)."
)
def right_over_wrong(predictions, labels):
    return (predictions == labels).sum().item() / (predictions != labels).sum().item()
