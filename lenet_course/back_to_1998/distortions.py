"""Distorted digits: random planar affine transformations (p. 10-11).

The paper names the kinds and not their sizes: shifts, scaling, squeezing (narrower and taller, or
the reverse) and horizontal shearing. The sizes here are ours. Introduced in chapter 13.
"""

from __future__ import annotations

import numpy
import torch
from torch import Tensor
from torch.nn import functional

SHIFT = 1.5  # pixels, each way
SCALE = 0.1  # so from 0.9 to 1.1 times the size
SQUEEZE = 0.1
SHEAR = 0.2
UNTOUCHED = 0.1  # one digit in ten stays as it is: the paper has nine distorted for each original


def draw(count: int, noise: numpy.random.Generator) -> Tensor:
    """Draw transformations: float32, (count, 2, 3), from a pixel's place to where it is read.

    Places run from -1 to 1 over the field, as in torch's `affine_grid`.

    Example:
        >>> draw(4, numpy.random.default_rng(0)).shape
        torch.Size([4, 2, 3])

    Introduced in chapter 13.
    """
    right, down, size, squeeze, shear = noise.uniform(-1, 1, (5, count))
    size, squeeze = 1 + SCALE * size, 1 + SQUEEZE * squeeze
    matrices = numpy.zeros((count, 2, 3), numpy.float32)
    matrices[:, 0, 0] = squeeze / size
    matrices[:, 0, 1] = SHEAR * shear
    matrices[:, 1, 1] = 1 / (squeeze * size)
    matrices[:, 0, 2] = SHIFT / 16 * right  # the field's half is 16 pixels
    matrices[:, 1, 2] = SHIFT / 16 * down
    matrices[noise.uniform(size=count) < UNTOUCHED] = [[1, 0, 0], [0, 1, 0]]
    return torch.from_numpy(matrices)


def distort(digits: Tensor, matrices: Tensor, background: float) -> Tensor:
    """Transform each digit by its matrix.

    Args:
        digits: (N, 32, 32).
        matrices: (N, 2, 3), from `draw`.
        background: what comes in at the borders.

    Returns:
        (N, 32, 32).

    Example:
        >>> same = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])
        >>> digit = torch.rand(1, 32, 32)
        >>> torch.allclose(distort(digit, same, 0.0), digit, atol=1e-5)
        True

    Introduced in chapter 13.
    """
    maps = (digits - background).unsqueeze(1)
    places = functional.affine_grid(matrices.to(digits), list(maps.shape), align_corners=False)
    return functional.grid_sample(maps, places, align_corners=False).squeeze(1) + background
