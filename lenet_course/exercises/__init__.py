"""Exercises that check themselves, say what went wrong, and never stop the chapter.

In a chapter:

    from lenet_course.exercises import TODO, check, exercise, hint, solution

    @exercise("places")
    def places(size, kernel, stride):
        return TODO

Running the cell prints one of three outcomes: not attempted, not right yet (with a diagnosis), or
right. `hint("places")` and `solution("places")` help on. One module a chapter declares them:
see `declaring.problem`.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable
from typing import TypeVar

from ..errors import CourseError
from .checking import Outcome, examine
from .declaring import REGISTRY, Exercise, problem
from .todo import TODO

__all__ = [
    "TODO",
    "Exercise",
    "ExerciseError",
    "Outcome",
    "check",
    "every_exercise",
    "exercise",
    "hint",
    "problem",
    "solution",
]

Answer = TypeVar("Answer", bound=Callable)


class ExerciseError(CourseError, LookupError):
    """No exercise of that name: the message tells the nearest."""


def every_exercise() -> dict[str, Exercise]:
    """All exercises of all chapters by name."""
    for module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        if module.startswith("chapter_"):
            importlib.import_module(f"{__name__}.{module}")
    return REGISTRY


def exercise(name: str) -> Callable[[Answer], Answer]:
    """Mark a function as the answer to an exercise: it is checked when its cell runs.

    Prints the outcome and returns the function as it is, so nothing after it breaks.
    Raises ExerciseError where no exercise has that name.
    """
    _find(name)

    def examined(answer: Answer) -> Answer:
        print(check(name, answer))
        return answer

    return examined


def check(name: str | Callable, answer: object) -> Outcome:
    """Check an answer, a function or a plain value: "not attempted", "wrong" or "right".

    >>> check("places", TODO).status
    'not attempted'
    """
    return examine(_find(name), answer)


def hint(name: str | Callable, n: int = 1) -> None:
    """Print the n-th hint for an exercise, counted from 1; later hints say more.

    Asked for by its name, or by the function that answers it.
    """
    found = _find(name)
    name, hints = found.name, found.hints
    if not 1 <= n <= len(hints):
        print(f'{name} has hints 1 to {len(hints)}; solution("{name}") shows an answer.')
        return
    more = f'hint("{name}", {n + 1})' if n < len(hints) else f'solution("{name}")'
    print(f"Hint {n} of {len(hints)}: {hints[n - 1]}\nMore: {more}")


def solution(name: str | Callable) -> None:
    """Print one right answer to an exercise, given by name or function. There are others."""
    print(_find(name).source)


def _find(name: str | Callable) -> Exercise:
    known = every_exercise()
    name = getattr(name, "__name__", name)  # hint(places), without the quotes
    if name in known:
        return known[name]
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4) or sorted(known)
    raise ExerciseError(f"there is no exercise {name!r}; did you mean {', '.join(near)}?")
