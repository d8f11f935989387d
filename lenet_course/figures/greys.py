"""Pictures beside each other on one scale of grey. Introduced in chapter 08."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from .picture import GREY, Picture, canvas, painted


def pictures(
    images: Sequence[Tensor], titles: Sequence[str], what: str, columns: int = 5
) -> Picture:
    """Show pictures of any numbers, the smallest of all white and the largest black, each framed.

    Args:
        images: each (H, W).
        titles: what stands above each; it may be empty.
        what: what they are, in words; the text alternative begins with it.
        columns: pictures in a row.

    Example:
        >>> import torch
        >>> print(pictures([torch.zeros(2, 2), torch.ones(2, 2)], ["paper", "ink"], "Two pages"))
        Two pages: paper; ink.

    Introduced in chapter 08.
    """
    arrays = [image.detach().cpu().double().numpy() for image in images]
    scale = {"vmin": min(a.min() for a in arrays), "vmax": max(a.max() for a in arrays)}
    columns = min(columns, len(arrays))
    rows = math.ceil(len(arrays) / columns)
    height = rows * (0.35 + min(2.2, 7.6 / columns))
    with canvas(height, rows, columns, squeeze=False) as (figure, grid):
        for axes in grid.flat[len(arrays) :]:
            axes.set_axis_off()
        for axes, array, title in zip(grid.flat, arrays, titles, strict=False):
            axes.set(xticks=[], yticks=[], title=title)
            axes.spines[:].set(visible=True, color=GREY)
            axes.imshow(array, cmap="gray_r", **scale)
        told = "; ".join(title for title in dict.fromkeys(titles) if title)
        return painted(figure, f"{what}: {told}." if told else f"{what}.")
