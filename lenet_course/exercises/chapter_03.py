"""Exercises of chapter 03, activation."""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

import math

import torch

from .declaring import problem


def generator(random):
    return torch.Generator().manual_seed(random.randrange(2**31))


def whole_numbers(random, *sides):
    """A tensor of whole numbers from -9 to 9, none of them zero, as floats."""
    source = generator(random)
    sizes = torch.randint(1, 10, sides, generator=source)
    signs = torch.randint(0, 2, sides, generator=source) * 2 - 1
    return (sizes * signs).float()


# --- leaky_relu ---------------------------------------------------------------------------------


def values_and_leaks(random):
    yield torch.tensor([-4.0, -0.5, 0.0, 0.5, 4.0]), 0.1
    for _ in range(4):
        sides = [random.randint(2, 4) for _ in range(random.randint(1, 4))]
        yield 3 * torch.randn(sides, generator=generator(random)), random.randint(2, 30) / 100
    yield whole_numbers(random, 3, 5).T, 0.25  # not contiguous


@problem(
    inputs=values_and_leaks,
    hints=[
        "Two parts: what is positive stays, what is negative is multiplied by leak.",
        "values.clamp(min=0) keeps the positive numbers and makes the others 0. What does "
        "values.clamp(max=0) keep?",
        "Add up the two parts, the second one times leak. Or choose, place by place: "
        "torch.where(condition, one, other).",
    ],
)
def leaky_relu(values, leak):
    return values.clamp(min=0) + leak * values.clamp(max=0)


@leaky_relu.mistake("Negative numbers become 0: this is ReLU itself. Let them leak: times `leak`.")
def nothing_leaks(values, leak):
    return values.clamp(min=0)


@leaky_relu.mistake("Positive numbers are multiplied by `leak` as well. They stay as they are.")
def everything_leaks(values, leak):
    return leak * values


@leaky_relu.mistake(
    "The wrong side leaks: positive numbers stay, and negative ones are multiplied by `leak`."
)
def the_other_side_leaks(values, leak):
    return leak * values.clamp(min=0) + values.clamp(max=0)


@leaky_relu.mistake("Negative numbers come out positive here: the two parts are *added*.")
def bends_upwards(values, leak):
    return values.clamp(min=0) - leak * values.clamp(max=0)


@leaky_relu.mistake(
    "Every negative number becomes the same one. `leak` is a factor: multiply by it."
)
def flat_at_the_leak(values, leak):
    return torch.where(values > 0, values, leak)


@leaky_relu.mistake(
    "Every negative number becomes the same one. `leak` is a factor: multiply by it."
)
def flat_below_zero(values, leak):
    return torch.where(values > 0, values, -leak)


@leaky_relu.mistake(
    "`leak` is a bound here, below which no number falls. It is a factor: multiply by it."
)
def bounded_below_zero(values, leak):
    return values.clamp(min=-leak)


@leaky_relu.mistake(
    "`leak` is a bound here, below which no number falls. It is a factor: compare with leak * "
    "values, not with leak."
)
def bounded_at_the_leak(values, leak):
    return values.clamp(min=leak)


@leaky_relu.mistake("The two parts: positive numbers are added in twice. Keep only values below 0.")
def positive_twice(values, leak):
    return values.clamp(min=0) + leak * values


@leaky_relu.mistake("Only what leaks is here. The positive numbers have to be added.")
def only_the_leak(values, leak):
    return leak * values.clamp(max=0)


@leaky_relu.mistake("Negative numbers are divided by `leak`. Multiply: they become smaller.")
def divided(values, leak):
    return values.clamp(min=0) + values.clamp(max=0) / leak


@leaky_relu.mistake(
    "`if` and `max` look at one number, and here are many. torch.where(values > 0, one, other) "
    "chooses place by place."
)
def asked_with_if(values, leak):
    return values if values > 0 else leak * values


# --- squash_slope -------------------------------------------------------------------------------


def outputs(random):
    yield (torch.tensor([0.0, 1.0, -1.0]),)
    yield (torch.tensor([1.5, -0.5]),)
    for _ in range(3):
        size = random.randint(2, 6)
        yield (1.7159 * torch.tanh(torch.randn(size, generator=generator(random))),)


