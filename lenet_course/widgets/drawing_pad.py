"""A pad to draw a digit on: with mouse, pen, finger or keys. Introduced in chapter 00."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anywidget
import numpy as np
import traitlets
from PIL import Image

from .pictures import png
from .static_text import StaticText

_HERE = Path(__file__).parent


class DrawingPad(StaticText, anywidget.AnyWidget):
    """A white page of 280x280 screen pixels; the drawing reaches Python while it is drawn.

    `pad.ink` is the drawing, uint8 (140, 140), 0 for paper and 255 for ink; setting it shows
    another one. `pad.on_change(callback)` calls back with the ink after each change.

    With a name, the drawing is still there when the cell runs again: the new pad takes over from
    the earlier one of that name, which is closed.

    >>> pad = DrawingPad(name="my digit")
    >>> pad.ink.shape
    (140, 140)
    """

    _esm = _HERE / "drawing_pad.js"
    _css = _HERE / "drawing_pad.css"

    # CBytes: what comes from the browser is a memoryview, which Bytes would refuse unseen.
    data = traitlets.CBytes(b"", help="The drawing, one grey byte a pixel, row by row").tag(
        sync=True
    )
    width = traitlets.Int(140, read_only=True, help="Pixels in a row of data").tag(sync=True)
    height = traitlets.Int(140, read_only=True, help="Rows of data").tag(sync=True)
    message = traitlets.Unicode("", help="A sentence under the pad").tag(sync=True)

    text_alternative = (
        "A pad to draw a digit on. Widgets need a running kernel: run this cell in JupyterLab."
    )

    _named: dict[str, DrawingPad] = {}  # noqa: RUF012 - shared by all pads on purpose

    def __init__(self, name: str | None = None) -> None:
        earlier = self._named.pop(name, None)
        super().__init__(data=earlier.data if earlier is not None else bytes(140 * 140))
        if earlier is not None:
            earlier.close()
        if name is not None:
            self._named[name] = self

    @property
    def ink(self) -> np.ndarray:
        """The drawing: uint8 (height, width), 0 for paper and 255 for ink."""
        return np.frombuffer(self.data, np.uint8).reshape(self.height, self.width).copy()

    @ink.setter
    def ink(self, ink: np.ndarray) -> None:
        page = Image.fromarray(np.asarray(ink, np.uint8))
        smooth = Image.Resampling.BICUBIC
        self.data = page.resize((self.width, self.height), smooth).tobytes()

    def on_change(self, callback: Callable[[np.ndarray], None]) -> None:
        """Call `callback(ink)` after each change. What it raises is shown under the pad."""

        def changed(change: object) -> None:
            try:
                callback(self.ink)
            except Exception as error:  # raised here it would be seen nowhere on the page
                self.message = f"{type(error).__name__}: {error}"
            else:
                self.message = ""

        self.observe(changed, "data")

    def close(self) -> None:
        """Take the pad off the page and forget who listens to it."""
        self.unobserve_all()
        super().close()

    def picture(self) -> bytes:
        """The drawing as a PNG, black on white."""
        return png(255 - self.ink)
