"""From a photograph or a scan of one digit to the ink on its paper.

Paper in a photograph is grey, and another grey in each corner, where a drawing has 0 and 255. What
is done about it: the picture is turned upright and made grey; the light is divided out; whatever
differs enough from the paper is ink, if it belongs to the digit; strokes of a fine pen are made as
wide as those of MNIST. The ink goes on through `handwriting`. Introduced in chapter 15.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from .handwriting import BOX, HandwritingError, crop

LARGEST = 80_000_000
"""Pixels: a file that promises more is not opened, because it would fill the memory."""
SIDE = 512
"""Pixels: the longer side of the picture that is worked on. Larger ones are made smaller first."""
SMALL = 32
"""Pixels: the longer side of the copy on which the paper's grey is looked for."""
LEAST = 12
"""Pixels: the longer side of the smallest digit that can be told from a speck."""
FAINTEST = 0.1
"""How much darker than its paper ink is at least, as a share of the paper's brightness."""
STROKE = 1.8
"""Pixels: how wide strokes are at least when the digit fits 20 x 20. Half of MNIST's are wider."""
APART, NEAR = 0.08, 0.15
"""Shares of a digit's longer side: the paper between two digits at least, and between its parts."""
DARK = 32
"""Greys that are added before two are compared: in the dark a little noise is a large share."""
OFF, SUDDEN = 1.35, 1.2
"""How many times brighter the border of a page may be than its light, and than its neighbour."""
DEGREE, ROUNDS = 3, 12
"""Of the polynomial that follows the light, and how often its places are weighed anew."""
SOLID, NARROW = 0.68, 0.4
"""The share of its box that a digit fills at most, unless the box is as narrow as that of a 1."""
MUCH = 0.35
"""The share of a picture that is ink at most, with the same exception."""
OTHERS = "a table, a shadow, a frame"
CROP = "Crop it to one digit, with paper all around it."


class PhotographError(HandwritingError):
    """No digit can be taken from this picture; the message names the file, and says what to do."""


def read(path: str | Path) -> np.ndarray:
    """Take the digit from a picture file: uint8 (H, W), 0 for paper and 255 for ink.

    Args:
        path: of a photograph or scan of one digit, in any format that Pillow reads. Ink may be
            darker or lighter than its paper, and there must be paper all around it.

    Raises:
        PhotographError: there is no such file, or it is no picture, or it shows no digit, too small
            a one, or several.

    Example:
        >>> import tempfile
        >>> page = Image.new("L", (90, 120), 200)  # grey paper,
        >>> page.paste(40, (40, 20, 50, 100))  # and a stroke of a pen
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page.save(f"{folder}/one.png")
        ...     ink = read(f"{folder}/one.png")
        >>> ink.shape, ink[60, 45].item(), ink[60, 10].item()
        ((120, 90), 255, 0)

    Introduced in chapter 15.
    """
    return steps(path)["strokes"]


def steps(path: str | Path) -> dict[str, np.ndarray]:
    """The way from a picture file to the ink, picture by picture: "grey", "even", "ink", "strokes".

    They are the picture upright and grey; the same under even light; its ink; and the ink with
    strokes wide enough. All are uint8 of one size, and dark is large, as ink is.

    Args:
        path: as for `read`.

    Raises:
        PhotographError: as for `read`.

    Example:
        >>> steps("no such file.png")
        Traceback (most recent call last):
            ...
        lenet_course.photographs.PhotographError: no such file.png cannot be read: No such file or \
directory. Look whether it is there and may be read.

    Introduced in chapter 15.
    """
    path = Path(path)
    grey = brightness(path)
    if min(grey.shape) < LEAST:
        raise PhotographError(
            f"{path.name} is too small or too narrow a picture to show a digit. Give one of "
            f"{3 * LEAST} x {3 * LEAST} pixels or more, with a third of it taken by the digit."
        )
    _check_border(grey, path.name)
    darkness = even_out(grey)
    ink = _one_digit(_inked(darkness, grey, path.name), path.name)
    return {
        "grey": 255 - grey,
        "even": (255 * np.clip(darkness, 0, 1)).round().astype(np.uint8),
        "ink": ink,
        "strokes": thicken(ink),
    }


def brightness(path: str | Path) -> np.ndarray:
    """Read a picture file upright and grey: uint8 (H, W), 0 for black, 512 pixels a side at most.

    The camera's note on how it was held is followed. What shows through is white below something
    dark, and black below something light.

    Args:
        path: in any format that Pillow reads; of several pictures in it, the first.

    Raises:
        PhotographError: there is no such file, or it is no picture, or too large a one.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("RGB", (40, 30), (255, 0, 0)).save(f"{folder}/red.png")
        ...     red = brightness(f"{folder}/red.png")
        >>> red.shape, red[0, 0].item()
        ((30, 40), 76)

    Introduced in chapter 15.
    """
    image = _opened(Path(path))
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _in_bytes(image)
    elif image.has_transparency_data:
        image = _on_paper(image.convert("RGBA"))
    image = image.convert("L")
    image.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    # A large picture can spare its finest details, and the noise of a dark corner is among them.
    return np.asarray(image.filter(ImageFilter.GaussianBlur(max(image.size) / SIDE)))


