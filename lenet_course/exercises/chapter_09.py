"""Exercises of chapter 09, training."""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

import torch

from .declaring import problem

# --- one_step -----------------------------------------------------------------------------------


def weights_and_gradients(random):
    yield from [([1.0], [2.0], 0.1), ([0.5, -1.0], [0.25, -3.0], 0.5)]
    for _ in range(10):
        count = random.randint(2, 6)
        weights, gradients = ([random.uniform(-2, 2) for _ in range(count)] for _ in range(2))
        yield weights, gradients, random.choice([0.01, 0.1, 0.3])


@problem(
    inputs=weights_and_gradients,
    hints=[
        "The gradient points to where the loss grows. Which way should a weight go?",
        "Each weight has its own gradient, and all share one rate: zip(weights, gradients).",
        "new = old - rate * gradient, for one weight after the other.",
    ],
)
def one_step(weights, gradients, rate):
    return [weight - rate * gradient for weight, gradient in zip(weights, gradients, strict=True)]


@one_step.mistake("This climbs: the loss grows along the gradient, so the step is subtracted.")
def uphill(weights, gradients, rate):
    return [weight + rate * gradient for weight, gradient in zip(weights, gradients, strict=True)]


@one_step.mistake("The whole gradient is subtracted here. The rate says how much of it to take.")
def rate_forgotten(weights, gradients, rate):
    return [weight - gradient for weight, gradient in zip(weights, gradients, strict=True)]


@one_step.mistake("These are the changes. The new weight is the old one plus its change.")
def changes_only(weights, gradients, rate):
    return [-rate * gradient for gradient in gradients]


@one_step.mistake("Only the sign of the gradient is used: a steep slope calls for a longer step.")
def signs_only(weights, gradients, rate):
    pairs = zip(weights, gradients, strict=True)
    return [weight - rate * (1 if gradient > 0 else -1) for weight, gradient in pairs]


@one_step.mistake(
    "The weights shrink by the rate here. It is the gradient that the rate multiplies."
)
def weights_shrunk(weights, gradients, rate):
    pairs = zip(weights, gradients, strict=True)
    return [weight - rate * weight - gradient for weight, gradient in pairs]


@one_step.mistake("Every weight takes the first weight's gradient. Each has one of its own.")
def first_gradient_for_all(weights, gradients, rate):
    return [weight - rate * gradients[0] for weight in weights]


@one_step.mistake(
    "The weights come back as they were: `weight = ...` in a loop gives the name a new value and "
    "leaves the list alone. Collect the new weights in a list of their own."
)
def unchanged_weights(weights, gradients, rate):
    return weights


@one_step.mistake(
    "This is one weight. All of them are asked for, as a list: does `return` stand inside the loop?"
)
def first_weight_alone(weights, gradients, rate):
    return weights[0] - rate * gradients[0]


@one_step.mistake("The list ends after the first weight: does `return` stand inside the loop?")
def list_of_the_first(weights, gradients, rate):
    return [weights[0] - rate * gradients[0]]


@one_step.mistake("The gradient is divided by the rate here: a small rate would make a huge step.")
def divided_by_the_rate(weights, gradients, rate):
    return [weight - gradient / rate for weight, gradient in zip(weights, gradients, strict=True)]


@one_step.mistake("The rate alone is subtracted. It multiplies the gradient: rate * gradient.")
def rate_alone(weights, gradients, rate):
    return [weight - rate for weight in weights]


@one_step.mistake("The rate multiplies the gradient alone: the brackets take the weight with it.")
def brackets_too_wide(weights, gradients, rate):
    return [(weight - gradient) * rate for weight, gradient in zip(weights, gradients, strict=True)]


@one_step.mistake("These are the steps. The new weight is the old one less its step.")
def steps_only(weights, gradients, rate):
    return [rate * gradient for gradient in gradients]


# --- mean_over_digits ---------------------------------------------------------------------------


def means_and_sizes(random):
    yield from [([0.5, 2.0], [64, 32]), ([1.0, 1.5, 4.0], [64, 64, 8])]
    for _ in range(10):
        sizes = [64] * random.randint(2, 5) + [random.randint(1, 60)]
        yield [random.uniform(0.1, 3) for _ in sizes], sizes