@problem(
    inputs=outputs,
    tolerance=1e-3,  # 1.144 serves for 1.7159 * 2/3
    hints=[
        "With t = tanh(2x/3) the output is 1.7159 t. How do you get t back from the output?",
        "The slope of tanh(u) is 1 - t². Here u is 2x/3, and the result is multiplied by 1.7159: "
        "two factors more.",
        "1.7159 * 2/3 * (1 - (output / 1.7159)²): with an output of 0 that must be 1.144.",
    ],
)
def squash_slope(output):
    return 2 / 3 * (1.7159 - output**2 / 1.7159)


@squash_slope.mistake(
    "This is the slope of the plain tanh. Here 1.7159 stands in front and 2/3 inside, and the "
    "output is 1.7159 times a tanh."
)
def plain_tanh(output):
    return 1 - output**2


@squash_slope.mistake(
    "The 2/3 is missing. Where x grows by a little, 2x/3 grows by two thirds of it."
)
def inner_slope_missing(output):
    return 1.7159 - output**2 / 1.7159


@squash_slope.mistake(
    "The factor 1.7159 in front is missing: it makes the curve higher, and steeper as well."
)
def amplitude_missing(output):
    return 2 / 3 * (1 - (output / 1.7159) ** 2)


@squash_slope.mistake(
    "In 1 - t² the t is a tanh, and the output is 1.7159 times as large: divide it by 1.7159 first."
)
def output_taken_for_tanh(output):
    return 1.7159 * 2 / 3 * (1 - output**2)


@squash_slope.mistake(
    "This takes `output` for x and squashes it again. The output is already squashed."
)
def output_taken_for_x(output):
    return 1.7159 * 2 / 3 * (1 - torch.tanh(2 / 3 * output) ** 2)


@squash_slope.mistake(
    "This takes `output` for x and squashes it again, and a factor of 2/3 is missing in front. The "
    "output is already squashed."
)
def taken_for_x_without_inner_slope(output):
    return 1.7159 * (1 - torch.tanh(2 / 3 * output) ** 2)


@squash_slope.mistake(
    "What is in `math` takes one number, and `output` is a tensor. You need no tanh at all: the "
    "output is already squashed."
)
def bent_by_math(output):
    return 1.7159 * 2 / 3 * (1 - math.tanh(2 / 3 * output) ** 2)


@squash_slope.mistake(
    "The tanh is output / 1.7159, and all of it is squared, 1.7159 as well. The factors 1.7159 and "
    "2/3 are missing in front."
)
def half_squared(output):
    return 1 - output**2 / 1.7159


@squash_slope.mistake("The tanh is output / 1.7159, and all of it is squared, 1.7159 as well.")
def half_squared_with_factors(output):
    return 1.7159 * 2 / 3 * (1 - output**2 / 1.7159)


@squash_slope.mistake("This is the sigmoid's. The slope of tanh(u) is 1 - tanh(u)².")
def the_sigmoids(output):
    return output * (1 - output)


@squash_slope.mistake("The square is missing: 1 - t², and not 1 - t.")
def square_missing(output):
    return 1.7159 * 2 / 3 * (1 - output / 1.7159)


@squash_slope.mistake("The slope falls on both sides of 0: *minus* the square.")
def plus_for_minus(output):
    return 1.7159 * 2 / 3 * (1 + (output / 1.7159) ** 2)


@squash_slope.mistake(
    "This is the slope at 0, the largest one, for every output. It falls towards both ends."
)
def always_the_largest(output):
    return 0 * output + 1.7159 * 2 / 3


# --- chained_slope ------------------------------------------------------------------------------


def numbers_and_depths(random):
    yield 0.0, 1
    yield 0.0, 2
    for depth in (1, 2, 3, 4):
        yield random.choice([-1, 1]) * random.uniform(0.5, 3.0), depth


def _sigmoid(number):
    return 1 / (1 + math.exp(-number))


def _slope(number):
    return _sigmoid(number) * (1 - _sigmoid(number))