def even_out(grey: np.ndarray) -> np.ndarray:
    """Divide the light out of a picture, and say how far each place is from its paper.

    The paper's grey at a place is the middle one of all greys in a wide neighbourhood: ink covers
    less than half of it. Ink is what differs from the paper more than anything else does, to the
    dark side or, on a blackboard, to the light side.

    Args:
        grey: uint8 (H, W), 0 for black and 255 for white.

    Returns:
        float (H, W): about 0 on paper, up to 1 on ink; 0.5 is half as bright as the paper.

    Example:
        >>> page = np.linspace(100, 200, 64, dtype=np.uint8).repeat(64).reshape(64, 64).T
        >>> page[16:48, 30:34] //= 4  # ink swallows three quarters of the light
        >>> int((even_out(page) > 0.5).sum())  # 32 rows, 4 columns
        128

    Introduced in chapter 15.
    """
    paper, grey = _paper(grey), grey.astype(float)
    darker, lighter = np.maximum(paper - grey, 0), np.maximum(grey - paper, 0)
    if np.square(lighter).sum() > np.square(darker).sum():
        grey, paper = 255 - grey, 255 - paper
    return (paper - grey) / np.maximum(paper, 1)


def stroke_width(ink: np.ndarray) -> float:
    """Measure how wide strokes are on average, in pixels: by what is left without their outline.

    A pixel taken from both sides of a stroke of width w takes 2 / w of its area.

    Args:
        ink: uint8 (H, W), 0 for paper and 255 for ink.

    Example:
        >>> page = np.zeros((60, 60), np.uint8)
        >>> page[5:55, 20:26] = 255
        >>> round(stroke_width(page), 1)  # a little less than 6: the ends are outline too
        5.6

    Introduced in chapter 15.
    """
    solid = Image.fromarray(np.where(np.pad(ink, 1) > 127, 255, 0).astype(np.uint8))
    area = np.count_nonzero(solid)
    inside = np.count_nonzero(solid.filter(ImageFilter.MinFilter(3)))
    return float(2 * area / (area - inside)) if area else 0.0


def thicken(ink: np.ndarray, least: float = STROKE) -> np.ndarray:
    """Widen thin strokes, pixel by pixel all around, until they are about as wide as MNIST's.

    Args:
        ink: uint8 (H, W), 0 for paper and 255 for ink.
        least: how wide strokes should be when the digit's longer side is 20 pixels.

    Returns:
        uint8 (H, W). A digit whose strokes are wide enough stays as it is.

    Raises:
        HandwritingError: there is no ink.

    Example:
        >>> page = np.zeros((120, 120), np.uint8)
        >>> page[10:110, 59:61] = 255  # as high as 20 pixels, and 0.4 wide
        >>> thicken(page)[60].astype(bool).sum().item() * 20 / 100
        2.0

    Introduced in chapter 15.
    """
    wanted = least * max(crop(ink).shape) / BOX
    for _ in range(round(wanted / 2)):  # a round adds two pixels, one on each side
        if wanted - stroke_width(ink) <= 1:
            break
        ink = np.asarray(Image.fromarray(ink).filter(ImageFilter.MaxFilter(3)))
    return ink


