"""From ink on a page to a digit prepared as MNIST's were.

A network reads a drawing well only when it looks like what it was trained on. MNIST's digits were
fitted into 20x20 pixels, then placed so that the centre of their ink is the centre of 28x28.
Source: LeCun, Bottou, Bengio, Haffner (1998), section III-A. Introduced in chapter 00.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from .errors import CourseError

BOX = 20
"""Pixels: the longer side of every prepared digit."""
SIDE = 28
"""Pixels: the side of the prepared picture."""
CENTRE = 14
"""The row and column that MNIST's centres of mass lie nearest to, counted from 0."""


class HandwritingError(CourseError, ValueError):
    """The drawing cannot be prepared; the message says why and what to do."""


def to_mnist(ink: np.ndarray) -> np.ndarray:
    """Prepare a drawing as MNIST's digits were prepared.

    ink: uint8 (H, W), 0 is paper and 255 is ink. Gives uint8 (28, 28), the same way round.
    Raises HandwritingError for an empty drawing, or an array of another kind.

    >>> stroke = np.zeros((280, 280), np.uint8)
    >>> stroke[40:240, 130:150] = 255
    >>> to_mnist(stroke).shape
    (28, 28)
    """
    return steps(ink)["centred"]


def steps(ink: np.ndarray) -> dict[str, np.ndarray]:
    """The preparation of `to_mnist`, picture by picture: "drawn", "cropped", "fitted", "centred".

    The sizes are those of the drawing, of its ink, at most 20x20, and 28x28; all are uint8.
    """
    drawn = _checked(ink)
    cropped = crop(drawn)
    fitted = fit(cropped)
    return {"drawn": drawn, "cropped": cropped, "fitted": fitted, "centred": centre(fitted)}


def crop(ink: np.ndarray) -> np.ndarray:
    """Cut the paper away around the ink: (H, W) to (h, w). Raises HandwritingError without ink."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if rows.size == 0:
        raise HandwritingError("There is no ink in this drawing: draw a digit first.")
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def fit(ink: np.ndarray) -> np.ndarray:
    """Scale (h, w) so that the longer side is 20 pixels; each pixel is the mean of what it covers.

    The proportions stay: a 1 stays thin.
    """
    height, width = ink.shape
    scale = BOX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # BOX averages areas when shrinking; it would make stairs of a small drawing when enlarging.
    way = Image.Resampling.BOX if scale <= 1 else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(ink).resize(size, way))


def centre(ink: np.ndarray) -> np.ndarray:
    """Place (h, w), at most 20x20, on 28x28 with its centre of mass nearest to pixel (14, 14)."""
    page = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (_offset(ink.sum(axis=axis, dtype=float)) for axis in (1, 0))
    page[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return page


def _offset(mass: np.ndarray) -> int:
    """Where a row of masses begins so that its centre is at CENTRE, without leaving the page."""
    middle = (mass @ np.arange(mass.size)) / mass.sum()
    return int(np.clip(round(CENTRE - middle), 0, SIDE - mass.size))


def _checked(ink: np.ndarray) -> np.ndarray:
    ink = np.asarray(ink)
    if ink.ndim != 2 or ink.dtype != np.uint8:
        raise HandwritingError(
            f"A drawing is a uint8 array of shape (height, width), 0 for paper and 255 for ink; "
            f"this one is {ink.dtype} of shape {ink.shape}."
        )
    return ink
