"""Stop or pause between two steps, never inside one. Introduced in chapter 09."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SECONDS_BETWEEN_LOOKS = 0.02  # while the work is paused


@dataclass
class StopRequest:
    """Whether someone has asked for the work to stop, and by which signal, or to wait.

    A button's handler, in another thread, sets `asked` or `paused`; the loop reads them between two
    steps.

    Example:
        >>> StopRequest(asked=True, paused=True).wait()  # who is to stop does not wait
    """

    asked: bool = False
    number: int | None = None
    paused: bool = False

    def wait(self) -> None:
        """Stay here while the work is paused. To be asked to stop, also by a signal, ends that."""
        while self.paused and not self.asked:
            time.sleep(SECONDS_BETWEEN_LOOKS)


@contextmanager
def stop_between_steps(request: StopRequest | None = None) -> Iterator[StopRequest]:
    """Turn Ctrl-C, the notebook's stop button and SIGTERM into a request that the loop reads.

    A step that is cut short leaves some weights updated and others not. Inside this context the
    first signal is noted; a second one raises KeyboardInterrupt at once. The handlers that were
    there before come back at the end. Outside the main thread, where Python allows no handler,
    nothing changes.

    Args:
        request: where the wish is noted, for someone else to note it there as well; a new one
            unless given.

    Example:
        >>> with stop_between_steps() as request:
        ...     steps = [step for step in range(3) if not request.asked]
        >>> steps
        [0, 1, 2]

    Introduced in chapter 09.
    """
    request = StopRequest() if request is None else request
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
