"""Is the learner's result the right one, however it is written? And if not, where do they differ?

Lists, tuples, ranges, numpy arrays and torch tensors of any float type are all read as nested lists
of Python numbers. Neither numpy nor torch is imported here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Number


def plain(value: object) -> object:
    """A result as nested lists of Python numbers, strings or dicts.

    >>> plain((1, range(3)))
    [1, [0, 1, 2]]
    """
    if hasattr(value, "detach"):  # a torch tensor
        value = value.detach()
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes, set, frozenset)):
        return [plain(item) for item in value]
    return value


def same(given: object, wanted: object, tolerance: float = 1e-5) -> bool:
    """Whether two plain results agree: whole numbers exactly, others within the tolerance.

    The tolerance is absolute for numbers below 1 and relative above. 28.0 serves for 28; True does
    not serve for 1. Where `...` is wanted anything will do, as parts of a mistake's answer may be.
    """
    if wanted is ...:
        return True
    if isinstance(wanted, list):
        return (
            isinstance(given, list)
            and len(given) == len(wanted)
            and all(same(one, other, tolerance) for one, other in zip(given, wanted, strict=True))
        )
    if isinstance(wanted, dict):
        return (
            isinstance(given, dict)
            and given.keys() == wanted.keys()
            and all(same(given[key], wanted[key], tolerance) for key in wanted)
        )
    if isinstance(wanted, float) and isinstance(given, Number) and not isinstance(given, bool):
        if math.isnan(wanted) or math.isinf(wanted):
            return str(float(given)) == str(wanted)
        return abs(given - wanted) <= tolerance * max(1.0, abs(wanted))
    return isinstance(given, bool) == isinstance(wanted, bool) and given == wanted


def shape(value: object) -> tuple[int, ...]:
    """The sizes of nested lists along their first entries: (2, 3) for two rows of three."""
    return (len(value), *shape(value[0])) if isinstance(value, list) and value else ()


def is_even(value: object) -> bool:
    """Whether lists within a list are all as long as their neighbours, so that a shape tells all.

    >>> is_even([[1, 2], [3]])
    False
    """
    if not isinstance(value, list):
        return True
    return len({shape(item) for item in value}) <= 1 and all(map(is_even, value))


def short(value: object, limit: int = 70) -> str:
    """A value in few words: itself where it is short, its shape where it is long.

    Words are given whole, for no shape tells them. Numbers have six digits.

    >>> short([(5, 1), (2, 2.00000001)])
    '[(5, 1), (2, 2.0)]'
    """
    text = f"{value:.6g}" if isinstance(value, float) else repr(_tidy(value))
    whole, sizes = plain(value), shape(plain(value))
    if len(text) <= limit or (_is_words(whole) and len(text) <= 4 * limit):
        return text
    if not sizes:
        return text[:limit] + "…"
    return f"values of shape {sizes}" if is_even(whole) else f"{sizes[0]} rows of unequal lengths"


def _is_words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _tidy(value):
    """Like plain, but tuples stay tuples, and numbers lose the digits that mean nothing."""
    if type(value) in (list, tuple):
        return type(value)(_tidy(item) for item in value)
    if isinstance(value, float):
        return float(f"{value:.6g}")
    whole = plain(value)
    return whole if whole is value or not isinstance(whole, list | float) else _tidy(whole)


def difference(given: object, wanted: object, tolerance: float = 1e-5) -> str:
    """What distinguishes two results, as the end of a sentence: "gives 3, expected 4"."""
    one, other = short(given), short(wanted)
    given, wanted = plain(given), plain(wanted)
    if not isinstance(wanted, list) or other.startswith(("[", "(")):
        return f"gives {one}, expected {other}"
    if shape(given) != shape(wanted):
        seen = f"values of shape {shape(given)}" if shape(given) and is_even(given) else one
        return f"gives {seen}, expected {other}"
    place, one, other = _first_difference(given, wanted, tolerance)
    return f"differs first at {place}: {short(one)} there, expected {short(other)}"


def _first_difference(given, wanted, tolerance, place=""):
    if not isinstance(given, list) or not isinstance(wanted, list) or len(given) != len(wanted):
        return place, given, wanted
    for index, (one, other) in enumerate(zip(given, wanted, strict=True)):
        if not same(one, other, tolerance):
            return _first_difference(one, other, tolerance, f"{place}[{index}]")
    return place, given, wanted
