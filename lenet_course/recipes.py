"""How people train their LeNets: each popular recipe as data, to be run again.

What the sources report comes from their own pages or logs. Where a source leaves a setting open,
`assumed` says what stands here instead. Introduced in chapter 09.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

from . import networks, processes, training
from .augmentation import distort
from .checkpoints import Keeper
from .data import Digits, Split
from .errors import unknown
from .history import History
from .networks import Network

Parameters = Iterable[nn.Parameter]
Schedule = Callable[[torch.optim.Optimizer, int], torch.optim.lr_scheduler.LRScheduler]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a network is trained.

    Args:
        name: how the course calls it.
        network: what is trained, with the preparation of its digits.
        optimizer: parameters to optimizer.
        batch_size, epochs, max_steps, shuffle, reduction, validate_every: as in `training.fit`.
        initialise: sets the first weights, or leaves torch's.
        loss: in place of the network's own.
        digits: picks what to train on, from the digits and a seed.
        schedule: optimizer and steps in all to what changes the learning rate; without, it stays.
        distort: makes other digits of prepared ones, (N, channels, H, W), to learn from; nothing
            is judged on them.
        reported: what the source says it reached; accuracies in percent.
        reported_log: for each epoch, training loss and training accuracy in percent, both gathered
            during the pass.
        assumed: what the source leaves open, and what stands here.
    """

    name: str
    network: Network
    optimizer: Callable[[Parameters], torch.optim.Optimizer]
    batch_size: int
    epochs: int = 1
    max_steps: int | None = None
    shuffle: bool = True
    reduction: str = "mean"
    validate_every: int | None = None
    initialise: Callable[[nn.Module], None] = lambda model: None
    loss: training.Loss | None = None
    digits: Callable[[Digits, int], Split] = lambda digits, seed: digits.train
    schedule: Schedule | None = None
    distort: Callable[[Tensor], Tensor] | None = None
    reported: dict[str, float] = field(default_factory=dict)
    reported_log: tuple[tuple[float, float], ...] = ()
    assumed: str = ""


@dataclass(frozen=True)
class Result:
    """What a recipe led to: the trained network, its history, and its test if it ran to its end."""

    recipe: Recipe
    model: nn.Module
    history: History
    test: training.Evaluation | None


def run(
    recipe: Recipe,
    digits: Digits,
    seed: int = 0,
    epochs: int | None = None,
    watch: training.Watch | None = None,
    keeper: Keeper | None = None,
) -> Result:
    """Follow a recipe from the first weights to the test.

    Args:
        recipe: one of RECIPES or RECORDS, or one of your own.
        digits: what `data.load()` gives.
        seed: of the weights, the order and everything else that torch draws.
        epochs: fewer, or more, than the recipe says.
        watch: as in `training.fit`.
        keeper: keeps the run's checkpoints. A run that it holds already goes on from there, and
            one that is done is not tested again.

    Returns:
        A Result; its test is read once, at the end.

    Raises:
        CheckpointError: the keeper's folder holds another run, or cannot be written to.

    Example:
        >>> from lenet_course import data  # doctest: +SKIP
        >>> run(RECIPES["no-activation"], data.load(), epochs=1).test.count  # doctest: +SKIP
        10000

    Introduced in chapter 09.
    """
    group = processes.current()
    torch.manual_seed(seed)
    network = recipe.network
    model = networks.build(network, seed=seed)
    recipe.initialise(model)
    model.to(group.device)
    reading = {"loss": recipe.loss or network.loss, "decide": network.decide}
    train = recipe.digits(digits, seed)
    epochs = recipe.epochs if epochs is None else epochs
    optimizer = recipe.optimizer(model.parameters())
    history = training.fit(
        model,
        train,
        digits.validation,
        prepare=_preparation(recipe, model),
        optimizer=optimizer,
        scheduler=recipe.schedule and recipe.schedule(optimizer, _steps(recipe, train, epochs)),
        epochs=epochs,
        max_steps=recipe.max_steps,
        batch_size=recipe.batch_size,
        shuffle=recipe.shuffle,
        seed=seed,
        reduction=recipe.reduction,
        validate_every=recipe.validate_every,
        watch=watch,
        checkpoints=keeper,
        **reading,
    )
    if history.stopped:
        return Result(recipe, model, history, None)
    judge = partial(training.evaluate, model, digits.test, prepare=network.prepare, **reading)
    return Result(recipe, model, history, group.by_first(lambda: _tested(judge, keeper)))


