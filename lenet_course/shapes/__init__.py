"""Layers as plain descriptions, and their arithmetic. Imports no torch. Introduced in chapter 01.

Example:
    >>> from lenet_course import shapes
    >>> layers = [shapes.Conv2d(6, kernel_size=5, name="C1"), shapes.AvgPool2d(2, name="S2")]
    >>> shapes.trace(layers, input_shape=(1, 32, 32)).output_shape
    (6, 14, 14)
"""

from .arithmetic import ShapeError, output_size
from .layers import (
    RBF,
    Activation,
    AvgPool2d,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    Linear,
    MaxPool2d,
    Subsampling,
    Window,
)
from .tracing import Row, Trace, named, trace

__all__ = [
    "RBF",
    "Activation",
    "AvgPool2d",
    "Conv2d",
    "Dropout",
    "Flatten",
    "Layer",
    "Linear",
    "MaxPool2d",
    "Row",
    "ShapeError",
    "Subsampling",
    "Trace",
    "Window",
    "named",
    "output_size",
    "trace",
]
