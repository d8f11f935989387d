"""A picture and the words that stand for it, and one style for all. Introduced in chapter 00."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

# Okabe and Ito's palette (2008), which people with any colour vision can tell apart. Pictures never
# rely on it alone: lines differ in dash, bars carry their numbers.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, RED, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
SERIES = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY, BLACK)
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)), (0, (3, 1, 1, 1)))
GREY = "#767676"
GREYS, COLOURS = 32, 128  # in a small picture: a third of the bytes, and no eye sees the difference

WIDTH = 8.0  # inches; with the resolution below every picture is 800 pixels wide
RESOLUTION = 100

STYLE = {
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "lenet-course",
}


@dataclass(frozen=True)
class Picture:
    """A picture for a notebook: an image, and a sentence that says what it shows.

    Screen readers speak the sentence, and it stands in the image's place where none can be shown.

    Args:
        image: the file's bytes.
        alt: what the picture shows, in words.
        kind: the image's MIME type.

    Example:
        >>> print(Picture(b"", alt="A digit."))
        A digit.

    Introduced in chapter 00.
    """

    image: bytes = field(repr=False)
    alt: str
    kind: str = "image/png"

    def __str__(self) -> str:
        """Say what the picture shows."""
        return self.alt

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        """Give notebooks the image with its text alternative, and the text by itself."""
        return {self.kind: self.image, "text/plain": self.alt}, {self.kind: {"alt": self.alt}}


@contextmanager
def canvas(height: float, rows: int = 1, columns: int = 1, **options: Any) -> Iterator[Any]:
    """Open a figure of the course's one width and style, with axes in rows and columns.

    Args:
        height: inches; the width is the same for all.
        rows, columns: of axes.
        options: passed to matplotlib's subplots.

    Yields:
        The figure and its axes, as matplotlib's subplots gives them.

    Example:
        >>> with canvas(height=2) as (figure, axes):
        ...     line = axes.plot([1, 2])

    Introduced in chapter 00.
    """
    with matplotlib.rc_context(STYLE):
        # Not pyplot's: a figure that pyplot knows stays in memory until someone closes it.
        figure = Figure(figsize=(WIDTH, height), dpi=RESOLUTION, layout="constrained")
        yield figure, figure.subplots(rows, columns, **options)


def painted(figure: Figure, alt: str) -> Picture:
    """Turn a finished figure into a Picture.

    Example:
        >>> with canvas(height=2) as (figure, axes):
        ...     picture = painted(figure, alt="Empty axes.")
        >>> picture.image[:4]
        b'\\x89PNG'

    Introduced in chapter 00.
    """
    stream = io.BytesIO()
    # Without the software's name the same figure gives the same bytes everywhere it is drawn.
    figure.savefig(stream, format="png", metadata={"Software": None})
    return Picture(stream.getvalue(), alt)


def painted_small(
    figure: Figure, alt: str, colours: int = GREYS, way: Image.Quantize = Image.Quantize.MEDIANCUT
) -> Picture:
    """Turn a finished figure into a Picture of few colours: a page of many has to stay small.

    Args:
        figure: from `canvas`.
        alt: what it shows, in words.
        colours: at most so many.
        way: in which Pillow chooses them.

    Example:
        >>> with canvas(height=2) as (figure, axes):
        ...     one, other = painted(figure, "Empty axes."), painted_small(figure, "Empty axes.")
        >>> len(other.image) < len(one.image)
        True

    Introduced in chapter 12.
    """
    image = Image.open(io.BytesIO(painted(figure, alt).image)).convert("RGB")
    stream = io.BytesIO()
    image.quantize(colours, way, dither=Image.Dither.NONE).save(stream, format="png", optimize=True)
    return Picture(stream.getvalue(), alt)


def plain(axes: Axes) -> None:
    """Take ticks and frame away from axes that show an image."""
    axes.set(xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set_visible(False)
