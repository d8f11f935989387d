"""Table I of 1998, to click through: which maps of S2 a map of C3 reads. For chapter 05."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
import traitlets
from torch import Tensor

from lenet_course import shapes
from lenet_course.layers import TABLE_I

from .explorer import Explorer, number, rounded, script


class TableExplorer(Explorer):
    """A connection table; for the chosen map the maps it reads, its kernels and its partial sums.

    A map is chosen by a click on its column or by the arrow keys, a unit of it by a click or the
    arrow keys on the map. A switch links every pair, as a full convolution does. Python has the
    same in its hands: `explorer.number`, `.full`, `.row`, `.column`; and `.unit`, what it gives.

    Args:
        maps: float (n, H, W), the maps that are read.
        kernels: float (m, n, h, w), one for each pair. Those of pairs that the table leaves out
            are at work with the full connection only.
        biases: float (m,).
        titles: what the maps that are read are called.
        table: for each map that is made, the maps that it reads.
        number, full, row, column: what is shown first.
        name: keeps what was set when the cell runs again.

    Example:
        >>> import torch
        >>> explorer = TableExplorer(torch.ones(6, 14, 14), torch.ones(16, 6, 5, 5), torch.ones(16))
        >>> print(explorer.words[:75])
        Map 0 of C3 reads 3 maps of S2. Row 0, column 0: 25.00 + 25.00 + 25.00, and

    Source: LeCun et al. (1998), Table I. Introduced in chapter 05.
    """

    _esm = script("table_explorer.js")

    settings: ClassVar[tuple[str, ...]] = ("number", "full", "row", "column")

    number = traitlets.Int(0, help="Which map of C3").tag(sync=True)
    full = traitlets.Bool(False, help="Every map reads every map").tag(sync=True)

    def __init__(
        self,
        maps: Tensor,
        kernels: Tensor,
        biases: Tensor,
        titles: Sequence[str] | None = None,
        table: Sequence[Sequence[int]] = TABLE_I,
        number: int = 0,
        full: bool = False,
        row: int = 0,
        column: int = 0,
        name: str | None = None,
    ) -> None:
        self._maps, self._kernels = maps.detach().cpu().double(), kernels.detach().cpu().double()
        self._biases, self._table = biases.detach().cpu().double(), [list(row) for row in table]
        self._titles = list(map(str, range(len(maps)) if titles is None else titles))
        self._costs = self._counted(table), self._counted(None)
        super().__init__(name, number=number, full=full, row=row, column=column)

    @property
    def reads(self) -> list[int]:
        """The maps that the chosen map reads."""
        return list(range(len(self._maps))) if self.full else self._table[self.number]

    @property
    def unit(self) -> float:
        """What the chosen unit gives."""
        return float(self._made()[1][self.row, self.column])

    @property
    def parameters(self) -> int:
        """How many parameters the layer has, with the table or with the full connection."""
        return self._costs[self.full].parameters

    @property
    def places(self) -> tuple[int, int]:
        """Rows and columns of the map that is made."""
        return self._costs[0].output_shape[1:]

    def compute(self) -> dict[str, Any]:
        """The table, the maps, kernels and partial sums of the chosen map, and what it costs."""
        partial, made = self._made()
        kernels = self._kernels[self.number]
        here = partial[:, self.row, self.column]
        sign = "minus" if self._biases[self.number] < 0 else "plus"
        links = len(self._table), len(self._maps)
        return {
            "table": [list(range(links[1]))] * links[0] if self.full else self._table,
            "titles": self._titles,
            "reads": self.reads,
            "maps": rounded(self._maps[self.reads]),
            "kernels": rounded(kernels[self.reads]),
            "partial": rounded(partial),
            "map": rounded(made),
            "here": [number(value) for value in here],
            "bias": number(self._biases[self.number]),
            "costs": [self._cost(cost) for cost in self._costs],
            "words": (
                f"Map {self.number} of C3 reads {len(self.reads)} maps of S2. Row {self.row}, "
                f"column {self.column}: {' + '.join(_bracketed(value) for value in here)}, and "
                f"{sign} {number(abs(self._biases[self.number]))}, its bias, makes "
                f"{number(made[self.row, self.column])}."
            ),
        }

    def _made(self) -> tuple[Tensor, Tensor]:
        """The partial sums of the chosen map, and what they add up to."""
        kernels, maps = self._kernels[self.number, self.reads], self._maps[self.reads]
        partial = torch.conv2d(maps[None], kernels[:, None], groups=len(maps))[0]
        return partial, partial.sum(dim=0) + self._biases[self.number]

    def _counted(self, table: Sequence[Sequence[int]] | None) -> shapes.Trace:
        made, _, high, wide = self._kernels.shape
        c3 = shapes.Conv2d(made, (high, wide), connection_table=table, name="C3")
        return shapes.trace([c3], input_shape=tuple(self._maps.shape))

    def _cost(self, cost: shapes.Trace) -> str:
        """How the parameters come about: kernels, their weights, biases."""
        made, _, high, wide = self._kernels.shape
        kernels = (cost.parameters - made) // (high * wide)
        return (
            f"{kernels} kernels × {high * wide} + {made} biases = {cost.parameters:,} parameters, "
            f"{cost.connections:,} connections"
        )

    @traitlets.validate("number")
    def _known(self, proposal: dict[str, Any]) -> int:
        return max(0, min(proposal["value"], len(self._table) - 1))

    def picture(self) -> bytes:
        """The maps that are read, their kernels and partial sums, as a PNG."""
        from lenet_course import figures  # matplotlib, which no click has to wait for

        return figures.partial_sums(
            self._maps[self.reads],
            self._kernels[self.number, self.reads],
            self._biases[self.number],
            [self._titles[source] for source in self.reads],
        ).image


def _bracketed(value: Tensor) -> str:
    return f"({number(value)})" if float(number(value)) < 0 else number(value)