@problem(
    inputs=numbers_and_depths,
    tolerance=1e-6,
    hints=[
        "Slopes multiply along the chain. Two things go from one sigmoid to the next: the number, "
        "and the product of the slopes so far.",
        "In a loop: bend the number, then multiply the product by this sigmoid's slope.",
        "After number = 1 / (1 + math.exp(-number)) the slope of that sigmoid is "
        "number * (1 - number): it is computed from the output.",
    ],
)
def chained_slope(number, depth):
    slope = 1
    for _ in range(depth):
        number = 1 / (1 + math.exp(-number))
        slope = slope * number * (1 - number)
    return slope


@chained_slope.mistake(
    "This is the bound: a quarter for each sigmoid, its slope at 0. Take each slope at the number "
    "that comes in."
)
def a_quarter_each(number, depth):
    return 0.25**depth


@chained_slope.mistake(
    "Every sigmoid has its slope at the first number here. The second one gets what the first one "
    "gives: pass the number on."
)
def number_not_passed_on(number, depth):
    return _slope(number) ** depth


@chained_slope.mistake(
    "The next sigmoid is given the slope of the one before. Pass on the bent number."
)
def slope_passed_on(number, depth):
    product = 1
    for _ in range(depth):
        number = _slope(number)
        product *= number
    return product


@chained_slope.mistake(
    "The first slope is counted twice: begin with 1, and let the loop multiply all of them."
)
def first_slope_twice(number, depth):
    return _slope(number) * chained_slope.solution(number, depth)


@chained_slope.mistake("The slopes are added up. Along a chain they multiply.")
def added_up(number, depth):
    total = 0
    for _ in range(depth):
        total, number = total + _slope(number), _sigmoid(number)
    return total


@chained_slope.mistake("This is the slope of the last sigmoid alone. Multiply all of them.")
def last_one_only(number, depth):
    for _ in range(depth - 1):
        number = _sigmoid(number)
    return _slope(number)


@chained_slope.mistake(
    "This is the number that comes out at the end. Its slope is asked for: how much it changes "
    "with the first."
)
def the_number_itself(number, depth):
    for _ in range(depth):
        number = _sigmoid(number)
    return number


@chained_slope.mistake("One sigmoid too many: there are `depth` of them.")
def one_too_many(number, depth):
    return chained_slope.solution(number, depth + 1)


@chained_slope.mistake("One sigmoid is missing: there are `depth` of them.")
def one_too_few(number, depth):
    return chained_slope.solution(number, depth - 1)


@chained_slope.mistake(
    "Each slope is taken one sigmoid too late. In number * (1 - number) the number is the one that "
    "comes out of *this* sigmoid: it is bent once, not twice."
)
def one_too_late(number, depth):
    return chained_slope.solution(_sigmoid(number), depth)


@chained_slope.mistake(
    "number * (1 - number) is the slope if `number` is a sigmoid's *output*. Here it is still what "
    "goes in: bend it first."
)
def taken_before_it_is_bent(number, depth):
    slope = 1
    for _ in range(depth):
        slope, number = slope * number * (1 - number), _sigmoid(number)
    return slope


# --- dead_maps ----------------------------------------------------------------------------------


def layers_of_maps(random):
    yield _maps(random, dead=1, at_zero=1, alive=1, hardly=1, late=1)
    yield _maps(random, dead=1, blank=2, hardly=1, late=2)  # its first digit opens no map
    for _ in range(5):
        dead, alive = random.sample(range(1, 4), 2)
        hardly = random.randint(2, 4)
        yield _maps(random, dead, random.randint(1, 2), alive, hardly, late=2, blank=1)


