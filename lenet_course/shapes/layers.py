"""Layers as plain descriptions: what they are called, what they do to a shape, what they cost.

Field names are torch's. A shape is (channels, height, width), or (features,) once flattened; the
batch is left out. Connections are counted as the paper of 1998 counts them (p. 6-8): one for each
input that a unit reads, and one for its bias. Multiply-adds count the products that are formed
and summed; adding a bias, taking a maximum or an average forms none. Introduced in chapter 01.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import ClassVar

from .arithmetic import Pair, ShapeError, by, output_size, pair

Shape = tuple[int, ...]

ACTIVATIONS = ("relu", "sigmoid", "tanh", "scaled_tanh")


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What all descriptions share. A layer that says nothing else keeps the shape and is free."""

    smallest: ClassVar[dict[str, int]] = {}
    name: str | None = None

    def __post_init__(self) -> None:
        """Refuse settings that no layer can have."""
        if self.name is not None and (not isinstance(self.name, str) or "." in self.name):
            raise ShapeError(
                f"{type(self).__name__}: name={self.name!r} does not work. "
                f"Give a text without dots, such as 'C1'."
            )
        for setting, least in self.smallest.items():
            self._check_whole_number(setting, least)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Give the shape after this layer."""
        return input_shape

    def formula(self, input_shape: Shape) -> str:
        """Write how the shape comes about, with the numbers in it."""
        return "unchanged"

    def parameters(self, input_shape: Shape) -> int:
        """Count the numbers that this layer learns."""
        return 0

    def connections(self, input_shape: Shape) -> int:
        """Count the connections as the paper does."""
        return 0

    def multiply_adds(self, input_shape: Shape) -> int:
        """Count the products formed and summed for one picture."""
        return 0

    def __str__(self) -> str:
        """Name the kind of layer and the settings that differ from the usual ones."""
        shown = [
            f"{setting.name}={getattr(self, setting.name)!r}"
            for setting in fields(self)
            if setting.repr
            and setting.name != "name"
            and getattr(self, setting.name) != setting.default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    @property
    def label(self) -> str:
        """The name, or the kind of layer while it has none."""
        return self.name or type(self).__name__

    def _check_whole_number(self, setting: str, least: int) -> None:
        value = getattr(self, setting)
        sides = value if isinstance(value, tuple) else (value, value)
        whole = all(isinstance(side, int) and not isinstance(side, bool) for side in sides)
        if not whole or len(sides) != 2 or min(sides) < least:
            raise ShapeError(
                f"{self.label}: {setting}={value!r} does not work. "
                f"Give a whole number of at least {least}, or a pair of them (height, width)."
            )


class Window(Layer):
    """A layer that slides a window over every map: convolution and pooling."""

    smallest: ClassVar[dict[str, int]] = {
        "kernel_size": 1,
        "padding": 0,
        "dilation": 1,
    }

    # Convolution and pooling set these; here stand the values of a layer that lacks the setting.
    # The window's size has none: a value here would become a default there. For the same reason
    # this class is no dataclass: its settings would come before those of its children.
    kernel_size: int | Pair
    stride: int | Pair | None = None
    padding: int | Pair | str = 0
    dilation: int | Pair = 1
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        """Refuse settings that no window can have; a stride left out is fine."""
        super().__post_init__()
        if self.stride is not None:
            self._check_whole_number("stride", 1)

    @property
    def window_stride(self) -> Pair:
        """The stride of both sides; a pooling layer steps by its own size unless told otherwise."""
        return pair(self.kernel_size if self.stride is None else self.stride)

    def padding_ends(self) -> tuple[Pair, Pair]:
        """Give the pixels added (before, after) each side, height first."""
        high, wide = pair(self.padding)
        return (high, high), (wide, wide)

    def map_size(self, input_shape: Shape) -> Pair:
        """Count the places where the window stands: (height, width) of every output map.

        Raises:
            ShapeError: the input has no maps, or the window is larger than a padded map.
        """
        if len(input_shape) != 3:
            raise ShapeError(
                f"{self.label} slides a window over maps (channels, height, width), but it gets "
                f"{by(input_shape)}. Put it before Flatten, or give trace() an input of 3 sides."
            )
        padding = self.padding_ends()
        sides = zip(
            input_shape[1:],
            padding,
            pair(self.kernel_size),
            self.window_stride,
            pair(self.dilation),
            strict=True,
        )
        high, wide = (self._places(*side) for side in sides)
        if min(high, wide) < 1:
            reach = tuple(
                d * (k - 1) + 1
                for k, d in zip(pair(self.kernel_size), pair(self.dilation), strict=True)
            )
            padded = tuple(n + sum(ends) for n, ends in zip(input_shape[1:], padding, strict=True))
            raise ShapeError(
                f"{self.label}: a window that reaches {by(reach)} pixels does not fit on a map of "
                f"{by(padded)} (input {by(input_shape)}, padding included). Use a smaller "
                f"kernel_size or dilation, more padding, or a larger input."
            )
        return high, wide

    def formula(self, input_shape: Shape) -> str:
        """Write the size of each side as a line of Python with its numbers in it."""
        high, wide = (
            self._side_formula(*side)
            for side in zip(
                input_shape[1:],
                self.padding_ends(),
                pair(self.kernel_size),
                self.window_stride,
                pair(self.dilation),
                self.map_size(input_shape),
                strict=True,
            )
        )
        return high if high == wide else f"{high}; {wide}"

    def _places(self, size: int, ends: Pair, kernel: int, stride: int, dilation: int) -> int:
        if ends[0] == ends[1]:
            return output_size(size, kernel, stride, ends[0], dilation, self.ceil_mode)
        return output_size(size + sum(ends), kernel, stride, 0, dilation)

    def _side_formula(
        self, size: int, ends: Pair, kernel: int, stride: int, dilation: int, places: int
    ) -> str:
        padding = f"2*{ends[0]}" if ends[0] == ends[1] else f"{ends[0]} + {ends[1]}"
        room = f"({size} + {padding} - {dilation}*({kernel} - 1) - 1)"
        if not self.ceil_mode:
            return f"{room} // {stride} + 1 = {places}"
        rounded_up = -(-(size + sum(ends) - dilation * (kernel - 1) - 1) // stride) + 1
        overhang = " - 1" if rounded_up > places else ""
        return f"-(-{room} // {stride}) + 1{overhang} = {places}"


@dataclass(frozen=True)
class Conv2d(Window):
    """A convolution: every output map has one kernel for each input map that it reads.

    Args:
        out_channels: number of output maps.
        kernel_size: side of the window, or (height, width).
        stride, padding, dilation: as in torch; padding may also be "same" or "valid".
        groups: split the input maps into so many groups that do not see each other.
        bias: one more number for each output map.
        connection_table: for each output map, the input maps that it reads (Table I of the paper);
            all of them when left out.
        in_channels: what you believe the input has; checked when given.
        name: what the layer is called in tables, errors and the torch module.

    Example:
        >>> Conv2d(out_channels=6, kernel_size=5).output_shape((1, 32, 32))
        (6, 28, 28)

    Introduced in chapter 01; opened up in chapter 02.
    """

    smallest: ClassVar[dict[str, int]] = {
        "out_channels": 1,
        "kernel_size": 1,
        "dilation": 1,
        "groups": 1,
    }

    out_channels: int
    kernel_size: int | Pair
    stride: int | Pair = 1
    padding: int | Pair | str = 0
    dilation: int | Pair = 1
    groups: int = 1
    bias: bool = True
    connection_table: Sequence[Sequence[int]] | None = field(default=None, repr=False)
    in_channels: int | None = None

    def __post_init__(self) -> None:
        """Refuse impossible settings, and a stride together with padding="same" as torch does."""
        super().__post_init__()
        if self.padding not in ("same", "valid"):
            self._check_whole_number("padding", 0)
        if self.padding == "same" and self.window_stride != (1, 1):
            raise ShapeError(
                f'{self.label}: padding="same" with stride={self.stride!r} does not work. '
                f"Use stride=1, or give the padding as a number."
            )
        self._check_table()

    def __str__(self) -> str:
        """Name the settings; of a connection table, how many pairs of maps it links."""
        text = super().__str__()
        if self.connection_table is None:
            return text
        return f"{text[:-1]}, {sum(map(len, self.connection_table))} links)"

    def padding_ends(self) -> tuple[Pair, Pair]:
        """Give the pixels added (before, after) each side; "same" may add one more after."""
        if self.padding == "valid":
            return (0, 0), (0, 0)
        if self.padding != "same":
            return super().padding_ends()
        high, wide = (
            dilation * (kernel - 1)
            for kernel, dilation in zip(pair(self.kernel_size), pair(self.dilation), strict=True)
        )
        return (high // 2, high - high // 2), (wide // 2, wide - wide // 2)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Give (out_channels, height, width)."""
        size = self.map_size(input_shape)
        self._check_channels(input_shape)
        return (self.out_channels, *size)

    def kernels(self, input_shape: Shape) -> int:
        """Count the pairs (input map, output map) that a kernel links; Table I has 60."""
        if self.connection_table is not None:
            return sum(len(inputs) for inputs in self.connection_table)
        return self.out_channels * input_shape[0] // self.groups

    def parameters(self, input_shape: Shape) -> int:
        """Count the weights of every kernel, and the biases."""
        self._check_channels(input_shape)
        biases = self.out_channels if self.bias else 0
        return self.kernels(input_shape) * math.prod(pair(self.kernel_size)) + biases

    def connections(self, input_shape: Shape) -> int:
        """Count every parameter once for each place where its window stands."""
        return self.parameters(input_shape) * math.prod(self.map_size(input_shape))

    def multiply_adds(self, input_shape: Shape) -> int:
        """Count every weight once for each place; biases form no product."""
        weights = self.kernels(input_shape) * math.prod(pair(self.kernel_size))
        return weights * math.prod(self.map_size(input_shape))

    def _check_table(self) -> None:
        table = self.connection_table
        if table is None:
            return
        if self.groups != 1 or len(table) != self.out_channels:
            raise ShapeError(
                f"{self.label}: the connection table has {len(table)} rows for "
                f"out_channels={self.out_channels} and groups={self.groups}. It needs one row for "
                f"each output map, and groups=1."
            )
        for output, inputs in enumerate(table):
            if not inputs or len(set(inputs)) != len(inputs) or min(inputs) < 0:
                raise ShapeError(
                    f"{self.label}: row {output} of the connection table is {tuple(inputs)}. "
                    f"List at least one input map, each once, counted from 0."
                )

    def _check_channels(self, input_shape: Shape) -> None:
        channels = input_shape[0]
        if self.in_channels not in (None, channels):
            raise ShapeError(
                f"{self.label} expects {self.in_channels} maps, but it gets {channels} "
                f"(input {by(input_shape)}). Set in_channels={channels}, or mend the layer before."
            )
        if channels % self.groups or self.out_channels % self.groups:
            raise ShapeError(
                f"{self.label}: groups={self.groups} has to divide the {channels} input maps and "
                f"the {self.out_channels} output maps. Choose a common divisor of both."
            )
        highest = max(map(max, self.connection_table), default=0) if self.connection_table else 0
        if highest >= channels:
            raise ShapeError(
                f"{self.label}: the connection table names input map {highest}, but there are only "
                f"{channels} (0 to {channels - 1}). Correct the table or the layer before."
            )


