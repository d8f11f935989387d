"""Pictures of a map that reads several maps, and of how far back a unit reads.

Introduced in chapter 05.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from torch import Tensor

from .picture import DASHES, GREY, SERIES, Picture, canvas, painted
from .signed import FAINT, SIGNED, _array, _hatch, _limit, _number

LARGEST_PANEL = 1.5  # inches


def partial_sums(
    maps: Tensor, kernels: Tensor, bias: float | Tensor, titles: Sequence[str]
) -> Picture:
    """Show how one map of a convolution is made: maps, kernels, partial sums, and their sum.

    A column for each map that is read: the map, its kernel, and what the kernel finds there. Each
    row has one scale, of which the darkest colour is told. What is clearly negative is hatched, and
    in the last map the units above zero are outlined.

    Args:
        maps: (n, H, W), those that are read.
        kernels: (n, h, w), one for each.
        bias: what is added to the sum.
        titles: what stands above each map.

    Example:
        >>> ones = torch.ones(2, 6, 6)
        >>> print(partial_sums(ones, ones[:, :5, :5], -49.0, ["S2 0", "S2 1"]).alt[:62])
        2 maps of 6x6 are read, each by a kernel of 5x5. Partial sums:

    Introduced in chapter 05.
    """
    maps, kernels, bias = maps.detach().cpu(), kernels.detach().cpu(), float(bias)
    partial = torch.conv2d(maps[None], kernels[:, None], groups=len(maps))[0]
    total = partial.sum(dim=0) + bias
    sign = "−" if bias < 0 else "+"
    columns = len(maps) + 1
    side = min(LARGEST_PANEL, 7.4 / columns)
    with canvas(3 * side + 0.7, 3, columns, squeeze=False) as (figure, grid):
        figure.get_layout_engine().set(wspace=0.08, hspace=0.02)
        for axes in grid[:2, -1]:
            axes.set_axis_off()
        limits = [_limit(_array(maps)), _limit(_array(kernels))]
        limits.append(max(_limit(_array(partial)), _limit(_array(total))))
        for number, title in enumerate(titles):
            for row, panels in enumerate((maps, kernels, partial)):
                _panel(grid[row, number], panels[number], limits[row])
            grid[0, number].set_title(title)
            joined = "+" if number < len(titles) - 1 else f"{sign} {abs(bias):.2f} ="
            grid[2, number].set_xlabel(joined, loc="right")
        darkest = [f"darkest: ±{_number(limit, 2)}" for limit in limits]
        for axes, told in zip(grid[:2, -1], darkest, strict=False):
            axes.text(0, 0.5, told, transform=axes.transAxes, va="center")
        _panel(grid[2, -1], total, limits[2])
        _outline(grid[2, -1], _array(total) > 0)
        grid[2, -1].set(title="the map", xlabel=f"{darkest[2]}\noutlined: above 0")
        for axes, name in zip(grid[:, 0], ("map read", "× kernel", "= partial sum"), strict=True):
            axes.set_ylabel(name)
        told = "; ".join(
            f"{title} {_span(one)}" for title, one in zip(titles, partial, strict=True)
        )
        read, kernel = ("x".join(map(str, some.shape[1:])) for some in (maps, kernels))
        above = int((total > 0).sum())
        return painted(
            figure,
            f"{len(maps)} maps of {read} are read, each by a kernel of {kernel}. Partial sums: "
            f"{told}. With the bias {_number(bias, 2)} they add up to a map {_span(total)}, "
            f"{above} of {total.numel()} units above zero.",
        )


def nested_squares(image: Tensor, squares: Mapping[str, tuple[int, int, int]]) -> Picture:
    """Show one digit with the squares of pixels that units of several layers see.

    Args:
        image: (H, W), 0 for paper.
        squares: name of a layer to (top, left, side) of the square, in pixels.

    Example:
        >>> print(nested_squares(torch.zeros(32, 32), {"C1": (8, 16, 5)}))
        A digit, and on it what one unit of each layer sees: C1 5x5 from row 8, column 16 on.

    Introduced in chapter 05.
    """
    with canvas(4.2) as (figure, axes):
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.imshow(image.cpu().numpy(), cmap="gray_r", alpha=0.6)
        lines, labels = [], []
        for colour, dash, (name, (top, left, side)) in zip(
            SERIES, DASHES, squares.items(), strict=False
        ):
            style = {"linewidth": 2.5, "linestyle": dash, "clip_on": False}
            # imshow puts the middle of the first pixel at 0, so its border lies at -0.5.
            corner = (left - 0.5, top - 0.5)
            axes.add_patch(Rectangle(corner, side, side, fill=False, edgecolor=colour, **style))
            lines.append(Line2D([], [], color=colour, linewidth=2.5, linestyle=dash))
            labels.append(f"{name}: {side}×{side}")
        axes.legend(
            lines,
            labels,
            loc="center left",
            bbox_to_anchor=(1.05, 0.5),
            frameon=False,
            handlelength=4,
            labelspacing=1.0,
        )
        told = ", ".join(
            f"{name} {side}x{side} from row {top}, column {left} on"
            for name, (top, left, side) in squares.items()
        )
        return painted(figure, f"A digit, and on it what one unit of each layer sees: {told}.")


def _panel(axes: Axes, values: Tensor, limit: float) -> None:
    array = _array(values)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=GREY)
    axes.imshow(array, cmap=SIGNED, vmin=-limit, vmax=limit)
    _hatch(axes, array < -FAINT * limit)


def _outline(axes: Axes, where: numpy.ndarray) -> None:
    """Draw a line between the units that are meant and those that are not."""
    inside = numpy.pad(where, 1)
    lines = []
    for row, column in numpy.argwhere(inside[1:] != inside[:-1]):  # above and below
        lines.append([(column - 1.5, row - 0.5), (column - 0.5, row - 0.5)])
    for row, column in numpy.argwhere(inside[:, 1:] != inside[:, :-1]):  # left and right
        lines.append([(column - 0.5, row - 1.5), (column - 0.5, row - 0.5)])
    axes.add_collection(LineCollection(lines, colors="black", linewidths=1.5, capstyle="round"))


def _span(values: Tensor) -> str:
    return f"from {_number(values.min(), 2)} to {_number(values.max(), 2)}"
