"""The seven networks that people call LeNet-5, each a list of layer descriptions.

`build` makes the torch module from such a list. Introduced in chapter 07.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import fast, layers, shapes
from .codes import digit_codes
from .data import fit_field
from .errors import unknown

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "scaled_tanh": layers.ScaledTanh,
}


@dataclass(frozen=True)
class Network:
    """A network on paper: its layers, what it reads, and how its answer is to be read.

    Args:
        name: how the course calls it.
        layers: descriptions, from C1 to the output.
        input_shape: (channels, height, width) of one prepared digit.
        background, ink: what pixel values 0 and 255 become.
        smallest_wins: the outputs are distances, so the smallest is the answer.
    """

    name: str
    layers: tuple[shapes.Layer, ...]
    input_shape: tuple[int, int, int]
    background: float = 0.0
    ink: float = 1.0
    smallest_wins: bool = False

    def prepare(self, images: Tensor) -> Tensor:
        """Turn digits into what this network reads.

        Padding comes first and is background, so that no grey frame appears around the digit.

        Args:
            images: uint8, (N, height, width); MNIST's are 28x28.

        Returns:
            float32, (N, 1, H, W) with H and W those of input_shape, on the images' device.

        Raises:
            DataError: the images are not uint8, or not of 28x28 or 32x32 pixels.

        Example:
            >>> FAMILY["lenet5-1998"].prepare(torch.zeros(2, 28, 28, dtype=torch.uint8)).shape
            torch.Size([2, 1, 32, 32])

        Introduced in chapter 07.
        """
        field = fit_field(images, self.input_shape[1])
        scale = (self.ink - self.background) / 255
        return field.unsqueeze(1).float().mul_(scale).add_(self.background)

    def decide(self, outputs: Tensor) -> Tensor:
        """Read the answers from the outputs: (N, classes) to (N,).

        Example:
            >>> FAMILY["relu-max"].decide(torch.tensor([[0.1, 0.9]]))
            tensor([1])

        Introduced in chapter 07.
        """
        return outputs.argmin(dim=1) if self.smallest_wins else outputs.argmax(dim=1)

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Say how wrong each answer is: (N, classes) and (N,) to (N,).

        Distances are judged by the paper's MAP loss, everything else by cross-entropy.

        Example:
            >>> FAMILY["relu-max"].loss(torch.zeros(1, 10), torch.tensor([3])).shape
            torch.Size([1])

        Introduced in chapter 07.
        """
        if self.smallest_wins:
            return layers.map_loss(outputs, labels)
        return functional.cross_entropy(outputs, labels, reduction="none")

    def trace(self) -> shapes.Trace:
        """Follow a digit's shape through the layers.

        Example:
            >>> FAMILY["lenet5-1998"].trace().parameters
            60000

        Introduced in chapter 01.
        """
        return shapes.trace(self.layers, self.input_shape)


def _squashed(layer: shapes.Layer, function: str | None) -> list[shapes.Layer]:
    """Follow a layer by its activation, named after it; None leaves the activation out."""
    if function is None:
        return [layer]
    return [layer, shapes.Activation(function, name=f"{layer.name}_{function}")]


def _modern(
    c1: shapes.Conv2d, pooling: type[shapes.Window], function: str | None
) -> tuple[shapes.Layer, ...]:
    """List the layers of the five whose sizes are the usual ones."""
    return (
        *_squashed(c1, function),
        pooling(2, name="S2"),
        *_squashed(shapes.Conv2d(16, kernel_size=5, name="C3"), function),
        pooling(2, name="S4"),
        shapes.Flatten(name="flatten"),
        *_squashed(shapes.Linear(120, name="C5"), function),
        *_squashed(shapes.Linear(84, name="F6"), function),
        shapes.Linear(10, name="output"),
    )


def _of_1998() -> tuple[shapes.Layer, ...]:
    """List the layers of the paper (p. 6-8)."""
    c3 = shapes.Conv2d(16, kernel_size=5, connection_table=layers.TABLE_I, name="C3")
    return (
        *_squashed(shapes.Conv2d(6, kernel_size=5, name="C1"), "scaled_tanh"),
        *_squashed(shapes.Subsampling(2, name="S2"), "scaled_tanh"),
        *_squashed(c3, "scaled_tanh"),
        *_squashed(shapes.Subsampling(2, name="S4"), "scaled_tanh"),
        *_squashed(shapes.Conv2d(120, kernel_size=5, name="C5"), "scaled_tanh"),
        shapes.Flatten(name="flatten"),
        *_squashed(shapes.Linear(84, name="F6"), "scaled_tanh"),
        shapes.RBF(digit_codes(), name="output"),
    )


def _wide() -> tuple[shapes.Layer, ...]:
    """List the layers of the wide network with dropout: no F6, and 1,024 units in C5."""
    return (
        *_squashed(shapes.Conv2d(32, kernel_size=5, padding=2, name="C1"), "relu"),
        shapes.MaxPool2d(2, name="S2"),
        *_squashed(shapes.Conv2d(64, kernel_size=5, padding=2, name="C3"), "relu"),
        shapes.MaxPool2d(2, name="S4"),
        shapes.Flatten(name="flatten"),
        *_squashed(shapes.Linear(1024, name="C5"), "relu"),
        shapes.Dropout(0.5, name="dropout"),
        shapes.Linear(10, name="output"),
    )


_C1 = shapes.Conv2d(6, kernel_size=5, name="C1")
_C1_PADDED = shapes.Conv2d(6, kernel_size=5, padding=2, name="C1")
_C1_SMALL = shapes.Conv2d(6, kernel_size=3, padding=1, name="C1")

