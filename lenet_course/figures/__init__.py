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
from .inside import captioned, gallery, kernels, on_plane
from .maps import feature_maps
from .picture import Picture, canvas, painted
from .shapes import architecture, table, window
from .signed import products, signed_maps

__all__ = [
    "Picture",
    "answer",
    "architecture",
    "bars",
    "canvas",
    "captioned",
    "code_pictures",
    "confusion",
    "digits",
    "errors",
    "feature_maps",
    "gallery",
    "in_field",
    "kernels",
    "loss_animation",
    "losses",
    "on_plane",
    "painted",
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
