"""The 82 test digits that LeNet-5 got wrong in 1998, figure 8 of the paper; 15 doubtful labels.

Introduced in chapter 12.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Mistake(NamedTuple):
    """A digit of MNIST's test set by its index there, counted from 0, its label, and an answer."""

    index: int
    label: int
    answer: int


@cache
def _figure_8() -> dict[str, list]:
    return json.loads(files(__package__).joinpath("figure_8.json").read_text("utf-8"))


def mistakes() -> tuple[Mistake, ...]:
    """Give the 82 mistakes of the network that was trained with distortions, 0.82% of 10,000.

    Example:
        >>> len(mistakes()), mistakes()[0]
        (82, Mistake(index=247, label=4, answer=6))

    Source: LeCun et al. (1998), figure 8. Introduced in chapter 12.
    """
    return tuple(Mistake(*each) for each in _figure_8()["errors"])


def wrong_labels() -> tuple[int, ...]:
    """Give the indices of 15 digits in MNIST's test set whose labels are in doubt.

    Five people were asked about each suspicious label; of these digits fewer than three kept it.

    Example:
        >>> len(wrong_labels()), wrong_labels()[0]
        (15, 947)

    Source: Northcutt, Athalye, Mueller (2021). Introduced in chapter 12.
    """
    return tuple(_figure_8()["wrong labels"])
