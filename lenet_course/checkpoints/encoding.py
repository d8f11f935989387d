"""Nested state as plain JSON and named tensors, and back, exactly. Introduced in chapter 11."""

from __future__ import annotations

from typing import Any

from torch import Tensor

TENSOR, DICT, TUPLE = "~tensor", "~dict", "~tuple"


def encode(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """Write a value as JSON can hold it; its tensors go into `tensors`, under names that begin so.

    JSON knows neither tuples nor dicts whose keys are numbers, and an optimizer's state has both.

    Args:
        value: dicts, lists, tuples, numbers, text, None and tensors, one inside the other.
        name: what the value is called; its parts are called name.part.
        tensors: is filled.

    Raises:
        TypeError: there is something else in it, or a dict's key is neither a number nor text.

    Example:
        >>> encode({0: (1, 2.5)}, "state", {})
        {'~dict': [[0, {'~tuple': [1, 2.5]}]]}

    Introduced in chapter 11.
    """
    if isinstance(value, Tensor):
        while name in tensors:  # {"a.b": ...} and {"a": {"b": ...}} would share one
            name += "'"
        tensors[name] = value
        return {TENSOR: name}
    if isinstance(value, dict):
        for key in value:
            _check_plain(key, f"A key of {name}")
        pairs = [[key, encode(item, f"{name}.{key}", tensors)] for key, item in value.items()]
        return {DICT: pairs}
    if isinstance(value, list | tuple):
        items = [encode(item, f"{name}.{place}", tensors) for place, item in enumerate(value)]
        return {TUPLE: items} if isinstance(value, tuple) else items
    _check_plain(value, name)
    return value


def decode(value: Any, tensors: dict[str, Tensor]) -> Any:
    """Undo `encode`.

    Raises:
        KeyError, TypeError, ValueError: a tensor is missing, or `encode` did not write this.

    Example:
        >>> decode({"~dict": [[0, {"~tuple": [1, 2.5]}]]}, {})
        {0: (1, 2.5)}

    Introduced in chapter 11.
    """
    if isinstance(value, list):
        return [decode(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if TENSOR in value:
        return tensors[value[TENSOR]]
    if TUPLE in value:
        return tuple(decode(item, tensors) for item in value[TUPLE])
    return {key: decode(item, tensors) for key, item in value[DICT]}


def _check_plain(value: Any, name: str) -> None:
    if not (value is None or isinstance(value, bool | int | float | str)):
        raise TypeError(
            f"{name} is a {type(value).__name__}, which a checkpoint cannot hold. It holds "
            f"numbers, text, tensors, and lists and dicts of them."
        )
