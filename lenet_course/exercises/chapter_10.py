"""Exercises of chapter 10, initialisation."""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

import math

import torch

from .declaring import problem

# --- fan_in -------------------------------------------------------------------------------------


def shapes_of_weights(random):
    yield from [((84, 120),), ((6, 1, 5, 5),), ((16, 6, 5, 5),), ((10, 84),), ((4, 3, 2, 5),)]
    for _ in range(8):
        units, maps = random.sample(range(2, 30), 2)
        rows, columns = random.sample(range(2, 8), 2)
        yield (random.choice([(units, maps), (units, maps, rows, columns)]),)


@problem(
    inputs=shapes_of_weights,
    hints=[
        "How many weights does *one* unit use? Those are the weights that one bias goes with.",
        "The first side counts units (or maps). All the others belong to one of them.",
        "Multiply all sides but the first: math.prod of shape[1:].",
    ],
)
def fan_in(shape):
    return math.prod(shape[1:])


@fan_in.mistake(
    "This counts how many weights one *input* meets, the fan-out. Count what one unit reads."
)
def fan_out(shape):
    return shape[0] * math.prod(shape[2:])


@fan_in.mistake("These are all weights of the layer. A fan-in is a matter of one unit.")
def all_weights(shape):
    return math.prod(shape)


@fan_in.mistake("The input maps are missing: a unit has a window on each of them.")
def one_map_only(shape):
    return math.prod(shape[2:])


@fan_in.mistake("The input maps are missing: a unit has a window on each of them.")
def one_window_of_a_convolution(shape):
    return math.prod(shape[2:]) if len(shape) == 4 else shape[1]


@fan_in.mistake(
    "These are the last two sides. A convolution's unit has such a window on each input map, and a "
    "dense layer's first side counts units."
)
def last_two_sides(shape):
    return math.prod(shape[-2:])


@fan_in.mistake("The kernel is missing: of each input map a unit reads a whole window.")
def maps_only(shape):
    return shape[1]


@fan_in.mistake("The sides are added here. Maps, rows and columns multiply.")
def sides_added(shape):
    return sum(shape[1:])


@fan_in.mistake("The bias is counted too. It is added, and reads nothing: leave it out.")
def bias_counted(shape):
    return math.prod(shape[1:]) + 1


@fan_in.mistake("This is the number of units or maps. How much does each of them read?")
def units_counted(shape):
    return shape[0]


@fan_in.mistake(
    "A matrix has two sides only, so shape[2] is not always there: take all sides after the first, "
    "however many there are."
)
def four_sides_always(shape):
    return shape[1] * shape[2] * shape[3]


@fan_in.mistake("A kernel need not be square: multiply its rows by its columns.")
def squared_last_side(shape):
    return shape[1] * (shape[-1] ** 2 if len(shape) == 4 else 1)


@fan_in.mistake("A kernel need not be square: multiply its rows by its columns.")
def squared_first_side(shape):
    return shape[1] * (shape[2] ** 2 if len(shape) == 4 else 1)


HALF_OF_A_SQUARE = math.sqrt(0.5)

# --- spread_after -------------------------------------------------------------------------------


def stacks(random):
    yield 1.0, [(25, 0.4)]
    yield 0.5, [(25, 0.3), (150, 0.1)]
    for _ in range(8):
        fans = random.sample(range(9, 500), random.randint(2, 5))
        yield (
            random.uniform(0.3, 3.0),
            [(fan, random.uniform(1.2, 2.4) / math.sqrt(fan)) for fan in fans],
        )


def _through(rms, layers, relu=HALF_OF_A_SQUARE):
    """Multiply by each layer's share, and by `relu` between two layers."""
    for fan, sd in layers:
        rms *= math.sqrt(fan) * sd
    return rms * relu ** (len(layers) - 1)


@problem(
    inputs=stacks,
    hints=[
        "Work with mean squares and take the root at the end. A layer multiplies the mean square "
        "by F times the variance of its weights, and the variance is sd squared.",
        "A ReLU halves the mean square. It stands between two layers: one fewer than layers.",
        "For one layer the answer is rms * sqrt(F) * sd. A further layer multiplies that by "
        "sqrt(F / 2) * sd, with its own F and sd.",
    ],
)
def spread_after(rms, layers):
    mean_square = rms**2
    for fan_in, sd in layers:
        mean_square *= fan_in * sd**2 / 2
    return math.sqrt(2 * mean_square)


@spread_after.mistake("The ReLUs between the layers are missing: each halves the mean square.")
def without_relu(rms, layers):
    return _through(rms, layers, relu=1)


