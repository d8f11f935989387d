"""How many places a sliding window can stand, and what to say when it cannot.

Introduced in chapter 01.
"""

from __future__ import annotations

from ..errors import CourseError

Pair = tuple[int, int]


class ShapeError(CourseError, ValueError):
    """A layer cannot be made, or cannot take what the layer before it gives.

    The message names the layer, the shapes or settings that clash, and what to change.
    """


def output_size(
    size: int,
    kernel_size: int,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> int:
    """Count the places where a window can stand along one side of a picture.

    Args:
        size: length of the side, in pixels.
        kernel_size: length of the window, in samples.
        stride: pixels from one place to the next.
        padding: pixels added at each of the two ends.
        dilation: pixels from one sample of the window to the next.
        ceil_mode: let a last window hang over the far end, as torch's pooling can.

    Returns:
        The length of that side of the feature map. Zero or less means the window does not fit.

    Example:
        >>> output_size(32, kernel_size=5)
        28
        >>> output_size(7, kernel_size=2, stride=2), output_size(7, 2, stride=2, ceil_mode=True)
        (3, 4)

    Introduced in chapter 01.
    """
    room = size + 2 * padding - dilation * (kernel_size - 1) - 1
    if not ceil_mode:
        return room // stride + 1
    places = -(-room // stride) + 1
    # A window has to start on the picture or on the padding before it, never on the padding after.
    return places - 1 if (places - 1) * stride >= size + padding else places


def pair(value: int | Pair) -> Pair:
    """Write a setting for both sides, height first: 5 becomes (5, 5).

    Example:
        >>> pair(5), pair((3, 7))
        ((5, 5), (3, 7))
    """
    return value if isinstance(value, tuple) else (value, value)


def by(sides: tuple[int, ...]) -> str:
    """Write a shape as people say it.

    Example:
        >>> by((6, 28, 28))
        '6x28x28'
    """
    return "x".join(str(side) for side in sides)
