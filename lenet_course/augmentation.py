"""More digits from those there are: shifted, turned, scaled and squeezed, a whole batch at once.

A matrix for each digit says, for every pixel of the new picture, where to look in the old one. So a
batch is one call, on whatever device it lies.

Introduced in chapter 08.
"""

from __future__ import annotations

import numbers

import torch
from torch import Tensor
from torch.nn import functional

from .idx import DataError


def distort(
    images: Tensor,
    generator: torch.Generator,
    shift: float = 1.0,
    rotate: float = 8.0,
    scale: float = 0.1,
    squeeze: float = 0.1,
    background: float | None = None,
) -> Tensor:
    """Give back each digit as another hand might have written it: all are drawn apart, at random.

    Args:
        images: prepared digits, float (N, channels, H, W).
        generator: where chance comes from, on any device. What a digit meets depends on its state
            and on the digit's place in the batch, not on the other digits.
        shift: at most so many pixels, down or up, and as many to either side.
        rotate: at most so many degrees, either way.
        scale: at most so much larger, or as many times smaller; 0.1 is from 1 / 1.1 to 1.1 times.
        squeeze: at most so much wider, and as many times lower; or narrower and higher.
        background: the paper's value; each picture's smallest unless given.

    Returns:
        As `images`: the same shape, dtype and device.

    Raises:
        DataError: for images that are not prepared, for settings that are not numbers from 0 on,
            and for a seed in the generator's place.

    Example:
        >>> digits = torch.zeros(64, 1, 32, 32)
        >>> distort(digits, torch.Generator().manual_seed(0)).shape
        torch.Size([64, 1, 32, 32])

    Introduced in chapter 08. The paper's network made 0.95% errors without distortions, 0.8% with
    them; those of this function are the course's own.
    """
    _check_images(images, "distort")
    if not isinstance(generator, torch.Generator):
        raise DataError(
            f"generator is {generator!r}; give a torch.Generator, as in "
            "torch.Generator().manual_seed(0), so that the same digits come out again."
        )
    settings = {"shift": shift, "rotate": rotate, "scale": scale, "squeeze": squeeze}
    for name, most in settings.items():
        if not isinstance(most, numbers.Real) or not 0 <= most < float("inf"):
            raise DataError(f"{name} is {most!r}; give how much it may be at most, 0 or more.")
    # A row for each digit, so that the digits of a smaller batch meet what they meet in this one.
    chance = torch.rand(len(images), 5, generator=generator, device=generator.device)
    down, right, turn, larger, wider = (2 * chance - 1).to(images).unbind(dim=1)
    places = look_up(
        shift * down, shift * right, rotate * turn, (1 + scale) ** larger, (1 + squeeze) ** wider
    )
    return warp(images, places, background)


def look_up(
    down: float | Tensor = 0.0,
    right: float | Tensor = 0.0,
    turn: float | Tensor = 0.0,
    grow: float | Tensor = 1.0,
    widen: float | Tensor = 1.0,
) -> Tensor:
    """Say where the pixels of a distorted digit come from: (N, 2, 3), a matrix for each digit.

    A matrix takes a pixel's place in the new picture, (x, y, 1), to its place in the old one, both
    in pixels from the middle, x to the right and y down. The digit is first grown and widened, then
    turned, then shifted; looking up goes the other way.

    Args:
        down, right: pixels.
        turn: degrees, anticlockwise.
        grow: how many times as large.
        widen: how many times as wide, and as many times lower.
            Each of the five is a number, or a tensor with one for each digit.

    Example:
        >>> twice_as_large = look_up(grow=2.0)[0]
        >>> (twice_as_large @ torch.tensor([10.0, -4.0, 1.0])).tolist()
        [5.0, -2.0]

    Introduced in chapter 08.
    """
    given = [torch.as_tensor(each) for each in (down, right, turn, grow, widen)]
    like = next((each for each in given if each.ndim), torch.zeros(1))
    down, right, turn, grow, widen = torch.broadcast_tensors(*[each.to(like) for each in given])
    cosine, sine = turn.deg2rad().cos(), turn.deg2rad().sin()
    across = torch.stack([cosine, -sine], dim=-1) / (grow * widen)[..., None]
    along = torch.stack([sine, cosine], dim=-1) / (grow / widen)[..., None]
    matrix = torch.stack([across, along], dim=-2).reshape(-1, 2, 2)
    moved = torch.stack([right, down], dim=-1).reshape(-1, 2, 1)
    return torch.cat([matrix, -matrix @ moved], dim=2)


def warp(images: Tensor, places: Tensor, background: float | None = None) -> Tensor:
    """Make pictures by looking up every pixel of each in the old one, between pixels by a blend.

    Args:
        images: prepared digits, float (N, channels, H, W).
        places: (N, 2, 3) or (1, 2, 3), as `look_up` gives them.
        background: what lies outside a picture; each picture's smallest value unless given.

    Raises:
        DataError: for images that are not prepared, and for matrices that do not fit them.

    Example:
        >>> row = torch.tensor([[[[0.0, 1.0, 2.0, 0.0]]]])
        >>> warp(row, look_up(right=1.0)).round(decimals=4)
        tensor([[[[0., 0., 1., 2.]]]])

    Introduced in chapter 08.
    """
    _check_images(images, "warp")
    count, _, height, width = images.shape
    if places.shape not in ((count, 2, 3), (1, 2, 3)):
        raise DataError(
            f"There are {count:,} images, and matrices of shape {tuple(places.shape)}. Give "
            f"({count}, 2, 3), one matrix for each image, or (1, 2, 3), one for all."
        )
    if not images.numel():
        return images.clone()
    paper = images.amin(dim=(1, 2, 3), keepdim=True) if background is None else background
    # Torch measures from -1 to 1 across the picture, whatever its sides.
    half = torch.tensor([width / 2, height / 2]).to(images)
    matrix, moved = places.to(images).expand(count, 2, 3).split([2, 1], dim=2)
    relative = torch.cat([matrix * half / half[:, None], moved / half[:, None]], dim=2)
    grid = functional.affine_grid(relative, list(images.shape), align_corners=False)
    # Outside the picture torch finds 0, so 0 has to be paper meanwhile.
    return functional.grid_sample(images - paper, grid, align_corners=False) + paper


def _check_images(images: Tensor, where: str) -> None:
    is_tensor = isinstance(images, Tensor)
    if is_tensor and images.dtype in (torch.float32, torch.float64) and images.ndim == 4:
        return
    kind = f"a {type(images).__name__}"
    if is_tensor:
        kind = f"{str(images.dtype).removeprefix('torch.')} of shape {tuple(images.shape)}"
    raise DataError(
        f"{where} takes prepared digits, float32 of shape (N, channels, H, W); these are {kind}. "
        "Give what a network's `prepare` makes of images."
    )