@spread_after.mistake(
    "There is a ReLU too many: the last layer has none, or it was not asked for. Halve between "
    "layers only."
)
def relu_after_the_last(rms, layers):
    return spread_after.solution(rms, layers) / math.sqrt(2)


@spread_after.mistake(
    "A ReLU halves the mean square, not the spread: the spread shrinks by the root of a half, 0.71."
)
def spread_halved(rms, layers):
    return _through(rms, layers, relu=0.5)


@spread_after.mistake("Spreads grow with the *root* of the fan-in: variances add up, not spreads.")
def fan_in_without_root(rms, layers):
    for fan, sd in layers:
        rms *= fan * sd
    return rms * math.sqrt(0.5) ** (len(layers) - 1)


@spread_after.mistake("The fan-in has no effect here: F products are added up in each unit.")
def fan_in_forgotten(rms, layers):
    return rms * math.prod(sd for _, sd in layers) * math.sqrt(0.5) ** (len(layers) - 1)


@spread_after.mistake("This is the variance. The spread is its square root.")
def variance_given(rms, layers):
    return spread_after.solution(rms, layers) ** 2


@spread_after.mistake("sd is taken for the variance here: square it, or take the root of F alone.")
def sd_taken_for_variance(rms, layers):
    return _through(rms, [(fan, math.sqrt(sd)) for fan, sd in layers])


@spread_after.mistake("rms is taken for the mean square here: square it first.")
def rms_not_squared(rms, layers):
    return spread_after.solution(math.sqrt(rms), layers)


@spread_after.mistake("Only the first layer is counted: does `return` stand inside the loop?")
def first_layer_alone(rms, layers):
    return _through(rms, layers[:1])


@spread_after.mistake("Only the first layer is counted: does `return` stand inside the loop?")
def first_layer_alone_and_its_relu(rms, layers):
    return _through(rms, layers[:1]) / math.sqrt(2)


@spread_after.mistake(
    "Only the last layer is counted: each layer starts from what the one before it left."
)
def last_layer_alone(rms, layers):
    return _through(rms, layers[-1:])


@spread_after.mistake("What comes in, rms, has no effect here: it is what all layers multiply.")
def input_forgotten(rms, layers):
    return spread_after.solution(1, layers)


LAST_FORGOTTEN = "The last layer is forgotten: it has no ReLU after it, but weights it has."


@spread_after.mistake(LAST_FORGOTTEN)
def all_but_the_last_layer(rms, layers):
    return _through(rms, layers[:-1]) if len(layers) > 1 else ...


@spread_after.mistake(LAST_FORGOTTEN)
def all_but_the_last_layer_and_its_relu(rms, layers):
    return _through(rms, layers[:-1]) / math.sqrt(2) if len(layers) > 1 else ...


@spread_after.mistake("The pair is swapped: each layer gives its fan-in first, then its spread.")
def pair_swapped(rms, layers):
    return _through(rms, [(sd, fan) for fan, sd in layers])


FIXED = "The number of ReLUs is fixed here. Between n layers stand n - 1: it depends on the list."


@spread_after.mistake(FIXED)
def one_relu_always(rms, layers):
    return _through(rms, layers, relu=1) * HALF_OF_A_SQUARE


@spread_after.mistake(FIXED)
def four_relus_always(rms, layers):
    return _through(rms, layers, relu=1) * HALF_OF_A_SQUARE**4


# --- used_steps ---------------------------------------------------------------------------------


def gradients_rates_factors(random):
    yield from [(3.0, 0.5, 0.1), (-20.0, 0.1, 0.5), (-6.0, 0.25, 3.0)]
    for _ in range(8):
        gradient = random.choice([-1, 1]) * random.uniform(3, 30)
        yield gradient, random.uniform(0.1, 0.9), random.uniform(0.2, 0.8)


@problem(
    inputs=gradients_rates_factors,
    hints=[
        "First the stored weight. When it grows by 1, the used weight grows by `factor`. So what "
        "is the stored weight's gradient?",
        "The stored weight's gradient is factor * gradient. SGD moves it by -rate times that; Adam "
        "moves it by -rate times its sign.",
        "Whatever the stored weight moves by, the used weight moves by `factor` times as much.",
    ],
)
def used_steps(gradient, rate, factor):
    by_sgd = -rate * factor**2 * gradient
    by_adam = -rate * factor * gradient / abs(gradient)
    return by_sgd, by_adam


