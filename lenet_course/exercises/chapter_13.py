"""Exercises of chapter 13, back to 1998."""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

import math
import statistics

import torch

from .declaring import problem

# --- curvature_behind ---------------------------------------------------------------------------


def steps_rates_mus(random):
    yield from [(0.5, 1.0, 0.25), (0.001, 0.0005, 0.02), (0.0125, 0.0005, 0.03)]
    for _ in range(6):
        rate, mu = random.uniform(1e-4, 1e-2), random.uniform(0.01, 0.3)
        yield rate / (mu + random.uniform(0.05, 3)), rate, mu


@problem(
    inputs=steps_rates_mus,
    hints=[
        "Write down what a step size is, with h in it, and solve for h.",
        "step = rate / (mu + h), so mu + h = rate / step.",
    ],
)
def curvature_behind(step, rate, mu):
    return rate / step - mu


RATE_WRITTEN_IN = "0.0005 is written in: it is only the paper's first rate. Use `rate`."


@curvature_behind.mistake(RATE_WRITTEN_IN)
def rate_written_in(step, rate, mu):
    return 0.0005 / step - mu


@curvature_behind.mistake(RATE_WRITTEN_IN + " And `mu` for 0.02.")
def both_written_in(step, rate, mu):
    return 0.0005 / step - 0.02


@curvature_behind.mistake("0.02 is written in: it is only the paper's μ. Use `mu`.")
def mu_written_in(step, rate, mu):
    return rate / step - 0.02


@curvature_behind.mistake("mu is missing: rate / step is mu + h, so take mu away.")
def mu_forgotten(step, rate, mu):
    return rate / step


@curvature_behind.mistake("mu stands on the other side: take it away from rate / step.")
def mu_added(step, rate, mu):
    return rate / step + mu


@curvature_behind.mistake("The quotient is upside down: mu + h is rate / step.")
def upside_down(step, rate, mu):
    return step / rate - mu


@curvature_behind.mistake("The sign is reversed: h is rate / step, less mu.")
def reversed_sign(step, rate, mu):
    return mu - rate / step


@curvature_behind.mistake("This is a step size again, that of a weight whose h is `step`.")
def a_step_again(step, rate, mu):
    return rate / (mu + step)


@curvature_behind.mistake("mu is counted into the step here: divide first, then take mu away.")
def mu_under_the_bar(step, rate, mu):
    return rate / (step - mu)


@curvature_behind.mistake("This is the gap to the ceiling, rate / mu. Solve for h instead.")
def gap_to_the_ceiling(step, rate, mu):
    return rate / mu - step


@curvature_behind.mistake("A product where a quotient belongs: mu + h is rate / step.")
def product(step, rate, mu):
    return rate * step - mu


# --- second_back --------------------------------------------------------------------------------


def layers_to_go_back_through(random):
    yield (
        torch.tensor([2.0, 1.0]),
        torch.tensor([[1.0, -2.0, 3.0], [0.0, 4.0, -1.0]]),
        torch.ones(3),
    )
    noise = torch.Generator().manual_seed(random.randrange(2**31))
    for units, below in [(3, 3), (4, 4), (5, 2), (2, 6), (3, 3)]:
        above = torch.rand(units, generator=noise) + 0.2
        weights = torch.randn(units, below, generator=noise)
        yield above, weights, torch.rand(below, generator=noise) + 0.3


SLOPES_ONCE = "The slopes are squared as well: every factor of the gradient's way back is."
WEIGHTS_ONCE = "The weights are to be squared: with first powers this carries back a gradient."


@problem(
    inputs=layers_to_go_back_through,
    hints=[
        "A gradient goes back as (above @ weights) * slopes. Which factors are squared here?",
        "Square each weight and each slope; `above` holds second derivatives already.",
        "(above @ weights**2) gives one number for each unit below.",
    ],
)
def second_back(above, weights, slopes):
    return (above @ weights**2) * slopes**2


@second_back.mistake("This is how a gradient goes back: square the weights and the slopes.")
def first_back(above, weights, slopes):
    return (above @ weights) * slopes


@second_back.mistake(WEIGHTS_ONCE)
def weights_once(above, weights, slopes):
    return (above @ weights) * slopes**2


