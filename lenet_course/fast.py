"""The same network in fewer strokes: convolution and subsampling at once. Introduced in chapter 14.

A processor works on many numbers with one instruction, if they lie side by side. The numbers under
a 2x2 window do not, so torch takes them one by one, which costs more than C1's convolution.
`Sequential` therefore computes the four corners of S2's windows as four pictures, 24 maps at once,
and compares picture with picture. Parameters, outputs and gradients are those of torch's own.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .layers import ScaledTanh

# Each works on every number apart and rises, so the largest is the largest before and after it.
ACTIVATIONS = (nn.ReLU, nn.Sigmoid, nn.Tanh, ScaledTanh)

# For as many maps corners gain on the way forward, and lose more than that on the way back.
MANY_MAPS = 16


class Sequential(nn.Sequential):
    """torch's Sequential, which on a CPU subsamples together with the convolution before.

    It does so where fewer than 16 maps are convolved, squashed or not, and subsampled 2x2, by
    maximum or average. Children, names and parameters are torch's. Layers that someone watches by
    hooks are called one by one, so that each is seen.

    Args:
        As torch's: modules, or an OrderedDict of them.

    Example:
        >>> layers = nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)
        >>> digits = torch.rand(2, 1, 32, 32)
        >>> torch.allclose(Sequential(*layers)(digits), nn.Sequential(*layers)(digits), atol=1e-6)
        True

    Introduced in chapter 14.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """Compute layer after layer, or a few at once."""
        layers = list(self)
        while layers:
            count = _layers_at_once(layers) if inputs.device.type == "cpu" else 1
            if count == 1:
                inputs = layers[0](inputs)
            else:
                conv, *activation, pool = layers[:count]
                inputs = _convolve_and_subsample(inputs, conv, activation, pool)
            layers = layers[count:]
        return inputs


def corners(weight: Tensor) -> Tensor:
    """Make four kernels of each, one a corner of a 2x2 window: (M, C, k, k) to (4M, C, k+1, k+1).

    With stride 2, their maps are what the kernel gives at the window's upper left, upper right,
    lower left and lower right place: first the M maps of one corner, then those of the next.

    Example:
        >>> corners(torch.ones(1, 1, 1, 1))[1]
        tensor([[[0., 1.],
                 [0., 0.]]])

    Introduced in chapter 14.
    """
    places = [(down, right) for down in (0, 1) for right in (0, 1)]
    return torch.cat(
        [functional.pad(weight, (right, 1 - right, down, 1 - down)) for down, right in places]
    )


def largest_corner(maps: Tensor) -> Tensor:
    """Keep the largest of four corners, pixel by pixel: (N, 4M, H, W) to (N, M, H, W).

    To find which, the corners become a picture of 2x2 pixels with a channel for each number, so
    that numbers compared at once lie side by side. Among equals it is the first, as ever.

    Example:
        >>> largest_corner(torch.tensor([1.0, 4.0, 2.0, 3.0]).reshape(1, 4, 1, 1)).item()
        4.0

    Introduced in chapter 14.
    """
    count, channels, high, wide = maps.shape  # spelt out: a batch may be empty
    size = channels // 4 * high * wide
    by_corner = maps.reshape(count, 4, size)
    with torch.no_grad():
        picture = maps.reshape(count, 2, 2, size).permute(0, 3, 1, 2)
        _, which = functional.max_pool2d(picture, 2, return_indices=True)
    # Looked up, because the gradient finds back faster through an index than through a window.
    largest = by_corner.gather(1, which.reshape(count, 1, size))
    return largest.reshape(count, channels // 4, high, wide)


def mean_corner(maps: Tensor) -> Tensor:
    """Average four corners, pixel by pixel: (N, 4M, H, W) to (N, M, H, W).

    Example:
        >>> mean_corner(torch.tensor([1.0, 4.0, 2.0, 3.0]).reshape(1, 4, 1, 1)).item()
        2.5

    Introduced in chapter 14.
    """
    return maps.unflatten(1, (4, -1)).mean(dim=1)


def _convolve_and_subsample(
    inputs: Tensor, conv: nn.Conv2d, activation: Sequence[nn.Module], pool: nn.Module
) -> Tensor:
    bias = None if conv.bias is None else conv.bias.repeat(4)
    maps = functional.conv2d(inputs, corners(conv.weight), bias, stride=2, padding=conv.padding)
    # The largest is found first, which leaves a quarter to squash. A mean has to wait.
    steps = [*activation, mean_corner]
    if type(pool) is nn.MaxPool2d:
        steps = [largest_corner, *activation]
    for step in steps:
        maps = step(maps)
    return maps


def _layers_at_once(layers: Sequence[nn.Module]) -> int:
    """Count the first layers that can be computed at once: 3 or 2 up to a subsampling, or 1."""
    count = 3 if len(layers) > 1 and type(layers[1]) in ACTIVATIONS else 2
    if len(layers) < count or any(map(_is_watched, layers[:count])):
        return 1
    return count if _has_corners(layers[0]) and _is_two_by_two(layers[count - 1]) else 1


def _has_corners(layer: nn.Module) -> bool:
    return (
        type(layer) is nn.Conv2d
        and layer.out_channels < MANY_MAPS
        and (layer.stride, layer.dilation, layer.groups) == ((1, 1), (1, 1), 1)
        and layer.padding_mode == "zeros"
        and not isinstance(layer.padding, str)
    )


def _is_two_by_two(layer: nn.Module) -> bool:
    if type(layer) not in (nn.MaxPool2d, nn.AvgPool2d):
        return False
    special = ("return_indices", "divisor_override", "ceil_mode")
    if any(getattr(layer, name, None) for name in special):
        return False
    settings = (layer.kernel_size, layer.stride, layer.padding, getattr(layer, "dilation", 1))
    return all(
        setting in (size, (size, size))
        for setting, size in zip(settings, (2, 2, 0, 1), strict=True)
    )


def _is_watched(layer: nn.Module) -> bool:
    """Whether a hook waits for this layer, or for every module there is."""
    return bool(
        layer._forward_hooks
        or layer._forward_pre_hooks
        or layer._backward_hooks
        or layer._backward_pre_hooks
        or nn.modules.module._has_any_global_hook()
    )
