"""Pictures of kernels, of the maps they make, and of the 25 products behind one unit.

Negative values are hatched and positive ones are not, so that no sign is told by colour alone.
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

from .picture import BLUE, GREY, ORANGE, Picture, canvas, painted

SIGNED = LinearSegmentedColormap.from_list("signed", [BLUE, "white", ORANGE])
HATCH, HATCH_COLOUR = "////", "#00000099"
MOST_NUMBERED = 49  # numbers are written into maps of at most 7x7
FAINT = 0.05  # of the scale: a value nearer to zero than this is not worth a hatch


def signed_maps(
    images: Sequence[Tensor], titles: Sequence[str], columns: int = 6, shared: bool = True
) -> Picture:
    """Show maps or kernels side by side: zero white, positive orange, negative blue and hatched.

    One of at most 7x7 carries its numbers, which tell the sign, in place of the hatch.

    Args:
        images: each (H, W), of any sign.
        titles: what stands above each.
        columns: maps in a row.
        shared: one scale for all, shown at the right; otherwise each has its own.

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
        return painted(figure, f"{scale}, negative values marked: {told}.")


def products(window: Tensor, kernel: Tensor) -> Picture:
    """Show a window, a kernel, and the products of their numbers, which one unit adds up.

    Args:
        window: (H, W), the pixels under the kernel.
        kernel: (H, W), the weights.

    Example:
        >>> import torch
        >>> print(products(torch.ones(5, 5), torch.full((5, 5), 0.5)))
        A window of 5x5 times a kernel of 5x5: 25 products, 25 of them not zero; their sum is 12.50.

    Introduced in chapter 02.
    """
    first, second = _array(window), _array(kernel)
    both = first * second
    total = _number(both.sum(), 2)
    high, wide = both.shape
    with canvas(3.0, 1, 3) as (figure, grid):
        panels = (
            ("window", first, "×"),
            ("kernel", second, "="),
            (f"{both.size} products, sum {total}", both, ""),
        )
        for axes, (title, array, sign) in zip(grid, panels, strict=True):
            _draw(axes, array, _limit(array))
            axes.set_title(title)
            axes.text(1.06, 0.5, sign, transform=axes.transAxes, va="center", fontsize=20)
        return painted(
            figure,
            f"A window of {high}x{wide} times a kernel of {high}x{wide}: {both.size} products, "
            f"{numpy.count_nonzero(both)} of them not zero; their sum is {total}.",
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
