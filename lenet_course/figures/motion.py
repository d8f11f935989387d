"""A drawing on its way through networks, for a page without widgets. Introduced in chapter 00."""

from __future__ import annotations

from collections.abc import Mapping

import numpy
from matplotlib.axes import Axes
from PIL import Image
from torch import Tensor

from .maps import _draw_layer
from .picture import BLUE, GREY, GREYS, Picture, canvas, painted_small, plain

STEPS = ("drawn", "fitted", "centred")


def in_motion(
    steps: Mapping[str, numpy.ndarray],
    networks: Mapping[str, Mapping[str, Tensor]],
    codes: Mapping[str, Tensor] | None = None,
) -> Picture:
    """Show a drawing, its preparation, and what every layer of one or two networks makes of it.

    Layers are drawn as in `feature_maps`, dark where a number is large; F6 as its 7x12 picture,
    and the ten outputs as bars.

    Args:
        steps: as `handwriting.steps` gives them; empty for a page without a drawing.
        networks: a network's name to its layers, each (maps, height, width) or (units,), of one
            digit, from "input" to "output".
        codes: of a network whose outputs are distances, so that the smallest wins: its name to the
            code of its answer, (84,).

    Example:
        >>> import torch
        >>> layers = {"C1": torch.zeros(6, 28, 28), "output": torch.eye(10)[3]}
        >>> print(in_motion({}, {"mine": layers}))
        An empty pad, and what every layer makes of it. mine: C1 6 maps of 28x28; the largest \
output is 3.

    Introduced in chapter 00.
    """
    codes = codes or {}
    told = []
    ratios = [1] + [5 if len(networks) == 1 else 3] * len(networks)
    height = 4.8 if len(networks) == 1 else 3.6  # or its maps would be wider than high
    with canvas(height, 1, len(ratios), width_ratios=ratios) as (figure, (left, *grid)):
        for axes in (left, *grid):
            plain(axes)
        _draw_steps(left, steps)
        for axes, (name, layers) in zip(grid, networks.items(), strict=True):
            axes.set_title(name)
            told.append(f"{name}: {_draw_network(axes, layers, codes.get(name))}")
        what = "A drawing, prepared," if steps else "An empty pad,"
        alt = f"{what} and what every layer makes of it. {'. '.join(told)}."
        # The octree keeps the one blue among so many greys.
        return painted_small(figure, alt, GREYS, Image.Quantize.FASTOCTREE)


def _draw_steps(axes: Axes, steps: Mapping[str, numpy.ndarray]) -> None:
    for place, name in enumerate(STEPS):
        inset = axes.inset_axes((0, 0.7 - 0.34 * place, 1, 0.25))
        inset.set(xticks=[], yticks=[])
        inset.set_title(name, fontsize=9, pad=2)
        inset.spines[:].set(visible=True, color=GREY)
        picture = steps.get(name, numpy.zeros((28, 28), numpy.uint8))
        inset.imshow(picture, cmap="gray_r", vmin=0, vmax=255)


def _draw_network(axes: Axes, layers: Mapping[str, Tensor], code: Tensor | None) -> str:
    """Draw one network from top to bottom, and say in words what stands there."""
    rows = {name: values for name, values in layers.items() if name != "output"}
    states, told = rows.pop("F6", None), []
    for place, (name, values) in enumerate(rows.items()):
        inset = axes.inset_axes((0.1, 0.91 - 0.1 * place, 0.9, 0.085))
        plain(inset)
        inset.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        told.append(f"{name} {_draw_layer(inset, values.detach().cpu())}")
    if states is not None:
        _draw_picture(axes.inset_axes((0.02, 0.02, 0.17, 0.27)), states, "F6")
        told.append("F6 as a picture")
    if code is not None:
        _draw_picture(axes.inset_axes((0.21, 0.02, 0.17, 0.27)), code, "code")
    wins = "smallest" if code is not None else "largest"
    answer = _draw_bars(axes.inset_axes((0.46, 0.06, 0.54, 0.22)), layers["output"], wins)
    return f"{', '.join(told)}; {answer}"


def _draw_picture(axes: Axes, values: Tensor, title: str) -> None:
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=9, pad=2)
    axes.spines[:].set(visible=True, color=GREY)
    axes.imshow(values.detach().reshape(12, 7).numpy(), cmap="gray_r")


def _draw_bars(axes: Axes, outputs: Tensor, wins: str) -> str:
    answer = int(outputs.argmin() if wins == "smallest" else outputs.argmax())
    answer = answer if outputs.any() else None  # nothing is drawn yet
    colours = [BLUE if digit == answer else GREY for digit in range(len(outputs))]
    axes.bar(range(len(outputs)), outputs.detach().numpy(), color=colours)
    axes.set(xticks=range(len(outputs)), yticks=[0])
    axes.set_title(f"output: the {wins} wins", fontsize=9, pad=2)
    axes.tick_params(labelsize=8)
    if answer is None:
        return "no output yet"
    axes.get_xticklabels()[answer].set(weight="bold", size=12)
    return f"the {wins} output is {answer}"
