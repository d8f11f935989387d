"""One digit, one step: stochastic diagonal Levenberg-Marquardt, for K seeds side by side.

Before each pass the second derivatives of 500 digits are averaged, and give each weight a step
size of its own for the pass (p. 41-42). Introduced in chapter 13.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field

import numpy
import torch
from torch import Tensor

from .. import networks
from ..data import Split, batches
from ..training import evaluate
from .distortions import distort, draw
from .losses import Loss, SquaredError, codes_like, distances
from .network import SHAPES, Trace, backward, forward, named
from .weights import to_module, trainable

NETWORK = networks.FAMILY["lenet5-1998"]

MU = 0.02  # p. 42: keeps a weight's step finite where the loss is flat
SAMPLES = 500  # digits whose second derivatives are averaged before a pass

PAPER_RATES = (5e-4,) * 2 + (2e-4,) * 3 + (1e-4,) * 3 + (5e-5,) * 4 + (1e-5,) * 8
"""The schedule of p. 10: twenty passes."""

OUR_RATES = (1e-4,) * 10 + (1e-5,) * 10
"""Twenty passes that go well with weights of 1/sqrt(F)."""

AT_A_TIME = 100  # digits that are fetched and prepared together; they are learned one by one

Step = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]
Watch = Callable[[int], None]


@dataclass(frozen=True)
class Plan:
    """All that decides a run, the seeds aside.

    Args:
        loss: SquaredError() or MAP(j).
        rates: one a pass: eta, or for plain steps the step size itself.
        second_order: a step size for each weight, eta / (mu + h); otherwise one for all.
        first_weights: the rule, "1/sqrt(F)" or "2.4/F".
        averaged: let S2 and S4 learn the coefficient of their four inputs' mean (p. 6), not of
            their sum (p. 7). The network is the same; a plain step does a sixteenth as much.
        distorted: show each digit transformed, differently in each pass.
        digits: learn from the first so many.
    """

    loss: Loss = field(default_factory=SquaredError)
    rates: tuple[float, ...] = OUR_RATES
    second_order: bool = True
    first_weights: str = "1/sqrt(F)"
    averaged: bool = False
    distorted: bool = False
    digits: int = 60_000

    def described(self) -> dict:
        """Say the same as JSON can hold it."""
        loss = {"name": type(self.loss).__name__, **asdict(self.loss)}
        return {**asdict(self), "loss": loss, "rates": list(self.rates)}


@dataclass(frozen=True)
class Pass:
    """What one pass through the digits left in the record; lists have a number a seed.

    Args:
        number: counted from 1.
        rate: eta.
        loss, error: mean over the pass, each digit judged just before its step, as in figure 5.
        steps: for each part of the network the smallest, the median and the largest step size.
    """

    number: int
    rate: float
    loss: list[float]
    error: list[float]
    steps: dict[str, list[float]]


def make_step(loss: Loss, compiled: bool = False) -> Step:
    """Make the function that learns one digit in each of K networks.

    The function takes networks (K, 60900), which it changes; step sizes (K, 60900); digits
    (K, 32, 32); labels (K,); and the codes. It returns the states of F6, (K, 84), from before.

    Args:
        loss: what is descended.
        compiled: let torch write the step in C++ first, which takes half a minute once. Where there
            is no compiler, a warning says so and the step is as it was: slower, with equal results.

    Example:
        >>> from lenet_course.back_to_1998 import first_weights
        >>> flat, labels = first_weights([0, 1]), torch.tensor([3, 5])
        >>> step, sizes = make_step(SquaredError()), torch.full_like(flat, 1e-4)
        >>> step(flat, sizes, torch.zeros(2, 32, 32), labels, codes_like(flat)).shape
        torch.Size([2, 84])

    Introduced in chapter 13.
    """

    def step(flat: Tensor, sizes: Tensor, digits: Tensor, labels: Tensor, codes: Tensor) -> Tensor:
        weights = named(flat)
        states, trace = forward(weights, digits)
        gradient = backward(weights, trace, loss.gradient(states, labels, codes))
        flat.addcmul_(sizes, gradient, value=-1)
        return states

    return _or_eager(torch.compile(step, dynamic=False), step) if compiled else step


def curvature(flat: Tensor, loss: Loss, digits: Tensor, labels: Tensor) -> Tensor:
    """Average the diagonal second derivatives over some digits.

    The backward pass with every factor squared: weights, inputs, slopes. That leaves out the terms
    between different units of a layer, and those with f'': the paper's two approximations, the
    diagonal and Gauss and Newton's.

    Args:
        flat: (K, 60900).
        loss: gives the second derivatives at F6.
        digits: (T, K, 32, 32).
        labels: (T, K).

    Returns:
        (K, 60900).

    Example:
        >>> from lenet_course.back_to_1998 import first_weights
        >>> labels = torch.tensor([[3, 5]])  # one digit for each of two networks
        >>> found = curvature(
        ...     first_weights([0, 1]), SquaredError(), torch.zeros(1, 2, 32, 32), labels
        ... )
        >>> found.shape, bool((found >= 0).all())
        (torch.Size([2, 60900]), True)

    Source: p. 41-42. Introduced in chapter 13.
    """
    weights, codes = named(flat), codes_like(flat)
    squares = {name: part.square() for name, part in weights.items()}
    total = torch.zeros_like(flat)
    for each, answer in zip(digits, labels, strict=True):
        states, trace = forward(weights, each)
        errors = loss.curvature(states, answer, codes)
        total += backward(squares, Trace(*(part.square() for part in trace)), errors)
    return total / len(digits)


@torch.no_grad()
def step_sizes(flat: Tensor, plan: Plan, train: Split, seeds: Sequence[int], number: int) -> Tensor:
    """Give each weight its step size for pass `number`: (K, 60900), zero where no kernel is.

    Example:
        >>> from lenet_course.back_to_1998 import first_weights
        >>> train = Split(torch.zeros(9, 28, 28, dtype=torch.uint8), torch.arange(9))
        >>> sizes = step_sizes(first_weights([0]), Plan(digits=9), train, seeds=[0], number=1)
        >>> int((sizes > 0).sum()), bool(sizes.max() <= 1e-4 / MU)
        (60000, True)

    Introduced in chapter 13.
    """
    rate, learns = plan.rates[number - 1], trainable().to(flat)
    scale = _scale(flat, plan)
    if not plan.second_order:
        return (rate / scale.square() * learns).expand_as(flat)
    which = [
        numpy.random.default_rng([seed, number, 1]).permutation(plan.digits)[:SAMPLES]
        for seed in seeds
    ]
    which = torch.from_numpy(numpy.stack(which, axis=1)).to(flat.device)
    digits, labels = _fetch(train, which, flat)
    return rate / (MU * scale.square() + curvature(flat, plan.loss, digits, labels)) * learns


def _scale(flat: Tensor, plan: Plan) -> Tensor:
    """Say how many times a weight of `flat` is what learns in its place: (1, 60900).

    Let u = s w learn. By u the slope is 1/s of that by w, and the curvature h/s². So a step of u,
    eta / (mu + h/s²) times its slope, moves w by eta / (mu s² + h) times the slope by w.
    """
    scale = torch.ones_like(flat[:1])
    if plan.averaged:
        for layer in ("S2", "S4"):
            named(scale)[f"{layer}.coefficient"].fill_(4)
    return scale


@torch.no_grad()
def one_pass(
    flat: Tensor,
    plan: Plan,
    train: Split,
    seeds: Sequence[int],
    number: int,
    step: Step | None = None,
    watch: Watch | None = None,
) -> Pass:
    """Show K networks all digits once, each in an order of its own; each digit moves the weights.

    What happens depends on the networks, the plan, the seeds and the number alone, so a run can
    stop after any pass and go on.

    Args:
        flat: (K, 60900); is changed.
        plan: of the run.
        train: at least plan.digits digits, on the device of `flat`.
        seeds: K whole numbers.
        number: of the pass, from 1; the order of the digits depends on it.
        step: from `make_step`, where it is to be compiled.
        watch: is told how many digits each network has seen in this pass.

    Example:
        >>> from lenet_course.back_to_1998 import first_weights
        >>> train = Split(torch.zeros(9, 28, 28, dtype=torch.uint8), torch.arange(9))
        >>> record = one_pass(first_weights([0, 1]), Plan(digits=9), train, seeds=[0, 1], number=1)
        >>> record.rate, len(record.loss)
        (0.0001, 2)

    Introduced in chapter 13.
    """
    step = step or make_step(plan.loss)
    sizes = step_sizes(flat, plan, train, seeds, number)
    codes = codes_like(flat)
    loss, wrong = flat.new_zeros(len(seeds)), flat.new_zeros(len(seeds))
    seen = 0
    for digits, labels in _shown(flat, plan, train, seeds, number):
        states = torch.stack(
            [step(flat, sizes, *pair, codes) for pair in zip(digits, labels, strict=True)]
        )
        loss += (
            plan.loss.value(states.flatten(0, 1), labels.flatten(), codes).view(labels.shape).sum(0)
        )
        wrong += (distances(states, codes).argmin(2) != labels).sum(0)
        seen += len(digits)
        if watch is not None:
            watch(seen)
    return Pass(
        number=number,
        rate=plan.rates[number - 1],
        loss=(loss / seen).tolist(),
        error=(wrong / seen).tolist(),
        steps=_spread_of(sizes),
    )


def errors(flat: Tensor, split: Split) -> list[int]:
    """Count the digits that each of K networks gets wrong.

    Example:
        >>> from lenet_course.back_to_1998 import first_weights
        >>> paper = Split(torch.zeros(10, 28, 28, dtype=torch.uint8), torch.arange(10))
        >>> errors(first_weights([0, 1]), paper)  # one answer for ten equal pages
        [9, 9]

    Introduced in chapter 13.
    """
    return [
        evaluate(
            to_module(each),
            split,
            prepare=lambda images: NETWORK.prepare(images).to(flat.dtype),
            loss=NETWORK.loss,
            decide=NETWORK.decide,
        ).errors
        for each in flat
    ]


def _shown(
    flat: Tensor, plan: Plan, train: Split, seeds: Sequence[int], number: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Give a pass's digits and labels, (T, K, 32, 32) and (T, K), a hundred at a time."""
    orders = [batches(plan.digits, plan.digits, seed, number)[0] for seed in seeds]
    order = torch.stack(orders, dim=1).to(flat.device)
    noises = [numpy.random.default_rng([seed, number, 2]) for seed in seeds]
    for which in order.split(AT_A_TIME):
        digits, labels = _fetch(train, which, flat)
        if plan.distorted:
            matrices = torch.stack([draw(len(which), noise) for noise in noises], dim=1)
            moved = distort(digits.flatten(0, 1), matrices.flatten(0, 1), NETWORK.background)
            digits = moved.view_as(digits)
        yield digits, labels