@dataclass(frozen=True)
class Pool(Window):
    """What all pooling layers share: maps stay apart, so there are as many after as before."""

    def output_shape(self, input_shape: Shape) -> Shape:
        """Give (channels, height, width): only the maps' size changes."""
        return (input_shape[0], *self.map_size(input_shape))

    def connections(self, input_shape: Shape) -> int:
        """Count each pixel that a unit looks at; plain pooling has no bias."""
        window = math.prod(pair(self.kernel_size))
        return math.prod(self.output_shape(input_shape)) * window


@dataclass(frozen=True)
class PaddedPool(Pool):
    """A pooling layer that may be padded: torch allows at most half a window of padding."""

    def __post_init__(self) -> None:
        """Refuse impossible settings, as torch does."""
        super().__post_init__()
        halves = [kernel // 2 for kernel in pair(self.kernel_size)]
        if any(p > half for p, half in zip(pair(self.padding), halves, strict=True)):
            raise ShapeError(
                f"{self.label}: padding={self.padding!r} is more than half of "
                f"kernel_size={self.kernel_size!r}, so some windows would see nothing but padding. "
                f"Use a padding of at most {min(halves)}."
            )


@dataclass(frozen=True)
class MaxPool2d(PaddedPool):
    """Keep the largest pixel of each window.

    Args:
        kernel_size, stride, padding, dilation, ceil_mode: as in torch; the stride is the kernel
            size when left out.
        name: what the layer is called.

    Example:
        >>> MaxPool2d(2).output_shape((6, 28, 28))
        (6, 14, 14)

    Introduced in chapter 01; opened up in chapter 04.
    """

    kernel_size: int | Pair
    stride: int | Pair | None = None
    padding: int | Pair = 0
    dilation: int | Pair = 1
    ceil_mode: bool = False


@dataclass(frozen=True)
class AvgPool2d(PaddedPool):
    """Keep the average of each window.

    Args:
        kernel_size, stride, padding, ceil_mode: as in torch; the stride is the kernel size when
            left out.
        name: what the layer is called.

    Example:
        >>> AvgPool2d(2).output_shape((16, 10, 10))
        (16, 5, 5)

    Introduced in chapter 01; opened up in chapter 04.
    """

    kernel_size: int | Pair
    stride: int | Pair | None = None
    padding: int | Pair = 0
    ceil_mode: bool = False


@dataclass(frozen=True)
class Subsampling(Pool):
    """The pooling of 1998: gather a window, times a coefficient, plus a bias; both are learned.

    The squash that follows is an Activation of its own.

    Args:
        kernel_size, stride: as in torch's pooling.
        reduction: "sum" as on p. 7 of the paper, or "mean" as on p. 6.
        name: what the layer is called.

    Example:
        >>> Subsampling(2).parameters((6, 28, 28)), Subsampling(2).connections((6, 28, 28))
        (12, 5880)

    Introduced in chapter 01; opened up in chapter 04.
    """

    kernel_size: int | Pair = 2
    stride: int | Pair | None = None
    reduction: str = "sum"

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        super().__post_init__()
        if self.reduction not in ("sum", "mean"):
            raise ShapeError(
                f'{self.label}: reduction={self.reduction!r} does not work. Use "sum" or "mean".'
            )

    def parameters(self, input_shape: Shape) -> int:
        """Count one coefficient and one bias for each map."""
        return 2 * input_shape[0]

    def connections(self, input_shape: Shape) -> int:
        """Count each pixel that a unit looks at, and its bias: 5 for a window of 2x2."""
        return super().connections(input_shape) + math.prod(self.output_shape(input_shape))

    def multiply_adds(self, input_shape: Shape) -> int:
        """Count one product a unit: its coefficient times what it gathered."""
        return math.prod(self.output_shape(input_shape))


@dataclass(frozen=True)
class Flatten(Layer):
    """Write all maps as one long vector: map by map, row by row.

    Example:
        >>> Flatten().output_shape((16, 5, 5))
        (400,)

    Introduced in chapter 01; opened up in chapter 06.
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        """Give (channels * height * width,)."""
        return (math.prod(input_shape),)

    def formula(self, input_shape: Shape) -> str:
        """Write the product of the sides."""
        return f"{' * '.join(map(str, input_shape))} = {math.prod(input_shape)}"


@dataclass(frozen=True)
class Linear(Layer):
    """A fully connected layer: every unit reads every feature.

    Args:
        out_features: number of units.
        bias: one more number for each unit.
        in_features: what you believe the input has; checked when given.
        name: what the layer is called.

    Example:
        >>> Linear(out_features=84).parameters((120,))
        10164

    Introduced in chapter 01; opened up in chapter 06.
    """

    smallest: ClassVar[dict[str, int]] = {"out_features": 1}

    out_features: int
    bias: bool = True
    in_features: int | None = None

    def output_shape(self, input_shape: Shape) -> Shape:
        """Give (out_features,).

        Raises:
            ShapeError: the input is not a vector, or not as long as in_features says.
        """
        _check_vector(self, input_shape, self.in_features, "in_features")
        return (self.out_features,)

    def formula(self, input_shape: Shape) -> str:
        """Write what goes in and what comes out."""
        return f"{input_shape[0]} -> {self.out_features}"

    def parameters(self, input_shape: Shape) -> int:
        """Count a weight for each pair of feature and unit, and the biases."""
        return self.multiply_adds(input_shape) + (self.out_features if self.bias else 0)

    def connections(self, input_shape: Shape) -> int:
        """Count each parameter once: nothing is shared."""
        return self.parameters(input_shape)

    def multiply_adds(self, input_shape: Shape) -> int:
        """Count a product for each pair of feature and unit."""
        return input_shape[0] * self.out_features


@dataclass(frozen=True)
class RBF(Layer):
    """The output of 1998: each unit measures how far its input is from a fixed code (eq. 7).

    Args:
        codes: one row of +1 and -1 for each class, for example `codes.digit_codes()`.
        name: what the layer is called.

    Example:
        >>> RBF(codes=((1, -1, 1), (-1, -1, 1))).output_shape((3,))
        (2,)

    Introduced in chapter 07; opened up in chapter 06.
    """

    codes: Sequence[Sequence[int]] = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse an empty or ragged table of codes."""
        super().__post_init__()
        lengths = {len(code) for code in self.codes}
        if len(lengths) != 1 or 0 in lengths:
            raise ShapeError(
                f"{self.label}: the codes have lengths {sorted(lengths)}. Give at least one code, "
                f"all of the same length."
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Give (number of codes,).

        Raises:
            ShapeError: the input is not a vector as long as a code.
        """
        _check_vector(self, input_shape, len(self.codes[0]), "the length of a code")
        return (len(self.codes),)

    def formula(self, input_shape: Shape) -> str:
        """Write what goes in and what comes out."""
        return f"{input_shape[0]} -> {len(self.codes)}"

    def connections(self, input_shape: Shape) -> int:
        """Count each distance's terms; there is no bias."""
        return input_shape[0] * len(self.codes)

    def multiply_adds(self, input_shape: Shape) -> int:
        """Count the squares formed and summed."""
        return self.connections(input_shape)


@dataclass(frozen=True)
class Activation(Layer):
    """A function applied to every number by itself.

    Args:
        function: "relu", "sigmoid", "tanh" or "scaled_tanh" (1.7159 tanh(2x/3), the paper's).
        name: what the layer is called.

    Example:
        >>> Activation("relu").output_shape((6, 28, 28))
        (6, 28, 28)

    Introduced in chapter 01; opened up in chapter 03.
    """

    function: str

    def __post_init__(self) -> None:
        """Refuse a function that the course does not have."""
        super().__post_init__()
        if self.function not in ACTIVATIONS:
            raise ShapeError(
                f"{self.label}: there is no function {self.function!r}. "
                f"Choose one of {', '.join(ACTIVATIONS)}."
            )


@dataclass(frozen=True)
class Dropout(Layer):
    """While training, silence each number with probability p.

    Example:
        >>> Dropout(0.5).output_shape((1024,))
        (1024,)

    Introduced in chapter 01; opened up in chapter 06.
    """

    p: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what is no probability."""
        super().__post_init__()
        if not 0 <= self.p < 1:
            raise ShapeError(
                f"{self.label}: p={self.p!r} does not work. Give a probability from 0 to below 1."
            )


def _check_vector(layer: Layer, input_shape: Shape, features: int | None, setting: str) -> None:
    if len(input_shape) != 1:
        raise ShapeError(
            f"{layer.label} reads a vector, but it gets maps of {by(input_shape)}. "
            f"Put Flatten() before it: that makes a vector of {math.prod(input_shape)}."
        )
    if features not in (None, input_shape[0]):
        raise ShapeError(
            f"{layer.label} expects {features} features ({setting}), but the layer before gives "
            f"{input_shape[0]}. Change {setting} to {input_shape[0]}, or the layers before it so "
            f"that they give {features}."
        )
