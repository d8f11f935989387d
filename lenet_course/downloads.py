"""Where MNIST's four files come from: a folder of yours, the cache, or a mirror.

Whatever the source, a file counts only when the sha256 of its raw bytes is the known one. (The
bytes of a .gz are no use for that: they hold the time at which the file was packed.) Under a
file's own name the cache holds only bytes that have passed: a download is checked in memory,
written in a folder of its own, and moved into place in one step. So a crash leaves no half file
under that name, and two processes may fetch at once.

Introduced in chapter 08.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from .idx import DataError, read_bytes
from .mirrors import MIRRORS, download

FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""MNIST's files, and the sha256 of each, unpacked."""

PART = ".part-"
"""How the folder's name begins in which a file is written before it moves into the cache."""


def mnist(progress: bool | None = None) -> tuple[dict[str, bytearray], Path]:
    """The raw bytes of MNIST's four files, by name, and the folder they belong to.

    From the folder that LENET_COURSE_DATA names; else from the cache; else from the mirrors, which
    LENET_COURSE_OFFLINE=1 forbids. Raises DataError when LENET_COURSE_DATA is set and its files are
    missing or damaged, DownloadError when no mirror helped.
    """
    folder = data_folder()
    if folder is not None:
        return read_folder(folder), folder
    return fetch(progress=progress), cache_folder()


def keep_from(folder: str | Path, cache: str | Path | None = None) -> Path:
    """Put MNIST's files from a folder, such as a memory stick's, into the cache; return the cache.

    Raises DataError when the files are missing or damaged, or when the cache cannot keep them.
    """
    cache = cache_folder() if cache is None else Path(cache)
    for name, content in read_folder(folder).items():
        reason = _keep(cache, name, content)
        if reason:
            raise DataError(
                f"{name} could not be kept in {cache} ({reason}). Make room there, or set "
                "LENET_COURSE_CACHE to a folder that you may write to."
            )
    return cache


def data_folder() -> Path | None:
    """The folder that the variable LENET_COURSE_DATA names, or None when it is not set."""
    value = os.environ.get("LENET_COURSE_DATA", "").strip()
    return Path(value).expanduser() if value else None


def cache_folder() -> Path:
    """Where downloads are kept: LENET_COURSE_CACHE, or the system's usual place for caches."""
    value = os.environ.get("LENET_COURSE_CACHE", "").strip()
    if value:
        return Path(value).expanduser()
    import pooch

    return Path(pooch.os_cache("lenet-course"))


def offline() -> bool:
    """Whether LENET_COURSE_OFFLINE asks to leave the network alone."""
    return os.environ.get("LENET_COURSE_OFFLINE", "").strip().lower() not in ("", "0", "false")


def held(cache: str | Path, files: Mapping[str, str] = FILES) -> list[str]:
    """The names of those `files` (name: sha256) that lie in the cache and are right.

    Looks only: nothing is renamed, warned of or downloaded.
    """
    return [name for name, sha256 in files.items() if _is_right(Path(cache) / name, sha256)]


def read_folder(folder: str | Path, files: Mapping[str, str] = FILES) -> dict[str, bytearray]:
    """Read `files` (name: sha256) from a folder of someone's own, and check them.

    Each may be raw or .gz, and have '.idx' where the name has '-idx', as some mirrors write it.
    Raises DataError for a folder that is none, and for a missing, unreadable or damaged file.
    """
    folder = Path(folder)
    way_out = "Name the folder that holds MNIST's four files, or unset LENET_COURSE_DATA."
    try:
        if not folder.is_dir():
            raise DataError(f"There is no folder {folder}. {way_out}")
        return {name: _read_checked(_find(folder, name), sha256) for name, sha256 in files.items()}
    except PermissionError:
        raise DataError(f"You may not look into {folder}. {way_out}") from None


