"""Pictures of digits, and of what a network answers. Introduced in chapter 00."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from .picture import BLUE, GREY, RED, Picture, canvas, painted, plain


def digits(
    images: Tensor,
    labels: Sequence[int] | Tensor,
    answers: Sequence[int] | Tensor | None = None,
    columns: int = 10,
) -> Picture:
    """Show digits in rows, each with its label, or with the label and an answer.

    Args:
        images: (N, H, W), 0 for paper.
        labels: what each digit is.
        answers: what a network says; a wrong one is marked by a cross and by colour.
        columns: digits in a row.

    Example:
        >>> import torch
        >>> print(digits(torch.zeros(2, 28, 28), labels=[3, 5]))
        2 digits: 3, 5.

    Introduced in chapter 00.
    """
    labels = [int(label) for label in labels]
    said = labels if answers is None else [int(answer) for answer in answers]
    rows = math.ceil(len(images) / columns)
    with canvas(1.1 * rows, rows, columns, squeeze=False) as (figure, grid):
        for axes in grid.flat:
            plain(axes)
        for axes, image, label, answer in zip(grid.flat, images, labels, said, strict=False):
            axes.imshow(image.cpu().numpy(), cmap="gray_r")
            wrong = answer != label
            caption = f"{answer} ✗ ({label})" if wrong else str(label)
            axes.set_title(caption, color=RED if wrong else "black")
        return painted(figure, _digits_alt(labels, said, answers is not None))


def answer(image: Tensor, scores: Sequence[float] | Tensor, title: str = "") -> Picture:
    """Show one digit beside the ten scores that a network gives it.

    Args:
        image: (H, W), 0 for paper.
        scores: ten numbers from 0 to 1, such as shares that add up to 1.
        title: what the scores are.

    Example:
        >>> import torch
        >>> print(answer(torch.zeros(28, 28), [0, 0, 0, 0.9, 0, 0.1, 0, 0, 0, 0]))
        A digit, and a bar for each of ten answers: the highest is 3 with 90%, then 5 with 10%.

    Introduced in chapter 00.
    """
    scores = [float(score) for score in scores]
    with canvas(2.4, 1, 2, width_ratios=[1, 2.6]) as (figure, (left, right)):
        plain(left)
        left.imshow(image.cpu().numpy(), cmap="gray_r")
        _ten_bars(right, scores, title)
        return painted(figure, f"A digit, and a bar for each of ten answers: {_highest(scores)}.")


def reading(
    drawn: numpy.ndarray, prepared: numpy.ndarray, scores: Sequence[float] | None = None
) -> Picture:
    """Show a drawing, the digit that was made of it, and the ten scores that a network gives it.

    Args:
        drawn, prepared: uint8 (H, W), 0 for paper.
        scores: ten numbers from 0 to 1, such as shares of 1; None while nothing is read.

    Example:
        >>> paper = numpy.zeros((28, 28), dtype=numpy.uint8)
        >>> print(reading(paper, paper, [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]))
        A drawing, prepared as 28x28, and a bar for each of ten answers: the highest is 1 with 100%.

    Introduced in chapter 00.
    """
    height, width = prepared.shape
    titles = ("drawn", f"prepared: {height}×{width}")
    with canvas(2.4, 1, 3, width_ratios=[1, 1, 2.2]) as (figure, (*pictures, right)):
        for axes, picture, title in zip(pictures, (drawn, prepared), titles, strict=True):
            axes.set(xticks=[], yticks=[], title=title)
            axes.spines[:].set(visible=True, color=GREY)
            axes.imshow(picture, cmap="gray_r", vmin=0, vmax=255)
        told = f"A drawing, prepared as {height}x{width}"
        if scores is None:
            right.set_visible(False)
            return painted(figure, f"{told}; nothing is read yet.")
        scores = [float(score) for score in scores]
        _ten_bars(right, scores, title="share")
        return painted(figure, f"{told}, and a bar for each of ten answers: {_highest(scores)}.")


def in_field(image: Tensor, side: int) -> Picture:
    """Show a digit in a field, with a line around the square in the middle that is the digit's.

    Args:
        image: the field, (H, W), 0 for paper.
        side: the digit's, in pixels.

    Example:
        >>> import torch
        >>> print(in_field(torch.zeros(32, 32), side=28))
        A digit of 28x28 in a field of 32x32: the border on each side is 2 pixels wide.

    Introduced in chapter 00.
    """
    size = len(image)
    border = (size - side) // 2
    with canvas(2.6) as (figure, axes):
        axes.set(xticks=[], yticks=[], title=f"{side}×{side} in {size}×{size}")
        axes.spines[:].set(visible=True, color="black")
        axes.imshow(image.cpu().numpy(), cmap="gray_r")
        # imshow puts the middle of the first pixel at 0, so its edge lies at -0.5.
        corner = (border - 0.5, border - 0.5)
        axes.add_patch(Rectangle(corner, side, side, fill=False, edgecolor=RED, linestyle="--"))
        return painted(
            figure,
            f"A digit of {side}x{side} in a field of {size}x{size}: the border on each side is "
            f"{border} pixels wide.",
        )


def code_pictures(
    codes: Sequence[Sequence[float]], names: Sequence[str], what: str = "the codes of"
) -> Picture:
    """Draw codes, or states, of 84 values as the 7x12 pictures that they are; ink is +1.

    Args:
        codes: each 84 numbers, row by row.
        names: what stands above each.
        what: what the pictures are, as the words before the names.

    Example:
        >>> from lenet_course.codes import digit_codes
        >>> print(code_pictures(digit_codes(), "0123456789"))
        10 pictures of 7 by 12 pixels, the codes of: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9.

    Source: LeCun et al. (1998), figure 3. Introduced in chapter 06.
    """
    with canvas(1.9, 1, len(codes), squeeze=False) as (figure, grid):
        figure.get_layout_engine().set(wspace=0.15)
        for axes, one, name in zip(grid.flat, codes, names, strict=True):
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(visible=True, color=GREY)
            pixels = numpy.asarray(one, dtype=float).reshape(12, 7)
            axes.imshow(pixels, cmap="gray_r", vmin=-1, vmax=1)
            axes.set_title(name)
        return painted(
            figure,
            f"{len(codes)} pictures of 7 by 12 pixels, {what}: {', '.join(names)}.",
        )


def preparation(steps: Mapping[str, numpy.ndarray], what: str = "A drawing") -> Picture:
    """Show a drawing on its way to a digit as MNIST's are: one picture a step, with its size.

    Args:
        steps: what was done to uint8 (H, W), 0 for paper; `handwriting.steps` gives it.
        what: it is that is prepared, in words.

    Example:
        >>> drawn = numpy.full((140, 140), 255, dtype=numpy.uint8)
        >>> print(preparation({"drawn": drawn, "fitted": drawn[:20, :20]}))
        A drawing, prepared: drawn 140x140, fitted 20x20.

    Introduced in chapter 00.
    """
    with canvas(2.2, 1, len(steps), squeeze=False) as (figure, grid):
        for axes, (name, picture) in zip(grid.flat, steps.items(), strict=True):
            height, width = picture.shape
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(visible=True, color=GREY)
            axes.imshow(picture, cmap="gray_r", vmin=0, vmax=255)
            axes.set_title(f"{name}: {height}×{width}")
        told = ", ".join(f"{name} {p.shape[0]}x{p.shape[1]}" for name, p in steps.items())
        return painted(figure, f"{what}, prepared: {told}.")


def receptive_fields(image: Tensor, squares: Mapping[str, tuple[int, int, int]]) -> Picture:
    """Show a digit once for each layer, with the square of pixels that one of its units sees.

    Args:
        image: (H, W), 0 for paper.
        squares: name of a layer to (top, left, side) of the square, in pixels.

    Example:
        >>> import torch
        >>> print(receptive_fields(torch.zeros(32, 32), {"C1": (14, 14, 5), "S2": (14, 14, 6)}))
        A digit, and on it the square of pixels that one unit sees: C1 5x5, S2 6x6.

    Introduced in chapter 01.
    """
    with canvas(1.9, 1, len(squares), squeeze=False) as (figure, grid):
        for axes, (name, (top, left, side)) in zip(grid.flat, squares.items(), strict=True):
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(visible=True, color=GREY)
            axes.imshow(image.cpu().numpy(), cmap="gray_r")
            # imshow puts the middle of the first pixel at 0, so its border lies at -0.5.
            corner = (left - 0.5, top - 0.5)
            axes.add_patch(
                Rectangle(corner, side, side, fill=False, edgecolor=RED, linewidth=2, clip_on=False)
            )
            axes.set_title(f"{name}: {side}×{side}")
        told = ", ".join(f"{name} {side}x{side}" for name, (_, _, side) in squares.items())
        return painted(
            figure, f"A digit, and on it the square of pixels that one unit sees: {told}."
        )


def _ten_bars(axes: Axes, scores: list[float], title: str) -> None:
    first = scores.index(max(scores))
    colours = [BLUE if k == first else GREY for k in range(len(scores))]
    axes.bar(range(len(scores)), scores, color=colours)
    axes.bar_label(axes.containers[0], [f"{s:.0%}" if s >= 0.005 else "" for s in scores])
    axes.set(xticks=range(len(scores)), ylim=(0, 1.12), yticks=[0, 0.5, 1], title=title)
    axes.set_xlabel("answer")


def _highest(scores: list[float]) -> str:
    first, second = sorted(range(len(scores)), key=lambda k: -scores[k])[:2]
    then = f", then {second} with {scores[second]:.0%}" if scores[second] >= 0.005 else ""
    return f"the highest is {first} with {scores[first]:.0%}{then}"


def _digits_alt(labels: list[int], said: list[int], answered: bool) -> str:
    listed = ", ".join(map(str, labels))
    if not answered:
        return f"{len(labels)} digits: {listed}."
    wrong = [(place, a, b) for place, (a, b) in enumerate(zip(labels, said, strict=True)) if a != b]
    verdict = "All are read rightly."
    if wrong:
        told = ", ".join(f"number {place + 1} is {a}, read as {b}" for place, a, b in wrong)
        verdict = f"Wrong: {told}."
    return f"{len(labels)} digits: {listed}. {verdict}"
