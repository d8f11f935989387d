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

from .files import NAME, TEMPORARY, CheckpointError, DamagedError, pack, read, signed, write
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
    content = pack(*state.encoded())
    path = Path(folder) / signed(f"step-{state.run.get('steps', 0):08d}", content)
    write(path, content)
    return path


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

    One that is damaged is renamed to name.damaged, and a warning says so.

    Raises:
        CheckpointError: one cannot be read, or was written by a newer course. The same holds for
            all functions here that look at a folder.

    Introduced in chapter 11.
    """
    return [path for path, _ in _judged(folder)]


def latest(folder: str | Path) -> Path | None:
    """Find the newest checkpoint that is whole, or None.

    Introduced in chapter 11.
    """
    found = newest(folder)
    return None if found is None else found[0]


def newest(folder: str | Path) -> tuple[Path, State] | None:
    """Find the newest checkpoint that is whole, and read it.

    Introduced in chapter 11.
    """
    for path in reversed(_candidates(folder)):
        if (state := _readable(path)) is not None:
            return path, state
    return None


def best(folder: str | Path) -> Path | None:
    """Find the checkpoint whose network had the smallest validation error, or None.

    An error that is no number is never the smallest. Of equals, the earliest.

    Introduced in chapter 11.
    """
    return _best(_judged(folder))


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

    Args:
        folder: of one run.
        keep: 1 or more.

    Introduced in chapter 11.
    """
    if keep < 1:
        raise CheckpointError(f"keep={keep} cannot be. Give at least 1.")
    judged = _judged(folder)
    stay = {_best(judged), *(path for path, _ in judged[-keep:])}
    for path, _ in judged:
        if path not in stay:
            path.unlink(missing_ok=True)
    for path in Path(folder).glob(f"*{TEMPORARY}"):
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


def _judged(folder: str | Path) -> list[tuple[Path, float]]:
    """Read all checkpoints one by one, the oldest first; keep their validation errors only."""
    found = ((path, _readable(path)) for path in _candidates(folder))
    return [(path, validation_error(state)) for path, state in found if state is not None]


def _best(judged: list[tuple[Path, float]]) -> Path | None:
    finite = [(error, path) for path, error in judged if math.isfinite(error)]
    return min(finite)[1] if finite else None


def _candidates(folder: str | Path) -> list[Path]:
    folder = Path(folder)
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name) and path.is_file())


def _readable(path: Path) -> State | None:
    try:
        return load(path)
    except DamagedError as error:
        warnings.warn(f"{error} {_rename(path)}", stacklevel=4)
        return None
    except CheckpointError:
        if path.exists():
            raise
        return None  # another process has tidied it away meanwhile


def _rename(path: Path) -> str:
    aside = path.with_name(path.name + DAMAGED)
    try:
        path.replace(aside)
    except OSError:  # another process was first, or nothing can be renamed here
        return "It was passed over."
    return f"It is now called {aside.name}."


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
