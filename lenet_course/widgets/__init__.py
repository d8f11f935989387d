"""Things to touch: one module a widget, its JavaScript, where it has any, beside it."""

from .convolution_stepper import ConvolutionStepper
from .digit_reader import DigitReader, read_digit
from .drawing_pad import DrawingPad
from .error_gallery import ErrorGallery
from .lenet_in_motion import LeNetInMotion
from .live_picture import LivePicture
from .shape_explorer import ShapeExplorer
from .subsampling_unit import SubsamplingUnit
from .table_explorer import TableExplorer
from .training_monitor import TrainingMonitor

__all__ = [
    "ConvolutionStepper",
    "DigitReader",
    "DrawingPad",
    "ErrorGallery",
    "LeNetInMotion",
    "LivePicture",
    "ShapeExplorer",
    "SubsamplingUnit",
    "TableExplorer",
    "TrainingMonitor",
    "read_digit",
]
