"""The network of 1998, trained as in 1998, several seeds side by side. Introduced in chapter 13.

| module | its one idea |
|---|---|
| `network` | forward and backward by hand, for K networks with a digit each |
| `weights` | first weights, Table I's gaps, to and from the course's own module |
| `losses` | the two losses, their first and second derivatives |
| `distortions` | digits pushed out of shape |
| `training` | the step of each weight, a pass, the plan of a run |
| `paper` | what the paper reports of its own training |

Example:
    >>> from lenet_course import back_to_1998
    >>> back_to_1998.first_weights([0, 1, 2]).shape
    torch.Size([3, 60900])
"""

from .losses import MAP, SquaredError
from .training import (
    OUR_RATES,
    PAPER_RATES,
    Pass,
    Plan,
    curvature,
    errors,
    make_step,
    one_pass,
    step_sizes,
)
from .weights import first_weights, from_module, to_module, trainable

__all__ = [
    "MAP",
    "OUR_RATES",
    "PAPER_RATES",
    "Pass",
    "Plan",
    "SquaredError",
    "curvature",
    "errors",
    "first_weights",
    "from_module",
    "make_step",
    "one_pass",
    "step_sizes",
    "to_module",
    "trainable",
]
