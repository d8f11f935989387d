"""Pictures of functions and their slopes, of gradients by depth, and of where a network says yes.

Introduced in chapter 03.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from matplotlib.axes import Axes
from torch import Tensor

from .picture import BLUE, DASHES, GREY, RED, SERIES, SKY, Picture, canvas, painted

Functions = Mapping[str, Callable[[Tensor], Tensor]]

SAMPLES = 801  # along a curve; odd, so that the middle is one of them
MARKERS = "osD^v"
STEP = 0.2  # between two neighbouring samples: a rise by more is taken for a jump
FIELD = 120  # places along each side of a shaded square


def functions(curves: Functions, reach: float = 4.0, point: float | None = None) -> Picture:
    """Draw functions of one number on the left, and their slopes on the right.

    Args:
        curves: name to a function that bends every number of a tensor by itself.
        reach: draw from -reach to +reach.
        point: mark this number on every curve, and say in words where it sits.

    Example:
        >>> print(functions({"ReLU": torch.relu}, point=1.0))
        Left ReLU from -4 to 4, right the slope: ReLU a step from 0 to 1 at 0. At 1.0: ReLU 1.000, \
slope 1.000.

    Introduced in chapter 03.
    """
    numbers = torch.linspace(-reach, reach, SAMPLES, dtype=torch.float64)
    shapes, told = [], []
    with canvas(3.3, 1, 2) as (figure, grid):
        for (name, function), colour, dash, marker in zip(
            curves.items(), SERIES, DASHES, MARKERS, strict=False
        ):
            values, slopes = _with_slopes(function, numbers)
            for axes, line in zip(grid, (values, _broken(slopes)), strict=True):
                axes.plot(numbers, line, color=colour, linestyle=dash, label=name)
            shapes.append(f"{name} {_in_words(numbers, slopes)}")
            if point is not None:
                both = _with_slopes(function, torch.tensor([point], dtype=torch.float64))
                for axes, value in zip(grid, both, strict=True):
                    axes.plot(point, value, color=colour, marker=marker, linestyle="none")
                told.append(f"{name} {_number(both[0])}, slope {_number(both[1])}")
        for axes, title in zip(grid, ("bent number", "slope"), strict=True):
            _crossed(axes, point)
            axes.set(title=title, xlabel="number", xlim=(-reach, reach))
        lines = grid[0].get_legend_handles_labels()
        figure.legend(*lines, frameon=False, ncols=len(curves), loc="outside upper center")
        names, right = ", ".join(curves), "the slope" if len(curves) == 1 else "their slopes"
        start = f"Left {names} from {-reach:g} to {reach:g}, right {right}: {', '.join(shapes)}."
        where = f" At {point:.1f}: {'; '.join(told)}." if point is not None else ""
        return painted(figure, start + where)


def by_depth(runs: Mapping[str, Sequence[float]], label: str) -> Picture:
    """Draw a number at every layer of some deep networks, each mark ten times the one below.

    Args:
        runs: name of a network to one positive number a layer, the first layer's first.
        label: what the numbers are.

    Example:
        >>> print(by_depth({"sigmoid": [0.01, 0.1, 1.0]}, label="gradient"))
        By layer, on a scale of powers of ten, gradient. sigmoid: 1e-02 at layer 1, 1e+00 at 3.

    Introduced in chapter 03.
    """
    told = []
    with canvas(3.0) as (figure, axes):
        for (name, values), colour, dash, marker in zip(
            runs.items(), SERIES, DASHES, MARKERS, strict=False
        ):
            places, line = range(1, len(values) + 1), {"color": colour, "linestyle": dash}
            # Hollow and larger each time, so that runs that lie on each other are all seen.
            hollow = {"marker": marker, "markersize": 5 + 3 * len(told), "markerfacecolor": "none"}
            axes.plot(places, values, label=name, **line, **hollow)
            told.append(f"{name}: {values[0]:.0e} at layer 1, {values[-1]:.0e} at {len(values)}")
        axes.set(xlabel="layer", ylabel=label, yscale="log")
        axes.set_xticks(range(1, 1 + max(map(len, runs.values()))))
        axes.legend(frameon=False)
        start = f"By layer, on a scale of powers of ten, {label}."
        return painted(figure, f"{start} {'; '.join(told)}.")


def regions(points: Tensor, inside: Tensor, answers: Functions) -> Picture:
    """Draw points of two kinds in a plane, and shade where each network says "inside".

    Args:
        points: (N, 2), at most 2 away from zero in each direction.
        inside: (N,), True for the points of one kind.
        answers: name of a network to a function, (M, 2) points to (M,) True for "inside".

    Example:
        >>> points, inside = torch.tensor([[1.0, 0.0], [-1.0, 0.0]]), torch.tensor([True, False])
        >>> print(regions(points, inside, {"right half": lambda points: points[:, 0] > 0}))
        2 points of two kinds, 1 inside. Shaded where inside is said: right half, a part that runs \
