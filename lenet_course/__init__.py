"""lenet-course: LeNet-5, walked through layer by layer.

Modules are imported one by one (`from lenet_course import shapes`), so that the ones without torch
start at once.
"""

from .devices import limit_threads

__version__ = "0.1.0"

limit_threads()