def fetch(
    files: Mapping[str, str] = FILES,
    mirrors: Sequence[str] | None = None,
    cache: str | Path | None = None,
    timeout: float = 10.0,
    retries: int = 1,
    progress: bool | None = None,
) -> dict[str, bytearray]:
    """Read `files` (name: sha256 of the raw bytes) from the cache, and download what it lacks.

    `mirrors` are folders on the web that hold each file as name + ".gz"; with () the network is
    left alone. `timeout` is the longest silence in seconds; a mirror is asked `retries` more times
    where that may help. `progress`: whether to show bars; by default where a person watches.

    A damaged file in the cache is renamed to name + ".damaged", which a warning tells, and fetched
    again. A cache that cannot be written to is no reason to stop: a warning says that the files
    were not kept. Raises DownloadError when a file is not to be had.

    Introduced in chapter 08.
    """
    cache = cache_folder() if cache is None else Path(cache)
    if mirrors is None:
        mirrors = () if offline() else MIRRORS
    mirrors = list(mirrors)
    if progress is None:
        progress = sys.stderr is not None and sys.stderr.isatty()
    contents, not_kept = {}, None
    for name, sha256 in files.items():
        content = _from_cache(cache / name, sha256)
        if content is None:
            content = download(name, sha256, mirrors, timeout, retries, progress)
            not_kept = _keep(cache, name, content) or not_kept
        contents[name] = content
    if not_kept:
        warnings.warn(
            f"The download was good, but could not be kept in {cache} ({not_kept}), so the next "
            "time needs the network again. Make room there, or set LENET_COURSE_CACHE to a folder "
            "that you may write to.",
            stacklevel=2,
        )
    return contents


def _find(folder: Path, name: str) -> Path:
    spellings = (name, name.replace("-idx", ".idx"))
    candidates = [folder / (spelling + end) for spelling in spellings for end in ("", ".gz")]
    for path in candidates:
        if path.is_file():
            return path
    raise DataError(
        f"{folder} has no file {name} or {name}.gz. Put MNIST's four files there, or unset "
        "LENET_COURSE_DATA to have them downloaded."
    )


def _read_checked(path: Path, sha256: str) -> bytearray:
    way_out = "Copy MNIST's file there again, or unset LENET_COURSE_DATA to have it downloaded."
    try:
        content = read_bytes(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}). {way_out}") from None
    found = _sha256(content)
    if found != sha256:
        raise DataError(
            f"{path} is not MNIST's file: its raw bytes have the sha256 {found[:12]}..., where "
            f"{sha256[:12]}... is right. {way_out}"
        )
    return content


def _from_cache(path: Path, sha256: str) -> bytearray | None:
    """The file's bytes, or None when it is not there or is damaged; then it is set aside."""
    try:
        content = bytearray(path.read_bytes())
    except OSError:
        return None
    if _sha256(content) == sha256:
        return content
    aside = path.with_name(path.name + ".damaged")
    try:
        path.replace(aside)
        what_now = f"It is now called {aside.name}."
    except OSError as error:
        what_now = f"It could not be renamed ({error.strerror or error})."
    warnings.warn(f"{path} is damaged and was not used. {what_now}", stacklevel=3)
    return None


def _keep(cache: Path, name: str, content: bytearray) -> str | None:
    """Put a file into the cache in one step. The reason in words when that cannot be done."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _sweep(cache)
        with tempfile.TemporaryDirectory(prefix=PART, dir=cache) as folder:
            part = Path(folder) / name
            part.write_bytes(content)
            part.replace(cache / name)
    except OSError as error:
        # Windows does not replace a file that another process is reading: the same file is fine.
        return None if _is_right(cache / name, _sha256(content)) else error.strerror or str(error)
    return None


def _is_right(path: Path, sha256: str) -> bool:
    try:
        return _sha256(path.read_bytes()) == sha256
    except OSError:
        return False


def _sweep(cache: Path, older_than: float = 3600.0) -> None:
    """Remove what a killed process left. What is younger may belong to one that is writing."""
    for folder in cache.glob(PART + "*"):
        with contextlib.suppress(FileNotFoundError):  # its owner has just removed it
            if time.time() - folder.stat().st_mtime > older_than:
                shutil.rmtree(folder, ignore_errors=True)


def _sha256(content: bytes | bytearray) -> str:
    return hashlib.sha256(content).hexdigest()
