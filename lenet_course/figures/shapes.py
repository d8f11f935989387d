"""Pictures of windows, tables and whole networks, drawn from their descriptions.

Introduced in chapter 01.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from ..shapes import RBF, Linear, Row, Trace, output_size
from .picture import BLUE, GREY, ORANGE, SKY, Picture, canvas, painted, plain

MOST_MAPS = 8  # of a layer are drawn


def window(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Picture:
    """Draw a row of pixels and every place where a window can stand on it.

    Pixels are numbered, padding is hatched. A place is named by the pixel where the window's left
    edge stands; a cross marks the pixels at the end that no window reaches.

    Args:
        size, kernel_size, stride, padding, dilation: as in `shapes.output_size`, in pixels.

    Example:
        >>> print(window(7, kernel_size=3, stride=2).alt.partition("; ")[2])
        a window of 3 with stride 2 stands at 3 places: left edges 0, 2, 4. Pixels left over: 0.

    Introduced in chapter 01.
    """
    places = max(0, output_size(size, kernel_size, stride, padding, dilation))
    reach = dilation * (kernel_size - 1) + 1
    used = (places - 1) * stride + reach if places else 0
    left_over = size + 2 * padding - used
    left_edges = [place * stride - padding for place in range(places)]
    with canvas(1.1 + 0.32 * places) as (figure, axes):
        plain(axes)
        for pixel in range(-padding, size + padding):
            inside = 0 <= pixel < size
            style = {"facecolor": SKY if inside else "white", "hatch": None if inside else "////"}
            axes.add_patch(Rectangle((pixel, 0), 1, 1, edgecolor=GREY, **style))
            if inside:
                axes.text(pixel + 0.5, 0.45, pixel, ha="center", va="center", fontsize=9)
            if pixel + padding >= used:  # no window reaches so far
                axes.text(pixel + 0.5, 1.4, "×", ha="center", va="center")
        for place, left_edge in enumerate(left_edges):
            for sample in range(kernel_size):
                corner = (left_edge + sample * dilation, -1.3 - place)
                axes.add_patch(Rectangle(corner, 1, 0.8, facecolor=ORANGE, edgecolor="black"))
            middle = -1.3 - place + 0.4
            told = f"left edge {left_edge}"
            axes.text(size + padding + 0.4, middle, told, va="center", fontsize=9)
        axes.set(xlim=(-padding - 0.2, size + padding + 3.5), ylim=(-1.6 - places, 2.0))
        extra = f", padding {padding}" if padding else ""
        extra += f", dilation {dilation}" if dilation > 1 else ""
        where = f": left edges {', '.join(map(str, left_edges))}" if places else ""
        return painted(
            figure,
            f"A row of {size} pixels{extra}; a window of {kernel_size} with stride {stride} stands "
            f"at {places} places{where}. Pixels left over: {left_over}.",
        )


def table(connection_table: Sequence[Sequence[int]], inputs: int) -> Picture:
    """Draw a connection table: a column for each output map, a mark for each map that it reads.

    Args:
        connection_table: for each output map, the input maps that it reads.
        inputs: number of input maps.

    Example:
        >>> print(table([(0, 1), (1,)], inputs=2))
        2 rows, the maps that are read; 2 columns, the maps that read them; 3 marks of 4 possible.

    Source: LeCun et al. (1998), Table I. Introduced in chapter 07.
    """
    outputs = len(connection_table)
    links = sum(map(len, connection_table))
    with canvas(0.6 + 0.32 * inputs) as (figure, axes):
        for output, sources in enumerate(connection_table):
            axes.scatter([output] * len(sources), list(sources), marker="x", color=BLUE, s=55)
        axes.set(xticks=range(outputs), yticks=range(inputs))
        axes.set(xlabel="map of C3", ylabel="map of S2", xlim=(-0.6, outputs - 0.4))
        axes.set_ylim(inputs - 0.5, -0.5)
        axes.set_xticks([x + 0.5 for x in range(outputs)], minor=True)
        axes.set_yticks([y + 0.5 for y in range(inputs)], minor=True)
        axes.grid(which="minor", color="#DDDDDD")
        axes.tick_params(which="both", length=0)
        return painted(
            figure,
            f"{inputs} rows, the maps that are read; {outputs} columns, the maps that read them; "
            f"{links} marks of {inputs * outputs} possible.",
        )


def architecture(trace: Trace) -> Picture:
    """Draw a network from its trace: stacks of maps, at most 8 of each, then columns of units.

    Args:
        trace: of any list of layers; activations, flattening and dropout are not drawn.

    Example:
        >>> from lenet_course import networks
        >>> print(architecture(networks.FAMILY["wide-dropout"].trace()).alt[-67:])
        S4 64x7x7, C5 1024, output 10. At most 8 maps of a layer are drawn.

    Introduced in chapter 07.
    """
    stages = [("input", trace.input_shape), *((r.name, r.output_shape) for r in _drawn(trace))]
    tallest = max(shape[1] for _, shape in stages if len(shape) == 3)
    with canvas(2.9) as (figure, axes):
        plain(axes)
        axes.set_aspect("equal")
        left = 0.0
        for name, shape in stages:
            width = _stack(axes, left, shape, tallest)
            middle = left + width / 2
            axes.text(middle, tallest * 0.72, name, ha="center", weight="bold")
            label = "@".join((str(shape[0]), f"{shape[1]}x{shape[2]}")) if len(shape) == 3 else ""
            axes.text(middle, -tallest * 0.78, label or shape[0], ha="center", fontsize=8.5)
            left += width + tallest * 0.38
        axes.set(xlim=(-1, left), ylim=(-tallest * 0.9, tallest * 0.9))
        told = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in stages)
        left_out = any(not _is_column(shape) and shape[0] > MOST_MAPS for _, shape in stages)
        some = f" At most {MOST_MAPS} maps of a layer are drawn." if left_out else ""
        return painted(figure, f"From left to right: {told}.{some}")


def _drawn(trace: Trace) -> list[Row]:
    return [row for row in trace if row.connections or isinstance(row.layer, Linear | RBF)]


def _is_column(shape: tuple[int, ...]) -> bool:
    """Whether a stage is drawn as one column: units, or maps of a single unit each."""
    return len(shape) == 1 or shape[1:] == (1, 1)


def _stack(axes: Axes, left: float, shape: tuple[int, ...], tallest: int) -> float:
    """Draw one stage at its scale and give its width: maps as cards, units as a column."""
    if _is_column(shape):
        height = tallest * min(1.0, 0.25 + shape[0] / 160)
        column = Rectangle((left, -height / 2), 2.2, height, facecolor=ORANGE, edgecolor="black")
        axes.add_patch(column)
        return 2.2
    channels, high, wide = shape
    cards = min(channels, MOST_MAPS)
    for card in range(cards):
        x, y = left + card * 0.9, (cards / 2 - card) * 0.9 - high / 2
        corners = [(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)]
        axes.add_patch(Polygon(corners, facecolor=SKY, edgecolor="black", linewidth=0.7))
    return wide + (cards - 1) * 0.9