@second_back.mistake(WEIGHTS_ONCE)
def weights_by_size(above, weights, slopes):
    return (above @ weights.abs()) * slopes**2


@second_back.mistake(SLOPES_ONCE)
def slopes_once(above, weights, slopes):
    return (above @ weights**2) * slopes


@second_back.mistake("The slopes are missing: each unit below has its squash on the way.")
def slopes_forgotten(above, weights, slopes):
    return above @ weights**2


@second_back.mistake(
    "The sum is squared here. Square each weight first, and add up then: a square of a sum has "
    "terms between different units, which the diagonal leaves out."
)
def square_of_the_sum(above, weights, slopes):
    return (above @ weights) ** 2 * slopes**2


@second_back.mistake("`weights @ weights` multiplies matrices: `weights**2` squares each weight.")
def weights_times_weights(above, weights, slopes):
    return (above @ (weights @ weights)) * slopes**2


@second_back.mistake("`above` holds second derivatives already: do not square it.")
def above_squared(above, weights, slopes):
    return (above**2 @ weights**2) * slopes**2


@second_back.mistake(
    "The matrix is used the wrong way round: weights[k, i] leads from unit i below to unit k above."
)
def the_wrong_way_round(above, weights, slopes):
    return (weights**2 @ above) * slopes**2


@second_back.mistake("This is a mean over the units above. Each of them adds its share: a sum.")
def mean_over_units(above, weights, slopes):
    return (above @ weights**2) / len(above) * slopes**2


@second_back.mistake("`above` is not used: what the units above say has to come back too.")
def above_forgotten(above, weights, slopes):
    return (weights**2).sum(0) * slopes**2


# --- shared_curvature ---------------------------------------------------------------------------


def kernels_at_places(random):
    yield torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 0.0], [3.0, -1.0]])
    noise = torch.Generator().manual_seed(random.randrange(2**31))
    for maps, weights, places in [(2, 3, 4), (3, 3, 3), (4, 4, 4), (3, 5, 2)]:
        yield (
            torch.rand(maps, places, generator=noise) + 0.2,
            torch.randn(weights, places, generator=noise),
        )


@problem(
    inputs=kernels_at_places,
    hints=[
        "At one place, a weight's curvature is h of the unit there times its input squared.",
        "A shared weight is used at every place: add up over the places.",
        "The answer has a row for each map and a column for each weight: h @ (inputs**2).T.",
    ],
)
def shared_curvature(h, inputs):
    return h @ (inputs**2).T


@shared_curvature.mistake("The inputs are to be squared: with first powers this is a gradient.")
def inputs_once(h, inputs):
    return h @ inputs.T


@shared_curvature.mistake(
    "The sum over the places is squared here. Square each input first, and add up then."
)
def square_of_sum(h, inputs):
    return (h @ inputs.T) ** 2


@shared_curvature.mistake("h is a second derivative already: do not square it.")
def h_squared(h, inputs):
    return h**2 @ (inputs**2).T


@shared_curvature.mistake(
    "This is a mean over the places. Each place adds to the curvature: a sum."
)
def mean_over_places(h, inputs):
    return h @ (inputs**2).T / h.shape[1]


@shared_curvature.mistake("Rows are maps and columns are weights: this is the other way round.")
def on_its_side(h, inputs):
    return inputs**2 @ h.T


@shared_curvature.mistake("The places do not meet: turn `inputs` round with .T, to sum over them.")
def places_do_not_meet(h, inputs):
    return h @ inputs**2


@shared_curvature.mistake("h and inputs are added up apart. They meet place by place first.")
def added_up_apart(h, inputs):
    return h.sum(1)[:, None] * (inputs**2).sum(1)


@shared_curvature.mistake(
    "The inputs are added up over the places, and then squared. Each is squared by itself, and "
    "meets h at its own place."
)
def inputs_added_up_first(h, inputs):
    return h.sum(1)[:, None] * inputs.sum(1) ** 2


@shared_curvature.mistake("h is missing: how curved the loss is at each unit counts too.")
def h_forgotten(h, inputs):
    return (inputs**2).sum(1).expand(len(h), -1)


# --- pull_and_push ------------------------------------------------------------------------------


