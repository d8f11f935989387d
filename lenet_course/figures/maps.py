"""Pictures of what a digit becomes inside a network. Introduced in chapter 07."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from numpy import ndarray
from torch import Tensor

from .picture import Picture, canvas, painted_small, plain

SLOTS = 16  # maps side by side in a row: all of C3's


def feature_maps(layers: Mapping[str, Tensor]) -> Picture:
    """Show one digit going through a network: a row for each layer, dark where a value is high.

    Maps stand side by side, the first 16 of them; units that have no place on a map make a strip,
    numbered from 0 where there is room. Grey is scaled row by row, so it compares the values within
    a layer, not across layers.

    Args:
        layers: a layer's name to what it gives for one digit, (maps, height, width) or (units,);
            "input" may be one of them.

    Example:
        >>> import torch
        >>> print(feature_maps({"C1": torch.zeros(6, 28, 28), "F6": torch.zeros(84)}))
        One digit, layer by layer, dark where a value is large: C1 6 maps of 28x28, F6 84 units.

    Introduced in chapter 07.
    """
    with canvas(0.54 * len(layers), len(layers), squeeze=False) as (figure, grid):
        figure.get_layout_engine().set(hspace=0.08)
        told = []
        for axes, (name, values) in zip(grid[:, 0], layers.items(), strict=True):
            plain(axes)
            axes.set_ylabel(name, rotation=0, ha="right", va="center")
            told.append(f"{name} {_draw_layer(axes, values.detach().cpu())}")
        start = "One digit, layer by layer, dark where a value is large"
        return painted_small(figure, f"{start}: {', '.join(told)}.")


def _draw_layer(axes: Axes, values: Tensor) -> str:
    """Draw one row, and say in words what stands there."""
    style = {"cmap": "gray_r", "vmin": float(values.min()), "vmax": float(values.max())}
    if values.dim() == 1 or values.shape[1:] == (1, 1):
        strip = values.reshape(1, -1).numpy()
        axes.imshow(strip, extent=(0, SLOTS, 0.25, 0.75), aspect="auto", **style)
        if strip.size <= SLOTS:
            _number_units(axes, strip[0])
        words = f"{strip.size} units"
    else:
        for place, one in enumerate(values[:SLOTS]):
            extent = (place, place + 0.94, 0, 1)
            axes.imshow(one.numpy(), extent=extent, aspect="auto", **style)
        count, high, wide = values.shape
        shown = f"{SLOTS} of {count}" if count > SLOTS else str(count)
        words = f"{shown} map{'s' if count > 1 else ''} of {high}x{wide}"
    axes.set(xlim=(0, SLOTS), ylim=(0, 1))
    return words


def _number_units(axes: Axes, values: ndarray) -> None:
    width, middle = SLOTS / len(values), (values.min() + values.max()) / 2
    for unit, value in enumerate(values):
        colour = "white" if value > middle else "black"
        axes.text((unit + 0.5) * width, 0.48, unit, ha="center", va="center", color=colour)
