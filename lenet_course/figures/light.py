"""Pictures of the light on a page. Introduced in chapter 15."""

from __future__ import annotations

from collections.abc import Sequence

from .picture import BLUE, GREY, RED, Picture, canvas, painted


def along_a_row(greys: Sequence[float], paper: Sequence[float], threshold: float) -> Picture:
    """Draw the brightness along one row of a photograph, with its paper's, and one fixed limit.

    Args:
        greys: of the row's pixels, from left to right, 0 for black to 255 for white.
        paper: the brightness that plain paper has, or would have, at each of them.
        threshold: a limit between ink and paper, the same everywhere.

    Example:
        >>> print(along_a_row([200, 60, 90], [200, 150, 90], threshold=100))
        Brightness along a row of 3 pixels, from 60 to 200: that of the paper falls from 200 to \
90. It dips deepest at column 1, to 60 on paper of 150. Pixels below a fixed limit of 100: 2.

    Introduced in chapter 15.
    """
    with canvas(2.6) as (figure, axes):
        axes.plot(greys, color=BLUE, linewidth=1, label="what the camera saw")
        axes.plot(paper, color=RED, linestyle="--", label="paper")
        axes.axhline(threshold, color=GREY, linestyle=":", label=f"a limit of {threshold:.0f}")
        axes.set(xlabel="column", ylabel="brightness", ylim=(0, 255), xlim=(0, len(greys) - 1))
        axes.legend(frameon=False)
        first, last = float(paper[0]), float(paper[-1])
        way = "falls" if last < first else "rises" if last > first else "goes"
        column = max(range(len(greys)), key=lambda place: float(paper[place]) - float(greys[place]))
        below = sum(float(grey) < threshold for grey in greys)
        return painted(
            figure,
            f"Brightness along a row of {len(greys)} pixels, from {float(min(greys)):.0f} to "
            f"{float(max(greys)):.0f}: that of the paper {way} from {first:.0f} to {last:.0f}. "
            f"It dips deepest at column {column}, to {float(greys[column]):.0f} on paper of "
            f"{float(paper[column]):.0f}. Pixels below a fixed limit of {threshold:.0f}: {below}.",
        )