def distances_labels_js(random):
    yield [0.5, 3.0], 0, 1.0
    yield [3.0, 0.5, 2.0], 1, 2.0
    for _ in range(6):
        distances = [random.uniform(0.2, 4) for _ in range(random.randint(3, 6))]
        yield distances, random.randrange(len(distances)), random.uniform(0.5, 3)


def _shares(distances, j):
    powers = [math.exp(-distance) for distance in distances]
    total = math.exp(-j) + sum(powers)
    return [power / total for power in powers]


@problem(
    inputs=distances_labels_js,
    hints=[
        "First the shares: exp(-distance) of each class, over exp(-j) plus the sum of all of them.",
        "The right class's distance stands in the loss once by itself: its slope is 1 minus its "
        "share.",
        "The other slopes are minus their shares: the loss falls when those distances grow.",
    ],
)
def pull_and_push(distances, label, j):
    powers = [math.exp(-distance) for distance in distances]
    total = math.exp(-j) + sum(powers)
    slopes = [-power / total for power in powers]
    slopes[label] += 1
    return slopes


@pull_and_push.mistake("These are the shares. The slopes are 1 - share, and -share for the others.")
def the_shares(distances, label, j):
    return _shares(distances, j)


@pull_and_push.mistake("The right class is treated like the others: its slope is 1 - share.")
def no_pull(distances, label, j):
    return [-share for share in _shares(distances, j)]


@pull_and_push.mistake("The signs are reversed: this is minus the slope of the loss.")
def signs_reversed(distances, label, j):
    return [-slope for slope in pull_and_push.solution(distances, label, j)]


@pull_and_push.mistake("exp(-j) is missing: that is softmax with ten classes, and j has no effect.")
def without_j(distances, label, j):
    return pull_and_push.solution(distances, label, math.inf)


@pull_and_push.mistake("j itself stands in the sum: it is a distance too, so add exp(-j).")
def j_itself(distances, label, j):
    powers = [math.exp(-distance) for distance in distances]
    slopes = [-power / (j + sum(powers)) for power in powers]
    slopes[label] += 1
    return slopes


@pull_and_push.mistake("exp(j) stands in the sum: it is exp(-j), as with every other distance.")
def j_without_minus(distances, label, j):
    return pull_and_push.solution(distances, label, -j)


@pull_and_push.mistake("exp(distance) grows with the distance: it is exp(-distance).")
def distances_without_minus(distances, label, j):
    return pull_and_push.solution([-distance for distance in distances], label, j)


@pull_and_push.mistake(
    "The right class is left out of the sum: equation 9 sums over all classes, that one too."
)
def right_class_not_in_the_sum(distances, label, j):
    others = math.exp(-j) + sum(
        math.exp(-distance) for k, distance in enumerate(distances) if k != label
    )
    return [
        1 - math.exp(-distance) / others if k == label else -math.exp(-distance) / others
        for k, distance in enumerate(distances)
    ]


@pull_and_push.mistake(
    "The right class has a pull of 1 always here: its share is to be taken away."
)
def full_pull(distances, label, j):
    slopes = pull_and_push.solution(distances, label, j)
    slopes[label] = 1.0
    return slopes


@pull_and_push.mistake(
    "The shares have the wrong sign: each slope has *minus* its share, the right class's 1 - share."
)
def shares_added(distances, label, j):
    slopes = _shares(distances, j)
    slopes[label] += 1
    return slopes


@pull_and_push.mistake("The others push with the wrong sign: their slopes are below 0.")
def others_pull(distances, label, j):
    return [abs(slope) for slope in pull_and_push.solution(distances, label, j)]


# --- seeds_apart --------------------------------------------------------------------------------


def two_recipes(random):
    yield [1.0, 3.0], [4.0, 8.0, 6.0]
    yield [0.9, 1.1, 1.3, 1.0], [0.8, 0.95]
    for _ in range(6):
        sizes = random.sample(range(2, 7), 2)
        middles = random.sample([0.7, 0.8, 0.9, 1.1, 1.3], 2)
        yield tuple(
            [random.gauss(middle, random.uniform(0.05, 0.3)) for _ in range(size)]
            for middle, size in zip(middles, sizes, strict=True)
        )


