"""LeNet-5 of 1998 for K seeds side by side, one digit each: forward, and backward by hand.

Written by hand and not with autograd for two reasons. The paper's second derivatives travel
backwards by the same rules as the gradient, with every factor squared, so one function `backward`
does both. And one digit at a time is too little work for autograd: most of it would be overhead.

All numbers of a network lie in one row of a (K, 60900) tensor, so that a step of learning is one
operation. Sources are pages of LeCun et al. (1998). Introduced in chapter 13.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ..layers import AMPLITUDE, SLOPE

KERNEL = 5

SHAPES: dict[str, tuple[int, ...]] = {
    "C1.weight": (6, 25),
    "C1.bias": (6,),
    "S2.coefficient": (6,),
    "S2.bias": (6,),
    # All 96 kernels, though Table I has 60: the others are zero and never take a step.
    "C3.weight": (16, 150),
    "C3.bias": (16,),
    "S4.coefficient": (16,),
    "S4.bias": (16,),
    "C5.weight": (120, 400),
    "C5.bias": (120,),
    "F6.weight": (84, 120),
    "F6.bias": (84,),
}
"""What the network learns, in the order of its layers; kernels lie flat, map by map."""

SIZES = {name: math.prod(shape) for name, shape in SHAPES.items()}
COUNT = sum(SIZES.values())

Weights = dict[str, Tensor]


class Trace(NamedTuple):
    """What a forward pass leaves for the backward pass: for each layer, inputs and slopes.

    Inputs are what the layer's weights were multiplied with; for S2 and S4, the sums of four.
    Slopes are those of the squash at each unit.
    """

    C1_inputs: Tensor
    C1_slopes: Tensor
    S2_inputs: Tensor
    S2_slopes: Tensor
    C3_inputs: Tensor
    C3_slopes: Tensor
    S4_inputs: Tensor
    S4_slopes: Tensor
    C5_inputs: Tensor
    C5_slopes: Tensor
    F6_inputs: Tensor
    F6_slopes: Tensor


def named(flat: Tensor) -> Weights:
    """Give each part of (K, 60900) its name and shape: views, not copies.

    Example:
        >>> named(torch.zeros(2, COUNT))["C5.weight"].shape
        torch.Size([2, 120, 400])

    Introduced in chapter 13.
    """
    parts = flat.split(list(SIZES.values()), dim=1)
    return {
        name: part.unflatten(1, shape)
        for (name, shape), part in zip(SHAPES.items(), parts, strict=True)
    }


def forward(weights: Weights, digits: Tensor) -> tuple[Tensor, Trace]:
    """Show each network its digit (p. 6-8).

    Args:
        weights: of K networks, from `named`.
        digits: (K, 32, 32), as the network's `prepare` gives them.

    Returns:
        The states of F6, (K, 84), and what `backward` needs.

    Introduced in chapter 13.
    """
    count = len(digits)
    C1_inputs = windows(digits.unsqueeze(1))
    C1 = torch.baddbmm(weights["C1.bias"].unsqueeze(2), weights["C1.weight"], C1_inputs)
    C1, C1_slopes = squash(C1.view(count, 6, 28, 28))
    S2_inputs = gather(C1)
    S2, S2_slopes = squash(_subsample(weights, "S2", S2_inputs))
    C3_inputs = windows(S2)
    C3 = torch.baddbmm(weights["C3.bias"].unsqueeze(2), weights["C3.weight"], C3_inputs)
    C3, C3_slopes = squash(C3.view(count, 16, 10, 10))
    S4_inputs = gather(C3)
    S4, S4_slopes = squash(_subsample(weights, "S4", S4_inputs))
    C5_inputs = S4.flatten(1)
    C5, C5_slopes = squash(_connect(weights, "C5", C5_inputs))
    F6, F6_slopes = squash(_connect(weights, "F6", C5))
    return F6, Trace(
        C1_inputs,
        C1_slopes,
        S2_inputs,
        S2_slopes,
        C3_inputs,
        C3_slopes,
        S4_inputs,
        S4_slopes,
        C5_inputs,
        C5_slopes,
        C5,
        F6_slopes,
    )


def backward(weights: Weights, trace: Trace, errors: Tensor) -> Tensor:
    """Carry errors at F6's states back to every weight.

    With the weights and the trace as they are, and first derivatives of the loss as errors, this
    gives the gradient. With all three squared (second derivatives of the loss as errors) it gives
    the diagonal second derivatives of p. 41-42: a unit's error is the sum over the units it feeds,
    times slope; a shared weight's is the sum over the places it is used at.

    Args:
        weights, trace: of one forward pass, or their squares.
        errors: (K, 84).

    Returns:
        (K, 60900), in the order of SHAPES.

    Introduced in chapter 13.
    """
    count = len(errors)
    F6 = errors * trace.F6_slopes
    F6_weight = F6.unsqueeze(2) * trace.F6_inputs.unsqueeze(1)

    C5 = torch.bmm(F6.unsqueeze(1), weights["F6.weight"]).squeeze(1) * trace.C5_slopes
    C5_weight = C5.unsqueeze(2) * trace.C5_inputs.unsqueeze(1)

    S4 = torch.bmm(C5.unsqueeze(1), weights["C5.weight"]).view(count, 16, 5, 5) * trace.S4_slopes
    S4_coefficient = (S4 * trace.S4_inputs).sum((2, 3))

    C3 = spread(S4 * weights["S4.coefficient"][:, :, None, None], trace.C3_slopes)
    C3 = C3.view(count, 16, 100)
    C3_weight = torch.bmm(C3, trace.C3_inputs.transpose(1, 2))

    S2 = unwindow(torch.bmm(weights["C3.weight"].transpose(1, 2), C3), 14) * trace.S2_slopes
    S2_coefficient = (S2 * trace.S2_inputs).sum((2, 3))

    C1 = spread(S2 * weights["S2.coefficient"][:, :, None, None], trace.C1_slopes)
    C1 = C1.view(count, 6, 784)
    C1_weight = torch.bmm(C1, trace.C1_inputs.transpose(1, 2))
    parts = (
        C1_weight,
        C1.sum(2),
        S2_coefficient,
        S2.sum((2, 3)),
        C3_weight,
        C3.sum(2),
        S4_coefficient,
        S4.sum((2, 3)),
        C5_weight,
        C5,
        F6_weight,
        F6,
    )
    return torch.cat([part.flatten(1) for part in parts], dim=1)


def squash(sums: Tensor) -> tuple[Tensor, Tensor]:
    """Give 1.7159 tanh(2x/3) and its slope there, which follows from the state alone (p. 40).

    Example:
        >>> state, slope = squash(torch.tensor(0.0))
        >>> f"{state.item():.4f}, {slope.item():.4f}"
        '0.0000, 1.1439'

    Introduced in chapter 13.
    """
    states = AMPLITUDE * torch.tanh(SLOPE * sums)
    return states, AMPLITUDE * SLOPE - SLOPE / AMPLITUDE * states * states


def windows(maps: Tensor) -> Tensor:
    """Lay out every 5x5 window of some maps as a column, so that a convolution is a product.

    Args:
        maps: (K, channels, side, side).

    Returns:
        (K, channels * 25, places), places in reading order.

    Introduced in chapter 13.
    """
    view = maps.unfold(2, KERNEL, 1).unfold(3, KERNEL, 1)
    return view.permute(0, 1, 4, 5, 2, 3).flatten(4).flatten(1, 3)


def unwindow(columns: Tensor, side: int) -> Tensor:
    """Add up what each pixel was given in all the windows that hold it: `windows` backwards.

    Args:
        columns: (K, channels * 25, places).

    Returns:
        (K, channels, side, side).

    Introduced in chapter 13.
    """
    return functional.fold(columns, (side, side), (KERNEL, KERNEL))


def gather(maps: Tensor) -> Tensor:
    """Sum each square of 2x2 pixels: (K, channels, 2n, 2n) to (K, channels, n, n).

    Introduced in chapter 13.
    """
    rows = maps[:, :, ::2] + maps[:, :, 1::2]
    return rows[..., ::2] + rows[..., 1::2]


def spread(maps: Tensor, slopes: Tensor) -> Tensor:
    """Give each square's error to its four pixels, times their slopes: `gather` backwards.

    Args:
        maps: (K, channels, n, n).
        slopes: (K, channels, 2n, 2n).

    Returns:
        (K, channels, 2n, 2n).

    Introduced in chapter 13.
    """
    count, channels, side, _ = maps.shape
    # Side by side first, then the two rows by broadcasting: long runs of numbers, no index.
    wide = torch.stack((maps, maps), dim=4).view(count, channels, side, 1, 2 * side)
    return (slopes.view(count, channels, side, 2, 2 * side) * wide).view_as(slopes)


def _subsample(weights: Weights, layer: str, sums: Tensor) -> Tensor:
    coefficient = weights[f"{layer}.coefficient"][:, :, None, None]
    return sums * coefficient + weights[f"{layer}.bias"][:, :, None, None]


def _connect(weights: Weights, layer: str, inputs: Tensor) -> Tensor:
    # A row times a matrix: the other way round, torch's batched product is six times slower.
    products = torch.bmm(inputs.unsqueeze(1), weights[f"{layer}.weight"].transpose(1, 2))
    return products.squeeze(1) + weights[f"{layer}.bias"]
