"""Errors that speak to a learner: one sentence on what was wrong, one on what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class CourseError(Exception):
    """What all errors of the course have in common: their message is enough, without a traceback.

    Example:
        >>> from lenet_course.shapes import ShapeError
        >>> issubclass(ShapeError, CourseError), issubclass(ShapeError, ValueError)
        (True, True)
    """


class UnknownNameError(CourseError, ValueError):
    """There is nothing of that name; the message lists what there is."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Make the error for a name that is not known, with the nearest one that is.

    Example:
        >>> str(unknown("network", "relu-mx", ["relu-max", "relu-avg"]))
        "There is no network 'relu-mx'. Did you mean 'relu-max'? Choose one of relu-max, relu-avg."
    """
    known = list(known)
    near = get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return UnknownNameError(f"There is no {kind} {name!r}.{hint} Choose one of {', '.join(known)}.")
