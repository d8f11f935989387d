"""Is this machine ready for the course? One line for each thing that matters, and one in all.

Introduced in chapter 00.
"""

from __future__ import annotations

import platform
import shutil
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from . import devices, downloads, memory
from .idx import DataError

PACKAGE = "lenet-course"
MEMORY_NEEDED = 800_000_000
"""Bytes: what a chapter's kernel takes at most."""
DISK_NEEDED = 200_000_000
"""Bytes: MNIST unpacked, what is written on the way, and room to breathe."""


class Finding(NamedTuple):
    """One line of the report. `verdict` begins with "ok", "note" (worth knowing) or "wrong"."""

    what: str
    found: str
    verdict: str

    @property
    def is_wrong(self) -> bool:
        """Whether the course will not run until this is put right."""
        return self.verdict.startswith("wrong")


def report() -> list[Finding]:
    """Look at Python, packages, device, threads, memory, disk and data. Changes nothing.

    >>> report()[0].what
    'Python'

    Introduced in chapter 00.
    """
    return [
        *_packages(),
        _device(),
        Finding("threads", str(devices.thread_count()), "ok"),
        _memory(),
        _disk(),
        _data(),
    ]


def summary(findings: list[Finding]) -> str:
    """The report in one sentence, for a class to read out."""
    wrong = [finding.what for finding in findings if finding.is_wrong]
    if wrong:
        return f"Not ready. To put right: {', '.join(wrong)}."
    found = {finding.what: finding.found for finding in findings}
    named = [f"{name} {found[name]}" for name in ("Python", "torch") if name in found]
    return f"Ready: {', '.join([*named, found['device']])}, data: {found['data']}."


def text(findings: list[Finding]) -> str:
    """The report as aligned lines, the summary last."""
    width = max(len(finding.what) for finding in findings)
    column = min(28, max(len(finding.found) for finding in findings))
    lines = [f"{what:<{width}}  {found:<{column}}  {verdict}" for what, found, verdict in findings]
    return "\n".join([*lines, "", summary(findings)])


def _packages() -> list[Finding]:
    python = platform.python_version()
    try:
        about = metadata.metadata(PACKAGE)
        from packaging.requirements import Requirement
    except ImportError as error:  # PackageNotFoundError is one of these
        missing = getattr(error, "name", None) or PACKAGE
        verdict = f"wrong: {missing} is not installed; run in the course's folder: pip install -e ."
        return [Finding("Python", python, "ok"), Finding(PACKAGE, "not installed", verdict)]
    requirements = [Requirement(line) for line in metadata.requires(PACKAGE) or []]
    core = [each for each in requirements if _applies(each, "")]
    lab = [each for each in requirements if not _applies(each, "") and _applies(each, "lab")]
    wanted = Requirement(f"Python{about.get('Requires-Python', '')}")
    return [
        _judge(wanted, python),
        *(_judge(each, _version(each.name)) for each in core),
        *(_judge(each, _version(each.name), optional=True) for each in lab),
    ]


def _applies(requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _judge(requirement, version: str | None, optional: bool = False) -> Finding:
    """Too old or missing is wrong; newer than what was tried mostly works, and is a note."""
    name, tested = requirement.name, requirement.specifier
    install = f'pip install "{name}{tested}"'
    level = "note" if optional else "wrong"  # Colab, for one, brings a Jupyter of its own
    if version is None:
        return Finding(name, "not installed", f"{level}: {install}")
    if tested.contains(version, prereleases=True):
        return Finding(name, version, "ok")
    ceilings = [each for each in tested if each.operator in ("<", "<=")]
    floors = [each for each in tested if each not in ceilings]
    if ceilings and all(each.contains(version, prereleases=True) for each in floors):
        return Finding(name, version, f"note: newer than was tested ({tested})")
    return Finding(name, version, f"{level}: {install}")


def _device() -> Finding:
    try:
        return Finding("device", str(devices.pick()), "ok")
    except (ImportError, OSError) as error:  # OSError: torch is there, its libraries do not load
        return Finding("device", "unknown", f"wrong: torch does not start ({error})")


def _memory() -> Finding:
    free = memory.available()
    if free is None:
        return Finding("memory", "unknown", "note: a chapter takes up to 0.8 GB")
    found = f"{free / 1e9:.1f} GB free"
    if free < MEMORY_NEEDED:
        way_out = "shut down other notebooks or programs"
        return Finding("memory", found, f"wrong: a chapter takes up to 0.8 GB; {way_out}")
    return Finding("memory", found, "ok")


def _disk() -> Finding:
    folder = _existing(downloads.cache_folder())
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free"
    if free < DISK_NEEDED:
        way_out = "make room, or set LENET_COURSE_CACHE to a folder elsewhere"
        return Finding("disk", found, f"wrong: the data takes up to 0.2 GB in {folder}; {way_out}")
    return Finding("disk", found, "ok")


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists already."""
    folder = folder.absolute()
    return next(each for each in (folder, *folder.parents) if each.is_dir())


def _data() -> Finding:
    folder = downloads.data_folder()
    if folder is not None:
        try:
            downloads.read_folder(folder)
        except DataError as error:
            return Finding("data", "not MNIST", f"wrong: {error}")
        return Finding("data", "MNIST", f"ok: in {folder} (LENET_COURSE_DATA)")
    cache = downloads.cache_folder()
    if len(downloads.held(cache)) == len(downloads.FILES):
        return Finding("data", "MNIST", f"ok: in {cache}")
    return Finding("data", "not here yet", "note: fetch it once (11 MB) with: lenet-course data")