def _steps(sgd_power, adam_power):
    """An answer with other powers of the factor."""

    def answer(gradient, rate, factor):
        by_sgd = -rate * factor**sgd_power * gradient
        return by_sgd, -rate * factor**adam_power * math.copysign(1, gradient)

    return answer


@used_steps.mistake(
    "These are the steps of the *stored* weight. The used weight moves by `factor` times as much."
)
def stored_weight(gradient, rate, factor):
    return _steps(1, 0)(gradient, rate, factor)


@used_steps.mistake(
    "These are the steps without any factor. It works twice: on the gradient that the stored "
    "weight gets, and on the way from the stored to the used weight."
)
def without_factor(gradient, rate, factor):
    return _steps(0, 0)(gradient, rate, factor)


@used_steps.mistake(
    "SGD's step has one factor too few: the stored weight's gradient is factor * gradient, and the "
    "used weight moves by factor times the stored one's step."
)
def factor_once_in_sgd(gradient, rate, factor):
    return _steps(1, 1)(gradient, rate, factor)


@used_steps.mistake(
    "SGD's step has one factor too few: the stored weight's gradient is factor * gradient, and the "
    "used weight moves by factor times the stored one's step."
)
def factor_once_in_sgd_and_anything(gradient, rate, factor):
    return -rate * factor * gradient, ...


@used_steps.mistake(
    "Adam's step has a factor too many: it does not depend on the gradient's size, so the factor "
    "counts once, on the way from the stored to the used weight."
)
def factor_twice_in_adam(gradient, rate, factor):
    return _steps(2, 2)(gradient, rate, factor)


@used_steps.mistake(
    "Adam's step is without the factor: it is what the stored weight moves by, and the used weight "
    "moves by `factor` times as much."
)
def adam_without_factor(gradient, rate, factor):
    return _steps(2, 0)(gradient, rate, factor)


@used_steps.mistake(
    "Adam's first step has the length of the rate whatever the gradient's size: of the gradient "
    "take the sign alone."
)
def adam_with_the_gradient(gradient, rate, factor):
    return -rate * factor**2 * gradient, -rate * factor * gradient


@used_steps.mistake(
    "Adam's first step has the length of the rate whatever the gradient's size: of the gradient "
    "take the sign alone."
)
def adam_as_sgd(gradient, rate, factor):
    return (-rate * factor**2 * gradient,) * 2


@used_steps.mistake("Uphill: both optimizers go against the gradient. The sign is reversed.")
def uphill(gradient, rate, factor):
    by_sgd, by_adam = used_steps.solution(gradient, rate, factor)
    return -by_sgd, -by_adam


@used_steps.mistake(
    "Adam always goes down here: it goes against the sign of the gradient, up where that is "
    "negative."
)
def adam_without_sign(gradient, rate, factor):
    return -rate * factor**2 * gradient, -rate * factor


@used_steps.mistake("Adam goes uphill here: against the sign of the gradient.")
def adam_uphill(gradient, rate, factor):
    by_sgd, by_adam = used_steps.solution(gradient, rate, factor)
    return by_sgd, -by_adam


@used_steps.mistake("The two have changed places: SGD's step first, then Adam's.")
def pair_reversed(gradient, rate, factor):
    return used_steps.solution(gradient, rate, factor)[::-1]


@used_steps.mistake(
    "The factor divides here. It multiplies, both what the stored weight gets of the gradient and "
    "what the used weight gets of the step."
)
def divided(gradient, rate, factor):
    return _steps(-2, -1)(gradient, rate, factor)


NEW_WEIGHT = "This is a weight after the step. Asked is its change: what is added to it."


@used_steps.mistake(NEW_WEIGHT)
def new_weight_from_the_factor(gradient, rate, factor):
    return tuple(factor + step for step in used_steps.solution(gradient, rate, factor))


@used_steps.mistake(NEW_WEIGHT)
def new_weight_from_one(gradient, rate, factor):
    return tuple(1 + step for step in used_steps.solution(gradient, rate, factor))


@used_steps.mistake(NEW_WEIGHT)
def new_weight_from_the_gradient(gradient, rate, factor):
    return tuple(gradient + step for step in used_steps.solution(gradient, rate, factor))


@used_steps.mistake(
    "These are lengths. A step has a direction: below 0 where the gradient is above it, and the "
    "other way round."
)
def lengths(gradient, rate, factor):
    return tuple(abs(step) for step in used_steps.solution(gradient, rate, factor))


