"""Watch a training, pause and stop it, and replay it over figure 5 of 1998. For chapter 09."""

from __future__ import annotations

import inspect
import math
import time
from contextlib import suppress
from dataclasses import dataclass
from statistics import mean
from typing import Any, ClassVar

import numpy
import traitlets
from torch import nn

from lenet_course import figures, training
from lenet_course.back_to_1998 import paper
from lenet_course.data import Split
from lenet_course.history import Epoch, History
from lenet_course.interrupts import StopRequest

from .explorer import Explorer, script

MOST_POINTS = 200  # of a loss curve that are sent to the page, however long the run
SMOOTH = 25  # steps in the mean that is drawn
SECONDS_BETWEEN_SHOWS = 0.2  # while a run goes on: a fast one would flood the page
OF_PAPER = {"training": paper.FIGURE_5_TRAINING, "test": paper.FIGURE_5_TEST}


class TrainingMonitor(Explorer):
    """Loss and errors while a network learns, two buttons, and figure 5 of 1998 behind them.

    `monitor.fit` is `training.fit`, watched. While it runs, *Pause* holds it between two steps and
    *Stop* ends it there: weights and history are whole, and a further call goes on with the
    weights, counting its passes from 1. The kernel's own stop button ends a run as well, also a
    paused one. Afterwards a slider replays the errors pass by pass. Python has the same in its
    hands: `monitor.pause()`, `.go_on()`, `.stop()` from another thread, and `.upto`, the pass up to
    which errors are drawn.

    Validation error is drawn, never test error: the test digits are asked once, in the end.

    Args:
        name: keeps the last run when the cell runs again.

    Example:
        >>> monitor = TrainingMonitor()
        >>> monitor.words
        'No run yet: run the cell that trains.'
        >>> print(monitor.at_pass(2))
        Pass 2: in 1998 training 3.05%, test 2.24%, read off figure 5 to about 0.03 points.

    Source: LeCun et al. (1998), figure 5. Introduced in chapter 09.
    """

    _esm = script("training_monitor.js")

    settings: ClassVar[tuple[str, ...]] = ("upto",)
    places = (1, 1)  # there are no units to choose from

    upto = traitlets.Int(0, help="The pass up to which errors are drawn").tag(sync=True)

    text_alternative = (
        "A training monitor: the loss of a run by steps and its errors by passes, beside those of "
        "figure 5 of 1998; buttons that pause and stop, a slider that replays. Widgets need a "
        "running kernel: run this cell in JupyterLab."
    )

    def __init__(self, name: str | None = None) -> None:
        earlier = self._named.get((type(self).__name__, name))
        self._history = earlier._history if earlier is not None else History()
        self._run, self._state = (earlier._run, earlier._state) if earlier else (0, "ready")
        self._plan = earlier._plan if earlier is not None else _Plan()
        self._request: StopRequest | None = None
        super().__init__(name, upto=0)
        self.on_msg(self._pressed)
        _hear_at_once(self)

    def fit(
        self, model: nn.Module, train: Split, validation: Split | None = None, **how: Any
    ) -> History:
        """Train as `training.fit` does, and show it. `request` is the monitor's own.

        Raises:
            TrainingError: as `training.fit` does.
        """
        watch = how.pop("watch", None)

        def show(history: History) -> None:
            self._history = history
            passed = len(history.epochs) > self.upto
            if passed or time.monotonic() - self._shown_at > SECONDS_BETWEEN_SHOWS:
                self._show("training")
            if watch is not None:
                watch(history)

        self._run, self._history = self._run + 1, History()
        self._plan = _Plan()
        with suppress(ArithmeticError, TypeError):  # what cannot be, fit says better
            self._plan = _Plan.of(len(train), how)
        self._request = request = _Held(self)
        self._show("training")
        ending = "broken off"
        try:
            self._history = training.fit(
                model, train, validation, watch=show, request=request, **how
            )
            ending = self._history.stopped or "ended"
        finally:
            self._request = None
            self._show(ending)
        return self._history

    def pause(self) -> None:
        """Hold the run between two steps; without a run, nothing."""
        self._ask(paused=True)

    def go_on(self) -> None:
        """Let a paused run go on."""
        self._ask(paused=False)

    def stop(self) -> None:
        """End the run between two steps, paused or not."""
        self._ask(asked=True)

    def _ask(self, **wish: bool) -> None:
        request = self._request  # once: in another thread the run may end in between
        for name, value in wish.items() if request is not None else ():
            setattr(request, name, value)

    def _pressed(self, _: object, content: dict[str, Any], buffers: object) -> None:
        """A button of the page, perhaps in a thread of its own: so it only leaves a note."""
        if self._request is None or content.get("run") != self._run:
            return  # meant for a run that is over
        presses = {"pause": self.pause, "go on": self.go_on, "stop": self.stop}
        presses.get(content.get("press"), lambda: None)()
        self.send({"heard": self._run})

    def _show(self, state: str) -> None:
        """Show the run as it is now, and all of its passes."""
        self._state, passes = state, len(self._history.epochs)
        self._shown_at = time.monotonic()
        if self.upto == passes:
            self._update()
        else:
            self.upto = passes  # which updates

    def compute(self) -> dict[str, Any]:
        """The state of the run, its loss curve in few points, errors of ours and of the paper."""
        history = self._history
        return {
            "run": self._run,
            "state": self._state,
            "steps": history.steps,
            "total": self._plan.steps,
            "loss": f"{_loss(history.losses):.4f}" if history.losses else "",
            "losses": _thinned(history.losses),
            "passes": len(history.epochs),
            "ours": {name: points[: self.upto] for name, points in self._ours().items()},
            "paper": {name: _counted(errors) for name, errors in OF_PAPER.items()},
            "told": self.at_pass(self.upto),
            "words": self._words(),
        }

    def at_pass(self, number: int) -> str:
        """What the page says of a pass, counted from 1: your errors and those of 1998."""
        if number < 1:
            return "After the first pass its errors are drawn here, over those of 1998."
        told, end = f"Pass {number}", "."
        if number <= len(self._history.epochs):
            row = self._history.epochs[number - 1]
            if row.steps < self._plan.steps_a_pass:
                told += f", cut after {row.steps:,} of {self._plan.steps_a_pass:,} steps"
            told += f": yours, training {row.train_error:.2%} during the pass"
            if (judged := self._judged(row)) is not None:
                told += f", validation {judged:.2%} after it"
            told += ";"
            end = f". A pass of yours has {self._plan.digits:,} digits, one of 1998 60,000."
        else:
            told += ":"
        if number > len(paper.FIGURE_5_TEST):
            return f"{told} figure 5 ends at pass {len(paper.FIGURE_5_TEST)}{end}"
        of_paper = ", ".join(f"{name} {errors[number - 1]}%" for name, errors in OF_PAPER.items())
        return f"{told} in 1998 {of_paper}, read off figure 5 to about 0.03 points{end}"

    def _judged(self, row: Epoch) -> float | None:
        """The last validation error of a pass."""
        errors = [one.error for one in self._history.validations if one.epoch == row.number]
        return errors[-1] if errors else None

    def _ours(self) -> dict[str, list[list[float]]]:
        """Errors in percent, each with the pass at whose end it was taken."""
        ours: dict[str, list[list[float]]] = {"training": [], "validation": []}
        for row in self._history.epochs:
            at = round(row.number - 1 + row.steps / self._plan.steps_a_pass, 4)
            ours["training"].append([at, round(100 * row.train_error, 4)])
            if (judged := self._judged(row)) is not None:
                ours["validation"].append([at, round(100 * judged, 4)])
        return ours

    def _words(self) -> str:
        """What is the matter: spoken when it changes, so without the numbers of each look."""
        if self._state == "ready":
            return "No run yet: run the cell that trains."
        steps = f"step {self._history.steps:,} of {self._plan.steps:,}"
        number = min(len(self._history.epochs) + 1, self._plan.passes)
        told = {
            "training": f"training, pass {number} of {self._plan.passes}.",
            "paused": f"paused after {steps}, between two steps. It goes on, or stops, as you say.",
            "ended": f"ended after {steps}.",
            "interrupted": f"stopped after {steps}. Weights and history are whole.",
            "diverged": f"ended after {steps}, for the loss is no longer a number.",
            "broken off": f"broken off by an error; it was seen up to {steps}.",
        }
        return f"Run {self._run}: {told[self._state]}"

    @traitlets.validate("upto")
    def _seen(self, proposal: dict[str, Any]) -> int:
        return max(0, min(proposal["value"], len(self._history.epochs)))

    def picture(self) -> figures.Picture:
        """Loss and errors up to the chosen pass."""
        shown = self.shown
        return figures.passes(shown["losses"], shown["ours"], shown["paper"])

    def close(self) -> None:
        """Take the monitor off the page; a run that it watches is stopped."""
        self.stop()
        super().close()


