"""How an exercise is declared: its solution, inputs to try, hints, and the mistakes people make.

    @problem(inputs=rows, hints=["Where can the left edge stand?", "left + kernel <= size"])
    def places(size, kernel, stride):
        return [left for left in range(0, size, stride) if left + kernel <= size]

    @places.mistake("A window hangs over the border: its right edge may not pass `size`.")
    def hangs_over(size, kernel, stride):
        return list(range(0, size, stride))

The function is the solution: its name names the exercise, its module the chapter, its source is
what `solution("places")` prints. A mistake is a wrong answer with what is said to whoever gives it.
"""

from __future__ import annotations

import ast
import copy
import inspect
import random
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

        Errors raised by the answer pass through. The inputs are the same for the same seed, and
        every call gets its own copy of them.
        """
        generator = random.Random(seed)
        if self.own_diagnosis is not None:
            return self.own_diagnosis(answer, generator)
        tried = [tuple(arguments) for arguments in self.inputs(generator)]
        results = [answer(*copy.deepcopy(arguments)) for arguments in tried]
        given = [plain(result) for result in results]
        for arguments, result, one in zip(tried, results, given, strict=True):
            wanted = self.solution(*copy.deepcopy(arguments))
            if same(one, plain(wanted), self.tolerance):
                continue
            mistake = self._known_mistake(tried, given)
            if not self.parameters:  # the value is the answer: it is not given away
                return mistake or f"{short(result)} is not the answer."
            seen = f"{self.call(arguments)} {difference(result, wanted, self.tolerance)}."
            return f"{seen}\n{mistake}" if mistake else seen
        return None

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