@used_steps.mistake("The rate is missing in both steps.")
def rate_forgotten(gradient, rate, factor):
    return used_steps.solution(gradient, 1, factor)


@used_steps.mistake("This is SGD's step alone: return both, SGD's and Adam's, as a pair.")
def sgd_alone(gradient, rate, factor):
    return -rate * factor**2 * gradient


# --- by_rejection -------------------------------------------------------------------------------


def streams(random):
    yield [0.5, -2.5, 1.0, 3.0, -1.5, 0.25], 3, 10.0
    yield [2.0, 2.25, -2.0, -1.0, -2.125, 1.5, 0.5], 4, 0.5
    for _ in range(8):
        draws = [random.gauss(0, 1.6) for _ in range(30)]
        edges = [2.5, -2.5, 1.75, -1.75, random.uniform(2.1, 4)]
        random.shuffle(edges)
        yield edges + draws, random.randint(6, 9), random.uniform(3, 20)


@problem(
    inputs=streams,
    hints=[
        "Throw away every draw that is more than 2 away from 0, on either side.",
        "abs(draw) <= 2 says which ones stay. Take the first `count` of those.",
        "Draws belong to a spread of 1, so multiply by sd after choosing.",
    ],
)
def by_rejection(draws, count, sd):
    kept = [draw for draw in draws if abs(draw) <= 2]
    return [sd * draw for draw in kept[:count]]


@by_rejection.mistake(
    "Draws beyond 2 are moved to the border here, where they pile up. Throw them away, and take "
    "the next ones."
)
def clamped(draws, count, sd):
    return [sd * max(-2, min(2, draw)) for draw in draws[:count]]


@by_rejection.mistake("Nothing is cut: draws beyond 2, on either side, are to be thrown away.")
def not_cut(draws, count, sd):
    return [sd * draw for draw in draws[:count]]


@by_rejection.mistake(
    "Only the upper tail is cut: a draw of -3 lies as far out as one of 3. Use abs(draw)."
)
def upper_tail_only(draws, count, sd):
    return [sd * draw for draw in draws if draw <= 2][:count]


@by_rejection.mistake(
    "Too few are left: throw away first, then take the first `count` of what remains."
)
def counted_before_the_cut(draws, count, sd):
    return [sd * draw for draw in draws[:count] if abs(draw) <= 2]


@by_rejection.mistake("The right draws, for a spread of 1. Multiply each by sd.")
def not_scaled(draws, count, sd):
    return by_rejection.solution(draws, count, 1)


@by_rejection.mistake(
    "The limit is 2 *standard deviations*. Here it stays 2 after the draws were multiplied by sd: "
    "cut first, or cut at 2 * sd."
)
def cut_at_two(draws, count, sd):
    return [sd * draw for draw in draws if abs(sd * draw) <= 2][:count]


@by_rejection.mistake(
    "The limit is 2 for draws that are not yet multiplied by sd. Here it is 2 * sd for them."
)
def limit_scaled_alone(draws, count, sd):
    return [sd * draw for draw in draws if abs(draw) <= 2 * sd][:count]


@by_rejection.mistake("All that remain are given. Only the first `count` are wanted.")
def count_ignored(draws, count, sd):
    return by_rejection.solution(draws, len(draws), sd)


@by_rejection.mistake("This cuts at 1. The limit is 2.")
def cut_at_one(draws, count, sd):
    return [sd * draw for draw in draws if abs(draw) <= 1][:count]


@by_rejection.mistake("A draw of exactly 2 or -2 may stay: <=, not <.")
def border_cut(draws, count, sd):
    return [sd * draw for draw in draws if abs(draw) < 2][:count]


@by_rejection.mistake("These are the draws that were to be thrown away: keep the others.")
def tails_kept(draws, count, sd):
    return [sd * draw for draw in draws if abs(draw) > 2][:count]


@by_rejection.mistake("The negative draws are gone as well. Only those below -2 should be.")
def positive_only(draws, count, sd):
    return [sd * draw for draw in draws if 0 <= draw <= 2][:count]


@by_rejection.mistake("These are the last ones that remain. The first `count` are wanted.")
def last_ones(draws, count, sd):
    return [sd * draw for draw in draws if abs(draw) <= 2][-count:]


IN_ORDER = "Sorted: the draws stay in the order in which they were drawn."


@by_rejection.mistake(IN_ORDER)
def sorted_before_the_first_are_taken(draws, count, sd):
    return by_rejection.solution(sorted(draws), count, sd)


@by_rejection.mistake(IN_ORDER)
def sorted_in_the_end(draws, count, sd):
    return sorted(by_rejection.solution(draws, count, sd))


