"""One unit of a convolution: its products, their sum, its bias, the squash. For chapter 02."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
import traitlets
from torch import Tensor

from lenet_course.layers import ScaledTanh

from .explorer import Explorer, number, rounded, script

LARGEST = 99.0  # weight or bias, either way: enough to type, and sums stay readable


class ConvolutionStepper(Explorer):
    """A window that moves over a digit, and all that the unit behind it computes.

    The window moves by arrow keys or mouse, on the digit or on the map that is made; every weight
    and the bias can be typed, and another digit chosen. Python has the same in its hands:
    `stepper.row`, `.column`, `.bias`, `.digit` (a number from 0 on) and `.kernel`.

    Args:
        digits: float (N, H, W), 0 for paper.
        kernel: float (h, w), the first weights.
        bias: the first bias.
        row, column: upper left corner of the window.
        digit: which of the digits is shown first.
        titles: what the digits are called; their numbers by default.
        name: keeps what was set when the cell runs again.

    Example:
        >>> import torch
        >>> stepper = ConvolutionStepper(torch.ones(1, 32, 32), torch.full((5, 5), 0.1), bias=-2)
        >>> print(stepper.words[:75])
        Row 0, column 0: 25 products add up to 2.50; with the bias -2.00 that makes

    Introduced in chapter 02; the squash is opened up in chapter 03.
    """

    _esm = script("convolution_stepper.js")

    settings: ClassVar[tuple[str, ...]] = ("digit", "weights", "bias", "row", "column")

    digit = traitlets.Int(0, help="Which of the digits").tag(sync=True)
    weights = traitlets.List(traitlets.Float(), help="The kernel, row by row").tag(sync=True)
    bias = traitlets.Float(0.0, help="What is added to the sum").tag(sync=True)

    def __init__(
        self,
        digits: Tensor,
        kernel: Tensor,
        bias: float = 0.0,
        row: int = 0,
        column: int = 0,
        digit: int = 0,
        titles: Sequence[str] | None = None,
        name: str | None = None,
    ) -> None:
        self._digits, self._shape = digits.detach().cpu().double(), tuple(kernel.shape)
        self._titles = list(map(str, range(len(digits)) if titles is None else titles))
        self._first = {"weights": _listed(kernel), "bias": float(bias)}
        place = {"row": row, "column": column, "digit": digit}
        super().__init__(name, **self._first, **place)

    @property
    def kernel(self) -> Tensor:
        """The weights as they are: (h, w). Setting it shows others."""
        return torch.tensor(self.weights).reshape(self._shape)

    @kernel.setter
    def kernel(self, kernel: Tensor) -> None:
        self.weights = _listed(kernel)

    @property
    def unit(self) -> float:
        """What the unit gives before the squash: the sum of the products, and the bias."""
        return self._unit

    @property
    def places(self) -> tuple[int, int]:
        """Where the window can stand: rows and columns of the map."""
        high, wide = (
            side - size + 1 for side, size in zip(self._digits.shape[1:], self._shape, strict=True)
        )
        return high, wide

    def compute(self) -> dict[str, Any]:
        """The window, the products, the map, and the sentence that adds them up."""
        image = self._digits[self.digit]
        kernel = torch.tensor(self.weights, dtype=torch.float64).reshape(self._shape)
        high, wide = self._shape
        window = image[self.row : self.row + high, self.column : self.column + wide]
        products = window * kernel
        total = products.sum()
        unit = total + self.bias
        self._unit = float(unit)
        made = torch.conv2d(image[None, None], kernel[None, None])[0, 0] + self.bias
        squashed = ScaledTanh()(unit)
        return {
            "titles": self._titles,
            "first": self._first,
            "kernel_size": [high, wide],
            "image": rounded(image),
            "map": rounded(made),
            "window": [number(value) for value in window.flatten()],
            "products": [number(value) for value in products.flatten()],
            "sum": number(total),
            "unit": number(unit),
            "squashed": number(squashed),
            "words": (
                f"Row {self.row}, column {self.column}: {products.numel()} products add up to "
                f"{number(total)}; with the bias {number(self.bias)} that makes {number(unit)}. "
                f"The squash of 1998 makes {number(squashed)} of it: "
                f"1.7159 tanh(2/3 × {number(unit)})."
            ),
        }

    @traitlets.validate("weights")
    def _complete(self, proposal: dict[str, Any]) -> list[float]:
        if len(proposal["value"]) != self._shape[0] * self._shape[1]:
            raise traitlets.TraitError(
                f"A kernel of {self._shape[0]}x{self._shape[1]} has "
                f"{self._shape[0] * self._shape[1]} weights, not {len(proposal['value'])}."
            )
        return [_bounded(weight) for weight in proposal["value"]]

    @traitlets.validate("bias")
    def _readable(self, proposal: dict[str, Any]) -> float:
        return _bounded(proposal["value"])

    @traitlets.validate("digit")
    def _known(self, proposal: dict[str, Any]) -> int:
        return max(0, min(proposal["value"], len(self._digits) - 1))

    def picture(self) -> bytes:
        """The window, the kernel and the products, as a PNG."""
        from lenet_course import figures  # matplotlib, which no key has to wait for

        image = self._digits[self.digit]
        return figures.products(image, self.kernel, self.row, self.column).image


def _listed(kernel: Tensor) -> list[float]:
    """The weights as people type them: 0.1, which float32 holds as 0.10000000149."""
    return [round(weight, 6) for weight in kernel.detach().cpu().double().flatten().tolist()]


def _bounded(value: float) -> float:
    return max(-LARGEST, min(value, LARGEST))