def _opened(path: Path) -> Image.Image:
    """The first picture in a file, upright, and small enough to work on."""
    if path.is_dir():
        raise PhotographError(f"{path.name} is a folder. Name the pictures in it.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(path)
        with image:
            if image.width * image.height > LARGEST:
                raise PhotographError(
                    f"{path.name} promises {image.width:,} x {image.height:,} pixels, and was not "
                    f"opened. Make it smaller: {LARGEST:,} pixels are the most."
                )
            image.load()
            return ImageOps.exif_transpose(image)
    except PhotographError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PhotographError(
            f"{path.name} promises far too many pixels, and was not opened. Make it smaller: "
            f"{LARGEST:,} pixels are the most."
        ) from None
    except OSError as error:
        if error.errno is not None:
            raise PhotographError(
                f"{path.name} cannot be read: {error.strerror}. Look whether it is there and may "
                f"be read."
            ) from None
        raise _no_picture(path) from None
    except Exception:  # what a damaged file raises has no end
        raise _no_picture(path) from None


def _no_picture(path: Path) -> PhotographError:
    return PhotographError(
        f"{path.name} is no picture that can be read, or a damaged one. Save it again as PNG or "
        f"JPEG (a telephone's HEIC has to be converted)."
    )


def _in_bytes(image: Image.Image) -> Image.Image:
    """A picture of 16-bit or other large values: Pillow would cut off whatever is above 255."""
    values = np.asarray(image, dtype=float)
    most = 65535 if image.mode != "F" else max(float(values.max()), 1.0)
    return Image.fromarray((255 * np.clip(values / most, 0, 1)).astype(np.uint8))


def _on_paper(image: Image.Image) -> Image.Image:
    """What shows through becomes paper: white below dark ink, black below light ink."""
    grey, opaque = np.asarray(image.convert("L")), np.asarray(image.getchannel("A")) > 127
    is_light = bool(opaque.any()) and grey[opaque].mean() > 127
    paper = Image.new("RGBA", image.size, "black" if is_light else "white")
    return Image.alpha_composite(paper, image)


def _check_border(grey: np.ndarray, name: str) -> None:
    """Along the border of a page lies what its light makes of paper, with no sudden change.

    The end of a stroke may touch the border: the median along it takes no notice of that.
    """
    small = np.asarray(_small(grey), dtype=float)
    light, border = _along_border(_light(small)), _along_border(_with_edges(small, grey))
    off, sudden = (abs(np.log(border / other)).max() for other in (light, np.roll(border, 1)))
    if off > np.log(OFF) or sudden > np.log(SUDDEN):
        raise PhotographError(f"{name} has more than paper along its edge: {OTHERS}. {CROP}")


def _along_border(small: np.ndarray) -> np.ndarray:
    """The greys once around a picture, each the median of an eighth of the way."""
    border = np.concatenate([small[0], small[1:, -1], small[-1, -2::-1], small[-2:0:-1, 0]])
    reach = len(border) // 16
    around = np.pad(border, reach, "wrap")
    windows = np.lib.stride_tricks.sliding_window_view(around, 2 * reach + 1)
    return np.median(windows, axis=1) + DARK


def _with_edges(small: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """A small copy with only the outermost pixels along its border: a frame may be thin."""
    whole, (high, wide) = Image.fromarray(grey), small.shape
    width, height = whole.size
    few, edged, way = max(1, max(whole.size) // 128), small.copy(), Image.Resampling.BOX
    for row, top in ((0, 0), (-1, height - few)):
        edged[row] = whole.resize((wide, 1), way, (0, top, width, top + few))
    for column, left in ((0, 0), (-1, width - few)):
        edged[:, column] = np.asarray(whole.resize((1, high), way, (left, 0, left + few, height)))[
            :, 0
        ]
    return edged


def _small(grey: np.ndarray) -> Image.Image:
    small = Image.fromarray(grey)
    small.thumbnail((SMALL, SMALL), Image.Resampling.BOX)
    return small


def _light(small: np.ndarray) -> np.ndarray:
    """The smooth surface, a polynomial of the place, that lies nearest to most of a picture.

    Nearest by the sum of distances, not of their squares: then what is not paper, be it ink or a
    table, hardly draws the surface to itself. Found by weighing each place by its distance.
    """
    down, right = (np.linspace(-1, 1, side) for side in small.shape)
    powers = [(i, j) for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)]
    terms = np.stack([np.outer(down**i, right**j).ravel() for i, j in powers], axis=1)
    found, weights = np.zeros(small.size), np.ones(small.size)
    for _ in range(ROUNDS):
        scale = np.sqrt(weights)[:, None]
        found = terms @ np.linalg.lstsq(terms * scale, small.ravel() * scale[:, 0], rcond=None)[0]
        weights = 1 / np.maximum(np.abs(small.ravel() - found), 1)
    return np.clip(found, 0, 255).reshape(small.shape)


def _paper(grey: np.ndarray) -> np.ndarray:
    """The paper's grey at each place: the median of a neighbourhood, found on a small copy.

    A neighbourhood at the edge lies to one side, where the light may be another: so the smooth
    part of the light is taken away first, and added again.
    """
    small = np.asarray(_small(grey), dtype=float)
    light = _light(small)
    reach = max(small.shape) // 3  # to each side: two thirds of the longer side in all
    wide = np.pad((small - light).astype(np.float32), reach, "reflect")
    around = np.lib.stride_tricks.sliding_window_view(wide, (2 * reach + 1, 2 * reach + 1))
    paper = light + np.median(around.reshape(*small.shape, -1), axis=2)
    size = grey.shape[1], grey.shape[0]
    wide = Image.fromarray(paper.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    return np.clip(np.asarray(wide, dtype=float), 0, 255)


def _inked(darkness: np.ndarray, grey: np.ndarray, name: str) -> np.ndarray:
    """Ink, uint8 (H, W): whatever is at least half as far from the paper as the darkest places."""
    if not _has_strokes(darkness, grey):
        raise PhotographError(
            f"{name} shows no ink: nothing in it stands out from the paper. Use a dark pen, and "
            f"more light."
        )
    where = darkness > _most(darkness) / 2
    ink = np.clip(darkness / np.median(darkness[where]), 0, 1)
    # The edge of a stroke is grey where it covers a part of a pixel: it belongs to the ink as well.
    return (255 * ink * _and_around(np.argwhere(where), ink.shape)).round().astype(np.uint8)


def _has_strokes(darkness: np.ndarray, grey: np.ndarray) -> bool:
    """Whether something stands out from what is near it: a shadow does not, and noise but little.

    Noise is the same everywhere in greys, and strongest in the dark as a share of the paper.
    """
    edge, step = _without_slopes(darkness), _without_slopes(grey - _paper(grey))
    noise = 1.5 * np.median(np.abs(step))  # the standard deviation, where most is paper
    return _most(edge) > FAINTEST / 2 and _most(np.abs(step)) > max(4.3 * noise, 4.5)


def _without_slopes(picture: np.ndarray) -> np.ndarray:
    """What differs from the mean of its surroundings, each a 24th of the picture wide."""
    whole = Image.fromarray(picture.astype(np.float32))
    small = tuple(max(1, round(side * 24 / max(whole.size))) for side in whole.size)
    mean = whole.resize(small, Image.Resampling.BOX).resize(whole.size, Image.Resampling.BICUBIC)
    return picture - np.asarray(mean)


def _most(values: np.ndarray) -> float:
    """The mean of the largest of 500."""
    return float(np.sort(values, axis=None)[-max(1, values.size // 500) :].mean())


def _and_around(places: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A mask of these places, (N, 2), and of all pixels that touch them."""
    page = np.zeros(shape, np.uint8)
    page[tuple(places.T)] = 255
    return np.asarray(Image.fromarray(page).filter(ImageFilter.MaxFilter(3))) > 0


def _one_digit(ink: np.ndarray, name: str) -> np.ndarray:
    """The ink that belongs to the digit: its largest piece, and whatever lies close to that."""
    pieces = sorted(_pieces(ink > 127), key=len, reverse=True)
    _check_piece(pieces[0], ink.shape, name)
    digit, keep = _Box(pieces[0]), []
    for piece in pieces:
        other = _Box(piece)
        gap = digit.gap(other) / digit.side
        if gap > APART and other.side > digit.side / 2:
            raise PhotographError(
                f"{name} shows several digits, or something else as large as the digit. {CROP}"
            )
        if gap < NEAR:
            keep.append(piece)
    side = _Box(np.concatenate(keep)).side
    if side < LEAST:
        raise PhotographError(
            f"{name} shows ink of {side} pixels at most, too little for a digit. Take the picture "
            f"from nearer, or crop it to the digit."
        )
    return np.where(_and_around(np.concatenate(keep), ink.shape), ink, 0).astype(np.uint8)


def _check_piece(piece: np.ndarray, shape: tuple[int, ...], name: str) -> None:
    on_edge = ((piece == 0) | (piece == np.array(shape) - 1)).any(axis=1).sum()
    box = np.ptp(piece, axis=0) + 1
    is_much = len(piece) > min(SOLID * box.prod(), MUCH * np.prod(shape))
    is_sheet = is_much and box.min() > NARROW * box.max()
    if on_edge > sum(shape) / 2 or is_sheet:  # a quarter of the way around
        raise PhotographError(f"{name} has more than paper along its edge: {OTHERS}. {CROP}")


class _Box:
    """The smallest rectangle around a piece of ink."""

    def __init__(self, piece: np.ndarray) -> None:
        self.top, self.left = piece.min(axis=0)
        self.bottom, self.right = piece.max(axis=0)

    @property
    def side(self) -> int:
        """The longer one."""
        return int(max(self.bottom - self.top, self.right - self.left)) + 1

    def gap(self, other: _Box) -> int:
        """How many pixels of paper lie between two boxes, across or down; 0 where they overlap."""
        across = max(self.left, other.left) - min(self.right, other.right)
        down = max(self.top, other.top) - min(self.bottom, other.bottom)
        return max(0, int(across) - 1, int(down) - 1)


def _pieces(where: np.ndarray) -> Iterator[np.ndarray]:
    """The connected pieces of a mask, each as the (row, column) of its pixels, shape (N, 2)."""
    width = where.shape[1] + 1  # a column of paper on the right, so that no row joins the next
    left = {row * width + column for row, column in np.argwhere(where).tolist()}
    around = (-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1)
    while left:
        wave = [left.pop()]
        piece = list(wave)
        while wave:
            wave = list({place + step for place in wave for step in around} & left)
            left.difference_update(wave)
            piece += wave
        yield np.stack(np.divmod(np.array(piece), width), axis=1)
