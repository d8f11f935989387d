"""Pictures of what a network has learned: kernels, what units answer to, digits on a plane.

What they show comes from a training and differs a little from machine to machine. So the words that
stand for them say what is shown, and the page beside them says how large it is.
Introduced in chapter 12.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from matplotlib.patheffects import withStroke
from matplotlib.ticker import NullLocator
from numpy import ndarray
from torch import Tensor

from .picture import BLACK, BLUE, COLOURS, RED, Picture, canvas, painted_small, plain
from .signed import FAINT, SIGNED, _array, _hatch, _limit, _scale

GREEN, MAUVE = "#00694C", "#8A3F73"  # dark enough for small letters
TEN_COLOURS = (BLUE, RED, BLACK, GREEN, MAUVE, BLACK, GREEN, MAUVE, BLUE, RED)
BENEATH = 0.2  # how dark a picture is that others lie upon

Rows = Mapping[str, Sequence[Tensor]]


def kernels(rows: Rows, what: str) -> Picture:
    """Show kernels in rows on one scale: zero white, positive orange, negative blue and hatched.

    Args:
        rows: a name to kernels, each (H, W); as many in each row.
        what: what they are; the text alternative begins with it.

    Example:
        >>> import torch
        >>> print(kernels({"C1": [torch.ones(5, 5)]}, "A kernel"))
        A kernel, negative weights hatched: C1, 1 of 5x5.

    Introduced in chapter 12.
    """
    limit = max(_limit(_array(kernel)) for row in rows.values() for kernel in row)
    with _panels(rows) as (figure, panels):
        for axes, _, array in panels:
            shades = axes.imshow(array, cmap=SIGNED, vmin=-limit, vmax=limit)
            _hatch(axes, array < -FAINT * limit)
        every = [axes for axes, _, _ in panels]
        _scale(figure.colorbar(shades, ax=every, aspect=10 * len(rows), pad=0.02), limit)
        return painted_small(figure, f"{what}, negative weights hatched: {_told(rows)}.", COLOURS)


def gallery(
    rows: Rows, what: str, captions: Sequence[str] = (), beneath: Sequence[Tensor] = ()
) -> Picture:
    """Show pictures in rows, dark where a number is large, each row on a scale of its own.

    Args:
        rows: a name to pictures, each (H, W); as many in each row.
        what: what they are; the text alternative begins with it.
        captions: what stands above each column.
        beneath: for each column a picture that shows faintly through all of its pictures.

    Example:
        >>> import torch
        >>> print(gallery({"digit": [torch.ones(28, 28)] * 2}, "Two digits"))
        Two digits: digit, 2 of 28x28.

    Introduced in chapter 12.
    """
    lowest = {name: min(float(image.min()) for image in row) for name, row in rows.items()}
    highest = {name: max(float(image.max()) for image in row) for name, row in rows.items()}
    with _panels(rows, captions) as (figure, panels):
        for number, (axes, name, array) in enumerate(panels):
            axes.imshow(array, cmap="gray_r", vmin=lowest[name], vmax=highest[name])
            if len(beneath):
                under = _array(beneath[number % len(beneath)])
                axes.imshow(under, cmap="gray_r", alpha=BENEATH * (under > under.min()))
        return painted_small(figure, f"{what}: {_told(rows)}.")


def on_plane(places: Tensor, labels: Sequence[int] | Tensor, what: str) -> Picture:
    """Draw each digit of a plane as what it is, and a large one at the middle of each class.

    Args:
        places: (N, 2), across and up.
        labels: what each digit is.
        what: what the plane shows; the text alternative begins with it.

    Example:
        >>> import torch
        >>> print(on_plane(torch.eye(2), [3, 5], "The states of F6"))
        The states of F6: 2 digits on a plane, each drawn as what it is, one of each of 3, 5.

    Introduced in chapter 12.
    """
    labels = [int(label) for label in labels]
    classes = sorted(set(labels))
    places = places.detach().cpu()
    with canvas(5.2) as (figure, axes):
        axes.set(xlabel="first direction", ylabel="second direction")
        axes.update_datalim(places.numpy())
        axes.autoscale_view()
        style = {"ha": "center", "va": "center", "clip_on": True}
        for (across, up), label in zip(places.tolist(), labels, strict=True):
            axes.text(across, up, label, fontsize=9, color=TEN_COLOURS[label], **style)
        for label in classes:
            one = places[[each == label for each in labels]].mean(dim=0)
            around = [withStroke(linewidth=5, foreground="white")]
            axes.text(*one.tolist(), label, fontsize=26, path_effects=around, **style)
        counts = {labels.count(label) for label in classes}
        each = "one" if counts == {1} else f"{min(counts)} or more"
        return painted_small(
            figure,
            f"{what}: {len(labels)} digits on a plane, each drawn as what it is, {each} of each of "
            f"{', '.join(map(str, classes))}.",
            COLOURS,
        )


def captioned(
    images: Tensor,
    captions: Sequence[str],
    framed: Collection[int] = (),
    what: str = "digits",
    columns: int = 14,
    dashed: Collection[int] = (),
    told: str = "",
) -> Picture:
    """Show many small digits, each with a caption below, some of them in a frame.

    Args:
        images: (N, H, W), 0 for paper.
        captions: what stands below each.
        framed: the numbers of those in a frame, counted from 0.
        what: what they are, as the words after their number.
        columns: digits in a row.
        dashed: the numbers of those in a dashed frame.
        told: what the text alternative says in place of the captions and frames.

    Example:
        >>> import torch
        >>> print(captioned(torch.zeros(2, 28, 28), ["4→6", "3→5"], what="mistakes"))
        2 mistakes: 4→6, 3→5.

    Introduced in chapter 12.
    """
    rows = max(1, math.ceil(len(images) / columns))
    with canvas(rows * (0.25 + 7.7 / columns), rows, columns, squeeze=False) as (figure, grid):
        for axes in grid.flat:
            plain(axes)
        for number, (axes, caption) in enumerate(zip(grid.flat, captions, strict=False)):
            axes.imshow(images[number].cpu().numpy(), cmap="gray_r")
            axes.set_xlabel(caption, fontsize=9, labelpad=2)
            if number in framed or number in dashed:
                axes.spines[:].set(visible=True, color=RED, linewidth=2.5)
            if number in dashed:
                axes.spines[:].set(linestyle=(0, (1.5, 1.2)), color=BLUE)
        told = told or _captions_told(captions, {"a frame": framed, "a dashed frame": dashed})
        return painted_small(figure, f"{len(images)} {what}: {told}.")


@contextmanager
def _panels(rows: Rows, captions: Sequence[str] = ()) -> Iterator[tuple[Any, list]]:
    """Open a figure, and give each picture's axes with the row's name and the numbers."""
    columns = max(map(len, rows.values()))
    side = 7.0 / (columns + 0.8)
    with canvas(0.1 + 0.25 * bool(captions) + len(rows) * side, len(rows), columns,
                squeeze=False) as (figure, grid):  # fmt: skip
        panels: list[tuple[Any, str, ndarray]] = []
        for line, (name, row) in zip(grid, rows.items(), strict=True):
            line[0].set_ylabel(name, rotation=0, ha="right", va="center")
            panels += [(axes, name, _array(image)) for axes, image in zip(line, row, strict=True)]
        for axes in grid.flat:
            axes.xaxis.set_major_locator(NullLocator())
            axes.yaxis.set_major_locator(NullLocator())
            axes.spines[:].set(visible=True, color=BLACK, linewidth=0.5)
        for axes, caption in zip(grid[0], captions, strict=False):
            axes.set_title(caption, fontsize=10)
        yield figure, panels


def _told(rows: Rows) -> str:
    return "; ".join(
        f"{name}, {len(row)} of {row[0].shape[0]}x{row[0].shape[1]}" for name, row in rows.items()
    )


def _captions_told(captions: Sequence[str], frames: Mapping[str, Collection[int]]) -> str:
    told = ", ".join(captions) or "none"
    for name, numbers in frames.items():
        if numbers:
            told += f"; in {name}: {', '.join(captions[number] for number in sorted(numbers))}"
    return told
