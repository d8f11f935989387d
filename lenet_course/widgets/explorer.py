"""What the explorers share: Python computes, the page draws, and a name keeps what was set."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets
from torch import Tensor

from .static_text import StaticText

_HERE = Path(__file__).parent


def script(name: str) -> str:
    """A widget's JavaScript behind what all explorers draw with: one text, so nothing is fetched.

    name: of a file beside this one.
    """
    return "\n".join((_HERE / file).read_text(encoding="utf-8") for file in ("explorer.js", name))


def number(value: float | Tensor, decimals: int = 2) -> str:
    """Write a number, and never a minus sign before zero.

    >>> number(-0.001), number(1.25, 1)
    ('0.00', '1.2')
    """
    return f"{round(float(value), decimals) + 0.0:.{decimals}f}"


def rounded(values: Tensor) -> list:
    """A tensor as nested lists for the page, to four decimals: a picture needs no more."""
    return values.detach().cpu().double().round(decimals=4).tolist()


class Explorer(StaticText, anywidget.AnyWidget):
    """A widget whose page shows what Python computes from a few settings.

    A subclass names in `settings` what a learner may change, and gives in `compute` all that the
    page shows. The page sets the settings and draws `shown`; it computes nothing itself.

    With a name, the settings are still there when the cell runs again: the new explorer takes them
    over from the earlier one of that name, which is closed. A setting whose start is another one
    than before, because someone has edited the cell, begins at its new start.
    """

    settings: ClassVar[tuple[str, ...]] = ("row", "column")

    row = traitlets.Int(0, help="Row of the unit that is looked at").tag(sync=True)
    column = traitlets.Int(0, help="Its column").tag(sync=True)
    shown = traitlets.Dict(help="What the page draws and says").tag(sync=True)

    _css = _HERE / "explorer.css"
    _named: dict[tuple[str, str], Explorer] = {}  # noqa: RUF012 - shared by all on purpose
    _key: tuple[str, str | None] | None = None  # nothing to forget, should making one go wrong

    def __init__(self, name: str | None = None, **start: Any) -> None:
        self._key, self._start = (type(self).__name__, name), dict(start)
        earlier = self._named.get(self._key)
        if earlier is not None:
            kept = [each for each in self.settings if earlier._start.get(each) == start.get(each)]
            start |= {setting: getattr(earlier, setting) for setting in kept}
            earlier.close()
        super().__init__(**start)
        self.observe(self._update, self.settings)
        self._update()
        if name is not None:
            self._named[self._key] = self

    @property
    def places(self) -> tuple[int, int]:
        """How many rows and columns of units there are to look at."""
        raise NotImplementedError

    def compute(self) -> dict[str, Any]:
        """What the page shows with the settings as they are: lists, numbers and words."""
        raise NotImplementedError

    @property
    def words(self) -> str:
        """What the explorer says at the moment."""
        return self.shown["words"]

    @property
    def text_alternative(self) -> str:
        """What stands on a page where no widget can live."""
        return f"{self.words} Widgets need a running kernel: run this cell in JupyterLab."

    @traitlets.validate("row", "column")
    def _within(self, proposal: dict[str, Any]) -> int:
        """Stay at the border where a place would lie outside."""
        most = self.places[proposal["trait"].name == "column"] - 1
        return max(0, min(proposal["value"], most))

    def _update(self, change: object = None) -> None:
        self.row, self.column = self.row, self.column  # inside, should there be fewer places now
        self.shown = self.compute() | {"places": list(self.places)}

    def close(self) -> None:
        """Take the explorer off the page and forget its name and who listens to it."""
        if self._named.get(self._key) is self:
            del self._named[self._key]
        self.unobserve_all()
        super().close()
