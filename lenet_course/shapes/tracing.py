"""Walk a shape through a list of layers, and write down what each one does.

Introduced in chapter 01.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .arithmetic import ShapeError, by, pair
from .layers import RBF, Flatten, Layer, Linear, Shape, Window

HEADINGS = (
    "name",
    "layer",
    "output",
    "parameters",
    "connections",
    "multiply-adds",
    "field",
    "size",
)


@dataclass(frozen=True)
class Row:
    """One line of a trace: a layer, and what it does to the shape it is given.

    Shapes leave out the batch. The receptive field is the side, in input pixels, of the square
    that one unit looks at, padding included; a pair (height, width) where it is no square; None
    for vector inputs.
    """

    name: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    formula: str
    parameters: int
    connections: int
    multiply_adds: int
    receptive_field: int | tuple[int, int] | None

    def cells(self) -> tuple[str, ...]:
        """Write the row's entries in the order of HEADINGS."""
        reach = self.receptive_field
        return (
            self.name,
            str(self.layer),
            by(self.output_shape),
            f"{self.parameters:,}",
            f"{self.connections:,}",
            f"{self.multiply_adds:,}",
            by(reach) if isinstance(reach, tuple) else str(reach or "-"),
            self.formula,
        )


@dataclass(frozen=True)
class Trace(Sequence[Row]):
    """All rows of a network, in order; a row is found by its number or by its layer's name."""

    rows: tuple[Row, ...]
    input_shape: Shape

    def __len__(self) -> int:
        """Count the layers."""
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        """Go through the rows from the first layer to the last."""
        return iter(self.rows)

    def __getitem__(self, key: int | slice | str) -> Row | tuple[Row, ...]:
        """Find a row by position or by name."""
        if not isinstance(key, str):
            return self.rows[key]
        for row in self.rows:
            if row.name == key:
                return row
        names = ", ".join(row.name for row in self.rows)
        raise KeyError(f"There is no layer {key!r} in this trace. It has {names}.")

    @property
    def output_shape(self) -> Shape:
        """The shape after the last layer."""
        return self.rows[-1].output_shape if self.rows else self.input_shape

    @property
    def parameters(self) -> int:
        """All numbers that the network learns."""
        return sum(row.parameters for row in self.rows)

    @property
    def connections(self) -> int:
        """All connections, counted as the paper does."""
        return sum(row.connections for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """All products formed and summed for one picture."""
        return sum(row.multiply_adds for row in self.rows)

    def __str__(self) -> str:
        """Write the trace as aligned text."""
        table = self._table()
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        right = {HEADINGS.index(h) for h in ("parameters", "connections", "multiply-adds", "field")}
        return "\n".join(
            "  ".join(
                cell.rjust(width) if column in right else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in table
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Write the trace as a table for a notebook."""
        head, *body, total = ([html.escape(cell) for cell in line] for line in self._table())
        head_row = "".join(f'<th scope="col">{cell}</th>' for cell in head)
        rows = "".join(_html_row(line) for line in body)
        return (
            f"<table><thead><tr>{head_row}</tr></thead>"
            f"<tbody>{rows}</tbody><tfoot>{_html_row(total)}</tfoot></table>"
        )

    def _table(self) -> list[tuple[str, ...]]:
        start = ("input", "", by(self.input_shape), "", "", "", "", "")
        totals = (f"{n:,}" for n in (self.parameters, self.connections, self.multiply_adds))
        total = ("total", "", "", *totals, "", "")
        return [HEADINGS, start, *(row.cells() for row in self.rows), total]


def trace(layers: Sequence[Layer], input_shape: Sequence[int] = (1, 32, 32)) -> Trace:
    """Follow a shape through a list of layers, on paper: nothing is built or run.

    Args:
        layers: descriptions, from the first layer to the last.
        input_shape: (channels, height, width) of one picture, or (features,).

    Returns:
        A Trace with a Row for each layer; its totals are .parameters, .connections,
        .multiply_adds.

    Raises:
        ShapeError: a layer cannot take what the layer before it gives; the message names the
            layer, both shapes, and what to change.

    Example:
        >>> from lenet_course import shapes
        >>> c1 = shapes.Conv2d(out_channels=6, kernel_size=5, name="C1")
        >>> shapes.trace([c1], input_shape=(1, 32, 32))["C1"].output_shape
        (6, 28, 28)

    Introduced in chapter 01.
    """
    shape = _checked_input(input_shape)
    start, rows = shape, []
    reach = _Reach(shape)
    for layer in named(layers):
        after = layer.output_shape(shape)
        reach = reach.through(layer, shape)
        rows.append(
            Row(
                name=layer.label,
                layer=layer,
                input_shape=shape,
                output_shape=after,
                formula=layer.formula(shape),
                parameters=layer.parameters(shape),
                connections=layer.connections(shape),
                multiply_adds=layer.multiply_adds(shape),
                receptive_field=reach.side(),
            )
        )
        shape = after
    return Trace(tuple(rows), start)


def named(layers: Sequence[Layer]) -> list[Layer]:
    """Give every layer a name: its own, or its kind and a number, like conv2d_1.

    Raises:
        ShapeError: something in the list is no layer, or two layers share a name.

    Example:
        >>> from lenet_course import shapes
        >>> [layer.name for layer in named([shapes.Flatten(), shapes.Linear(10, name="output")])]
        ['flatten_1', 'output']

    Introduced in chapter 01.
    """
    seen: Counter[str] = Counter()
    result = []
    for position, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            raise ShapeError(
                f"Item {position} of the list is {layer!r}, which is no layer. "
                f"Use descriptions like shapes.Conv2d(out_channels=6, kernel_size=5)."
            )
        kind = type(layer).__name__.lower()
        seen[kind] += 1
        result.append(layer if layer.name else replace(layer, name=f"{kind}_{seen[kind]}"))
    twice = [name for name, times in Counter(layer.name for layer in result).items() if times > 1]
    if twice:
        raise ShapeError(f"Two layers are called {twice[0]!r}. Give each a name of its own.")
    return result


@dataclass(frozen=True)
class _Reach:
    """How far one unit sees: side of its field and step between neighbours, in input pixels."""

    maps: Shape
    field: tuple[int, int] = (1, 1)
    step: tuple[int, int] = (1, 1)
    gathered: bool = False

    def through(self, layer: Layer, shape: Shape) -> _Reach:
        if isinstance(layer, Window):
            kernel, dilation = pair(layer.kernel_size), pair(layer.dilation)
            sides = zip(self.field, self.step, kernel, dilation, strict=True)
            field = tuple(f + s * d * (k - 1) for f, s, k, d in sides)
            step = tuple(s * t for s, t in zip(self.step, layer.window_stride, strict=True))
            return replace(self, field=field, step=step, maps=layer.output_shape(shape))
        if isinstance(layer, Flatten) and len(shape) == 3:
            return replace(self, maps=shape)
        if isinstance(layer, Linear | RBF) and len(self.maps) == 3 and not self.gathered:
            sides = zip(self.field, self.step, self.maps[1:], strict=True)
            return replace(self, field=tuple(f + s * (n - 1) for f, s, n in sides), gathered=True)
        return self

    def side(self) -> int | tuple[int, int] | None:
        if len(self.maps) != 3:
            return None
        high, wide = self.field
        return high if high == wide else (high, wide)


def _checked_input(input_shape: Sequence[int]) -> Shape:
    shape = tuple(input_shape) if isinstance(input_shape, Sequence) else ()
    whole = all(isinstance(side, int) and side > 0 for side in shape)
    if len(shape) not in (1, 3) or not whole:
        raise ShapeError(
            f"input_shape={input_shape!r} does not work. Give (channels, height, width), such as "
            f"(1, 32, 32), or (features,); leave out the batch."
        )
    return shape


def _html_row(line: list[str]) -> str:
    name, *others = line
    cells = "".join(f"<td>{cell}</td>" for cell in others)
    return f'<tr><th scope="row">{name}</th>{cells}</tr>'
