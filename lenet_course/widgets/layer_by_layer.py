"""What each layer makes of a digit, for the widgets that show it. Introduced in chapter 12."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def through(model: nn.Module, inputs: Tensor) -> dict[str, Tensor]:
    """Give what each layer makes of one digit, by its name: "input", "C1", and so on to "output".

    A layer's squash belongs to it: what leaves the squash is what the layer hands on. Flattening
    and dropout are left out, the latter also while the network is training: nothing is switched.

    Args:
        model: its children are called as those that `networks.build` makes.
        inputs: (1, 1, H, W), one prepared digit.

    Returns:
        (maps, height, width) or (units,) each, on the CPU.

    Example:
        >>> from lenet_course import networks
        >>> seen = through(networks.build("lenet5-1998"), torch.zeros(1, 1, 32, 32))
        >>> seen["C1"].shape, seen["F6"].shape
        (torch.Size([6, 28, 28]), torch.Size([84]))

    Introduced in chapter 12.
    """
    seen = {"input": inputs[0].float().cpu()}
    values = inputs.to(next(model.parameters()).device)
    with torch.no_grad():
        for name, layer in model.named_children():
            if isinstance(layer, nn.Dropout):
                continue
            values = layer(values)
            if not isinstance(layer, nn.Flatten):
                seen[name.partition("_")[0]] = values[0].float().cpu()
    return seen
