"""Puts the executed chapters into the wheel; everything else is in pyproject.toml.

In the repository they lie where people look for them, in chapters/, and there is no second copy.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

CHAPTERS = Path(__file__).parent / "chapters"


class WithChapters(build_py):
    """Build the package, and lay the notebooks and their badges beside its modules."""

    def run(self) -> None:
        """Copy nothing for an editable installation: that one reads chapters/ itself."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "lenet_course" / "pages"
        shutil.rmtree(target, ignore_errors=True)  # what an earlier build left
        for path in [*CHAPTERS.glob("*.ipynb"), *CHAPTERS.glob("badges/*")]:
            copy = target / path.relative_to(CHAPTERS)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


setup(cmdclass={"build_py": WithChapters})
