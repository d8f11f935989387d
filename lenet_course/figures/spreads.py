"""How far a signal gets: the spread of every layer's numbers, and of the gradients that come back.

And what becomes of it: the losses that follow. Introduced in chapter 10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .picture import DASHES, SERIES, Picture, canvas, painted

Spreads = Mapping[str, float]

MARKERS = "osD^vPX"


def spreads(runs: Mapping[str, tuple[Spreads, Spreads]]) -> Picture:
    """Draw the spread of each layer's numbers on the left, of their gradients on the right.

    Args:
        runs: name of a start to two mappings, forward and backward, each of layer to spread.

    Example:
        >>> print(spreads({"He": ({"C1": 0.5, "F6": 0.4}, {"C1": 0.01, "F6": 0.1})}))
        Spread by layer, in powers of ten. Left, forward, from C1 to F6: He: 5e-01 to 4e-01. \
Right, the gradients that come back, from F6 to C1: He: 1e-01 to 1e-02.

    Introduced in chapter 10.
    """
    there, back = [], []
    with canvas(4.2, 1, 2) as (figure, grid):
        for (name, both), colour, dash, marker in zip(
            runs.items(), *(marks[: len(runs)] for marks in (SERIES, DASHES, MARKERS)), strict=True
        ):
            for axes, values in zip(grid, both, strict=True):
                axes.plot(
                    list(values),
                    list(values.values()),
                    color=colour,
                    linestyle=dash,
                    marker=marker,
                    label=name,
                )
            (first, *_, last), (early, *_, late) = (list(values.values()) for values in both)
            there.append(f"{name}: {first:.0e} to {last:.0e}")
            back.append(f"{name}: {late:.0e} to {early:.0e}")
        grid[0].set(title="numbers, on the way forward", yscale="log", ylabel="spread")
        grid[1].set(title="gradients, on the way back", yscale="log")
        figure.legend(
            *grid[0].get_legend_handles_labels(),
            frameon=False,
            ncols=len(runs),
            loc="outside upper center",
            handlelength=3.2,
        )
        first, *_, last = next(iter(runs.values()))[0]
        return painted(
            figure,
            f"Spread by layer, in powers of ten. Left, forward, from {first} to {last}: "
            f"{'; '.join(there)}. Right, the gradients that come back, from {last} to {first}: "
            f"{'; '.join(back)}.",
        )


def losses_up_to(top: float, runs: Mapping[str, Sequence[float]], last: int = 25) -> Picture:
    """Draw the loss of every step; what is higher than `top` lies above the picture.

    Args:
        top: the highest loss that has a place.
        runs: name of a run to its losses, one a step.
        last: how many steps the mean in the words is over.

    Example:
        >>> print(losses_up_to(4, {"1.0": [9000.0, 2.5, 2.25]}, last=2))
        Loss of every step, as far as 4; what is higher lies above the picture. 1.0: first \
9,000.0, mean of the last 2 steps 2.4.

    Introduced in chapter 10.
    """
    told = []
    with canvas(3.0) as (figure, axes):
        for (name, values), colour, dash in zip(
            runs.items(), *(marks[: len(runs)] for marks in (SERIES, DASHES)), strict=True
        ):
            steps = range(1, len(values) + 1)
            axes.plot(steps, values, color=colour, linestyle=dash, linewidth=1.2, label=name)
            end = sum(values[-last:]) / len(values[-last:])
            told.append(f"{name}: first {values[0]:,.1f}, mean of the last {last} steps {end:,.1f}")
        axes.set(xlabel="step", ylabel="loss", ylim=(0, top))
        figure.legend(frameon=False, ncols=len(runs), loc="outside upper center", handlelength=3.2)
        return painted(
            figure,
            f"Loss of every step, as far as {top:g}; what is higher lies above the picture. "
            f"{'; '.join(told)}.",
        )
