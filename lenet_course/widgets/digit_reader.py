"""Draw a digit, see how it is prepared, and what a network reads. Introduced in chapter 00."""

from __future__ import annotations

import copy
import html
from collections.abc import Callable
from typing import Any

import ipywidgets
import numpy as np

from lenet_course.handwriting import HandwritingError, to_mnist

from .drawing_pad import DrawingPad
from .pictures import data_url
from .static_text import StaticText


def read_digit(
    model: Callable, prepare: Callable, digit: np.ndarray, decide: Callable | None = None
) -> tuple[int, np.ndarray]:
    """What a network reads in one prepared picture: the digit, and ten shares that add up to 1.

    model: the network; prepare: uint8 (1, 28, 28) tensor -> float batch (1, 1, H, W);
    digit: uint8 (28, 28); decide: outputs (1, 10) -> labels (1,), the largest output by default.
    The shares are a softmax over the outputs; where the smallest output wins, over their negatives.
    """
    import torch

    # JupyterLab lets widgets speak while a cell runs, in a thread of their own. So a copy reads:
    # the network itself may be training just now and must not be switched to evaluation under way.
    reading = copy.deepcopy(model).eval()
    with torch.no_grad():
        batch = prepare(torch.from_numpy(digit.copy())[None])
        outputs = reading(batch.to(next(reading.parameters()).device)).float().cpu()
    decide = decide or (lambda outputs: outputs.argmax(dim=1))
    smallest_wins = int(decide(torch.eye(10)[:1])[0]) != 0
    shares = torch.softmax(-outputs[0] if smallest_wins else outputs[0], dim=0)
    return int(decide(outputs)[0]), shares.numpy()


class DigitReader(StaticText, ipywidgets.HBox):
    """A drawing pad, the digit of 28x28 pixels made of it, and the network's ten answers as bars.

    model, prepare, decide: as for `read_digit`; a Network of the family has the last two. With a
    name, the drawing is still there when the cell runs again. `reader.answer` is the digit read, or
    None; `reader.shares` its ten shares; `reader.pad.ink = picture` draws from Python.

    >>> from lenet_course import networks
    >>> network = networks.FAMILY["relu-avg"]
    >>> reader = DigitReader(networks.build(network, seed=0), network.prepare, network.decide)
    >>> reader.answer is None  # nothing is drawn yet
    True
    """

    text_alternative = (
        "A drawing pad, the digit prepared as 28x28 pixels, and ten bars: what the network reads. "
        "Widgets need a running kernel: run this cell in JupyterLab."
    )

    _named: dict[str, DigitReader] = {}  # noqa: RUF012 - shared by all readers on purpose

    def __init__(
        self,
        model: Callable,
        prepare: Callable,
        decide: Callable | None = None,
        name: str | None = None,
    ) -> None:
        self._read = lambda digit: read_digit(model, prepare, digit, decide)
        self.pad = DrawingPad(name)
        self.reading = ipywidgets.HTML()
        super().__init__([self.pad, self.reading])
        if name is not None:
            if name in self._named:
                self._named[name].close()
            self._named[name] = self
        self.pad.on_change(self._update)
        self._update(self.pad.ink)

    @property
    def answer(self) -> int | None:
        """The digit read, or None while there is none."""
        return self._result[0]

    @property
    def shares(self) -> np.ndarray | None:
        """The share of each of the ten digits, or None while nothing is read."""
        return self._result[1]

    def _update(self, ink: np.ndarray) -> None:
        result, said = (None, None), "No reading: see the message under the pad."
        try:
            digit = to_mnist(ink)
            result = self._read(digit)
            said = ""
        except HandwritingError as error:  # an empty pad is no mistake: say what to do
            said = str(error)
        finally:
            self._result = result  # answer and shares at once: a cell may be looking at them
            self.reading.value = (
                f'<p role="status">{html.escape(said)}</p>' if said else _as_html(digit, *result)
            )

    def close(self) -> None:
        """Take the reader off the page; nothing of it stays behind."""
        self.pad.close()
        self.reading.close()
        super().close()

    def picture(self) -> Any:
        """The drawing, the prepared digit and the ten bars."""
        from lenet_course import figures  # matplotlib, which no stroke has to wait for

        ink = self.pad.ink
        prepared = to_mnist(ink) if ink.any() else np.zeros((28, 28), np.uint8)
        return figures.reading(ink, prepared, self.shares)


def _as_html(digit: np.ndarray, answer: int, shares: np.ndarray) -> str:
    bars = "".join(_bar(label, share, label == answer) for label, share in enumerate(shares))
    picture = data_url(255 - digit, enlarge=4)
    return (
        f'<div style="margin-left: 24px; line-height: 1.5"><p role="status">Read as '
        f"<b>{answer}</b> ({shares[answer]:.0%}).</p>"
        f'<img src="{picture}" width="112" height="112" style="border: 1px solid #767676" '
        f'alt="The prepared digit, 28 by 28 pixels">'
        f'<table aria-label="How much the network believes in each digit">{bars}</table></div>'
    )


def _bar(label: int, share: float, chosen: bool) -> str:
    weight, mark = ("bold", "◀") if chosen else ("normal", "")
    name = f'<th scope="row" style="font-weight: inherit">{label}</th>'
    length = f"display: inline-block; height: 10px; width: {120 * share:.0f}px"
    return (
        f'<tr style="font-weight: {weight}; line-height: 1.1">{name}'
        f'<td style="width: 124px"><span style="{length}; background: #0072b2"></span></td>'
        f'<td style="text-align: right">{share:.0%}</td><td>{mark}</td></tr>'
    )
