"""One file a checkpoint: whole or not there, and checked whenever it is read.

The format is safetensors, which holds numbers and text and can run nothing. Its own checks miss
every flipped bit inside a tensor, so the file's name carries the start of the file's sha256, a
checksum against accidents (whoever means harm can make a new one):

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

from safetensors.torch import load, save
from torch import Tensor

from ..errors import CourseError

LARGEST = 512 * 2**20  # bytes; the widest network of the course with AdamW's state takes 40 MB
LONGEST = 2**20  # bytes of names and facts, some 10 kB as a rule; as objects, up to 60 times that
SIGNED = 16  # hexadecimal digits of the sha256 that a name carries
NAME = re.compile(rf"(?P<stem>.+)-(?P<digest>[0-9a-f]{{{SIGNED}}})\.safetensors")
TEMPORARY = ".unfinished"
FACTS = "lenet-course"
UMASK = os.umask(0)  # can only be asked for by setting it
os.umask(UMASK)


class CheckpointError(CourseError, RuntimeError):
    """A checkpoint cannot be written, read or used; the message says why, and what to do."""


class DamagedError(CheckpointError):
    """A file does not hold what was written, or was never a checkpoint; it will not get better."""


def pack(tensors: dict[str, Tensor], facts: dict) -> bytes:
    """Put tensors and facts (numbers, text, lists, dicts of them) into one safetensors file.

    Raises:
        CheckpointError: it would be too large to be read again.

    Example:
        >>> import torch
        >>> unpack(pack({"weight": torch.zeros(2)}, {"step": 3}))[1]
        {'step': 3}

    Introduced in chapter 11.
    """
    content = save(plain(tensors), {FACTS: json.dumps(facts)})
    if len(content) > LARGEST or _facts_length(content) > LONGEST:
        raise CheckpointError(
            f"This checkpoint has {len(content):,} bytes and {_facts_length(content):,} of facts, "
            f"and could not be read again: {LARGEST:,} and {LONGEST:,} are the most. Take "
            f"a smaller network, or validate less often."
        )
    return content


def plain(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copy tensors as safetensors wants them: on the CPU, dense, and none a view of another.

    Introduced in chapter 11.
    """
    return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}


def unpack(content: bytes) -> tuple[dict[str, Tensor], dict]:
    """Take a file apart again: tensors on the CPU, and facts.

    Raises:
        ValueError: the bytes are no safetensors file of this course.

    Introduced in chapter 11.
    """
    length = _facts_length(content)
    if length > LONGEST:
        raise ValueError(f"it claims {length:,} bytes of facts, and {LONGEST:,} are the most")
    try:
        header = json.loads(content[8 : 8 + length])
        facts = json.loads(header["__metadata__"][FACTS])
        return load(content), facts
    except Exception as error:  # what a made-up file raises has no end
        raise ValueError(f"{type(error).__name__}: {brief(error)}") from error


def digest(content: bytes) -> str:
    """Sign bytes: the first 16 hexadecimal digits of their sha256.

    Example:
        >>> digest(b"LeNet-5")
        'bbbb5207af39aa23'

    Introduced in chapter 11.
    """
    return hashlib.sha256(content).hexdigest()[:SIGNED]


def brief(words: object) -> str:
    """Repeat a stranger's words without what could fill or confuse a terminal.

    Example:
        >>> brief("C1.weight\\x1b[2J")
        'C1.weight[2J'

    Introduced in chapter 11.
    """
    return "".join(letter for letter in str(words)[:80] if letter.isprintable())


def signed(stem: str, content: bytes) -> str:
    """Make the name that a file with this content has.

    Example:
        >>> signed("step-00000860", b"LeNet-5")
        'step-00000860-bbbb5207af39aa23.safetensors'

    Introduced in chapter 11.
    """
    return f"{stem}-{digest(content)}.safetensors"


def write(final: Path, content: bytes) -> None:
    """Write a file so that it is there whole, or not at all, whenever the machine stops.

    The bytes go to a file beside the final one, are pushed to the disk, read back, and only then
    given their name; the folder is pushed to the disk last, or the name could be lost again.

    Raises:
        CheckpointError: the disk is full, or the folder cannot be written to: then what was there
            before is untouched. Or the file is there, and the folder cannot be pushed to the disk.

    Introduced in chapter 11.
    """
    unfinished = None
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(TEMPORARY, f"{final.stem}-", final.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if digest(Path(unfinished).read_bytes()) != digest(content):
            raise OSError(errno.EIO, "the disk gives back other bytes than were written")
        Path(unfinished).chmod(0o666 & ~UMASK)  # mkstemp lets nobody else read it
        Path(unfinished).replace(final)
        unfinished = None
    except OSError as error:
        raise CheckpointError(_cannot_write(final, len(content), error)) from error
    finally:
        if unfinished is not None:
            Path(unfinished).unlink(missing_ok=True)
    try:
        _push_folder(final.parent)
    except OSError as error:
        raise CheckpointError(
            f"{final.name} is written, but its folder could not be pushed to the disk "
            f"({error.strerror}): if the power fails now, it may be lost. Save to another disk."
        ) from error


def check_folder(folder: Path) -> None:
    """Make a folder, and make sure that files can be written into it: before hours of work.

    Raises:
        CheckpointError: it cannot be made, or nothing can be written there.

    Introduced in chapter 11.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CheckpointError(
            f"Nothing can be saved in {folder.name}: {error.strerror}. Choose another folder."
        ) from error


def read(path: Path) -> tuple[dict[str, Tensor], dict]:
    """Read a checkpoint, and refuse one that is not exactly what was written.

    Raises:
        CheckpointError: the file is missing or cannot be read.
        DamagedError: it is damaged, or no checkpoint of this course.

    Introduced in chapter 11.
    """
    name = NAME.fullmatch(path.name)
    if name is None:
        raise DamagedError(
            f"{path.name} is no checkpoint of this course: its name does not end in a signature "
            f"like -3f9a0c57d2b1e864.safetensors. Give a file that the course wrote, with its name."
        )
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise DamagedError(
                f"{path.name} has {size:,} bytes, and no checkpoint of this course comes near "
                f"{LARGEST:,}. It was not opened."
            )
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"{path.name} cannot be read: {error.strerror}. Look whether it is there and may be "
            f"read, or use another file."
        ) from error
    if digest(content) != name["digest"]:
        raise DamagedError(
            f"{path.name} is damaged: its {len(content):,} bytes do not match the signature in its "
            f"name. Use an earlier checkpoint, or save it again."
        )
    try:
        return unpack(content)
    except ValueError as error:
        raise DamagedError(
            f"{path.name} is no checkpoint of this course ({error}). It may come from elsewhere; "
            f"nothing in it was run."
        ) from error


def _push_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows opens no folders: there a power cut may take the newest name
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network folders cannot do it
            raise
    finally:
        os.close(handle)


def _facts_length(content: bytes) -> int:
    return int.from_bytes(content[:8], "little")


def _cannot_write(path: Path, needed: int, error: OSError) -> str:
    there = next(each for each in (path.parent, *path.parent.parents) if each.exists())
    free = shutil.disk_usage(there).free
    return (
        f"{path.name} cannot be written: {error.strerror}. It needs {needed:,} bytes, and "
        f"{free:,} are free. Make room or choose another folder; earlier checkpoints are untouched."
    )
