"""The bytes of an IDX file, the format in which MNIST's digits are kept.

A file begins with four bytes: two zeros, the type of its values (08 is an unsigned byte) and its
number of dimensions (1 for labels, 3 for images). Then the size of each dimension, four bytes, the
largest part first ("big-endian"). The rest is the values, row by row.

Introduced in chapter 08.
"""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import CourseError

if TYPE_CHECKING:
    import torch

LARGEST = 64_000_000
"""The most bytes a file may have; MNIST's largest has 47,040,016."""

UNSIGNED_BYTE = 0x08
TYPES = {
    0x09: "signed bytes",
    0x0B: "16-bit integers",
    0x0C: "32-bit integers",
    0x0D: "32-bit floats",
    0x0E: "64-bit floats",
}


class DataError(CourseError, RuntimeError):
    """Digits that cannot be used, in one sentence: what was wrong, and what to do."""


def read_idx(source: bytes | bytearray | str | Path, name: str | None = None) -> torch.Tensor:
    """Read labels, uint8 (N,), or images, uint8 (N, H, W), from an IDX file or from its bytes.

    A path may lead to a gzipped file. `name` is what error messages call the source. A `bytearray`
    shares its memory with the tensor; anything else is copied.

    Raises DataError when the header is not that of labels or images, and when the file holds fewer
    or more bytes than its header promises.

    >>> read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
    tensor([7, 2, 1], dtype=torch.uint8)

    Introduced in chapter 08.
    """
    import torch  # here, so that files can be fetched and checked before torch is there

    if isinstance(source, str | Path):
        name = name or str(source)
        source = read_bytes(source)
    name = name or "the IDX data"
    sizes = _sizes(source, name)
    start, count = 4 + 4 * len(sizes), math.prod(sizes)
    _check_length(len(source) - start, sizes, name)
    if count == 0:  # torch.frombuffer refuses to read nothing
        return torch.empty(sizes, dtype=torch.uint8)
    # torch wants memory that it may write to, which `bytes` are not.
    memory = source if isinstance(source, bytearray) else bytearray(source)
    return torch.frombuffer(memory, dtype=torch.uint8, offset=start).view(sizes)


def read_bytes(path: str | Path, limit: int = LARGEST) -> bytearray:
    """The raw bytes of the file at `path`, unpacked if gzipped; never more than `limit` + 1.

    Raises OSError when the file cannot be read, DataError when it cannot be unpacked.
    """
    with Path(path).open("rb") as file:
        return unpack(file.read(limit + 1), str(path), limit)


def unpack(content: bytes, name: str, limit: int = LARGEST) -> bytearray:
    """Unpack `content` if it is gzipped, to at most `limit` bytes; else give it back as it is.

    Raises DataError when it is gzipped and damaged, cut short, or larger than `limit` unpacked.
    """
    if not content.startswith(b"\x1f\x8b"):
        return bytearray(content)
    try:
        # A small file can be made to unpack to gigabytes: ask for one byte too many, and no more.
        raw = gzip.GzipFile(fileobj=io.BytesIO(content)).read(limit + 1)
    except EOFError:
        raise DataError(f"{name} is cut short: its gzip data has no end. Fetch it again.") from None
    except (OSError, zlib.error) as error:
        raise DataError(f"{name} is damaged gzip data ({error}). Fetch it again.") from None
    if len(raw) > limit:
        raise DataError(f"{name} unpacks to more than {limit:,} bytes: it is no file of MNIST.")
    return bytearray(raw)


def _sizes(source: bytes | bytearray, name: str) -> tuple[int, ...]:
    """The header's sizes: (N,) for labels, (N, H, W) for images."""
    if len(source) < 4:
        raise DataError(
            f"{name} has {len(source)} bytes, too few for an IDX header. Fetch it again."
        )
    zeros, value_type, dimensions = source[:2], source[2], source[3]
    if zeros != b"\0\0":
        found = " ".join(f"{byte:02X}" for byte in source[:4])
        page = " It looks like a web page." if looks_like_a_page(source) else ""
        raise DataError(
            f"{name} is no IDX file: it begins with the bytes {found}, where labels have "
            f"00 00 08 01 and images 00 00 08 03.{page} Fetch it again."
        )
    if value_type != UNSIGNED_BYTE:
        meaning = TYPES.get(value_type, "no type that IDX knows")
        raise DataError(
            f"{name} holds values of type {value_type:02X} ({meaning}), where digits have type 08 "
            "(unsigned bytes). Convert it to unsigned bytes, or fetch MNIST's own file."
        )
    if dimensions not in (1, 3):
        raise DataError(
            f"{name} has {dimensions} dimensions, where labels have 1 and images have 3. "
            "Give one of MNIST's four files."
        )
    if len(source) < 4 + 4 * dimensions:
        raise DataError(
            f"{name} is cut short: {len(source)} bytes, where the header alone takes "
            f"{4 + 4 * dimensions}. Fetch it again."
        )
    return struct.unpack_from(f">{dimensions}I", source, 4)


def _check_length(found: int, sizes: tuple[int, ...], name: str) -> None:
    promised = math.prod(sizes)
    if found == promised:
        return
    product = " x ".join(f"{size:,}" for size in sizes)
    fault = "is cut short" if found < promised else "has bytes to spare"
    raise DataError(
        f"{name} {fault}: its header promises {product} = {promised:,} values, and {found:,} "
        "follow. Fetch it again."
    )


def looks_like_a_page(content: bytes | bytearray) -> bool:
    """Whether `content` begins as HTML or XML does: what a tired mirror sends instead of a file."""
    return bytes(content[:64]).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
