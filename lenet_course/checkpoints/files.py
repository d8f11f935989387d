"""One file a checkpoint: whole or not there, and checked whenever it is read.

The format is safetensors, which holds numbers and text and can run nothing. Its own checks miss
nearly every flipped bit inside a tensor, so the file's name carries the start of the file's sha256:

    step-00000860-3f9a0c57d2b1e864.safetensors

Introduced in chapter 11.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from ..errors import CourseError

LARGEST = 512 * 2**20  # bytes; the widest network of the course with AdamW's state takes 40 MB
SIGNED = 16  # hexadecimal digits of the sha256 that a name carries
NAME = re.compile(rf"(?P<stem>.+)-(?P<digest>[0-9a-f]{{{SIGNED}}})\.safetensors")
TEMPORARY = ".unfinished"
FACTS = "lenet-course"


class CheckpointError(CourseError, RuntimeError):
    """A checkpoint cannot be written, read or used; the message names the file and the way out."""


def pack(tensors: dict[str, Tensor], facts: dict) -> bytes:
    """Put tensors and facts (numbers, text, lists, dicts of them) into one safetensors file.

    Example:
        >>> import torch
        >>> unpack(pack({"weight": torch.zeros(2)}, {"step": 3}))[1]
        {'step': 3}

    Introduced in chapter 11.
    """
    # A tensor that shares its memory with another, or is a view of a larger one, is refused by
    # safetensors; a copy is neither.
    copies = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
    return save(copies, {FACTS: json.dumps(facts)})


def unpack(content: bytes) -> tuple[dict[str, Tensor], dict]:
    """Take a file apart again: tensors on the CPU, and facts.

    Raises:
        ValueError: the bytes are no safetensors file of this course.

    Introduced in chapter 11.
    """
    try:
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        facts = json.loads(header["__metadata__"][FACTS])
        return load(content), facts
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def digest(content: bytes) -> str:
    """Sign bytes: the first 16 hexadecimal digits of their sha256.

    Example:
        >>> digest(b"LeNet-5")
        'bbbb5207af39aa23'

    Introduced in chapter 11.
    """
    return hashlib.sha256(content).hexdigest()[:SIGNED]


def write(folder: Path, stem: str, content: bytes) -> Path:
    """Write a file so that it is there whole, or not at all, whenever the machine stops.

    The bytes go to a file beside the final one, are pushed to the disk, read back, and only then
    given their name; the folder is pushed to the disk last, or the name could be lost again.

    Raises:
        CheckpointError: the disk is full, or the folder cannot be written to. What was there
            before is untouched.

    Introduced in chapter 11.
    """
    final = folder / f"{stem}-{digest(content)}.safetensors"
    unfinished = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(suffix=TEMPORARY, prefix=f"{stem}-", dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if digest(Path(unfinished).read_bytes()) != digest(content):
            raise OSError(errno.EIO, "the disk gives back other bytes than were written")
        Path(unfinished).replace(final)
        unfinished = None
        _push_folder(folder)
    except OSError as error:
        raise CheckpointError(_cannot_write(final, len(content), error)) from error
    finally:
        if unfinished is not None:
            Path(unfinished).unlink(missing_ok=True)
    return final


def read(path: Path) -> tuple[dict[str, Tensor], dict]:
    """Read a checkpoint, and refuse one that is not exactly what was written.

    Raises:
        CheckpointError: the file is missing, damaged, or no checkpoint of this course.

    Introduced in chapter 11.
    """
    name = NAME.fullmatch(path.name)
    if name is None:
        raise CheckpointError(
            f"{path.name} is no checkpoint of this course: its name does not end in a signature "
            f"like -3f9a0c57d2b1e864.safetensors. Give a file that the course wrote, with its name."
        )
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise CheckpointError(
                f"{path.name} has {size:,} bytes, and no checkpoint of this course comes near "
                f"{LARGEST:,}. It was not opened."
            )
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be read: {error.strerror}.") from error
    if digest(content) != name["digest"]:
        raise CheckpointError(
            f"{path.name} is damaged: its {len(content):,} bytes do not match the signature in its "
            f"name. Use an earlier checkpoint, or save it again."
        )
    try:
        return unpack(content)
    except ValueError as error:
        raise CheckpointError(
            f"{path.name} is no checkpoint of this course ({error}). It may come from elsewhere; "
            f"nothing in it was run."
        ) from error


def _push_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows opens no folders, and keeps names without being asked
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(path: Path, needed: int, error: OSError) -> str:
    there = next(each for each in (path.parent, *path.parent.parents) if each.exists())
    free = shutil.disk_usage(there).free
    return (
        f"{path.name} cannot be written: {error.strerror}. It needs {needed:,} bytes, and "
        f"{free:,} are free. Make room or choose another folder; earlier checkpoints are untouched."
    )
