"""Is this machine ready for the course? One line for each thing that matters, and one in all.

Introduced in chapter 00.
"""

from __future__ import annotations

import os
import platform
import shutil
import site
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from . import __version__, devices, downloads, memory
from .idx import DataError

if TYPE_CHECKING:
    from email.message import Message

    from packaging.requirements import Requirement

PACKAGE = "lenet-course"
MEMORY_NEEDED = 800_000_000
"""Bytes: what a chapter's kernel takes at most."""
DISK_NEEDED = 200_000_000
"""Bytes: MNIST unpacked, what is written on the way, and room to breathe."""

LETTERS = {
    "Python": "P",
    "device": "G",
    "threads": "T",
    "memory": "M",
    "disk": "S",
    "data": "D",
    "widgets": "W",
}
"""What a finding is called in the code that a class reads out; a package is V, for version."""
FRONT_END = {"@jupyter-widgets/jupyterlab-manager": "jupyterlab-widgets", "anywidget": "anywidget"}
"""What JupyterLab needs to draw the course's widgets, and which package brings it."""


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
    """Look at Python, packages, device, threads, memory, disk, data, widgets. Changes nothing.

    >>> report()[0].what
    'Python'

    Introduced in chapter 00.
    """
    return [
        *_packages(),
        _device(),
        _threads(),
        _memory(),
        _disk(),
        _data(),
        _widgets(),
    ]


def summary(findings: list[Finding]) -> str:
    """The report in one sentence, for a class to read out, its code last.

    >>> line = summary([Finding("device", "cpu", "ok"), Finding("disk", "full", "wrong: no room")])
    >>> line.partition(" is ")[2]
    'NOT ready: disk has to be put right. Code: NO-S'
    """
    course, wrong = f"{PACKAGE} {__version__}", [each for each in findings if each.is_wrong]
    if wrong:
        names = [each.what for each in wrong]
        have = "has" if len(names) == 1 else "have"
        listed = f"{', '.join(names)} {have} to be put right"
        return f"{course} is NOT ready: {listed}. Code: {code(findings)}"
    found = {finding.what: finding.found for finding in findings}
    named = [f"{name} {found[name]}" for name in ("Python", "torch") if name in found]
    named += [found["device"], f"data: {found['data']}"]
    return f"{course} is ready: {', '.join(named)}. Code: {code(findings)}"


def code(findings: list[Finding]) -> str:
    """OK or NO, and a letter for each thing that is to be put right or, after OK, worth knowing.

    >>> code([Finding("device", "cpu", "ok"), Finding("data", "not here yet", "note: fetch it")])
    'OK-D'
    """
    wrong = [each for each in findings if each.is_wrong]
    notes = [each for each in findings if each.verdict.startswith("note")]
    letters = dict.fromkeys(LETTERS.get(each.what, "V") for each in wrong or notes)
    return "-".join(part for part in ("NO" if wrong else "OK", "".join(letters)) if part)


def needed() -> list[Requirement]:
    """What the installed course needs, with its tested ranges, as its own metadata says it."""
    from packaging.requirements import Requirement

    requirements = [Requirement(line) for line in metadata.requires(PACKAGE) or []]
    return [each for each in requirements if _applies(each, "")]


def version_of(name: str) -> str | None:
    """The version of an installed package, or None where there is none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


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
    lab = [each for each in requirements if not _applies(each, "") and _applies(each, "lab")]
    if _on_colab():
        lab = []  # it brings a front end of its own
    return [
        _python(python, Requirement(f"Python{about.get('Requires-Python', '')}"), about),
        *(_judge(each, version_of(each.name)) for each in needed()),
        *(_judge(each, version_of(each.name), optional=True) for each in lab),
    ]


def _python(version: str, wanted: Requirement, about: Message) -> Finding:
    """Too old is wrong; another than was tried mostly works, and is a note."""
    tried = [line.rsplit(" ", 1)[1] for line in about.get_all("Classifier", []) if ":: 3." in line]
    minor = ".".join(version.split(".")[:2])
    if wanted.specifier.contains(version, prereleases=True) and tried and minor not in tried:
        return Finding("Python", version, f"note: newer than was tested ({', '.join(tried)})")
    return _judge(wanted, version)


def _on_colab() -> bool:
    return "google.colab" in sys.modules


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _judge(requirement: Requirement, version: str | None, optional: bool = False) -> Finding:
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


def _threads() -> Finding:
    cores, asked = devices.thread_count(), os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > cores:
        verdict = f"note: only {cores} can run at once, and more wait for each other: unset it"
        return Finding("threads", f"{asked} (OMP_NUM_THREADS)", verdict)
    return Finding("threads", asked if asked.isdecimal() else str(cores), "ok")


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


def _widgets() -> Finding:
    """Whether the page that is used can draw sliders, the explorers and the drawing pad."""
    if _on_colab():
        return Finding("widgets", "Colab", "ok")
    places = [
        Path(base, "share/jupyter/labextensions") for base in (sys.prefix, site.getuserbase())
    ]
    lacking = [
        package
        for extension, package in FRONT_END.items()
        if not any((place / extension / "package.json").is_file() for place in places)
    ]
    if lacking:
        verdict = (
            f"note: they stay empty in this Python's JupyterLab: pip install {' '.join(lacking)}"
        )
        return Finding("widgets", "not in JupyterLab", verdict)
    return Finding("widgets", "JupyterLab", "ok")