@dataclass(frozen=True)
class _Plan:
    """How long a run is meant to be."""

    digits: int = 0
    steps_a_pass: int = 1
    passes: int = 1
    steps: int = 0

    @classmethod
    def of(cls, digits: int, how: dict[str, Any]) -> _Plan:
        """Work it out as `training.fit` does, from what it was given."""
        usual = inspect.signature(training.fit).parameters
        epochs, size, most = (
            how.get(name, usual[name].default) for name in ("epochs", "batch_size", "max_steps")
        )
        a_pass = math.ceil(digits / size)
        steps = min(epochs * a_pass, most or math.inf)
        return cls(digits, a_pass, math.ceil(steps / a_pass), steps)


class _Held(StopRequest):
    """A request whose wait is seen on the page."""

    def __init__(self, monitor: TrainingMonitor) -> None:
        super().__init__()
        self._monitor = monitor

    def wait(self) -> None:
        """Say that the run is paused, wait, and say that it goes on."""
        self._monitor._show("paused")
        super().wait()
        self._monitor._show("training")


def _hear_at_once(widget: Explorer) -> None:
    """Let messages of the page come in the thread that the page asks for, where there is one.

    JupyterLab sends them to a subshell, which listens while a cell runs. ipykernel 7.4 sends them
    to the main shell all the same if the widget last spoke from there, and the main shell listens
    when the cell has ended. Where the kernel has no such rule, or no subshells, this does nothing.
    """
    if widget.comm is not None:
        widget.comm._reply_subshell_for = None


def _loss(losses: list[float]) -> float:
    return mean(losses[-SMOOTH:])


def _thinned(losses: list[float]) -> list[list[float]]:
    """(step, mean loss) at few steps, the last among them; what is no number is left out."""
    if not losses:
        return []
    steps = sorted({round(step) for step in numpy.linspace(1, len(losses), MOST_POINTS)})
    means = [[step, round(_loss(losses[:step]), 4)] for step in steps]
    return [point for point in means if math.isfinite(point[1])]


def _counted(errors: tuple[float, ...]) -> list[list[float]]:
    return [[number, error] for number, error in enumerate(errors, start=1)]
