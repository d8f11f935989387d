"""Small pictures for widgets, made fast: no matplotlib between a stroke and its reading."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image


def png(grey: np.ndarray, enlarge: int = 1) -> bytes:
    """A uint8 (H, W) array as PNG, every pixel drawn as enlarge x enlarge pixels."""
    file = io.BytesIO()
    Image.fromarray(grey.repeat(enlarge, axis=0).repeat(enlarge, axis=1)).save(file, "png")
    return file.getvalue()


def data_url(grey: np.ndarray, enlarge: int = 1) -> str:
    """A uint8 (H, W) array as an address for <img src>, so that a page needs no file."""
    return "data:image/png;base64," + base64.b64encode(png(grey, enlarge)).decode("ascii")
