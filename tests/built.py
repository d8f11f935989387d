"""The course as a wheel, built from a copy of the working tree, so that no build/ is left in it."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOT_COPIED = shutil.ignore_patterns(".*", "*.egg-info", "__pycache__", "build", "dist", "tests")


def tree(folder):
    """A copy of the working tree, without what was built in it."""
    return Path(shutil.copytree(ROOT, folder / "tree", ignore=NOT_COPIED))


def wheel(source, folder):
    """The wheel of the course, from a working tree or an unpacked source distribution."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--no-index", "-w", folder, source], check=True)
    (built,) = folder.glob("lenet_course-*.whl")
    return built


def sdist(source, folder):
    """The source distribution of the course, as setuptools builds it."""
    code = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    command = [sys.executable, "-c", code, folder]
    subprocess.run(command, cwd=source, check=True, stdout=subprocess.DEVNULL)
    (built,) = folder.glob("*.tar.gz")
    return built


def installed(built, folder):
    """Install a wheel into a folder of its own, without what it needs. Returns the folder."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", folder, built], check=True)
    return folder