@problem(
    inputs=means_and_sizes,
    hints=[
        "A mean is a sum divided by a count. What is the sum of one batch's losses, when its mean "
        "and its size are known?",
        "Add mean * size over all batches; that is the sum over all digits.",
        "Divide it by the number of digits, sum(sizes).",
    ],
)
def mean_over_digits(means, sizes):
    total = sum(mean * size for mean, size in zip(means, sizes, strict=True))
    return total / sum(sizes)


@mean_over_digits.mistake(
    "This is the mean of the batches: a digit of the small last batch weighs more than the others. "
    "Weigh each batch by its size."
)
def mean_of_means(means, sizes):
    return sum(means) / len(means)


@mean_over_digits.mistake("The sum is right. Divide it by the number of digits, not of batches.")
def divided_by_batches(means, sizes):
    return sum(mean * size for mean, size in zip(means, sizes, strict=True)) / len(sizes)


@mean_over_digits.mistake("The sum is right: now divide it by the number of digits, sum(sizes).")
def not_divided(means, sizes):
    return sum(mean * size for mean, size in zip(means, sizes, strict=True))


@mean_over_digits.mistake("The last batch is left out. It is smaller, and still counts.")
def last_batch_dropped(means, sizes):
    return mean_over_digits.solution(means[:-1], sizes[:-1])


@mean_over_digits.mistake("The last batch is taken for a full one. Weigh it by its own size.")
def last_batch_as_full(means, sizes):
    return sum(mean * sizes[0] for mean in means) / sum(sizes)


@mean_over_digits.mistake("Larger batches count less here: multiply each mean by its size.")
def weighed_by_the_inverse(means, sizes):
    weights = [1 / size for size in sizes]
    pairs = zip(means, weights, strict=True)
    return sum(mean * weight for mean, weight in pairs) / sum(weights)


@mean_over_digits.mistake(
    "The number of digits is right. Above it belongs the sum over all digits: what does a batch of "
    "64 with this mean add to that?"
)
def means_added_up(means, sizes):
    return sum(means) / sum(sizes)


@mean_over_digits.mistake("A number for each batch, and one for all is asked for: add them up.")
def not_added_up(means, sizes):
    return [mean * size for mean, size in zip(means, sizes, strict=True)]


@mean_over_digits.mistake("The sum is right. It is one over all batches: divide by all the digits.")
def divided_by_one_batch(means, sizes):
    return sum(mean * size for mean, size in zip(means, sizes, strict=True)) / sizes[0]


@mean_over_digits.mistake(
    "Only the last batch is counted: `total` gets a new value in each round. Add to it."
)
def total_overwritten(means, sizes):
    return means[-1] * sizes[-1] / sum(sizes)


@mean_over_digits.mistake("Each mean is divided by its size here. A mean times its size is a sum.")
def divided_instead(means, sizes):
    return sum(mean / size for mean, size in zip(means, sizes, strict=True))


# --- mean_rates ---------------------------------------------------------------------------------


def summed_rates(random):
    yield from [(1e-3, 60_000, 64), (1e-3, 55_000, 64), (0.01, 640, 64)]
    for _ in range(10):
        yield random.choice([1e-4, 1e-3, 0.02]), random.randint(200, 5000), random.choice([20, 32])


@problem(
    inputs=summed_rates,
    tolerance=1e-9,
    hints=[
        "A sum of 64 losses has 64 times the gradient of their mean.",
        "So a step on the sum with some rate is a step on the mean with 64 times that rate. How "
        "many digits does the last batch of a pass hold?",
        "The last batch holds count % batch_size digits, or a full batch where that is 0.",
    ],
)
def mean_rates(rate, count, batch_size):
    last = count % batch_size or batch_size
    return rate * batch_size, rate * last


@mean_rates.mistake(
    "The last batch holds fewer digits, so its summed loss is smaller, and so is its step."
)
def same_rate_for_the_last(rate, count, batch_size):
    return rate * batch_size, rate * batch_size


@mean_rates.mistake(
    "The sum has the larger gradient: the mean needs a larger rate to keep up. Multiply."
)
def divided(rate, count, batch_size):
    return rate / batch_size, rate / (count % batch_size or batch_size)


@mean_rates.mistake("The rate stays as it is here, though a sum's gradient is many times a mean's.")
def unchanged(rate, count, batch_size):
    return rate, rate


