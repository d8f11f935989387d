"""Fit a network to digits, and judge it on others. Introduced in chapter 09."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import count as count_from
from itertools import islice
from numbers import Integral
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import processes
from .checkpoints import Keeper
from .data import Split, batches
from .errors import CourseError
from .history import Epoch, History, Validation
from .interrupts import StopRequest, stop_between_steps
from .progress import progress

# How often the losses are fetched from the device and shown. Fetching each one would make a GPU
# wait for the processor at every step.
STEPS_BETWEEN_LOOKS = 50

Prepare = Callable[[Tensor], Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]
Decide = Callable[[Tensor], Tensor]
Watch = Callable[[History], None]


class TrainingError(CourseError, ValueError):
    """The run cannot start as asked; the message says what does not fit and what to change."""


def cross_entropy(outputs: Tensor, labels: Tensor) -> Tensor:
    """Give each digit's cross-entropy: (N, classes) and (N,) to (N,).

    Example:
        >>> cross_entropy(torch.zeros(1, 10), torch.tensor([3])).item() == math.log(10)
        False
        >>> f"{cross_entropy(torch.zeros(1, 10), torch.tensor([3])).item():.4f}"
        '2.3026'

    Introduced in chapter 09.
    """
    return functional.cross_entropy(outputs, labels, reduction="none")


def largest(outputs: Tensor) -> Tensor:
    """Read the answer as the largest output: (N, classes) to (N,).

    Example:
        >>> largest(torch.tensor([[0.1, 0.7, 0.2]]))
        tensor([1])

    Introduced in chapter 09.
    """
    return outputs.argmax(dim=1)


@dataclass(frozen=True)
class Evaluation:
    """How a network did on a set of digits.

    Args:
        count: digits judged.
        errors: digits answered wrongly.
        loss: mean loss of a digit.
        predictions: the answers, int64 (count,), on the CPU.

    Introduced in chapter 09.
    """

    count: int
    errors: int
    loss: float
    predictions: Tensor = field(repr=False)

    @property
    def error(self) -> float:
        """The fraction of wrong answers, from 0 to 1."""
        return self.errors / self.count

    @property
    def accuracy(self) -> float:
        """The fraction of right answers, from 0 to 1."""
        return 1 - self.error

    @property
    def interval(self) -> tuple[float, float]:
        """Where the error would lie on endlessly many such digits, with 95 % confidence.

        This is Wilson's score interval (1927): it stays sensible for no errors at all, where the
        plain binomial interval shrinks to nothing.
        """
        z = 1.96
        middle = self.error + z**2 / (2 * self.count)
        spread = z * math.sqrt(
            self.error * (1 - self.error) / self.count + (z / (2 * self.count)) ** 2
        )
        scale = 1 + z**2 / self.count
        return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)

    def __str__(self) -> str:
        """Write the count of errors, the rate, and its interval."""
        low, high = self.interval
        return (
            f"{self.errors:,} of {self.count:,} wrong: {self.error:.2%} "
            f"(95% interval {low:.2%} to {high:.2%})"
        )


def evaluate(
    model: nn.Module,
    split: Split,
    *,
    prepare: Prepare,
    loss: Loss = cross_entropy,
    decide: Decide = largest,
    batch_size: int = 100,
) -> Evaluation:
    """Judge a network on digits, without changing it.

    Args:
        model: takes what prepare gives, and returns (N, classes).
        split: the digits to judge it on.
        prepare: uint8 images to the model's input, for example `network.prepare`.
        loss: (outputs, labels) to one loss a digit.
        decide: outputs to answers.
        batch_size: digits at a time; a matter of memory, not of the result.

    Returns:
        An Evaluation. Means are over digits, so a smaller last batch does not weigh more.

    Raises:
        TrainingError: there are no digits, the model cannot take them, or the loss or the answer
            is not one a digit.

    Example:
        >>> from lenet_course import data, networks
        >>> network = networks.FAMILY["relu-avg"]
        >>> digits = data.Split(torch.zeros(4, 28, 28, dtype=torch.uint8), torch.zeros(4).long())
        >>> evaluate(networks.build(network, seed=0), digits, prepare=network.prepare).count
        4

    Introduced in chapter 09.
    """
    _check_counts(batch_size=batch_size)
    split = split.to(_device(model))
    _check_model(model, split, prepare, loss, decide)
    # Filled in place: small tensors kept between large ones that go would stop their memory from
    # being used again, and the kernel would grow by hundreds of MB.
    total, predictions = 0.0, torch.empty_like(split.labels)
    with _judging(model):
        for start in range(0, len(split), batch_size):
            batch = split[start : start + batch_size]
            outputs = model(prepare(batch.images))
            total += loss(outputs, batch.labels).sum().item()
            predictions[start : start + len(batch)] = decide(outputs)
    errors = int((predictions != split.labels).sum())
    return Evaluation(len(split), errors, total / len(split), predictions.cpu())


def fit(
    model: nn.Module,
    train: Split,
    validation: Split | None = None,
    *,
    prepare: Prepare,
    optimizer: torch.optim.Optimizer,
    loss: Loss = cross_entropy,
    decide: Decide = largest,
    epochs: int = 1,
    max_steps: int | None = None,
    batch_size: int = 64,
    shuffle: bool = True,
    seed: int = 0,
    reduction: str = "mean",
    scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
    validate_every: int | None = None,
    watch: Watch | None = None,
    request: StopRequest | None = None,
    checkpoints: Keeper | str | Path | None = None,
) -> History:
    """Train a network, and keep a record.

    Ctrl-C, the notebook's stop button or SIGTERM ends the run between two steps; the network and
    the history are whole. So does a loss that is no longer a finite number, within 50 steps. The
    model is left in training mode.

    Within `processes.joined`, in several processes that torchrun started, all of them call fit with
    the same arguments: each takes its part of every batch, and all end with the same network.

    Args:
        model: takes what prepare gives, and returns (N, classes). It is trained where it lies.
        train: the digits to learn from.
        validation: digits to judge the network by, after each epoch.
        prepare: uint8 images to the model's input, for example `network.prepare`.
        optimizer: made from this model's parameters.
        loss: (outputs, labels) to one loss a digit.
        decide: outputs to answers.
        epochs: passes through the training digits.
        max_steps: stop after so many steps, even within a pass.
        batch_size: digits a step; the last batch of a pass may be smaller.
        shuffle: a new order each epoch; without it, the stored order every time.
        seed: of the order, which depends on it and the epoch's number alone.
        reduction: "mean" or "sum": how a batch's losses become the one that is descended.
        scheduler: changes the learning rate after each step.
        validate_every: judge every so many steps instead of after each epoch.
        watch: called with the history every 50 steps, after each epoch, and when the run is paused,
            to show it.
        request: read after each step: a thread that holds it, such as a button's, pauses or ends
            the run. Not for several processes.
        checkpoints: a folder, or a `checkpoints.Keeper` of one. A run that was begun there goes on
            where it stopped, with the same numbers as if it had not; the state is saved after each
            epoch, and when the run is asked to stop.

    Returns:
        The History: the loss of each step, and a row for each epoch and each validation.

    Raises:
        TrainingError: something does not fit; the message says what to change.
        CheckpointError: the folder holds another run, or cannot be written to.

    Example:
        >>> from lenet_course import data, networks
        >>> network = networks.FAMILY["relu-avg"]
        >>> digits = data.Split(torch.zeros(4, 28, 28, dtype=torch.uint8), torch.zeros(4).long())
        >>> model = networks.build(network, seed=0)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> fit(model, digits, prepare=network.prepare, optimizer=optimizer, batch_size=2).steps
        2

    Introduced in chapter 09.
    """
    group = processes.current()
    _check_counts(
        epochs=epochs, max_steps=max_steps, batch_size=batch_size, validate_every=validate_every
    )
    _check_reduction(reduction)
    if request is not None and group.size > 1:
        raise TrainingError(
            f"A request of your own would pause one of {group.size} processes, and the others "
            f"would wait in vain. Leave it out; Ctrl-C ends all of them."
        )
    _check_optimizer(model, optimizer, scheduler)
    device = _device(model)
    train = train.to(device)
    _check_model(model, train, prepare, loss, decide)
    judge = None
    if validation is not None:
        _check_model(model, validation.to(device), prepare, loss, decide)
        judge = partial(
            evaluate, model, validation.to(device), prepare=prepare, loss=loss, decide=decide
        )
        judge = partial(group.by_first, judge)
    plan = {"digits": len(train), "batch_size": batch_size, "shuffle": shuffle, "seed": seed}
    plan |= {"reduction": reduction, "validate_every": validate_every, **_settings(optimizer)}
    steps_a_pass = math.ceil(len(train) / batch_size)
    total = min(epochs * steps_a_pass, max_steps or math.inf)
    keeper = Keeper(checkpoints) if isinstance(checkpoints, str | Path) else checkpoints
    record = _Record(optimizer, steps_a_pass, judge, validate_every, watch)
    group.check_alike(**plan, steps=total, validates=judge is not None, keeps=keeper is not None)
    if keeper is not None and (
        run := group.by_first(lambda: keeper.restore(plan, model, optimizer, scheduler))
    ):
        group.copy(model, optimizer, scheduler)
        record.go_on(run)
    _check_schedule(scheduler, total - record.steps)
    order = partial(batches, len(train), batch_size, seed, shuffle=shuffle, device=device)
    model.train()
    network, asked = group.wrap(model), False
    with stop_between_steps(request) as request, progress(total, "training") as bar:
        bar.update(record.steps, text="")
        left = max(0, total - record.steps)
        for index in islice(_from_step(record.steps, steps_a_pass, order), left):
            batch = train[group.part(index)]
            group.draw(seed, record.steps)
            outputs = network(prepare(batch.images))
            losses = loss(outputs, batch.labels)
            optimizer.zero_grad()
            group.descended(losses, reduction, len(index)).backward()
            optimizer.step()
            record.note(losses.detach(), decide(outputs.detach()) != batch.labels)
            if scheduler is not None:
                scheduler.step()
            record.close_if_whole()
            bar.update(1, text=record.text)
            if request.paused and record.steps < total:
                record.look()
                record.show()
                request.wait()
            asked = group.any(request.asked)
            stops = asked or record.diverged or record.steps == total
            if keeper is not None and (stops or keeper.is_due(record.steps, steps_a_pass)):
                record.look()
                if not record.diverged:
                    save = partial(keeper.save, record.run(plan), model, optimizer, scheduler)
                    group.by_first(save)
            if stops or record.diverged:
                break
    record.close()
    if record.diverged or (asked and record.steps < total):
        record.history.stopped = "diverged" if record.diverged else "interrupted"
    return record.history


def _from_step(
    step: int, steps_a_pass: int, order: Callable[..., list[Tensor]]
) -> Iterator[Tensor]:
    """Give the batches of this step and all that follow, pass after pass."""
    for epoch in count_from(step // steps_a_pass):
        yield from order(epoch=epoch)[step % steps_a_pass :]
        step = 0


class _Record:
    """Gathers a run's figures on the device, and fetches them every now and then."""

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        steps_a_pass: int,
        judge: Callable[[], Evaluation] | None,
        validate_every: int | None,
        watch: Watch | None,
    ) -> None:
        self.history = History()
        self.optimizer, self.steps_a_pass, self.judge = optimizer, steps_a_pass, judge
        self.validate_every, self.watch = validate_every, watch
        self.steps, self.rate, self.text, self.diverged = 0, 0.0, "", False
        self.waiting: list[tuple[Tensor, Tensor, int]] = []
        self.epoch = _Sums()

    @property
    def number(self) -> int:
        """The epoch of the last step, counted from 1."""
        return (self.steps - 1) // self.steps_a_pass + 1

    def run(self, plan: dict[str, Any]) -> dict[str, Any]:
        """Write down where the run is, for a checkpoint."""
        history = self.history.to_dict()
        # As text, a long run's losses would take more room than the network.
        history["losses"] = torch.tensor(self.history.losses, dtype=torch.float64)
        epoch = asdict(self.epoch)
        return {
            "steps": self.steps,
            "rate": self.rate,
            "plan": plan,
            "epoch": epoch,
            "history": history,
        }

    def go_on(self, run: dict[str, Any]) -> None:
        """Take up a run where `run` wrote it down."""
        self.steps, self.rate, self.epoch = run["steps"], run["rate"], _Sums(**run["epoch"])
        history = run["history"]
        self.history = History.from_dict({**history, "losses": history["losses"].tolist()})

    def note(self, losses: Tensor, wrong: Tensor) -> None:
        """Take in one step's losses and mistakes, both (N,), which stay on the device."""
        self.waiting.append((losses.sum(), wrong.sum(), len(losses)))
        self.steps += 1
        self.rate = self.optimizer.param_groups[0]["lr"]
        if self.validate_every and self.steps % self.validate_every == 0:
            self.validate()
        if self.steps % STEPS_BETWEEN_LOOKS == 0:
            self.look()
            self.show()

    def look(self) -> None:
        """Fetch the figures that wait on the device."""
        if not self.waiting:
            return
        losses, wrong, counts = zip(*self.waiting, strict=True)
        self.waiting.clear()
        total = processes.current().total
        losses, wrong, counts = (
            total(numbers).tolist()
            for numbers in (torch.stack(losses), torch.stack(wrong), torch.tensor(counts))
        )
        for loss, mistakes, count in zip(losses, wrong, counts, strict=True):
            self.epoch.add(loss, mistakes, count)
            self.history.losses.append(loss / count)
            self.diverged = self.diverged or not math.isfinite(loss)
        self.text = f"loss {self.history.losses[-1]:.4f}"

    def show(self) -> None:
        """Hand the history to whoever watches."""
        if self.watch is not None:
            self.watch(self.history)

    def validate(self) -> None:
        """Judge the network as it is now."""
        if self.judge is not None:
            result = self.judge()
            row = Validation(self.steps, self.number, result.loss, result.error)
            self.history.validations.append(row)

    def close_if_whole(self) -> None:
        """End the epoch if this step was its last."""
        if self.steps % self.steps_a_pass == 0:
            self.close()

    def close(self) -> None:
        """End an epoch, or the part of it that was run, if any was."""
        self.look()
        if self.epoch.steps == 0:
            return
        self.history.epochs.append(
            Epoch(
                number=self.number,
                steps=self.epoch.steps,
                digits=self.epoch.digits,
                train_loss=self.epoch.loss / self.epoch.digits,
                train_error=self.epoch.mistakes / self.epoch.digits,
                learning_rate=self.rate,
            )
        )
        self.epoch = _Sums()
        if not self.validate_every:
            self.validate()
        self.show()