FAMILY: dict[str, Network] = {
    network.name: network
    for network in (
        Network("lenet5-1998", _of_1998(), (1, 32, 32), -0.1, 1.175, smallest_wins=True),
        Network("sigmoid-avg", _modern(_C1_PADDED, shapes.AvgPool2d, "sigmoid"), (1, 28, 28)),
        Network("sigmoid-max", _modern(_C1_PADDED, shapes.MaxPool2d, "sigmoid"), (1, 28, 28)),
        Network("relu-max", _modern(_C1, shapes.MaxPool2d, "relu"), (1, 32, 32)),
        Network("relu-avg", _modern(_C1, shapes.AvgPool2d, "relu"), (1, 28, 28)),
        Network("no-activation", _modern(_C1_SMALL, shapes.MaxPool2d, None), (1, 28, 28)),
        Network("wide-dropout", _wide(), (1, 28, 28)),
    )
}


def find(name: str) -> Network:
    """Look a network up by its name.

    Raises:
        UnknownNameError: the family has no such network; the message lists those it has.

    Example:
        >>> find("relu-avg").input_shape
        (1, 28, 28)

    Introduced in chapter 07.
    """
    if name not in FAMILY:
        raise unknown("network", name, FAMILY)
    return FAMILY[name]


def build(
    network: str | Network | Sequence[shapes.Layer],
    input_shape: Sequence[int] | None = None,
    seed: int | None = None,
) -> nn.Sequential:
    """Make the torch module that a list of descriptions describes.

    Args:
        network: a name of the family, a Network, or any list of descriptions.
        input_shape: (channels, height, width) of one picture; (1, 32, 32) for a plain list unless
            given. A network of the family brings its own, and another one may be tried here.
        seed: makes the first weights the same each time, and leaves torch's own random state alone.

    Returns:
        A Sequential with one child for each layer, called by the layer's name, on the CPU: the
        course's own, see `fast`. It takes (N, channels, height, width).

    Raises:
        UnknownNameError: the family has no network of that name.
        ShapeError: a layer cannot take what the layer before it gives.

    Example:
        >>> model = build("relu-max", seed=0)
        >>> model.C1
        Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1))

    Introduced in chapter 07.
    """
    if isinstance(network, str):
        network = find(network)
    if isinstance(network, Network):
        input_shape = input_shape or network.input_shape
        network = network.layers
    rows = shapes.trace(network, input_shape or (1, 32, 32))
    _check_names(rows)
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            # Not torch.manual_seed, which would reach the GPUs' generators as well.
            torch.default_generator.manual_seed(seed)
        modules = OrderedDict((row.name, to_module(row.layer, row.input_shape)) for row in rows)
    return fast.Sequential(modules)


def _check_names(rows: shapes.Trace) -> None:
    """Refuse names that mean something else in torch: model.train is no place for a layer."""
    for row in rows:
        if hasattr(nn.Sequential(), row.name):
            raise shapes.ShapeError(
                f"A layer cannot be called {row.name!r}: every torch module has something of that "
                f"name. Choose another, such as 'C1'."
            )


@singledispatch
def to_module(layer: shapes.Layer, input_shape: shapes.layers.Shape) -> nn.Module:
    """Make one layer's torch module for an input of the given shape.

    Raises:
        TypeError: torch has nothing for this kind of layer.

    Example:
        >>> to_module(shapes.Linear(84), (120,))
        Linear(in_features=120, out_features=84, bias=True)

    Introduced in chapter 07.
    """
    raise TypeError(f"There is no torch module for {layer}. Use a description from shapes.")


@to_module.register
def _(layer: shapes.Conv2d, input_shape: shapes.layers.Shape) -> nn.Module:
    window = (layer.kernel_size, layer.stride, layer.padding, layer.dilation)
    if layer.connection_table is not None:
        return layers.TableConv2d(input_shape[0], layer.connection_table, *window, bias=layer.bias)
    return nn.Conv2d(
        input_shape[0], layer.out_channels, *window, groups=layer.groups, bias=layer.bias
    )


@to_module.register
def _(layer: shapes.MaxPool2d, input_shape: shapes.layers.Shape) -> nn.Module:
    return nn.MaxPool2d(
        layer.kernel_size, layer.stride, layer.padding, layer.dilation, ceil_mode=layer.ceil_mode
    )


@to_module.register
def _(layer: shapes.AvgPool2d, input_shape: shapes.layers.Shape) -> nn.Module:
    return nn.AvgPool2d(layer.kernel_size, layer.stride, layer.padding, ceil_mode=layer.ceil_mode)


@to_module.register
def _(layer: shapes.Subsampling, input_shape: shapes.layers.Shape) -> nn.Module:
    return layers.Subsampling(input_shape[0], layer.kernel_size, layer.stride, layer.reduction)


@to_module.register
def _(layer: shapes.Flatten, input_shape: shapes.layers.Shape) -> nn.Module:
    return nn.Flatten()


@to_module.register
def _(layer: shapes.Linear, input_shape: shapes.layers.Shape) -> nn.Module:
    return nn.Linear(input_shape[0], layer.out_features, bias=layer.bias)


@to_module.register
def _(layer: shapes.RBF, input_shape: shapes.layers.Shape) -> nn.Module:
    return layers.RBF(layer.codes)


@to_module.register
def _(layer: shapes.Activation, input_shape: shapes.layers.Shape) -> nn.Module:
    return ACTIVATIONS[layer.function]()


@to_module.register
def _(layer: shapes.Dropout, input_shape: shapes.layers.Shape) -> nn.Module:
    return nn.Dropout(layer.p)