to the border, 2 points right.

    Introduced in chapter 03.
    """
    line = torch.linspace(-2, 2, FIELD)
    plane = torch.cartesian_prod(line, line)
    told = []
    with canvas(3.7, 1, len(answers), squeeze=False) as (figure, grid):
        for axes, (name, answer) in zip(grid[0], answers.items(), strict=True):
            shades = answer(plane).reshape(FIELD, FIELD).T.float()
            axes.contourf(line, line, shades, levels=[0.5, 1.5], colors=[SKY], alpha=0.4)
            for kind, marker, colour in ((inside, "o", BLUE), (~inside, "x", RED)):
                axes.plot(*points[kind].T, marker, color=colour, markersize=4)
            right = int((answer(points) == inside).sum())
            axes.set(title=f"{name}: {right} of {len(points)} right", aspect="equal")
            axes.set(xlim=(-2, 2), ylim=(-2, 2), xticks=(-2, 0, 2), yticks=(-2, 0, 2))
            told.append(f"{name}, {_extent(shades)}, {right} points right")
        start = f"{len(points)} points of two kinds, {int(inside.sum())} inside."
        return painted(figure, f"{start} Shaded where inside is said: {'; '.join(told)}.")


def _with_slopes(function: Callable[[Tensor], Tensor], numbers: Tensor) -> tuple[Tensor, Tensor]:
    with torch.enable_grad():
        numbers = numbers.clone().requires_grad_()
        values = function(numbers)
        (slopes,) = torch.autograd.grad(values.sum(), numbers)
    return values.detach(), slopes


def _broken(values: Tensor) -> Tensor:
    """The same with a hole before each jump, where a line would be drawn up the step."""
    jumps = torch.cat([values.diff().abs() > STEP, torch.tensor([False])])
    return values.masked_fill(jumps, math.nan)


def _in_words(numbers: Tensor, slopes: Tensor) -> str:
    """What a curve of slopes looks like: a step, a hill, or from where to where."""
    first, last = slopes[0].item(), slopes[-1].item()
    rises = slopes.diff().abs()
    top = slopes.argmax()
    if rises.max() > STEP:
        return f"a step from {first:.3g} to {last:.3g} at {_place(numbers[rises.argmax()])}"
    if slopes[top] > 2 * max(first, last):
        return f"a hill, {slopes[top]:.3g} high at {_place(numbers[top])}"
    return f"from {first:.3g} to {last:.3g}"


def _place(number: Tensor) -> str:
    """A number to one decimal, and never a minus sign before zero."""
    return f"{round(number.item(), 1) + 0.0:g}"


def _extent(shades: Tensor) -> str:
    """Where a shaded part of a square lies: inside it, or up to its border."""
    if not shades.any():
        return "nowhere"
    border = torch.cat([shades[0], shades[-1], shades[:, 0], shades[:, -1]])
    return "a part that runs to the border" if border.any() else "a closed part inside"


def _number(value: Tensor) -> str:
    """Write a number, and never a minus sign before zero."""
    return f"{round(value.item(), 3) + 0.0:.3f}"


def _crossed(axes: Axes, point: float | None) -> None:
    """Draw the two lines through zero, and a third one at the point."""
    axes.axhline(0, color=GREY, linewidth=0.6)
    axes.axvline(0, color=GREY, linewidth=0.6)
    if point is not None:
        axes.axvline(point, color=GREY, linewidth=1.2, linestyle=":")
