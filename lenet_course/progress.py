"""A progress bar for loops that take a while: in the page, in a terminal, or not at all.

It never writes to standard output, so a notebook's stored outputs and a program's results stay the
same whether or not anybody watches.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from lenet_course.notebook import in_notebook, widget_bundle

LEAST_SECONDS = 0.1  # between two looks at a bar
PART_OF_THE_TIME = 0.01  # and of the time so far: a look costs messages, and they may pile up


class Progress:
    """A running bar: what `progress` gives."""

    def __init__(self, bar: tqdm) -> None:
        self._bar = bar

    def update(self, n: int = 1, text: str = "") -> None:
        """Go n steps on, with a few words beside the bar: "loss 0.31"."""
        if text:
            self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(n)
        if not self._bar.disable:
            # A kernel's channel holds some thousand messages for who does not read while a cell
            # runs, as nbval; more are dropped, and among them may be that the cell has ended.
            so_far = self._bar.last_print_t - self._bar.start_t
            self._bar.mininterval = max(LEAST_SECONDS, PART_OF_THE_TIME * so_far)


@contextmanager
def progress(total: int, label: str) -> Iterator[Progress]:
    """Show how far a loop of `total` steps has come, while the `with` block runs.

    In a notebook the bar is a widget; a page without widgets shows one fixed sentence in its place.
    In a terminal it is a line on standard error. Elsewhere there is none.

        with progress(total=len(batches), label="epoch 1") as bar:
            for batch in batches:
                ...
                bar.update(1, text=f"loss {loss:.2f}")
    """
    bar = _notebook_bar(total, label) if in_notebook() else _terminal_bar(total, label)
    try:
        yield Progress(bar)
    finally:
        bar.close()


def _terminal_bar(total: int, label: str) -> tqdm:
    return _NoThread(total=total, desc=label, file=sys.stderr, disable=not sys.stderr.isatty())


class _NoThread(tqdm):
    monitor_interval = 0  # tqdm's watching thread would outlive the bar


def _notebook_bar(total: int, label: str) -> tqdm:
    from IPython.display import display
    from tqdm.notebook import tqdm as notebook_tqdm

    class NotebookBar(notebook_tqdm):
        monitor_interval = 0

    bar = NotebookBar(total=total, desc=label, display=False)
    # tqdm would show its text form, which changes with the seconds; this sentence never does.
    text = f"{label}: a progress bar stands here while the cell runs."
    display(widget_bundle(bar.container.model_id, text), raw=True)
    bar.displayed = True
    return bar
