"""Stop between two steps, never inside one. Introduced in chapter 09."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class StopRequest:
    """Whether someone has asked for the work to stop, and by which signal."""

    asked: bool = False
    number: int | None = None


@contextmanager
def stop_between_steps() -> Iterator[StopRequest]:
    """Turn Ctrl-C, the notebook's stop button and SIGTERM into a request that the loop reads.

    A step that is cut short leaves some weights updated and others not. Inside this context the
    first signal is noted; a second one raises KeyboardInterrupt at once. The handlers that were
    there before come back at the end. Outside the main thread, where Python allows no handler,
    nothing changes.

    Example:
        >>> with stop_between_steps() as request:
        ...     steps = [step for step in range(3) if not request.asked]
        >>> steps
        [0, 1, 2]

    Introduced in chapter 09.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def note(number: int, frame: object) -> None:
        if request.asked:
            raise KeyboardInterrupt
        request.asked, request.number = True, number

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