def _maps(random, dead, at_zero=0, alive=0, hardly=0, late=0, blank=0):
    """Sums for some digits, from so many maps of six kinds in any order.

    dead: negative everywhere. at_zero: the same, but for a 0. alive: positive, but for a -1.
    hardly: negative, but for a 1 on a later digit. late: negative on the first digit only.
    blank: 0 everywhere.
    """
    digits, rows, columns = random.randint(4, 6), random.randint(2, 3), random.randint(4, 5)
    kinds = ["dead"] * dead + ["at_zero"] * at_zero + ["alive"] * alive
    kinds += ["hardly"] * hardly + ["late"] * late + ["blank"] * blank
    random.shuffle(kinds)
    sums = torch.randint(1, 10, (digits, len(kinds), rows, columns), generator=generator(random))
    exceptions = {"at_zero": 0, "alive": -1, "hardly": 1}
    for number, kind in enumerate(kinds):
        if kind in ("dead", "at_zero", "hardly"):
            sums[:, number] *= -1
        if kind == "late":
            sums[0, number] *= -1
        if kind == "blank":
            sums[:, number] = 0
        if kind in exceptions:
            place = random.randrange(rows), random.randrange(columns)
            sums[random.randrange(1, digits), number, *place] = exceptions[kind]
    return (sums.float(),)


@problem(
    inputs=layers_of_maps,
    hints=[
        "One number says whether a map is dead: its largest sum, over all digits and places.",
        "sums.amax(dim=(0, 2, 3)) gives that number for every map: digits, rows and columns are "
        "gone, maps are left.",
        "ReLU's slope is 0 for negative sums, and as torch has it, for a sum of 0 too.",
    ],
)
def dead_maps(sums):
    largest = sums.amax(dim=(0, 2, 3))
    return (largest <= 0).sum()


@dead_maps.mistake("These are the maps that are alive. The others are asked for.")
def the_living(sums):
    return (sums.amax(dim=(0, 2, 3)) > 0).sum()


@dead_maps.mistake(
    "A map whose largest sum is 0 is dead as well: there too the slope is 0. <=, not <."
)
def zero_left_out(sums):
    return (sums.amax(dim=(0, 2, 3)) < 0).sum()


@dead_maps.mistake(
    "These maps are closed at *some* place on some digit. A dead one is closed at every place on "
    "every digit: look at the largest sum, not the smallest."
)
def closed_somewhere(sums):
    return (sums.amin(dim=(0, 2, 3)) <= 0).sum()


@dead_maps.mistake(
    "This counts places that are closed on every digit. A map is dead when all of its places are."
)
def dead_places(sums):
    return (sums <= 0).all(dim=0).sum()


@dead_maps.mistake(
    "This counts maps of single digits: on one digit after the other. A map is dead when it is "
    "closed on all of them."
)
def digit_by_digit(sums):
    return (sums.amax(dim=(2, 3)) <= 0).sum()


@dead_maps.mistake("This counts single sums that are not positive. Count maps.")
def single_sums(sums):
    return (sums <= 0).sum()


@dead_maps.mistake("The first digit alone decides here. A map that opens on another one is alive.")
def first_digit_only(sums):
    return (sums[0].amax(dim=(1, 2)) <= 0).sum()


@dead_maps.mistake(
    "The mean or the total decides here. A map may be negative in all and open at one place, and "
    "there it learns."
)
def judged_by_the_mean(sums):
    return (sums.mean(dim=(0, 2, 3)) <= 0).sum()


@dead_maps.mistake(
    "The mean or the total decides here. A map may be negative in all and open at one place, and "
    "there it learns."
)
def judged_by_the_sum(sums):
    return (sums.sum(dim=(0, 2, 3)) < 0).sum()


@dead_maps.mistake(
    "This counts digits on which every map is closed. The maps are the second side, dim 1: it must "
    "be the one that is left."
)
def digits_for_maps(sums):
    return (sums.amax(dim=(1, 2, 3)) <= 0).sum()


@dead_maps.mistake(
    "This counts maps whose sums are all exactly 0. They come from before ReLU: where one is "
    "negative, ReLU gives 0."
)
def zero_before_relu(sums):
    return (sums == 0).all(dim=(0, 2, 3)).sum()


@dead_maps.mistake("These are the numbers of the dead maps. How many are there?")
def listed(sums):
    return (sums.amax(dim=(0, 2, 3)) <= 0).nonzero().flatten()


