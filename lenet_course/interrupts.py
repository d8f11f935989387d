"""Stop between two steps, never inside one. Introduced in chapter 09."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class StopRequest:
    """Whether someone has asked for the work to stop."""

    asked: bool = False


@contextmanager
def stop_between_steps() -> Iterator[StopRequest]:
    """Turn Ctrl-C, or the notebook's stop button, into a request that the loop reads when it can.

    A step that is cut short leaves some weights updated and others not. Inside this context the
    first interrupt is noted; a second one raises KeyboardInterrupt at once. The handler that was
    there before comes back at the end. Outside the main thread, where Python allows no handler,
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
        request.asked = True

    before = signal.signal(signal.SIGINT, note)
    try:
        yield request
    finally:
        signal.signal(signal.SIGINT, before)
