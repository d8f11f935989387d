"""A folder of checkpoints: which is the latest, which the best, and which may go.

Nothing is written down about the folder: everything is derived from the files that can be read, so
there is no second thing that could be torn. Introduced in chapter 11.
"""

from __future__ import annotations

import math
import time
import warnings
from itertools import count
from pathlib import Path

from .files import NAME, TEMPORARY, CheckpointError, pack, read, write
from .state import State, from_parts

STALE = 3600  # seconds after which an unfinished file belongs to no running writer
DAMAGED = ".damaged"


def save(folder: str | Path, state: State) -> Path:
    """Write a state into a folder, as a file of its own.

    Args:
        folder: is made when it is missing.
        state: from `take`; its run tells "steps", which orders the files.

    Raises:
        CheckpointError: the disk is full or the folder cannot be written to.

    Introduced in chapter 11.
    """
    tensors, facts = state.encoded()
    return write(Path(folder), f"step-{state.run.get('steps', 0):08d}", pack(tensors, facts))


def load(path: str | Path) -> State:
    """Read one checkpoint.

    Raises:
        CheckpointError: the file is missing, damaged or foreign; the message says which.

    Introduced in chapter 11.
    """
    path = Path(path)
    return from_parts(*read(path), path.name)


def all(folder: str | Path) -> list[Path]:
    """List the checkpoints of a folder that can be read, the oldest first.

    One that cannot be read is renamed to name.damaged, and a warning says so.

    Introduced in chapter 11.
    """
    return [path for path, _ in readable(Path(folder))]


def latest(folder: str | Path) -> Path | None:
    """Find the newest checkpoint that can be read, or None.

    Introduced in chapter 11.
    """
    for path in reversed(_candidates(Path(folder))):
        if _readable(path) is not None:
            return path
    return None


def best(folder: str | Path) -> Path | None:
    """Find the checkpoint whose network had the smallest validation error, or None.

    An error that is no number is never the smallest. Of equals, the earliest.

    Introduced in chapter 11.
    """
    judged = [(validation_error(state), path) for path, state in readable(Path(folder))]
    return min(((e, path) for e, path in judged if math.isfinite(e)), default=(0, None))[1]


def validation_error(state: State) -> float:
    """Read the validation error of the network in a checkpoint; infinity when it was not judged.

    Introduced in chapter 11.
    """
    rows = state.run.get("history", {}).get("validations", [])
    if not rows or rows[-1]["step"] != state.run.get("steps"):
        return math.inf
    return rows[-1]["error"]


def retain(folder: str | Path, keep: int) -> None:
    """Delete all checkpoints but the newest `keep` and the best one, and stale unfinished files.

    Introduced in chapter 11.
    """
    folder = Path(folder)
    there = all(folder)
    stay = {*there[-keep:], best(folder)}
    for path in there:
        if path not in stay:
            path.unlink(missing_ok=True)
    for path in folder.glob(f"*{TEMPORARY}"):
        if _age(path) > STALE:
            path.unlink(missing_ok=True)


def set_aside(folder: str | Path) -> Path | None:
    """Move a folder's checkpoints into a folder of their own inside it, so that a run can start.

    Returns:
        Where they are now, or None when there were none.

    Introduced in chapter 11.
    """
    folder = Path(folder)
    there = _candidates(folder)
    if not there:
        return None
    taken = {path.name for path in folder.iterdir()}
    name = next(name for n in count(1) if (name := f"before-{n}") not in taken)
    for path in there:
        (folder / name).mkdir(exist_ok=True)
        path.replace(folder / name / path.name)
    return folder / name


def readable(folder: Path) -> list[tuple[Path, State]]:
    """List the checkpoints that can be read with what they hold, the oldest first.

    Introduced in chapter 11.
    """
    found = [(path, _readable(path)) for path in _candidates(folder)]
    return [(path, state) for path, state in found if state is not None]


def _candidates(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))


def _readable(path: Path) -> State | None:
    try:
        return load(path)
    except CheckpointError as error:
        if path.exists():  # another process may have tidied it away meanwhile
            aside = path.with_name(path.name + DAMAGED)
            path.replace(aside)
            warnings.warn(f"{error} It is now called {aside.name}.", stacklevel=3)
        return None


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