@mean_rates.mistake(
    "The full batch is right. Where nothing is left over the last batch is a full one: its rate is "
    "not 0."
)
def nothing_left_over(rate, count, batch_size):
    return rate * batch_size, rate * (count % batch_size)


@mean_rates.mistake("Both rates are right: the full batch's comes first, the last batch's second.")
def the_other_way_round(rate, count, batch_size):
    return mean_rates.solution(rate, count, batch_size)[::-1]


@mean_rates.mistake("Sum and mean are taken over a batch, not over all digits.")
def over_all_digits(rate, count, batch_size):
    return rate * count, rate * count


@mean_rates.mistake("The full batch is right. A pair is asked for: what of the last batch?")
def full_batch_alone(rate, count, batch_size):
    return rate * batch_size


@mean_rates.mistake(
    "The full batch is right. The last one holds what is left over, count % batch_size, not what "
    "it lacks to be full."
)
def what_is_lacking(rate, count, batch_size):
    return rate * batch_size, rate * (batch_size - count % batch_size)


@mean_rates.mistake(
    "The full batch is right. The last one has a summed loss as well: multiply by its own size."
)
def last_untouched(rate, count, batch_size):
    return rate * batch_size, rate


@mean_rates.mistake("32 is left of 60,000 digits. How many are left of `count`?")
def always_half(rate, count, batch_size):
    return rate * batch_size, rate * batch_size / 2


@mean_rates.mistake("64 and 32 belong to the example. Take batch_size, and what is left of count.")
def numbers_of_the_example(rate, count, batch_size):
    return rate * 64, rate * 32


