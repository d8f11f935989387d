"""The unit of S2 in 1998, from a blur to a noisy or, on a map of C1. For chapter 04."""

from __future__ import annotations

from typing import Any, ClassVar

import traitlets
from torch import Tensor
from torch.nn import functional

from lenet_course.layers import ScaledTanh, Subsampling

from .explorer import Explorer, number, rounded, script

GOOD = 0.5  # a number of C1 above this is something that was found
PRESETS = {"Blur": (0.1, 0.0), "Noisy or": (5.0, -2.5), "Noisy and": (5.0, -10.0)}
LEAST, MOST = 0.1, 6.0  # of the coefficient; a negative one would turn the map over
FURTHEST = 15.0  # of the bias, either way


class SubsamplingUnit(Explorer):
    """A map of C1, and what the unit of 1998 makes of it beside average, sum and maximum.

    Coefficient and bias are moved by sliders or set by three buttons, and a unit is chosen by a
    click or the arrow keys on any of the small maps. Python has the same in its hands:
    `unit.coefficient`, `.bias`, `.row`, `.column`; and `.unit`, what the chosen unit gives.

    Args:
        c1_map: float (H, W), both even.
        coefficient: from 0.1 to 6.
        bias: from -15 to 15.
        row, column: the unit that is looked at first.
        name: keeps what was set when the cell runs again.

    Example:
        >>> import torch
        >>> print(SubsamplingUnit(torch.ones(4, 4), coefficient=5, bias=-2.5).words[:80])
        It fires where four numbers add up to more than 0.50: at 4 of the 4 units that s

    Source: LeCun et al. (1998), p. 6-7. Introduced in chapter 04.
    """

    _esm = script("subsampling_unit.js")

    settings: ClassVar[tuple[str, ...]] = ("coefficient", "bias", "row", "column")

    coefficient = traitlets.Float(LEAST, help="What the sum is multiplied by").tag(sync=True)
    bias = traitlets.Float(0.0, help="What is added then").tag(sync=True)

    def __init__(
        self,
        c1_map: Tensor,
        coefficient: float = LEAST,
        bias: float = 0.0,
        row: int = 0,
        column: int = 0,
        name: str | None = None,
    ) -> None:
        self._map = c1_map.detach().cpu().double()
        super().__init__(name, coefficient=coefficient, bias=bias, row=row, column=column)

    @property
    def unit(self) -> float:
        """What the chosen unit gives, squashed."""
        return float(self._halves()["unit of 1998"][self.row, self.column])

    @property
    def places(self) -> tuple[int, int]:
        """Rows and columns of S2's map."""
        rows, columns = self._map.shape
        return rows // 2, columns // 2

    def compute(self) -> dict[str, Any]:
        """The map, the four ways to halve it, and what the chosen unit makes of its numbers."""
        halves = self._halves()
        here = {way: number(half[self.row, self.column]) for way, half in halves.items()}
        return {
            "map": rounded(self._map),
            "halves": {way: rounded(half) for way, half in halves.items()},
            "ranges": {way: f"{number(h.min())} to {number(h.max())}" for way, h in halves.items()},
            "here": here,
            "presets": PRESETS,
            "limits": {"coefficient": [LEAST, MOST], "bias": [-FURTHEST, FURTHEST]},
            "words": f"{self._firing(halves)} {self._unit(here)}",
        }

    def _unit(self, here: dict[str, str]) -> str:
        """What the chosen unit makes of its four numbers."""
        four = self._map[2 * self.row :, 2 * self.column :][:2, :2].flatten()
        sign = "-" if self.bias < 0 else "+"
        return (
            f"Row {self.row}, column {self.column} of S2 sees "
            f"{', '.join(number(value) for value in four)}: average {here['average']}, sum "
            f"{here['sum']}, maximum {here['maximum']}. The unit of 1998: "
            f"{number(self.coefficient, 1)} × {number(four.sum(), 3)} {sign} "
            f"{number(abs(self.bias), 1)} = {number(self.coefficient * four.sum() + self.bias)}, "
            f"squashed {here['unit of 1998']}."
        )

    def _halves(self) -> dict[str, Tensor]:
        """Half as many rows and columns, made in four ways."""
        s2 = Subsampling(1).double().requires_grad_(False)
        s2.coefficient.fill_(self.coefficient)
        s2.bias.fill_(self.bias)
        maps = self._map[None, None]
        average = functional.avg_pool2d(maps, 2)
        ways = {
            "unit of 1998": ScaledTanh()(s2(maps)),
            "average": average,
            "sum": 4 * average,
            "maximum": functional.max_pool2d(maps, 2),
        }
        return {way: half[0, 0] for way, half in ways.items()}

    def _firing(self, halves: dict[str, Tensor]) -> str:
        """Where the unit of 1998 is above zero, with a good reason and without."""
        fires, good = halves["unit of 1998"] > 0, halves["maximum"] > GOOD
        return (
            f"It fires where four numbers add up to more than "
            f"{number(-self.bias / self.coefficient)}: at {(fires & good).sum()} of the "
            f"{good.sum()} units that see a number above {GOOD:g}, and at {(fires & ~good).sum()} "
            f"that see none."
        )

    @property
    def text_alternative(self) -> str:
        """What stands on a page where no widget can live."""
        return (
            f"A map of C1, and what four units make of it: that of 1998, with coefficient "
            f"{number(self.coefficient, 1)} and bias {number(self.bias, 1)}, average, sum, "
            f"maximum; each on a scale of its own. {super().text_alternative}"
        )

    @traitlets.validate("coefficient")
    def _positive(self, proposal: dict[str, Any]) -> float:
        return max(LEAST, min(proposal["value"], MOST))

    @traitlets.validate("bias")
    def _near(self, proposal: dict[str, Any]) -> float:
        return max(-FURTHEST, min(proposal["value"], FURTHEST))

    def picture(self) -> bytes:
        """The map and what the four ways make of it, as a PNG."""
        from lenet_course import figures  # matplotlib, which no slider has to wait for

        shown = {"C1": self._map, **self._halves()}
        return figures.signed_maps(shown.values(), list(shown), columns=5, shared=False).image
