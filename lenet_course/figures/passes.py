"""A training as it goes on: the loss by steps, the errors by passes. Introduced in chapter 09."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from .picture import BLUE, GREY, RED, Picture, canvas, painted_small

Points = Sequence[tuple[float, float]]

LOWEST, HIGHEST = 0.1, 100.0  # percent on the scale; what is smaller is drawn at its lower end


def passes(losses: Points, ours: Mapping[str, Points], paper: Mapping[str, Points]) -> Picture:
    """Draw the loss against the step, and errors in percent against the pass, on a log scale.

    Args:
        losses: (step, mean loss of the last 25).
        ours: name of an error to (pass, percent): filled marks.
        paper: the same of the paper: open marks.

    Example:
        >>> print(passes([(1, 2.3), (2, 1.1)], {"training": [(1, 9.5)]}, {"test": [(1, 2.65)]}))
        Loss against step, from 2.3000 to 1.1000 in 2 steps. Error against pass: training 9.50% at \
1; of the paper test 2.65% at 1.

    Introduced in chapter 09.
    """
    with canvas(3.2, 1, 2) as (figure, (left, right)):
        left.plot(*_columns(losses), color=BLUE)
        left.set(xlabel="step", ylabel="loss, mean of 25", ylim=(0, None if losses else 2.5))
        if not losses:
            left.set_xlim(0, 100)
        _draw(right, ours, (BLUE, RED), filled=True, whose="yours")
        _draw(right, paper, (GREY, GREY), filled=False, whose="1998")
        right.set(xlabel="pass", ylabel="error, %", yscale="log", ylim=(LOWEST, HIGHEST))
        right.set_yticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
        right.legend(frameon=False, fontsize=9)
        begun = "no step yet"
        if losses:
            begun = f"from {losses[0][1]:.4f} to {losses[-1][1]:.4f} in {losses[-1][0]:,.0f} steps"
        told = f"Error against pass: {_ends(ours)}; of the paper {_ends(paper)}."
        return painted_small(figure, f"Loss against step, {begun}. {told}")


def _columns(points: Points) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _draw(
    axes: Axes, lines: Mapping[str, Points], colours: Sequence[str], filled: bool, whose: str
) -> None:
    looks = zip(lines.items(), colours, ("o", "s"), ("--", "-"), strict=False)
    for (name, points), colour, marker, dash in looks:
        across, up = _columns(points)
        inside = "full" if filled else "none"
        look = {"color": colour, "marker": marker, "linestyle": dash, "fillstyle": inside}
        label = f"{name}, {whose}"
        axes.plot(across, [max(LOWEST, value) for value in up], label=label, markersize=5, **look)


def _ends(lines: Mapping[str, Points]) -> str:
    told = []
    for name, points in lines.items():
        if points:
            (at, first), (end, last) = points[0], points[-1]
            later = f" to {last:.2f}% at {end:g}" if len(points) > 1 else ""
            told.append(f"{name} {first:.2f}%{later or f' at {at:g}'}")
    return ", ".join(told) or "none yet"