@dead_maps.mistake("Right so far: this says of each map whether it is dead. How many are?")
def not_counted(sums):
    return sums.amax(dim=(0, 2, 3)) <= 0


@dead_maps.mistake("This is the share of dead maps. How many are there?")
def share(sums):
    return (sums.amax(dim=(0, 2, 3)) <= 0).float().mean()


# --- affine_map ---------------------------------------------------------------------------------


class Affine:
    """A network that can only be called."""

    def __init__(self, weight, bias):
        def answer(inputs):
            return inputs @ weight.T.to(inputs.dtype) + bias.to(inputs.dtype)

        self._answer, self._sizes = answer, tuple(weight.shape)

    def __call__(self, inputs):
        return self._answer(inputs)

    def __getattr__(self, name):
        raise AttributeError(f"this network has no {name!r} to look at: you may only call it")

    def __repr__(self):
        outputs, size = self._sizes
        return f"<an affine map from {size} to {outputs} numbers>"


def affine_networks(random):
    yield Affine(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([5.0, 6.0])), 2
    for _ in range(5):
        size, outputs = random.sample(range(2, 7), 2)
        yield Affine(whole_numbers(random, outputs, size), whole_numbers(random, outputs)), size


@problem(
    inputs=affine_networks,
    hints=[
        "weight @ zeros + bias: what is left? And of weight @ (1, 0, 0, …) + bias?",
        "The answer to zeros is the bias. The answer to a 1 at place i is column i of the weight, "
        "plus the bias.",
        "torch.eye(size) holds all inputs with a single 1, one in each row. The answers then stand "
        "in rows, and belong into columns.",
    ],
)
def affine_map(network, size):
    answers = network(torch.cat([torch.zeros(1, size), torch.eye(size)]))
    bias = answers[0]
    return (answers[1:] - bias).T, bias


@affine_map.mistake(
    "The bias is in every answer, and so it is in every column of this weight. Take it off."
)
def bias_left_in(network, size):
    return network(torch.eye(size)).T, network(torch.zeros(1, size))[0]


@affine_map.mistake(
    "The answer to input i is *column* i of the weight, and here it is a row: transpose."
)
def on_its_side(network, size):
    weight, bias = affine_map.solution(network, size)
    return weight.T, bias


@affine_map.mistake(
    "The answer to input i is *column* i of the weight, and here it is a row: transpose. And take "
    "the bias off first."
)
def on_its_side_with_the_bias(network, size):
    return network(torch.eye(size)), network(torch.zeros(1, size))[0]


@affine_map.mistake("The bias is added once more. Each answer holds it already: take it off.")
def bias_added(network, size):
    bias = network(torch.zeros(1, size))[0]
    return (network(torch.eye(size)) + bias).T, bias


@affine_map.mistake("The weight is right. The bias is what the network answers to zeros.")
def no_bias(network, size):
    weight, bias = affine_map.solution(network, size)
    return weight, 0 * bias


@affine_map.mistake("The weight is right. The bias is the answer to zeros, and not to ones.")
def bias_from_ones(network, size):
    weight, _ = affine_map.solution(network, size)
    return weight, network(torch.ones(1, size))[0]


@affine_map.mistake("Ask for the bias with zeros, not with ones: so the weight is wrong as well.")
def all_from_ones(network, size):
    bias = network(torch.ones(1, size))[0]
    return (network(torch.eye(size)) - bias).T, bias


@affine_map.mistake(
    "Both are right. The bias still has a side of length 1, for one input: take [0]."
)
def bias_in_a_row(network, size):
    weight, bias = affine_map.solution(network, size)
    return weight, bias[None]


@affine_map.mistake("Both are right, in the wrong order: the weight first, then the bias.")
def swapped(network, size):
    weight, bias = affine_map.solution(network, size)
    return bias, weight


@affine_map.mistake("Weight and bias both have the wrong sign.")
def both_negative(network, size):
    weight, bias = affine_map.solution(network, size)
    return -weight, -bias


@affine_map.mistake("The weight has the wrong sign: the answers minus the bias.")
def bias_minus_answers(network, size):
    weight, bias = affine_map.solution(network, size)
    return -weight, bias
