"""Digits with their labels, and the order in which they are shown: splits and batches.

Introduced in chapter 08.
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import dataclass

import numpy
import torch

from .idx import DataError


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Digits and what they are: images uint8 (N, H, W), labels int64 (N,) of 0 to 9.

    `len(split)` is N. `split[which]` is the Split of some of them: an index, a slice, a list or
    tensor of indices, or a mask. Raises DataError for images and labels that do not fit.
    """

    images: torch.Tensor
    labels: torch.Tensor

    def __post_init__(self) -> None:
        _check_split(self.images, self.labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: int | slice | Sequence[int] | torch.Tensor) -> Split:
        images, labels = self.images[which], self.labels[which]
        if labels.ndim == 0:  # one digit is a Split of one, so that shapes stay (N, H, W)
            images, labels = images[None], labels[None]
        return _part(images, labels)

    def __repr__(self) -> str:
        height, width = self.images.shape[1:]
        digits = "digit" if len(self) == 1 else "digits"
        return f"Split of {len(self):,} {digits}, {height} x {width}"

    def to(self, device: torch.device | str) -> Split:
        """The same digits on `device`."""
        return _part(self.images.to(device), self.labels.to(device))


def batches(
    count: int,
    batch_size: int,
    seed: int = 0,
    epoch: int = 0,
    shuffle: bool = True,
    device: torch.device | str | None = None,
) -> list[torch.Tensor]:
    """Every index below `count` once, int64, in batches; the last may be smaller.

    The order depends on (seed, epoch) and nothing else, so that an interrupted epoch can be taken
    up again; the global random state is neither read nor moved. `shuffle=False` gives 0, 1, 2, ...

    >>> [len(batch) for batch in batches(10, 4)]
    [4, 4, 2]

    Introduced in chapter 08.
    """
    check_least("count", count, 0)
    check_least("batch_size", batch_size, 1)
    check_least("seed", seed, 0)
    check_least("epoch", epoch, 0)
    order = torch.arange(count)
    if shuffle:
        # Seeded with the pair: with a sum, epoch 1 of seed 0 would be epoch 0 of seed 1.
        order = order[numpy.random.default_rng([seed, epoch]).permutation(count)]
    return list(order.to(device).split(batch_size)) if count else []


def _part(images: torch.Tensor, labels: torch.Tensor) -> Split:
    """A Split of digits that were checked before: on a GPU, checking again makes it wait."""
    if labels.ndim != 1:
        raise DataError(
            f"Indexing gave labels of shape {tuple(labels.shape)}. Index a Split by a slice, or by "
            "one row of indices."
        )
    split = object.__new__(Split)
    object.__setattr__(split, "images", images)
    object.__setattr__(split, "labels", labels)
    return split


def _check_split(images: torch.Tensor, labels: torch.Tensor) -> None:
    check_images(images, "Split", dimensions=(3,))
    if not isinstance(labels, torch.Tensor) or labels.dtype != torch.int64 or labels.ndim != 1:
        raise DataError(
            f"Labels must be an int64 tensor of shape (N,); these are {_kind(labels)}. Convert "
            "them: torch.as_tensor(labels, dtype=torch.int64)."
        )
    if len(images) != len(labels):
        raise DataError(
            f"There are {len(images):,} images and {len(labels):,} labels. Give one label for each "
            "image."
        )
    wrong = ((labels < 0) | (labels > 9)).nonzero()
    if len(wrong):
        place = int(wrong[0])
        raise DataError(
            f"Labels must be digits, 0 to 9; label {place:,} is {int(labels[place])}. Leave such "
            "images out, or number their classes anew."
        )


def check_images(images: torch.Tensor, where: str, dimensions: tuple[int, ...] = (2, 3)) -> None:
    """Raise DataError unless `images` is a uint8 tensor of one of these numbers of dimensions."""
    is_uint8 = isinstance(images, torch.Tensor) and images.dtype == torch.uint8
    if is_uint8 and images.ndim in dimensions:
        return
    shapes = " or ".join({2: "(H, W)", 3: "(N, H, W)"}[number] for number in dimensions)
    raise DataError(
        f"{where} takes images as a uint8 tensor of shape {shapes}; these are {_kind(images)}. "
        "Give grey values 0 to 255, before any scaling, without a channel axis."
    )


def check_least(name: str, value: int, least: int) -> None:
    """Raise DataError unless `value`, which the message calls `name`, is whole and large enough."""
    if not is_whole(value) or value < least:
        raise DataError(f"{name} is {value!r}; give a whole number, {least} or more.")


def is_whole(value: object) -> bool:
    """Whether `value` is a whole number, numpy's kinds among them."""
    return isinstance(value, numbers.Integral)


def _kind(value: object) -> str:
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"
    return f"a {type(value).__name__}"