@mean_rates.mistake("count // batch_size is how many full batches there are; % gives what is left.")
def batches_counted(rate, count, batch_size):
    return rate * batch_size, rate * (count // batch_size)


@mean_rates.mistake("These are the sizes of the two batches. How large is the rate for each?")
def sizes_alone(rate, count, batch_size):
    return batch_size, count % batch_size or batch_size


# --- chosen_run ---------------------------------------------------------------------------------


def runs_to_choose_from(random):
    for count in (4, 5, 6, 4, 5, 6):
        # Each split has another favourite, and none of them is the last run.
        favourites = random.sample(range(count - 1), 3)
        splits = [random.sample(range(100, 200), count) for _ in range(3)]
        for errors, favourite in zip(splits, favourites, strict=True):
            errors[favourite] = random.randint(50, 90)
        yield tuple([error / 10_000 for error in errors] for errors in splits)


@problem(
    inputs=runs_to_choose_from,
    tolerance=1e-9,
    hints=[
        "Three lists, an error for each run. One split is there to learn from, one to choose by, "
        "one to be asked once, at the end.",
        "Choose by the validation error: validation.index(min(validation)).",
        "Then report that run's test error, even where another run has a smaller one.",
    ],
)
def chosen_run(train, validation, test):
    best = validation.index(min(validation))
    return best, test[best]


@chosen_run.mistake(
    "The test split chose. An error that was picked for being small is too good to be true: choose "
    "by validation."
)
def chosen_by_test(train, validation, test):
    return test.index(min(test)), min(test)


@chosen_run.mistake(
    "The training split chose. The run that knows its own digits best may have learned them by "
    "heart: choose by validation."
)
def chosen_by_training(train, validation, test):
    best = train.index(min(train))
    return best, test[best]


@chosen_run.mistake(
    "The right run. Report its test error: its validation error was picked for being small."
)
def validation_error_reported(train, validation, test):
    return validation.index(min(validation)), min(validation)


@chosen_run.mistake("The right run, with another run's test error. Report its own.")
def smallest_test_error_reported(train, validation, test):
    return validation.index(min(validation)), min(test)


@chosen_run.mistake("These are errors, not accuracies: the smallest is the best.")
def largest_taken(train, validation, test):
    worst = validation.index(max(validation))
    return worst, test[worst]


@chosen_run.mistake("The last run is no better for being last. Choose by the validation error.")
def last_taken(train, validation, test):
    return len(test) - 1, test[-1]


@chosen_run.mistake("The right run. Its number is asked for, not its validation error.")
def error_for_a_number(train, validation, test):
    best = validation.index(min(validation))
    return validation[best], test[best]


@chosen_run.mistake("The right run, but runs are counted from 0.")
def counted_from_one(train, validation, test):
    best = validation.index(min(validation))
    return best + 1, test[best]


@chosen_run.mistake("Both are right: the run's number comes first, its error second.")
def error_first(train, validation, test):
    return chosen_run.solution(train, validation, test)[::-1]


@chosen_run.mistake("The right run. Report its test error as well, as the second of a pair.")
def number_alone(train, validation, test):
    return validation.index(min(validation))


@chosen_run.mistake("The right error. Say which run it belongs to: its number, then its error.")
def error_alone(train, validation, test):
    return test[validation.index(min(validation))]


@chosen_run.mistake("The smallest test error chose, and came without its run. Validation chooses.")
def smallest_test_error_alone(train, validation, test):
    return min(test)


@chosen_run.mistake(
    "The right run. Report its test error: on its training digits it may know them by heart."
)
def training_error_reported(train, validation, test):
    best = validation.index(min(validation))
    return best, train[best]


# --- mended_loop --------------------------------------------------------------------------------
# The chapter shows this loop without `optimizer.zero_grad()`.


def lines_to_fit(random):
    yield from [(0.0, [1.0, 2.0], [3.0, 6.0], 0.1), (1.0, [1.0, -1.0, 2.0], [2.0, 0.5, 1.0], 0.05)]
    for _ in range(6):
        count = random.randint(3, 6)
        inputs, targets = ([random.uniform(0.5, 2) for _ in range(count)] for _ in range(2))
        yield random.uniform(-1, 1), inputs, targets, 0.05


@problem(
    inputs=lines_to_fit,
    hints=[
        "Print weight.grad after each backward. Is it the gradient of this loss alone?",
        "backward adds to the gradient that is there already. Somebody has to take away the old "
        "one.",
        "optimizer.zero_grad() belongs inside the loop, before loss.backward().",
    ],
)
def mended_loop(weight, inputs, targets, rate):
    weight = torch.nn.Parameter(torch.tensor(weight))
    optimizer = torch.optim.SGD([weight], lr=rate)
    for one, target in zip(inputs, targets, strict=True):
        loss = (weight * one - target) ** 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return weight.item()


def _slope(weight, one, target):
    return 2 * (weight * one - target) * one


@mended_loop.mistake(
    "Each step still carries the gradients of the steps before it: backward adds to what is there."
)
def gradients_pile_up(weight, inputs, targets, rate):
    gradient = 0.0
    for one, target in zip(inputs, targets, strict=True):
        gradient += _slope(weight, one, target)
        weight -= rate * gradient
    return weight


@mended_loop.mistake(
    "The weight never moves: the gradient is set to zero after backward and before step could use "
    "it."
)
def cleared_too_late(weight, inputs, targets, rate):
    return weight


@mended_loop.mistake(
    "Each step uses the gradient of the input before: step comes after backward, not before it."
)
def one_step_late(weight, inputs, targets, rate):
    gradient = 0.0
    for one, target in zip(inputs, targets, strict=True):
        slope = _slope(weight, one, target)
        weight -= rate * gradient
        gradient = slope
    return weight


@mended_loop.mistake(
    "One step is taken, after the loop, with all gradients added up. The loop takes a step for "
    "each input."
)
def one_step_for_all(weight, inputs, targets, rate):
    pairs = zip(inputs, targets, strict=True)
    return weight - rate * sum(_slope(weight, one, target) for one, target in pairs)


@mended_loop.mistake("Only the last input has moved the weight: step belongs inside the loop.")
def only_the_last(weight, inputs, targets, rate):
    return weight - rate * _slope(weight, inputs[-1], targets[-1])


@mended_loop.mistake("This is the last loss. The loop is asked for the weight it ends with.")
def loss_returned(weight, inputs, targets, rate):
    for one, target in zip(inputs, targets, strict=True):
        loss = (weight * one - target) ** 2
        weight -= rate * _slope(weight, one, target)
    return loss


@mended_loop.mistake("This is the weight after the first input: `return` stands inside the loop.")
def returned_too_early(weight, inputs, targets, rate):
    return weight - rate * _slope(weight, inputs[0], targets[0])


@mended_loop.mistake("Every input takes two steps: one `optimizer.step()` is enough.")
def two_steps_each(weight, inputs, targets, rate):
    for one, target in zip(inputs, targets, strict=True):
        weight -= 2 * rate * _slope(weight, one, target)
    return weight
