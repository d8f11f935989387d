"""From an answer to an outcome, whatever the answer does: raise, loop for ever, seed everything."""

from __future__ import annotations

import contextlib
import inspect
import linecache
import random
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .comparing import short
from .declaring import Exercise
from .todo import NotAttemptedError, holds_todo, mentions_todo

TIME_LIMIT = 10.0
"""Seconds after which an answer is taken for an endless loop."""


@dataclass(frozen=True)
class Outcome:
    """What became of an answer: .status is "not attempted", "wrong" or "right"."""

    name: str
    status: str
    message: str = ""

    def __str__(self) -> str:
        if self.status == "right":
            return f"{self.name}: right."
        stuck = f'Stuck? hint("{self.name}")'
        if self.status == "not attempted":
            todo = "Write your answer in place of TODO and run the cell again."
            return f"{self.name}: not attempted yet. {todo} {stuck}"
        return f"{self.name}: not right yet. {self.message}\n{stuck}"

    __repr__ = __str__


class TooLongError(BaseException):
    """Raised in an answer that runs too long; no Exception, or `except Exception` would eat it."""


def examine(exercise: Exercise, answer: object, seed: int = 0) -> Outcome:
    """Try an answer (a function, a class or a plain value) and say what became of it.

    The global random state of Python, numpy and torch, torch's gradient mode and default dtype are
    afterwards as they were.
    """
    asked = _Asked(exercise, answer)
    try:
        with kept_state(), time_limit(TIME_LIMIT):
            message = asked.problem or exercise.diagnose(asked, seed)
    except NotAttemptedError:
        return Outcome(exercise.name, "not attempted")
    except TooLongError:
        message = (
            f"{asked.last_call} has not ended after {TIME_LIMIT:.0f} seconds: an endless loop?"
        )
    except (Exception, SystemExit) as error:
        message = _explain(asked, error)
    if message is None:
        return Outcome(exercise.name, "right")
    if mentions_todo(answer):
        return Outcome(exercise.name, "not attempted")
    return Outcome(exercise.name, "wrong", message)


class _Asked:
    """The learner's answer, called as a function, remembering the last call for messages."""

    def __init__(self, exercise: Exercise, answer: object) -> None:
        self.exercise, self.answer = exercise, answer
        self.__wrapped__ = answer  # where inspect.unwrap looks
        self.last_call, self.running, self.result = exercise.name, False, None
        self.problem = None
        if exercise.parameters and not callable(answer) and not holds_todo(answer):
            wanted = f"{exercise.name}({', '.join(exercise.parameters)})"
            self.problem = f"A function {wanted} is asked for, and this is {short(answer)}."

    def __call__(self, *arguments):
        if holds_todo(self.answer):
            raise NotAttemptedError()
        self.last_call, self.running = self.exercise.call(arguments), True
        self.result = self.answer(*arguments) if callable(self.answer) else self.answer
        if inspect.isgenerator(self.result):
            self.result = list(self.result)
        self.running = False
        if holds_todo(self.result):
            raise NotAttemptedError()
        return self.result


def _explain(asked: _Asked, error: BaseException) -> str:
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    said = said.removesuffix(".")
    if not asked.running:  # the answer returned, and its result could not be read
        return f"{asked.last_call} gives {short(asked.result)}, which cannot be compared ({said})."
    seen = f"{asked.last_call} stopped with {said}{_line_of(asked.answer, error)}."
    return "\n".join([seen, *getattr(error, "__notes__", [])])


def _line_of(answer: object, error: BaseException) -> str:
    """The line of the answer in which the error arose: " in the line `x = y / 0`", or nothing."""
    code = getattr(answer, "__code__", None)
    for frame, number in reversed(list(traceback.walk_tb(error.__traceback__))):
        if frame.f_code is code:
            line = linecache.getline(code.co_filename, number).strip()
            return f", in the line `{line}`" if line else ""
    return ""


@contextlib.contextmanager
def kept_state() -> Iterator[None]:
    """Afterwards random states, gradient mode and default dtype are as they were.

    Looks only at numpy and torch where something else has imported them already.
    """
    put_back: list[tuple[Callable, object]] = [(random.setstate, random.getstate())]
    if (numpy := sys.modules.get("numpy")) is not None:
        put_back.append((numpy.random.set_state, numpy.random.get_state()))
    if (torch := sys.modules.get("torch")) is not None:
        put_back.append((torch.set_rng_state, torch.get_rng_state()))
        put_back.append((torch.set_grad_enabled, torch.is_grad_enabled()))
        put_back.append((torch.set_default_dtype, torch.get_default_dtype()))
        if torch.cuda.is_initialized():
            put_back.append((torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()))
    try:
        yield
    finally:
        for put, state in put_back:
            put(state)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TooLongError after so many seconds, where the system has alarms (not on Windows)."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number, frame):
        raise TooLongError()

    handler = signal.signal(signal.SIGALRM, stop)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)
