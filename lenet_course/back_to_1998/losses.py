"""The paper's two losses at the states of F6: value, first derivatives, second derivatives.

Both are half of what the paper writes, as in E = 1/2 sum of squares: its rates were found with the
half. Sources are pages of LeCun et al. (1998). Introduced in chapter 13.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ..codes import digit_codes
from ..layers import map_loss


def distances(states: Tensor, codes: Tensor) -> Tensor:
    """Measure the squared distance of states (..., 84) from each of ten codes: (..., 10), eq. 7.

    Introduced in chapter 13.
    """
    return (states.unsqueeze(-2) - codes).square().sum(-1)


def codes_like(states: Tensor) -> Tensor:
    """Give figure 3's codes of the digits, (10, 84), in the states' number type and place.

    Introduced in chapter 13.
    """
    return torch.tensor(digit_codes(), dtype=states.dtype, device=states.device)


@dataclass(frozen=True)
class SquaredError:
    """E = 1/2 sum (x - code of the right digit)^2: half of eq. 8 (p. 8). "MSE" in the paper."""

    def value(self, states: Tensor, labels: Tensor, codes: Tensor) -> Tensor:
        """E of each network's digit: (K, 84) and (K,) to (K,)."""
        return 0.5 * (states - codes[labels]).square().sum(-1)

    def gradient(self, states: Tensor, labels: Tensor, codes: Tensor) -> Tensor:
        """First derivatives by each state: (K, 84)."""
        return states - codes[labels]

    def curvature(self, states: Tensor, labels: Tensor, codes: Tensor) -> Tensor:
        """Second derivatives by each state: all 1, (K, 84)."""
        return torch.ones_like(states)


@dataclass(frozen=True)
class MAP:
    """E = 1/2 (y_right + log(e^-j + sum_i e^-y_i)): half of eq. 9 (p. 9).

    With p_i = e^-y_i / (e^-j + sum of all e^-y), how much class i competes, the gradient pulls
    towards the right code and pushes away from each code by p_i.

    Args:
        j: see `layers.map_loss`.
        exact: take this loss's own second derivatives for the step sizes, and not those of the
            squared error, 1. The paper does not say. A digit that is read with confidence has
            almost none, so after the first pass the mean says "flat", the steps grow to the ceiling
            eta / mu, and the digits that still teach something are overshot.
    """

    j: float = 20.0
    exact: bool = False

    def value(self, states: Tensor, labels: Tensor, codes: Tensor) -> Tensor:
        """E of each network's digit: (K, 84) and (K,) to (K,)."""
        return 0.5 * map_loss(distances(states, codes), labels, self.j)

    def gradient(self, states: Tensor, labels: Tensor, codes: Tensor) -> Tensor:
        """First derivatives by each state: (K, 84)."""
        pull = functional.one_hot(labels, len(codes)) - self._competition(states, codes)
        return (pull.unsqueeze(2) * (states.unsqueeze(1) - codes)).sum(1)

    def curvature(self, states: Tensor, labels: Tensor, codes: Tensor) -> Tensor:
        """Second derivatives by each state, (K, 84): 1, or where `exact`, never negative either,

        1 - sum p_i + 2 (sum p_i d_i^2 - (sum p_i d_i)^2), with d_i = x - code i: the last two
        terms are a variance, in which e^-j takes the part of a class that lies at d = 0.
        """
        if not self.exact:
            return torch.ones_like(states)
        competition = self._competition(states, codes).unsqueeze(2)
        away = states.unsqueeze(1) - codes
        variance = (competition * away**2).sum(1) - (competition * away).sum(1) ** 2
        return 1 - competition.sum(1) + 2 * variance

    def _competition(self, states: Tensor, codes: Tensor) -> Tensor:
        """p_i of each class: (K, 10). A softmax in which e^-j is one more class, then left out."""
        scores = -distances(states, codes)
        return functional.pad(scores, (0, 1), value=-self.j).softmax(1)[:, :-1]


Loss = SquaredError | MAP
