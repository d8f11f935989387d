"""The chapters of an installed course, and a learner's own copies of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from .errors import CourseError

HERE = Path(__file__).parent


class ChaptersError(CourseError):
    """The chapters cannot be copied. The message says why, and what to do."""


class Copied(NamedTuple):
    """What copying the chapters did, file by file, as paths inside the folder."""

    new: list[Path]
    same: list[Path]
    kept: list[Path]
    """They differ from the course's, a learner's work or another release's: left as they are."""


def source() -> Path:
    """The folder of the executed notebooks: in the package, or the repository's chapters/.

    Raises ChaptersError when neither is there.
    """
    for folder in (HERE / "pages", HERE.parent / "chapters"):
        if any(folder.glob("*.ipynb")):
            return folder
    raise ChaptersError(
        f"{HERE} was installed without its chapters: install the course again, for example with "
        "`pip install --force-reinstall --no-deps lenet-course`."
    )


def copy(folder: str | Path) -> Copied:
    """Copy the notebooks and what they show into a folder, which is made where it is missing.

    A file that is there already and differs stays as it is: it may be a learner's work. Raises
    ChaptersError for a folder that cannot be written to, and for the course's own.
    """
    folder, chapters, copied = Path(folder).expanduser(), source(), Copied([], [], [])
    if folder.resolve() == chapters.resolve():
        raise ChaptersError(f"{folder} holds the course's own chapters: name another folder.")
    for path in sorted([*chapters.glob("*.ipynb"), *chapters.glob("badges/*.svg")]):
        name = path.relative_to(chapters)
        try:
            _place(path, folder / name, name, copied)
        except OSError as error:
            raise ChaptersError(
                f"{folder / name} cannot be written ({error.strerror or error}): name another "
                "folder, one that you may write to."
            ) from None
    return copied


def _place(path: Path, target: Path, name: Path, copied: Copied) -> None:
    if target.exists():
        unchanged = target.is_file() and target.read_bytes() == path.read_bytes()
        (copied.same if unchanged else copied.kept).append(name)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
    copied.new.append(name)
