"""Pictures of kernels, of the maps they make, and of the 25 products behind one unit.

Values clearly below zero are hatched and positive ones are not, so that no sign is told by colour
alone.
Introduced in chapter 02.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from torch import Tensor

from .picture import BLUE, GREY, ORANGE, RED, Picture, canvas, painted, plain

SIGNED = LinearSegmentedColormap.from_list("signed", [BLUE, "white", ORANGE])
HATCH, HATCH_COLOUR = "////", "#00000099"
MOST_NUMBERED = 49  # numbers are written into maps of at most 7x7
FAINT = 0.05  # of the scale: a value nearer to zero than this is not worth a hatch


def signed_maps(
    images: Sequence[Tensor],
    titles: Sequence[str],
    columns: int = 6,
    shared: bool = True,
    what: str = "",
) -> Picture:
    """Show maps or kernels side by side: zero white, positive orange, negative blue and hatched.

    One of at most 7x7 carries its numbers, which tell the sign, in place of the hatch.

    Args:
        images: each (H, W), of any sign.
        titles: what stands above each.
        columns: maps in a row.
        shared: one scale for all, shown at the right; otherwise each has its own.
        what: there is to see, a sentence for those who do not see it.

    Example:
        >>> import torch
        >>> print(signed_maps([torch.tensor([[-1.0, 0.0], [0.0, 0.5]])], ["edge"]))
        On one scale, -1.00 to 1.00, negative values marked: edge 2x2 from -1.00 to 0.50.

    Introduced in chapter 02.
    """
    arrays = [_array(image) for image in images]
    limits = [_limit(array) for array in arrays]
    limit = max(limits)
    rows = math.ceil(len(arrays) / columns)
    height = 0.35 + rows * min(2.9, 8.4 / columns)
    with canvas(height, rows, columns, squeeze=False) as (figure, grid):
        for axes in grid.flat[len(arrays) :]:
            axes.set_axis_off()
        for axes, array, title, own in zip(grid.flat, arrays, titles, limits, strict=False):
            shades = _draw(axes, array, limit if shared else own)
            axes.set_title(title)
        if shared:
            _scale(figure.colorbar(shades, ax=list(grid.flat), aspect=15 * rows, pad=0.02), limit)
        told = "; ".join(
            f"{title} {array.shape[0]}x{array.shape[1]} from {_number(array.min(), 2)} to "
            f"{_number(array.max(), 2)}"
            for title, array in zip(titles, arrays, strict=True)
        )
        scale = f"On one scale, {_number(-limit, 2)} to {_number(limit, 2)}"
        scale = scale if shared else "Each on a scale of its own"
        return painted(figure, f"{scale}, negative values marked: {told}. {what}".rstrip())


def products(image: Tensor, kernel: Tensor, row: int, column: int) -> Picture:
    """Show a window on a digit, a kernel, and the products of their numbers, which a unit adds up.

    Args:
        image: (H, W), 0 for paper.
        kernel: (h, w), the weights; the window is as large.
        row, column: the window's upper left corner.

    Example:
        >>> import torch
        >>> print(products(torch.ones(32, 32), torch.full((5, 5), 0.5), row=3, column=4))
        The window of 5x5 at row 3, column 4, times a kernel: 25 of 25 products not zero, sum 12.50.

    Introduced in chapter 02.
    """
    high, wide = kernel.shape
    pixels, weights = _array(image), _array(kernel)
    seen = pixels[row : row + high, column : column + wide]
    both = seen * weights
    total = _number(both.sum(), 2)
    with canvas(2.3, 1, 4) as (figure, (place, *grid)):
        plain(place)
        place.imshow(pixels, cmap="gray_r")
        # imshow puts the middle of the first pixel at 0, so its border lies at -0.5.
        corner = (column - 0.5, row - 0.5)
        style = {"fill": False, "edgecolor": RED, "linewidth": 2, "clip_on": False}
        place.add_patch(Rectangle(corner, wide, high, **style))
        place.set_title(f"row {row}, column {column}")
        panels = (("window", seen, "×"), ("kernel", weights, "="), (f"sum {total}", both, ""))
        for axes, (title, array, sign) in zip(grid, panels, strict=True):
            _draw(axes, array, _limit(array))
            axes.set_title(title)
            axes.text(1.06, 0.5, sign, transform=axes.transAxes, va="center", fontsize=16)
        return painted(
            figure,
            f"The window of {high}x{wide} at row {row}, column {column}, times a kernel: "
            f"{numpy.count_nonzero(both)} of {both.size} products not zero, sum {total}.",
        )


def _array(image: Tensor) -> numpy.ndarray:
    return image.detach().cpu().double().numpy()


def _number(value: float, decimals: int) -> str:
    """Write a number, and never a minus sign before zero."""
    return f"{round(float(value), decimals) + 0.0:.{decimals}f}"


def _limit(array: numpy.ndarray) -> float:
    return float(abs(array).max()) or 1.0


def _scale(bar: Colorbar, limit: float) -> None:
    """Name the ends and the middle of a scale, and hatch its negative half as the maps are."""
    values = (-limit, 0, limit)
    bar.set_ticks(values, labels=[_number(value, 2) for value in values])
    bar.ax.fill_between([0, 1], -limit, 0, facecolor="none", edgecolor=HATCH_COLOUR, hatch=HATCH)


def _draw(axes: Axes, array: numpy.ndarray, limit: float) -> AxesImage:
    """Draw one map: with its numbers where there is room for them, else hatched where negative."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=GREY)
    shades = axes.imshow(array, cmap=SIGNED, vmin=-limit, vmax=limit)
    if array.size <= MOST_NUMBERED:
        _write_numbers(axes, array, limit)
    else:
        _hatch(axes, array < -FAINT * limit)
    return shades


def _write_numbers(axes: Axes, array: numpy.ndarray, limit: float) -> None:
    decimals = 0 if (array == array.round()).all() else 2
    for (row, column), value in numpy.ndenumerate(array):
        colour = "white" if value < -0.6 * limit else "black"
        text = _number(value, decimals)
        axes.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)


def _hatch(axes: Axes, where: numpy.ndarray) -> None:
    squares = [Rectangle((column - 0.5, row - 0.5), 1, 1) for row, column in numpy.argwhere(where)]
    style = {"facecolor": "none", "edgecolor": HATCH_COLOUR, "linewidth": 0}
    axes.add_collection(PatchCollection(squares, hatch=HATCH, **style))
