"""A window on a grid of pixels: its places, and the formula with its numbers. For chapter 01."""

from __future__ import annotations

from typing import Any, ClassVar

import traitlets

from lenet_course import shapes

from .explorer import Explorer, script

# What the sliders reach.
LIMITS = {
    "size": (1, 16),
    "kernel_size": (1, 7),
    "stride": (1, 4),
    "padding": (0, 4),
    "dilation": (1, 3),
}


class ShapeExplorer(Explorer):
    """A window on a square of pixels, the map that it makes, and the size of that map computed.

    Five sliders set what `shapes.output_size` takes; the window moves by a click or the arrow keys,
    on the pixels or on the map. Python has the same in its hands: `explorer.size`,
    `.kernel_size`, `.stride`, `.padding`, `.dilation`, `.row` and `.column` of the map, and
    `.formula`, which is empty where the window fits nowhere.

    Args:
        size, kernel_size, stride, padding, dilation: pixels; `LIMITS` says how many.
        row, column: the unit of the map whose window is shown first.
        name: keeps what was set when the cell runs again.

    Example:
        >>> print(ShapeExplorer(size=7, kernel_size=3, stride=2, padding=1).formula)
        (7 + 2*1 - 1*(3 - 1) - 1) // 2 + 1 = 4
        >>> ShapeExplorer(size=4, kernel_size=5).words[:75]
        'It stands nowhere: the window reaches over 5 pixels, and with its padding t'

    Introduced in chapter 01.
    """

    _esm = script("shape_explorer.js")

    settings: ClassVar[tuple[str, ...]] = (*LIMITS, "row", "column")

    size = traitlets.Int(7, help="Pixels in a row, and rows").tag(sync=True)
    kernel_size = traitlets.Int(3, help="Samples of the window, each way").tag(sync=True)
    stride = traitlets.Int(1, help="Pixels from one place to the next").tag(sync=True)
    padding = traitlets.Int(0, help="Pixels added at each end").tag(sync=True)
    dilation = traitlets.Int(1, help="Pixels from one sample to the next").tag(sync=True)

    def __init__(
        self,
        size: int = 7,
        kernel_size: int = 3,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        row: int = 0,
        column: int = 0,
        name: str | None = None,
    ) -> None:
        window = {"size": size, "kernel_size": kernel_size, "stride": stride}
        window |= {"padding": padding, "dilation": dilation}
        super().__init__(name, **window, row=row, column=column)

    @property
    def window(self) -> dict[str, int]:
        """The five settings, as `shapes.output_size` takes them."""
        return {setting: getattr(self, setting) for setting in LIMITS}

    @property
    def formula(self) -> str:
        """The size of the map as a line of Python with its numbers; empty where nothing fits."""
        window = {name: value for name, value in self.window.items() if name != "size"}
        layer = shapes.Conv2d(1, **window)
        try:
            return shapes.trace([layer], input_shape=(1, self.size, self.size))[0].formula
        except shapes.ShapeError:
            return ""

    @property
    def reach(self) -> int:
        """Pixels from the first to the last sample of the window, both included."""
        return self.dilation * (self.kernel_size - 1) + 1

    @property
    def places(self) -> tuple[int, int]:
        """Rows and columns of the map; both 0 where the window fits nowhere."""
        places = max(0, shapes.output_size(**self.window))
        return places, places

    @property
    def left_over(self) -> int:
        """Pixels at the end of a row, padding included, that no window reaches."""
        places = self.places[0]
        used = (places - 1) * self.stride + self.reach if places else 0
        return self.size + 2 * self.padding - used

    def compute(self) -> dict[str, Any]:
        """The samples of the window, the pixels that none reaches, formula and sentence."""
        tops, lefts = (
            [self._first(at) + sample * self.dilation for sample in range(self.kernel_size)]
            for at in (self.row, self.column)
        )
        return {
            "limits": LIMITS,
            "size": self.size,
            "stride": self.stride,
            "padding": self.padding,
            "side": self.size + 2 * self.padding,
            "reach": self.reach,
            "tops": tops,
            "lefts": lefts,
            "place": [self.row, self.column],
            "left_over": self.left_over if self.places[0] else 0,
            "formula": self.formula or self._no_place(),
            "words": self._fitting() if self.places[0] else self._impossible(),
        }

    def _first(self, place: int) -> int:
        """The pixel, padding counted below zero, at which the window of a unit begins."""
        return place * self.stride - self.padding

    def _no_place(self) -> str:
        n, k, s, p, d = self.window.values()
        places = shapes.output_size(n, k, s, p, d)
        return f"({n} + 2*{p} - {d}*({k} - 1) - 1) // {s} + 1 = {places}: no place"

    def _fitting(self) -> str:
        places, left_over = self.places[0], self.left_over
        rest = {0: "No pixel is", 1: "One pixel of a row is"}.get(
            left_over, f"{left_over} pixels of a row are"
        )
        padded = " Windows at the border see padding only." if self.padding >= self.reach else ""
        return (
            f"The window stands at {places} {'place' if places == 1 else 'places'} of a row: the "
            f"map has {places}×{places} units. {rest} left over.{padded} The unit at row "
            f"{self.row}, column {self.column} begins at pixel row {self._first(self.row)}, column "
            f"{self._first(self.column)}."
        )

    def _impossible(self) -> str:
        """Why the window fits nowhere, and which single change would help."""
        changes = [
            f"{setting.removesuffix('_size')} {value}"
            for setting in ("size", "kernel_size", "padding", "dilation")
            if (value := self._cure(setting)) is not None
        ]
        return (
            f"It stands nowhere: the window reaches over {self.reach} pixels, and with its padding "
            f"the row has {self.size + 2 * self.padding}. Any one of these is enough: "
            f"{', '.join(changes)}."
        )

    def _cure(self, setting: str) -> int | None:
        """The value nearest to the present one with which the window fits; None without one."""
        least, most = LIMITS[setting]
        near = sorted(range(least, most + 1), key=lambda value: abs(value - self.window[setting]))
        fits = (
            value for value in near if shapes.output_size(**self.window | {setting: value}) >= 1
        )
        return next(fits, None)

    @property
    def text_alternative(self) -> str:
        """What stands on a page where no widget can live: what the picture shows, and the words."""
        from lenet_course import figures

        return f"{figures.window(**self.window).alt} {super().text_alternative}"

    @traitlets.validate(*LIMITS)
    def _limited(self, proposal: dict[str, Any]) -> int:
        least, most = LIMITS[proposal["trait"].name]
        return max(least, min(proposal["value"], most))

    def picture(self) -> bytes:
        """One row of the pixels with every place of the window, as a PNG."""
        from lenet_course import figures  # matplotlib, which no slider has to wait for

        return figures.window(**self.window).image