@dataclass
class _Sums:
    """Totals over the steps of one epoch, from which means over its digits are made."""

    steps: int = 0
    digits: int = 0
    loss: float = 0.0
    mistakes: int = 0

    def add(self, loss: float, mistakes: int, count: int) -> None:
        self.steps += 1
        self.digits += count
        self.loss += loss
        self.mistakes += mistakes


def _settings(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """What an optimizer was made with: a run that goes on would take it from its checkpoint."""
    return {
        name: value
        for name, value in optimizer.defaults.items()
        if isinstance(value, int | float | tuple) and not isinstance(value, bool)
    }


def _device(model: nn.Module) -> torch.device:
    first = next(model.parameters(), None)
    return torch.device("cpu") if first is None else first.device


@contextmanager
def _judging(model: nn.Module) -> Iterator[None]:
    """Switch dropout and gradients off; afterwards every layer is in the mode it was in."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, training in modes.items():
            module.training = training


def _check_counts(**counts: int | None) -> None:
    for name, count in counts.items():
        if count is not None and (not isinstance(count, Integral) or count < 1):
            raise TrainingError(f"{name}={count!r} cannot be. Give a whole number of at least 1.")


def _check_reduction(reduction: str) -> None:
    if reduction not in ("mean", "sum"):
        raise TrainingError(f'reduction={reduction!r} cannot be. Use "mean" or "sum".')


def _check_optimizer(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler | None,
) -> None:
    held = {id(tensor) for group in optimizer.param_groups for tensor in group["params"]}
    if not any(id(parameter) in held for parameter in model.parameters()):
        raise TrainingError(
            "The optimizer holds none of this model's parameters, so nothing would be learned. "
            "Make it from this model: torch.optim.SGD(model.parameters(), lr=0.1)."
        )
    if scheduler is not None and scheduler.optimizer is not optimizer:
        raise TrainingError(
            "The scheduler changes the learning rate of another optimizer, so this run would never "
            "see it. Make the scheduler from the optimizer that you give to fit."
        )


def _check_schedule(scheduler: torch.optim.lr_scheduler.LRScheduler | None, steps: int) -> None:
    """Refuse a schedule that ends before the run does, as a one-cycle schedule run twice would."""
    length = getattr(scheduler, "total_steps", math.inf)
    taken = getattr(scheduler, "last_epoch", 0)
    if taken + steps > length:
        raise TrainingError(
            f"The schedule is made for {length:,} steps. {taken:,} are taken, and this run takes "
            f"{steps:,} more. To train anew, build the network, optimizer and scheduler again; to "
            f"train longer, make the schedule longer."
        )


def _check_model(
    model: nn.Module, split: Split, prepare: Prepare, loss: Loss, decide: Decide
) -> None:
    """Try one digit, so that a shape that does not fit is told here and not from inside torch."""
    if len(split) == 0:
        raise TrainingError("There are no digits in this split. Give at least one.")
    highest = int(split.labels.max())
    with _judging(model):
        inputs = prepare(split.images[:1])
        try:
            outputs = model(inputs)
        except RuntimeError as error:
            raise TrainingError(
                f"The model cannot take an input of {tuple(inputs.shape)}. Use the prepare of the "
                f"network it was built from, or trace its layers for that shape. Torch says: "
                f"{error}"
            ) from error
        if outputs.dim() != 2 or outputs.shape[1] <= highest:
            raise TrainingError(
                f"The model answers with shape {tuple(outputs.shape)}, but the labels go up to "
                f"{highest}. It has to give (N, {highest + 1}) or wider: one output a class."
            )
        losses = loss(outputs, split.labels[:1])
        if losses.shape != (1,):
            raise TrainingError(
                f"The loss gives shape {tuple(losses.shape)} for one digit. It has to give (N,), "
                f'one number a digit: torch\'s own losses do so with reduction="none".'
            )
        answers = decide(outputs)
        if answers.shape != (1,):
            raise TrainingError(
                f"decide gives shape {tuple(answers.shape)} for one digit. It has to give (N,), "
                f"one answer a digit, as outputs.argmax(dim=1) does."
            )
