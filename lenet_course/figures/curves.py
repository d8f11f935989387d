"""Pictures of training: losses, errors, confusion, and networks side by side.

Introduced in chapter 09.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence

import numpy
from matplotlib.axes import Axes
from PIL import Image

from ..history import History
from .picture import BLUE, DASHES, GREY, RED, SERIES, Picture, canvas, painted

Series = Mapping[str, Sequence[float]]


def losses(runs: Series, smooth: int = 25, steps: int | None = None) -> Picture:
    """Draw the loss of every step, faint, and its running mean, strong.

    Args:
        runs: name of a run to its losses, one a step.
        smooth: steps in the running mean.
        steps: room on the horizontal axis, for a run that is still going on.

    Example:
        >>> print(losses({"LeNet-5": [2.0, 1.0, 0.5]}, smooth=1))
        Loss against step. LeNet-5: from 2.0000 to 0.5000 over 3 steps.

    Introduced in chapter 09.
    """
    with canvas(2.8) as (figure, axes):
        for (name, values), colour, dash in zip(runs.items(), SERIES, DASHES, strict=False):
            means = running_mean(values, smooth)
            axes.plot(range(1, len(values) + 1), values, color=colour, alpha=0.25, linewidth=0.8)
            axes.plot(range(1, len(means) + 1), means, color=colour, linestyle=dash, label=name)
        axes.set(xlabel="step", ylabel="loss", ylim=(0, None))
        if steps is not None:
            axes.set_xlim(0, steps)
        if runs:
            axes.legend(frameon=False)
        told = [
            f"{name}: from {values[0]:.4f} to {running_mean(values, smooth)[-1]:.4f} over "
            f"{len(values):,} steps"
            for name, values in runs.items()
            if len(values)
        ]
        return painted(figure, f"Loss against step. {'; '.join(told) or 'No step yet'}.")


def loss_animation(values: Sequence[float], frames: int = 20, smooth: int = 25) -> Picture:
    """Draw a loss curve as it grew: an animated GIF.

    Args:
        values: one loss a step.
        frames: pictures in the animation; the last one stays longest.
        smooth: steps in the running mean.

    Example:
        >>> loss_animation([2.0, 1.0, 0.5], frames=2, smooth=1).kind
        'image/gif'

    Introduced in chapter 09.
    """
    means = running_mean(values, smooth)
    ends = numpy.linspace(1, len(means), min(frames, len(means))).astype(int)
    pictures = [_frame(means, end) for end in ends]
    stream = io.BytesIO()
    pictures[0].save(
        stream,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=[150] * (len(pictures) - 1) + [3000],
        loop=0,
    )
    alt = (
        f"An animation of the loss curve growing from left to right: from {means[0]:.4f} to "
        f"{means[-1]:.4f} over {len(values):,} steps."
    )
    return Picture(stream.getvalue(), alt, kind="image/gif")


def resumed(whole: Sequence[float], runs: Series, stop: int, before: int = 10) -> Picture:
    """Draw runs that were stopped and taken up again, each against the one that was not.

    Args:
        whole: losses of the uninterrupted run, one a step.
        runs: what was kept of a run that was stopped, to its losses of the steps after the stop.
        stop: how many steps were taken before it.
        before: how many of them to draw.

    Example:
        >>> print(resumed([2.0, 1.0, 0.5], {"weights": [1.0, 0.6]}, stop=1))
        Loss against step, whole and taken up again after step 1. weights: another loss from step 3.

    Introduced in chapter 11.
    """
    columns = min(2, len(runs))
    rows, told = math.ceil(len(runs) / columns), []
    with canvas(0.9 + 1.6 * rows, rows, columns, squeeze=False, sharex=True) as (figure, grid):
        for axes in grid.flat[len(runs) :]:
            axes.set_axis_off()
        for axes, (name, losses) in zip(grid.flat, runs.items(), strict=False):
            axes.set_title(name)
            told.append(f"{name}: {_taken_up_again(axes, whole, losses, stop, before)}")
        for axes in grid[-1]:
            axes.set_xlabel("step")
        for axes in grid[:, 0]:
            axes.set_ylabel("loss")
        lines = grid[0, 0].get_legend_handles_labels()
        figure.legend(*lines, frameon=False, ncols=2, loc="outside upper right")
        start = f"Loss against step, whole and taken up again after step {stop}."
        return painted(figure, f"{start} {'; '.join(told)}.")


def errors(histories: Mapping[str, History]) -> Picture:
    """Draw training and validation error after each epoch.

    Args:
        histories: name of a run to its history.

    Example:
        >>> from lenet_course.history import Epoch, Validation
        >>> one = History([], [Epoch(1, 1, 10, 0.5, 0.2, 0.1)], [Validation(1, 1, 0.4, 0.1)])
        >>> print(errors({"LeNet-5": one}))
        Error in percent against epoch. LeNet-5: validation error from 10.00% to 10.00%.

    Introduced in chapter 09.
    """
    with canvas(2.8) as (figure, axes):
        for (name, history), colour in zip(histories.items(), SERIES, strict=False):
            _error_lines(axes, name, history, colour)
        axes.set(xlabel="epoch", ylabel="error, %", ylim=(0, None))
        axes.set_xticks(sorted({row.number for h in histories.values() for row in h.epochs}))
        axes.legend(frameon=False)
        told = [
            f"{name}: validation error from {history.validations[0].error:.2%} to "
            f"{history.validations[-1].error:.2%}"
            for name, history in histories.items()
            if history.validations
        ]
        return painted(figure, f"Error in percent against epoch. {'; '.join(told)}.")


def confusion(counts: Sequence[Sequence[int]]) -> Picture:
    """Draw how often each digit was taken for each other; right answers are left blank.

    Args:
        counts: 10 rows, the digits, by 10 columns, the answers.

    Example:
        >>> counts = numpy.diag([5] * 10)
        >>> counts[4][9] = 2
        >>> print(confusion(counts))
        A table of digit against answer, 2 mistakes in all; the most frequent: 4 read as 9, 2 times.

    Introduced in chapter 09.
    """
    mistakes = numpy.array(counts)
    numpy.fill_diagonal(mistakes, 0)
    digit, said = numpy.unravel_index(mistakes.argmax(), mistakes.shape)
    with canvas(3.6) as (figure, axes):
        axes.imshow(mistakes, cmap="Blues", aspect="auto")
        for (row, column), count in numpy.ndenumerate(mistakes):
            if count:
                colour = "white" if count > mistakes.max() / 2 else "black"
                axes.text(column, row, count, ha="center", va="center", color=colour)
        axes.set(xticks=range(10), yticks=range(10), xlabel="answer", ylabel="digit")
        axes.spines[:].set_visible(False)
        worst = f"the most frequent: {digit} read as {said}, {mistakes.max()} times"
        told = f"{mistakes.sum()} mistakes in all; {worst}" if mistakes.any() else "no mistake"
        return painted(figure, f"A table of digit against answer, {told}.")


def bars(values: Mapping[str, float], label: str, form: str = "{:,}") -> Picture:
    """Compare a number across networks: one bar each, with the number beside it.

    Args:
        values: name to number.
        label: what the number is, with its unit.
        form: how to write it.

    Example:
        >>> print(bars({"one": 1, "two": 2}, label="parameters"))
        Bars of parameters: one 1, two 2.

    Introduced in chapter 07.
    """
    with canvas(0.7 + 0.34 * len(values)) as (figure, axes):
        axes.barh(list(values), list(values.values()), color=BLUE)
        axes.bar_label(axes.containers[0], [form.format(v) for v in values.values()], padding=4)
        axes.invert_yaxis()
        axes.margins(x=0.15)
        axes.set_xticks([])
        axes.set_xlabel(label)
        told = ", ".join(f"{name} {form.format(value)}" for name, value in values.items())
        return painted(figure, f"Bars of {label}: {told}.")


def running_mean(values: Sequence[float], width: int) -> list[float]:
    """Average each value with up to `width` - 1 values before it.

    Example:
        >>> running_mean([4, 2, 0], width=2)
        [4.0, 3.0, 1.0]

    Introduced in chapter 09.
    """
    sums = numpy.concatenate([[0.0], numpy.cumsum(numpy.asarray(values, dtype=float))])
    ends = numpy.arange(1, len(values) + 1)
    starts = numpy.maximum(0, ends - width)
    return ((sums[ends] - sums[starts]) / (ends - starts)).tolist()


def _error_lines(axes: Axes, name: str, history: History, colour: str) -> None:
    epochs = [row.number for row in history.epochs]
    axes.plot(
        epochs,
        [100 * row.train_error for row in history.epochs],
        color=colour,
        linestyle="--",
        marker="o",
        label=f"{name}, training, during the pass",
    )
    axes.plot(
        [row.epoch for row in history.validations],
        [100 * row.error for row in history.validations],
        color=colour,
        marker="s",
        label=f"{name}, validation, after it",
    )


def _taken_up_again(
    axes: Axes, whole: Sequence[float], losses: Sequence[float], stop: int, before: int
) -> str:
    """Draw one run against the whole one, and say in words where they part."""
    first, steps = max(0, stop - before), range(stop + 1, stop + 1 + len(losses))
    axes.plot(range(first + 1, len(whole) + 1), whole[first:], color=BLUE, label="whole")
    axes.plot(steps, losses, color=RED, linestyle=(0, (2, 1)), label="taken up again")
    axes.axvline(stop + 0.5, color=GREY, linewidth=0.8)
    axes.set_ylim(0, None)
    pairs = zip(steps, losses, whole[stop:], strict=False)
    parted = next((step for step, loss, other in pairs if loss != other), None)
    return f"another loss from step {parted}" if parted else "the same losses to the end"


def _frame(means: list[float], end: int) -> Image.Image:
    with canvas(2.8) as (figure, axes):
        axes.plot(range(1, end + 1), means[:end], color=BLUE)
        axes.set(xlim=(0, len(means)), ylim=(0, 1.05 * max(means)), xlabel="step", ylabel="loss")
        png = painted(figure, "").image
    # Few colours are enough for one line, and keep the file small.
    return Image.open(io.BytesIO(png)).convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
