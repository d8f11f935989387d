"""Every picture of the course: one width, one style, each with its text alternative.

Introduced in chapter 00.
"""

from .beside import beside_paper
from .costs import growth, parts
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
from .functions import by_depth, functions, regions
from .greys import pictures
from .inside import captioned, gallery, kernels, on_plane
from .light import along_a_row
from .links import nested_squares, partial_sums
from .maps import feature_maps
from .motion import in_motion
from .passes import passes
from .picture import Picture, canvas, painted, painted_small
from .scores import shares
from .shapes import architecture, table, window
from .signed import products, signed_maps
from .spreads import losses_up_to, spreads

__all__ = [
    "Picture",
    "along_a_row",
    "answer",
    "architecture",
    "bars",
    "beside_paper",
    "by_depth",
    "canvas",
    "captioned",
    "code_pictures",
    "confusion",
    "digits",
    "errors",
    "feature_maps",
    "functions",
    "gallery",
    "growth",
    "in_field",
    "in_motion",
    "kernels",
    "loss_animation",
    "losses",
    "losses_up_to",
    "nested_squares",
    "on_plane",
    "painted",
    "painted_small",
    "partial_sums",
    "parts",
    "passes",
    "pictures",
    "preparation",
    "products",
    "reading",
    "receptive_fields",
    "regions",
    "resumed",
    "running_mean",
    "shares",
    "signed_maps",
    "spreads",
    "table",
    "window",
]
