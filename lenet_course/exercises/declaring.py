"""How an exercise is declared: its solution, inputs to try, hints, and the mistakes people make.

    @problem(inputs=rows, hints=["Where can the left edge stand?", "left + kernel <= size"])
    def places(size, kernel, stride):
        return [left for left in range(0, size, stride) if left + kernel <= size]

    @places.mistake("A window hangs over the border: its right edge may not pass `size`.")
    def hangs_over(size, kernel, stride):
        return list(range(0, size, stride))

The function is the solution: its name names the exercise, its module the chapter, its source is
what `solution("places")` prints. A mistake is a wrong answer with what is said to whoever gives it.
It may raise an error: the same error gets the same words. Where it gives `...` anything matches, so
`return ..., 850` stands for all pairs that end in 850. The first mistake that matches is told.
"""

from __future__ import annotations

import ast
import copy
import dis
import inspect
import random
import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .comparing import difference, plain, same, short

REGISTRY: dict[str, Exercise] = {}
"""Every declared exercise by its name, in the order of declaration."""


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people give, and the sentence that helps them."""

    message: str
    answer: Callable


@dataclass(frozen=True)
class Exercise:
    """One exercise. Made by `problem`; a solution without parameters asks for a plain value."""

    name: str
    chapter: str
    hints: tuple[str, ...]
    solution: Callable
    inputs: Callable[[random.Random], Iterable[tuple]]
    own_diagnosis: Callable[[Callable, random.Random], str | None] | None = None
    tolerance: float = 1e-5
    mistakes: list[Mistake] = field(default_factory=list)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the solution's parameters; empty for an exercise that asks for a value."""
        return tuple(inspect.signature(self.solution).parameters)

    @property
    def source(self) -> str:
        """The solution's source, from `def` on, without the decorator."""
        text = textwrap.dedent(inspect.getsource(self.solution))
        first = ast.parse(text).body[0].lineno  # the line of `def` or `class`
        return "\n".join(text.splitlines()[first - 1 :]).rstrip()

    def mistake(self, message: str) -> Callable[[Callable], Callable]:
        """Declare a typical wrong answer: the decorated function gives it, the message mends it."""

        def declare(answer: Callable) -> Callable:
            self.mistakes.append(Mistake(message, answer))
            return answer

        return declare

    def call(self, arguments: tuple) -> str:
        """A call as a learner would write it: "places(size=7, kernel=2, stride=2)"."""
        pairs = zip(self.parameters, arguments, strict=False)  # some may have defaults
        return f"{self.name}({', '.join(f'{name}={short(value)}' for name, value in pairs)})"

    def diagnose(self, answer: Callable, seed: int = 0) -> str | None:
        """What is wrong with an answer, in words; None when it is right.

        Errors raised by the answer pass through, with a note where a known mistake raises the same.
        The inputs are the same for the same seed, and every call gets its own copy of them.
        """
        generator = random.Random(seed)
        if self.own_diagnosis is not None:
            return self.own_diagnosis(answer, generator)
        tried = [tuple(arguments) for arguments in self.inputs(generator)]
        results = [self._call_noting_mistakes(answer, arguments) for arguments in tried]
        given = [plain(result) for result in results]
        for arguments, result, one in zip(tried, results, given, strict=True):
            wanted = self.solution(*copy.deepcopy(arguments))
            if same(one, plain(wanted), self.tolerance):
                continue
            mistake = self._known_mistake(tried, given)
            if not self.parameters:  # the value is the answer: it is not given away
                return mistake or f"{short(result)} is not the answer."
            seen = f"{self.call(arguments)} {difference(result, wanted, self.tolerance)}."
            told = mistake or _at_first_sight(answer, result)
            return f"{seen}\n{told}" if told else seen
        return None

    def note_if_known(self, error: Exception, arguments: tuple) -> None:
        """Add a mistake's words to an error, where that mistake raises the same."""
        for mistake in self.mistakes:
            if _raised(mistake.answer, arguments) == _in_short(error):
                error.add_note(mistake.message)
                return

    def _call_noting_mistakes(self, answer: Callable, arguments: tuple) -> object:
        try:
            return answer(*copy.deepcopy(arguments))
        except Exception as error:
            self.note_if_known(error, arguments)
            raise

    def _known_mistake(self, tried: list[tuple], given: list) -> str | None:
        for mistake in self.mistakes:
            if all(self._made(mistake, *pair) for pair in zip(tried, given, strict=True)):
                return mistake.message
        return None

    def _made(self, mistake: Mistake, arguments: tuple, given: object) -> bool:
        try:
            result = mistake.answer(*copy.deepcopy(arguments))
        except Exception:  # a wrong answer may fail on inputs that this learner's answer can take
            return False
        return same(given, plain(result), self.tolerance)


def _raised(answer: Callable, arguments: tuple) -> tuple[type, list[str]] | None:
    """The error that an answer raises, if it raises one."""
    try:
        answer(*copy.deepcopy(arguments))
    except Exception as error:
        return _in_short(error)
    return None


def _in_short(error: Exception) -> tuple[type, list[str]]:
    """Its kind and its words, in any order: of a * b and b * a the sizes change places."""
    return type(error), sorted(re.findall(r"\w+", str(error)))


def _at_first_sight(answer: Callable, result: object) -> str | None:
    """What can be said of a wrong answer that makes no known mistake."""
    if result is None:
        return "Is a `return` missing?"
    unused = " and ".join(f"`{name}`" for name in unused_parameters(answer))
    if unused:
        return f"It does not use {unused}, and the right answer depends on it."
    return None


def unused_parameters(answer: Callable) -> list[str]:
    """The parameters that a function never reads; none where that cannot be seen.

    >>> unused_parameters(lambda row, column: row + 1)
    ['column']
    """
    code = getattr(inspect.unwrap(answer), "__code__", None)
    if code is None:
        return []
    read = set(code.co_cellvars)  # read by a function inside this one
    for instruction in dis.get_instructions(code):
        if "LOAD_FAST" in instruction.opname:  # from Python 3.13 on, of two names at once
            names = instruction.argval
            read.update(names if isinstance(names, tuple) else [names])
    return [name for name in code.co_varnames[: code.co_argcount] if name not in read]


def _no_inputs(generator: random.Random) -> list[tuple]:
    return [()]


def problem(
    *,
    hints: Sequence[str],
    inputs: Callable[[random.Random], Iterable[tuple]] = _no_inputs,
    diagnose: Callable[[Callable, random.Random], str | None] | None = None,
    tolerance: float = 1e-5,
) -> Callable[[Any], Exercise]:
    """Declare an exercise: the decorated function is its solution.

    inputs: takes a random.Random, gives the tuples of arguments to try, the simplest first.
    diagnose: only where results cannot be compared as numbers (a class, a gradient): takes the
        answer and a random.Random, gives the diagnosis or None.
    tolerance: how far numbers that are not whole may be off.
    """

    def declare(solution: Callable) -> Exercise:
        chapter = solution.__module__.rpartition("chapter_")[2]
        exercise = Exercise(
            solution.__name__, chapter, tuple(hints), solution, inputs, diagnose, tolerance
        )
        known = REGISTRY.get(exercise.name)
        if known is not None and known.chapter != chapter:
            raise ValueError(
                f"two exercises are called {exercise.name!r}, in chapters {known.chapter} and "
                f"{chapter}: give one of them another name"
            )
        REGISTRY[exercise.name] = exercise
        return exercise

    return declare
