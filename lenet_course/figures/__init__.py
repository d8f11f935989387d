"""Every picture of the course: one width, one style, each with its text alternative.

Introduced in chapter 00.
"""

from .curves import bars, confusion, errors, loss_animation, losses, running_mean
from .digits import answer, code_pictures, digits
from .picture import Picture, canvas, painted
from .shapes import architecture, table, window

__all__ = [
    "Picture",
    "answer",
    "architecture",
    "bars",
    "canvas",
    "code_pictures",
    "confusion",
    "digits",
    "errors",
    "loss_animation",
    "losses",
    "painted",
    "running_mean",
    "table",
    "window",
]
