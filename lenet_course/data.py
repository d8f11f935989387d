"""The digits: MNIST, or a stand-in that needs no download; splits, fields and batches.

Images stay uint8, 47 MB for MNIST's training digits where float32 takes 188; a batch at a time is
converted by the network's own `prepare`.

Introduced in chapter 08.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from . import downloads, memory
from .idx import DataError, read_idx
from .mirrors import DownloadError
from .splits import Split, batches, check_images, check_least, is_whole

__all__ = ["DataError", "Digits", "DownloadError", "Split", "batches", "fit_field", "load", "pad"]

MNIST = "MNIST"
STAND_IN = "scikit-learn digits"

NEEDED = 150_000_000
"""Bytes of memory that loading takes at its peak: the files as they come, and unpacked."""

FIELDS = (28, 32)
"""Sides of the square fields in which digits come: MNIST's own, and LeNet's."""


@dataclass(frozen=True, eq=False)
class Digits:
    """What `load` gives. `name` says which digits these are: "MNIST" or "scikit-learn digits"."""

    name: str
    train: Split
    validation: Split
    test: Split

    def __repr__(self) -> str:
        height, width = self.test.images.shape[1:]
        return (
            f"{self.name}: {len(self.train):,} digits to train on, {len(self.validation):,} to "
            f"validate, {len(self.test):,} to test; each {height} x {width}"
        )


def load(validation: int = 5_000) -> Digits:
    """MNIST, split 55,000 / 5,000 / 10,000: the last `validation` of its training digits validate.

    Looked for in LENET_COURSE_DATA, then in the cache, then on the mirrors. When it is not to be
    had, a warning says why, and scikit-learn's 1,797 digits take its place, (N, 32, 32), split
    1,297 / 200 / 300 whatever `validation` says. Raises DataError when LENET_COURSE_DATA is set and
    has no good MNIST, when memory is too small, and when `validation` is impossible.

    >>> digits = load()
    >>> digits.train.images.shape
    torch.Size([55000, 28, 28])

    Introduced in chapter 08.
    """
    if not is_whole(validation) or not 0 <= validation < 60_000:
        raise DataError(
            f"validation is {validation!r}; give a whole number from 0 to 59,999: how many of the "
            "60,000 training digits to set aside."
        )
    memory.require(NEEDED, "Loading MNIST")
    try:
        contents, _ = downloads.mnist()
        return _mnist(contents, validation)
    except DownloadError as error:
        reason = error
    except MemoryError:
        raise memory.too_little(NEEDED, "Loading MNIST") from None
    warnings.warn(
        f"MNIST is not here. {reason} Until then, scikit-learn's 1,797 digits take its place, "
        "enlarged to 32 x 32: every chapter runs, with other numbers than the text's. To fetch "
        "MNIST once, run: lenet-course data",
        stacklevel=2,
    )
    return _stand_in()


def pad(images: torch.Tensor, size: int = 32, background: int = 0) -> torch.Tensor:
    """Centre images, uint8 (H, W) or (N, H, W), in a field of `size` x `size` pixels.

    What is added has the value `background`, the paper that the digit is written on: a border of
    another grey is a frame that the network sees. From 28 to 32, two pixels on each side; an odd
    one goes to the right and to the bottom. Raises DataError for images larger than the field.

    >>> pad(torch.zeros(28, 28, dtype=torch.uint8)).shape
    torch.Size([32, 32])

    Introduced in chapter 08. The paper, p. 6-7: digits of at most 20 x 20 pixels, centred in
    28 x 28, in a field of 32 x 32.
    """
    check_images(images, "pad")
    check_least("size", size, 1)
    if not is_whole(background) or not 0 <= background <= 255:
        raise DataError(f"background is {background!r}; give a grey value from 0 to 255.")
    height, width = images.shape[-2:]
    if max(height, width) > size:
        raise DataError(
            f"Images of {height} x {width} do not fit a field of {size} x {size}: pad makes images "
            f"larger only. Trim 32-pixel digits with fit_field(images, {size})."
        )
    field = images.new_full((*images.shape[:-2], size, size), background)
    top, left = (size - height) // 2, (size - width) // 2
    field[..., top : top + height, left : left + width] = images
    return field


def fit_field(images: torch.Tensor, size: int, background: int = 0) -> torch.Tensor:
    """Digits of 28 or 32 pixels in a field of `size`: padded or trimmed, about the centre.

    So a network that reads 28 pixels can read the stand-in's 32 as well. Takes uint8 (H, W) or
    (N, H, W). Raises DataError for images of any other size: a photograph must be made a digit
    first, not trimmed to its middle.

    >>> fit_field(torch.zeros(5, 32, 32, dtype=torch.uint8), 28).shape
    torch.Size([5, 28, 28])

    Introduced in chapter 08.
    """
    check_images(images, "fit_field")
    check_least("size", size, 1)
    height, width = images.shape[-2:]
    if height != width or height not in FIELDS:
        raise DataError(
            f"These images are {height} x {width}; digits come in 28 x 28 or 32 x 32. Prepare them "
            "as MNIST was: the ink fitted into 20 x 20, centred in 28 x 28."
        )
    if height <= size:
        return pad(images, size, background)
    start = (height - size) // 2
    return images[..., start : start + size, start : start + size]


def _mnist(contents: Mapping[str, bytearray], validation: int) -> Digits:
    tensors = {name: read_idx(content, name) for name, content in contents.items()}
    images = tensors["train-images-idx3-ubyte"]
    labels = tensors["train-labels-idx1-ubyte"].to(torch.int64)
    test = Split(
        tensors["t10k-images-idx3-ubyte"], tensors["t10k-labels-idx1-ubyte"].to(torch.int64)
    )
    cut = len(images) - validation
    return Digits(MNIST, Split(images[:cut], labels[:cut]), Split(images[cut:], labels[cut:]), test)


def _stand_in() -> Digits:
    """scikit-learn's digits: 8 x 8 counts, 0 to 16, of the ink in 4 x 4 blocks of a 32 x 32 scan.

    Each count becomes its block again. Not shuffled before the cut: 13 people wrote these digits,
    neighbours are mostly by one hand, and a shuffle would test on hands seen in training. (The
    nearest neighbour gets 6.0% of these 300 test digits wrong, and about 1.3% after a shuffle.)
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise DataError(
            "MNIST is not here, and scikit-learn, whose digits could take its place, is not "
            "installed. Install it: python -m pip install scikit-learn"
        ) from None
    found = load_digits()
    counts = torch.from_numpy(found.images)
    grey = (counts * 255 / 16).round().to(torch.uint8)
    images = grey.repeat_interleave(4, dim=1).repeat_interleave(4, dim=2)
    everything = Split(images, torch.from_numpy(found.target).to(torch.int64))
    return Digits(STAND_IN, everything[:1297], everything[1297:1497], everything[1497:])