@problem(
    inputs=two_recipes,
    tolerance=1e-6,
    hints=[
        "A mean of n seeds has the variance of one seed over n. statistics.variance gives that of "
        "one seed.",
        "The variance of a difference of two means is the *sum* of theirs.",
        "Difference of the means, over the root of that sum.",
    ],
)
def seeds_apart(ours, theirs):
    difference = statistics.mean(theirs) - statistics.mean(ours)
    ours_varies = statistics.variance(ours) / len(ours)
    theirs_varies = statistics.variance(theirs) / len(theirs)
    return difference / math.sqrt(ours_varies + theirs_varies)


def _apart(ours, theirs, of_one=statistics.variance, count=len, power=0.5):
    difference = statistics.mean(theirs) - statistics.mean(ours)
    return difference / sum(of_one(each) / count(each) for each in (ours, theirs)) ** power


@seeds_apart.mistake("This is the difference itself. Divide it by how much it varies.")
def difference_alone(ours, theirs):
    return statistics.mean(theirs) - statistics.mean(ours)


@seeds_apart.mistake("The sign is reversed: theirs less ours, so that above 0 means ours is lower.")
def ours_less_theirs(ours, theirs):
    return -seeds_apart.solution(ours, theirs)


@seeds_apart.mistake(
    "The number of seeds is missing: a mean of n seeds varies less than one seed, its variance is "
    "divided by n."
)
def number_forgotten(ours, theirs):
    return _apart(ours, theirs, count=lambda each: 1)


@seeds_apart.mistake("The root is missing: a variance is a square.")
def root_forgotten(ours, theirs):
    return _apart(ours, theirs, power=1)


@seeds_apart.mistake("Standard deviations are added here. What adds up is variances.")
def deviations_added(ours, theirs):
    difference = statistics.mean(theirs) - statistics.mean(ours)
    errors = [statistics.stdev(each) / math.sqrt(len(each)) for each in (ours, theirs)]
    return difference / sum(errors)


@seeds_apart.mistake(
    "Standard deviations stand under the root. Variances belong there, the squares of those."
)
def deviations_under_the_root(ours, theirs):
    return _apart(ours, theirs, of_one=statistics.stdev)


@seeds_apart.mistake(
    "Both variances are divided by the number of one side's seeds. Each side has its own number."
)
def ours_counted_twice(ours, theirs):
    return _apart(ours, theirs, count=lambda each: len(ours))


@seeds_apart.mistake(
    "Both variances are divided by the number of one side's seeds. Each side has its own number."
)
def theirs_counted_twice(ours, theirs):
    return _apart(ours, theirs, count=lambda each: len(theirs))


@seeds_apart.mistake(
    "This variance divides by n. From a few seeds take n - 1, as statistics.variance does."
)
def of_a_population(ours, theirs):
    return _apart(ours, theirs, of_one=statistics.pvariance)


@seeds_apart.mistake("Variances are subtracted here. A difference varies with both: add them.")
def variances_subtracted(ours, theirs):
    difference = statistics.mean(theirs) - statistics.mean(ours)
    varies = [statistics.variance(each) / len(each) for each in (ours, theirs)]
    return difference / math.sqrt(abs(varies[0] - varies[1]))


@seeds_apart.mistake("Only one side's variance is counted: the difference varies with both.")
def ours_only(ours, theirs):
    difference = statistics.mean(theirs) - statistics.mean(ours)
    return difference / math.sqrt(statistics.variance(ours) / len(ours))


@seeds_apart.mistake("Only one side's variance is counted: the difference varies with both.")
def theirs_only(ours, theirs):
    difference = statistics.mean(theirs) - statistics.mean(ours)
    return difference / math.sqrt(statistics.variance(theirs) / len(theirs))


@seeds_apart.mistake("The variance is divided by the root of n. It is the spread that shrinks so.")
def root_of_the_number(ours, theirs):
    return _apart(ours, theirs, count=lambda each: math.sqrt(len(each)))


@seeds_apart.mistake("This is a distance without a side: keep the sign of the difference.")
def without_sign(ours, theirs):
    return abs(seeds_apart.solution(ours, theirs))
