"""The 7x12 pictures that LeNet-5 of 1998 answers with: figure 3 of the paper.

Introduced in chapter 06.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

ROWS, COLUMNS = 12, 7

Code = tuple[int, ...]


@cache
def _figure_3() -> dict[str, list[str]]:
    return json.loads(files(__package__).joinpath("codes.json").read_text("utf-8"))["codes"]


def code(character: str) -> Code:
    """Give one character's code: 84 values, +1 for ink and -1 for paper, row by row.

    Raises:
        ValueError: figure 3 has no such character.

    Example:
        >>> len(code("7")), sorted(set(code("7")))
        (84, [-1, 1])

    Source: LeCun et al. (1998), figure 3. Introduced in chapter 06.
    """
    if character not in _figure_3():
        raise ValueError(
            f"Figure 3 has no code for {character!r}. Choose a printable character of ASCII: "
            f"a letter without accent, a digit or a common sign."
        )
    return tuple(1 if pixel == "#" else -1 for pixel in "".join(_figure_3()[character]))


def digit_codes() -> tuple[Code, ...]:
    """Give the codes of the digits 0 to 9: ten rows of 84.

    Example:
        >>> len(digit_codes()), len(digit_codes()[0])
        (10, 84)

    Source: LeCun et al. (1998), figure 3. Introduced in chapter 06.
    """
    return tuple(code(digit) for digit in "0123456789")


def distance(one: Code, other: Code) -> int:
    """Count the pixels in which two codes differ (their Hamming distance).

    Example:
        >>> distance(code("6"), code("8"))
        12

    Introduced in chapter 06.
    """
    return sum(a != b for a, b in zip(one, other, strict=True))