def _tested(judge: Callable[[], training.Evaluation], keeper: Keeper | None) -> training.Evaluation:
    """Test once; where the run is kept, the test is kept with it."""
    if keeper is not None and (test := keeper.recall("test")):
        return training.Evaluation(**test)
    test = judge()
    if keeper is not None:
        keeper.annotate(test=vars(test))
    return test


def _steps(recipe: Recipe, train: Split, epochs: int) -> int:
    """How many steps a whole run takes."""
    steps = epochs * math.ceil(len(train) / recipe.batch_size)
    return min(steps, recipe.max_steps or steps)


def _preparation(recipe: Recipe, model: nn.Module) -> training.Prepare:
    """What goes into the model: distorted digits while it is in training mode, else plain ones."""
    if recipe.distort is None:
        return recipe.network.prepare

    def prepare(images: Tensor) -> Tensor:
        prepared = recipe.network.prepare(images)
        return recipe.distort(prepared) if model.training else prepared

    return prepare


def truncated_normal(model: nn.Module, sd: float = 0.1, bias: float = 0.0) -> None:
    """Draw every weight from a normal distribution cut at two sd, and set every bias.

    Cutting the tails narrows the spread: the real standard deviation is 0.88 of `sd`.

    Example:
        >>> model = networks.build("relu-avg", seed=0)
        >>> truncated_normal(model, sd=0.1)
        >>> bool(model.C1.weight.abs().max() <= 0.2), model.C1.bias.abs().max().item()
        (True, 0.0)

    Introduced in chapter 09.
    """
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            nn.init.constant_(parameter, bias)
        else:
            nn.init.trunc_normal_(parameter, std=sd, a=-2 * sd, b=2 * sd)


class Scaled(nn.Module):
    """Multiply a weight by a constant each time it is used.

    Unlike a small first value, the constant stays: it shrinks the gradient of the stored weight
    as well, and with it every step.

    Example:
        >>> Scaled(0.01)(torch.tensor(2.0))
        tensor(0.0200)

    Introduced in chapter 09.
    """

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, weight: Tensor) -> Tensor:
        """Scale."""
        return self.factor * weight


def _first_bias_zero_others_one(model: nn.Module) -> None:
    truncated_normal(model, sd=0.1, bias=1.0)
    nn.init.zeros_(model.C1.bias)


def _small_in_the_graph(model: nn.Module) -> None:
    truncated_normal(model, sd=1.0)
    for layer in (model.C5, model.F6, model.output):
        nn.init.normal_(layer.weight)
        parametrize.register_parametrization(layer, "weight", Scaled(0.01))


def _one_random_picture(digits: Digits, seed: int) -> Split:
    noise = torch.Generator().manual_seed(seed)
    picture = torch.randint(256, (1, 32, 32), generator=noise, dtype=torch.uint8)
    return Split(picture, torch.randint(10, (1,), generator=noise))


def _squared_error(outputs: Tensor, labels: Tensor) -> Tensor:
    """Compare the outputs with 1 for the right class and 0 for the others."""
    return (outputs - nn.functional.one_hot(labels, outputs.shape[1])).square().mean(dim=1)


def smoothed(part: float) -> training.Loss:
    """Make the cross-entropy whose target leaves the right class a part short of certain.

    The part is shared out among all classes, so outputs need not grow without end.

    Example:
        >>> outputs, labels = torch.tensor([[0.0, 20.0]]), torch.tensor([1])
        >>> smoothed(0.0)(outputs, labels).item() < 1e-6, smoothed(0.1)(outputs, labels).item()
        (True, 1.0)

    Introduced in chapter 14, after C. Szegedy et al., 2016 (https://arxiv.org/abs/1512.00567).
    """
    return lambda outputs, labels: functional.cross_entropy(
        outputs, labels, reduction="none", label_smoothing=part
    )


def one_cycle(optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    """Let the learning rate rise from a 25th to the optimizer's own, then fall almost to nothing.

    Example:
        >>> optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
        >>> f"{one_cycle(optimizer, 10).get_last_lr()[0]:.4f}"
        '0.0040'

    Introduced in chapter 14, after L. Smith and N. Topin, 2018 (https://arxiv.org/abs/1708.07120).
    """
    most = [group["lr"] for group in optimizer.param_groups]
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer, most, total_steps=steps, cycle_momentum=False
    )


def _adamw(rate: float, decay: float) -> Callable[[Parameters], torch.optim.Optimizer]:
    return lambda parameters: torch.optim.AdamW(
        parameters, lr=rate, betas=(0.7, 0.9), weight_decay=decay, fused=True
    )


def _other_hands(digits: Tensor) -> Tensor:
    """Distort by torch's own chance, which a checkpoint keeps."""
    return distort(digits, torch.default_generator, shift=2.0, rotate=10.0)