@by_rejection.mistake("sd is squared: the draws have a spread of 1, so each is multiplied by sd.")
def sd_squared(draws, count, sd):
    return by_rejection.solution(draws, count, sd**2)


# --- dead_units ---------------------------------------------------------------------------------


def activations_with_dead_units(random):
    yield (torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 3.0]]),)
    for place in range(6):
        digits, units = random.randint(110, 130), random.randint(9, 12)
        generator = torch.Generator().manual_seed(random.randrange(2**31))
        table = torch.randint(1, 9, (digits, units), generator=generator).float()
        table[torch.rand(digits, units, generator=generator) < 0.4] = 0
        dead, blank = random.sample(range(1, 5), 2)
        table[:, :dead] = 0
        table[:, dead:] += 0.5 * (torch.arange(digits) == 1)[:, None]  # none is dead by chance
        table[[0, -1], dead] = 0  # lives, though shut for the first digit and the last
        table[:, dead + 1] = 0.001 * (torch.arange(digits) == digits // 2)  # open once, and hardly
        if place % 2:
            table[5 : 5 + blank] = 0  # digits that open nothing
        else:
            table[:, dead + 2] = 2.0  # always the same, and alive
        yield (table[:, torch.randperm(units, generator=generator)],)
    yield (torch.zeros(3, 4),)


@problem(
    inputs=activations_with_dead_units,
    hints=[
        "A unit is a column. It is dead if every number of its column is 0.",
        "(activations == 0) is a table of True and False; .all(dim=...) asks whether all are True "
        "along one side.",
        "Along the digits, dim=0, so that one answer is left for each unit. Then count.",
    ],
)
def dead_units(activations):
    return int((activations == 0).all(dim=0).sum())


@dead_units.mistake(
    "These are digits for which no unit is open. Ask for each unit, over all digits: dim=0."
)
def blank_digits(activations):
    return int((activations == 0).all(dim=1).sum())


@dead_units.mistake(
    "These are all zeros of the table. A unit that is shut for one digit may be open for another."
)
def zeros_counted(activations):
    return int((activations == 0).sum())


@dead_units.mistake(
    "A unit that is shut for some digits is not dead: it has to be 0 for *every* digit."
)
def shut_for_some(activations):
    return int((activations == 0).any(dim=0).sum())


@dead_units.mistake("These are the units that live. Count the others.")
def living_units(activations):
    return int((activations != 0).any(dim=0).sum())


@dead_units.mistake("This says for each unit whether it is dead. How many are?")
def one_answer_a_unit(activations):
    return (activations == 0).all(dim=0)


@dead_units.mistake("This is the share of dead units. Count them.")
def share(activations):
    return (activations == 0).all(dim=0).float().mean()


@dead_units.mistake("These are the dead units themselves. How many are there?")
def which(activations):
    return (activations == 0).all(dim=0).nonzero().flatten()


@dead_units.mistake(
    "One number that says whether the whole table is 0. Ask along the digits alone: dim=0."
)
def whole_table(activations):
    return int((activations == 0).all())


@dead_units.mistake(
    "ReLU gives nothing below 0, so `< 0` finds no dead unit: a shut unit gives exactly 0."
)
def below_zero(activations):
    return int((activations < 0).all(dim=0).sum())


@dead_units.mistake("Only the first digit is asked. A dead unit is 0 for every one of them.")
def first_digit_only(activations):
    return int((activations[0] == 0).sum())


@dead_units.mistake("Only two digits are asked. A dead unit is 0 for every one of them.")
def first_and_last_digit_only(activations):
    return int(((activations[0] == 0) & (activations[-1] == 0)).sum())


OPEN_ONCE = "A unit that is open for a single digit, and hardly so, is alive: ask for 0 everywhere."


@dead_units.mistake(OPEN_ONCE)
def small_everywhere(activations):
    return int((activations < 0.5).all(dim=0).sum())


@dead_units.mistake(OPEN_ONCE)
def small_on_average(activations):
    return int((activations.mean(dim=0) < 0.1).sum())


@dead_units.mistake(OPEN_ONCE)
def mostly_shut(activations):
    return int(((activations == 0).float().mean(dim=0) > 0.9).sum())


SAME_IS_NOT_SHUT = "A unit may give the same for every digit and be open: it is dead if that is 0."


@dead_units.mistake(SAME_IS_NOT_SHUT)
def always_the_same(activations):
    return int((activations == activations[0]).all(dim=0).sum())
