"""Google Colab: what it lacks is added, what it brings is left alone, and that is said in a line.

The set-up cell of every chapter calls `prepare` there, after it has installed the course itself
without what it needs.
"""

from __future__ import annotations

import importlib
import platform
import subprocess
import sys

from . import __version__, doctor
from .errors import CourseError


class ColabError(CourseError):
    """What the course needs could not be added. The message says what, and what to do."""


def prepare() -> None:
    """Make a Colab machine ready, and say what was found. Called again, it adds nothing.

    PyTorch and all else that Colab brings stay as they are: a package that is loaded already
    cannot be exchanged without a restart. Raises ColabError when what is missing cannot be had.
    """
    added = missing()
    if added:
        _install(added)
    _allow_widgets()
    print(text(added))


def missing() -> list[str]:
    """What the course needs and Colab lacks, each with its tested range; never torch.

    The names and ranges are those of the installed course, so pyproject.toml is their one place.
    """
    wanted = [each for each in doctor.needed() if each.name != "torch"]
    return [str(each) for each in wanted if doctor.version_of(each.name) is None]


def text(added: list[str]) -> str:
    """One line for the page: what is here, and what was added to it."""
    torch = doctor.version_of("torch")
    line = (
        f"Google Colab with Python {platform.python_version()} and PyTorch {torch}, which stay as "
        f"they are; lenet-course {__version__} is installed, widgets are switched on."
    )
    return f"{line} Added: {', '.join(added)}." if added else line


def _install(packages: list[str]) -> None:
    """Let pip add packages, with every package that the course names held where it is."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    held = {each.name: doctor.version_of(each.name) for each in doctor.needed()}
    pins = [f"{name}=={version}" for name, version in held.items() if version]
    outcome = subprocess.run([*pip, *packages, *pins], capture_output=True, text=True)
    if outcome.returncode:
        reason = (outcome.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise ColabError(
            f"Colab lacks {', '.join(packages)}, and pip could not add it ({reason}). Run this "
            "cell again; if that does not help, choose Runtime > Disconnect and delete runtime."
        )
    importlib.invalidate_caches()


def _allow_widgets() -> None:
    """Let Colab's page load widgets that it does not know, which it does not do unasked."""
    from google.colab import output

    output.enable_custom_widget_manager()
