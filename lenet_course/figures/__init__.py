"""Every picture of the course: one width, one style, each with its text alternative.

Introduced in chapter 00.
"""

from .curves import bars, confusion, errors, loss_animation, losses, resumed, running_mean
from .digits import (
    answer,
    code_pictures,
    digits,
    in_field,
    preparation,
    reading,
    receptive_fields,
)
from .greys import pictures
from .light import along_a_row
from .maps import feature_maps
from .picture import Picture, canvas, painted
from .shapes import architecture, table, window
from .signed import products, signed_maps

__all__ = [
    "Picture",
    "along_a_row",
    "answer",
    "architecture",
    "bars",
    "canvas",
    "code_pictures",
    "confusion",
    "digits",
    "errors",
    "feature_maps",
    "in_field",
    "loss_animation",
    "losses",
    "painted",
    "pictures",
    "preparation",
    "products",
    "reading",
    "receptive_fields",
    "resumed",
    "running_mean",
    "signed_maps",
    "table",
    "window",
]