def _fetch(train: Split, which: Tensor, flat: Tensor) -> tuple[Tensor, Tensor]:
    """Prepare the digits of these indices, (T, K): (T, K, 32, 32) and (T, K)."""
    images = NETWORK.prepare(train.images[which.flatten()]).to(flat.dtype)
    return images.view(*which.shape, *images.shape[2:]), train.labels[which]


def _spread_of(sizes: Tensor) -> dict[str, list[float]]:
    """Smallest, median and largest step size of each part, over all seeds; absent kernels aside."""
    learns = named(trainable().bool().expand(sizes.shape).to(sizes.device))
    parts = {name: part[learns[name]] for name, part in named(sizes).items()}
    return {
        name: [parts[name].min().item(), parts[name].median().item(), parts[name].max().item()]
        for name in SHAPES
    }


def _or_eager(compiled: Step, step: Step) -> Step:
    """Use a compiled step, or the plain one from the first call on if it cannot be compiled."""
    chosen: list[Step] = []

    def either(flat: Tensor, *rest: Tensor) -> Tensor:
        if not chosen:
            try:
                compiled(flat.clone(), *rest)
                chosen.append(compiled)
            except Exception as error:  # a missing compiler has a different error on each system
                warnings.warn(
                    f"The step could not be compiled ({type(error).__name__}), so it runs as it "
                    f"is: slower, with equal results.",
                    stacklevel=2,
                )
                chosen.append(step)
        return chosen[0](flat, *rest)

    return either
