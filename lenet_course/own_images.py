"""Images of your own through the same door as MNIST: a folder with a class in each sub-folder.

And data sets in MNIST's own format, such as Fashion-MNIST. What comes out are `data.Digits`, uint8
28 x 28, whatever the pictures show: everything in the course that takes digits takes them.

Introduced in chapter 15.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from . import photographs
from .data import DataError, Digits, Split
from .handwriting import SIDE, HandwritingError, to_mnist
from .idx import read_idx

MOST_CLASSES = 10
LEAST_IN_CLASS = 3
"""Images: one to learn from, one to validate and one to test."""
SHARE = 5
"""One in so many images of each class validates, and one in so many tests."""
MOST_TOLD = 3
"""How many images that cannot serve an error names; it counts the others."""
KINDS = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".heic", ".heif"}
"""How the names of pictures end. Other files are passed over."""
TRAIN_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST_FILES = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")

Prepare = Callable[[Path], np.ndarray]


def digit(path: str | Path) -> np.ndarray:
    """Prepare a photograph or scan of a digit as MNIST's were: uint8 (28, 28).

    Raises:
        HandwritingError: no digit can be taken from it; the message names the file.

    Example:
        >>> digit("missing.png")
        Traceback (most recent call last):
            ...
        lenet_course.photographs.PhotographError: missing.png cannot be read: No such file or \
directory. Look whether it is there and may be read.

    Introduced in chapter 15.
    """
    return to_mnist(photographs.read(path))


def picture(path: str | Path) -> np.ndarray:
    """Prepare a picture of anything: all of it, grey, dark for 255, in the middle of 28 x 28.

    Its proportions stay. What is missing to a square, and what shows through, is paper, 0.

    Raises:
        HandwritingError: it cannot be read; the message names the file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("RGB", (80, 40), "black").save(f"{folder}/bar.png")
        ...     found = picture(f"{folder}/bar.png")
        >>> found.shape, found[14, 14].item(), found[2, 14].item()
        ((28, 28), 255, 0)

    Introduced in chapter 15.
    """
    grey = photographs.brightness(path)
    height, width = grey.shape
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    way = Image.Resampling.BOX if scale <= 1 else Image.Resampling.BILINEAR
    small = Image.fromarray(grey).resize(size, way)
    page = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    page[top : top + size[1], left : left + size[0]] = 255 - np.asarray(small)
    return page


def classes(folder: str | Path) -> list[str]:
    """List the classes of a folder, one a sub-folder: the label of each is its place in the list.

    Raises:
        DataError: there is no such folder, or it has fewer than 2 classes, or more than 10.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     (Path(folder) / "star").mkdir()
        ...     (Path(folder) / "cross").mkdir()
        ...     classes(folder)
        ['cross', 'star']

    Introduced in chapter 15.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(
            f"There is no folder {folder.name}. Give the folder that holds the classes."
        )
    hidden = (".", "_")
    found = sorted(
        each.name for each in folder.iterdir() if each.is_dir() and not each.name.startswith(hidden)
    )
    if not 2 <= len(found) <= MOST_CLASSES:
        raise DataError(
            f"{folder.name} has {len(found)} sub-folders, where each is a class: give 2 to "
            f"{MOST_CLASSES} of them, as many as a network of the family has answers."
        )
    return found


def from_folder(folder: str | Path, prepare: Prepare = picture, seed: int = 0) -> Digits:
    """Read a folder of images: one in five of each class tests, one in five validates.

    Args:
        folder: a sub-folder for each class, with its images; `classes` lists them.
        prepare: from a file to uint8 (28, 28): `picture` for anything, `digit` for digits on paper.
        seed: of the order, and so of who tests whom.

    Raises:
        DataError: a class has too few images, or some of them cannot serve. The message names them.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name, grey in (("black", 0), ("grey", 128)):
        ...         (Path(folder) / name).mkdir()
        ...         for number in range(5):
        ...             Image.new("L", (9, 9), grey).save(f"{folder}/{name}/{number}.png")
        ...     found = from_folder(folder)
        >>> len(found.train), len(found.validation), len(found.test)
        (6, 2, 2)

    Introduced in chapter 15.
    """
    folder, names = Path(folder), classes(folder)
    files = {name: _pictures_in(folder / name) for name in names}
    images, bad = {}, []
    for label, name in enumerate(names):
        images[label] = []
        for file in files[name]:
            try:
                images[label].append(prepare(file))
            except HandwritingError as error:
                bad.append(f"{name}/{error}")
    if bad:
        total = sum(map(len, files.values()))
        others = f" And {len(bad) - MOST_TOLD} more." if len(bad) > MOST_TOLD else ""
        raise DataError(
            f"{len(bad)} of the {total} images in {folder.name} cannot serve. "
            f"{' '.join(bad[:MOST_TOLD])}{others} Mend them, or take them out of the folder."
        )
    return _dealt(images, folder.name, seed)


def from_idx(folder: str | Path) -> Digits:
    """Read a data set in MNIST's format and under MNIST's file names, such as Fashion-MNIST.

    The last twelfth of its training images validates, as MNIST's last 5,000 do. Files may be
    gzipped, as they come.

    Args:
        folder: with the four files; its name becomes the data's.

    Raises:
        DataError: a file is missing or damaged, or images and labels are not 28 x 28 and 0 to 9.

    Example:
        >>> from_idx("fashion-mnist").train.images.shape  # doctest: +SKIP
        torch.Size([55000, 28, 28])

    Introduced in chapter 15.
    """
    folder = Path(folder)
    train, test = (_idx_split(folder, files) for files in (TRAIN_FILES, TEST_FILES))
    cut = len(train) - max(1, len(train) // 12)
    return Digits(folder.name, train[:cut], train[cut:], test)


def _pictures_in(folder: Path) -> list[Path]:
    found = sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in KINDS and not file.name.startswith(".")
    )
    if len(found) < LEAST_IN_CLASS:
        raise DataError(
            f"{folder.name} holds {len(found)} pictures, and a class needs {LEAST_IN_CLASS} at "
            f"least: to learn, to validate and to test. Add some, or take the folder away."
        )
    return found


def _dealt(images: dict[int, list[np.ndarray]], name: str, seed: int) -> Digits:
    """The images of each class in random order, dealt out to the three splits."""
    random = np.random.default_rng(seed)
    parts: dict[str, list[tuple[np.ndarray, int]]] = {"test": [], "validation": [], "train": []}
    for label, of_class in images.items():
        few = max(1, len(of_class) // SHARE)
        for place, number in enumerate(random.permutation(len(of_class))):
            part = "test" if place < few else "validation" if place < 2 * few else "train"
            parts[part].append((of_class[number], label))
    return Digits(name, **{part: _split(pairs) for part, pairs in parts.items()})


def _split(pairs: list[tuple[np.ndarray, int]]) -> Split:
    images, labels = zip(*pairs, strict=True)
    return Split(torch.from_numpy(np.stack(images)), torch.tensor(labels))


def _idx_split(folder: Path, names: tuple[str, str]) -> Split:
    images, labels = (read_idx(_idx_file(folder, name)) for name in names)
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise DataError(
            f"{names[0]} in {folder.name} holds values of shape {tuple(images.shape)}, where "
            f"images of {SIDE} x {SIDE} have (N, {SIDE}, {SIDE}). Scale them to that size first."
        )
    return Split(images, labels.to(torch.int64))


def _idx_file(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise DataError(
        f"There is no {name} in {folder.name}, nor {name}.gz. Put all four files there; those of "
        f"Fashion-MNIST come from https://github.com/zalandoresearch/fashion-mnist"
    )