def _adam(rate: float) -> Callable[[Parameters], torch.optim.Optimizer]:
    return lambda parameters: torch.optim.Adam(parameters, lr=rate, fused=True)


def _sgd(rate: float) -> Callable[[Parameters], torch.optim.Optimizer]:
    return lambda parameters: torch.optim.SGD(parameters, lr=rate, fused=True)


_RELU_AVG = networks.FAMILY["relu-avg"]

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="sigmoid-avg",
            network=networks.FAMILY["sigmoid-avg"],
            optimizer=_adam(1e-3),
            batch_size=32,
            epochs=10,
            initialise=_first_bias_zero_others_one,
            assumed="Adam at 1e-3 and 10 epochs: the source gives neither.",
        ),
        Recipe(
            name="relu-max",
            network=networks.FAMILY["relu-max"],
            optimizer=_adam(1e-3),
            batch_size=128,
            epochs=10,
            shuffle=False,
            initialise=truncated_normal,
        ),
        Recipe(
            name="relu-avg-scaled",
            network=_RELU_AVG,
            optimizer=_adam(1e-3),
            batch_size=64,
            epochs=10,
            initialise=_small_in_the_graph,
            reported={
                "train accuracy": 96.12,
                "validation accuracy": 96.48,
                "test accuracy": 96.45,
            },
            assumed="Learning rate 1e-3, batch 64, 10 epochs, biases 0: the source gives none.",
        ),
        Recipe(
            name="relu-avg-adam",
            # (x - 0.5) / 0.5 takes paper to -1 and ink to +1.
            network=replace(_RELU_AVG, background=-1.0, ink=1.0),
            optimizer=_adam(1e-4),
            batch_size=32,
            epochs=10,
            reported={"test accuracy": 99.05},
            assumed="10 epochs: the reported figure is that of the published weights.",
        ),
        Recipe(
            name="no-activation",
            network=networks.FAMILY["no-activation"],
            optimizer=_sgd(1e-3),
            batch_size=64,
            epochs=10,
            reduction="sum",
            reported={"train accuracy": 98.75},
            reported_log=(
                (0.39701, 87.57),
                (0.10656, 96.69),
                (0.08275, 97.48),
                (0.06917, 97.87),
                (0.06041, 98.15),
                (0.05388, 98.35),
                (0.04801, 98.51),
                (0.04432, 98.62),
                (0.04174, 98.69),
                (0.03946, 98.75),
            ),
        ),
        Recipe(
            name="wide-dropout",
            network=networks.FAMILY["wide-dropout"],
            optimizer=_adam(1e-3),
            batch_size=20,
            max_steps=100,
            validate_every=10,
            initialise=lambda model: truncated_normal(model, sd=0.1, bias=0.1),
            assumed="Judged every 10 steps on the validation digits; the source used the test set.",
        ),
        Recipe(
            name="relu-max-tutorial",
            network=networks.FAMILY["relu-max"],
            optimizer=_sgd(1e-2),
            batch_size=1,
            max_steps=1,
            digits=_one_random_picture,
            loss=_squared_error,
            reported={"parameter tensors": 10},
            assumed="The picture's label, at random, as the target of a squared error; rate 1e-2.",
        ),
    )
}


_FAST = Recipe(
    name="fast",
    network=networks.FAMILY["relu-max"],
    optimizer=_adamw(1.2e-2, decay=0.01),
    batch_size=64,
    max_steps=330,
    loss=smoothed(0.1),
    schedule=one_cycle,
)

RECORDS: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        _FAST,
        replace(
            _FAST,
            name="fast-99",
            optimizer=_adamw(8e-3, decay=0.01),
            batch_size=128,
            epochs=2,
            max_steps=None,
        ),
        Recipe(
            name="best",
            network=networks.FAMILY["relu-max"],
            optimizer=_adamw(8e-3, decay=0.02),
            batch_size=128,
            epochs=24,
            loss=smoothed(0.05),
            schedule=one_cycle,
            distort=_other_hands,
        ),
    )
}
"""The course's own: 98% in seconds, 99% in a few more, and as far as 61,706 parameters were seen to
go. Settings were chosen on validation digits. Introduced in chapter 14."""


def find(name: str) -> Recipe:
    """Look a recipe up by its name, among RECIPES and RECORDS.

    Raises:
        UnknownNameError: there is no such recipe; the message lists those there are.

    Example:
        >>> find("no-activation").reduction
        'sum'

    Introduced in chapter 09.
    """
    known = RECIPES | RECORDS
    if name not in known:
        raise unknown("recipe", name, known)
    return known[name]
