"""Make one archive from which the course installs without a network, on machines like this one.

    make bundle                 writes dist/lenet-course-VERSION-SYSTEM-PROCESSOR-PYTHON.zip

In it are the wheels a learner needs, checked by their sha256 on the way (but for PyTorch's and what
only this system needs: CONTRIBUTING.md says why), the course with its chapters, MNIST's four files,
and the script that installs them. It fits this system, this kind of processor and this Python, so a
room with several kinds of machines needs one of each.
"""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import install

from lenet_course import __version__, downloads
from lenet_course.errors import CourseError

README = """\
lenet-course {version} for Python {python} on {system}, {machine}.

Unpack the whole archive. Then, in the folder with this file:

    python{python} tools/from_bundle.py          on Windows: py -{python} tools\\from_bundle.py

No network is needed. This installs the course beside this file, in .venv, copies the chapters into
chapters/ and the digits into your cache folder, and says how to open the first chapter.
"""
SCRIPTS = ("install.py", "from_bundle.py")


def platform_words() -> dict[str, str]:
    """Name what an archive fits: the course's version, Python's, the system and its processor."""
    return {
        "version": __version__,
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "system": platform.system(),
        "machine": platform.machine(),
    }


def run(venv: Path, *arguments: str) -> None:
    """Run pip; raises InstallError when it stopped."""
    done, output = install.pip(venv, *arguments)
    if not done:
        raise install.InstallError(install.explain(output, venv))


def fetch_wheels(venv: Path, wheels: Path) -> None:
    """Fill a folder with the course's wheel and those of all that a learner needs."""
    shutil.rmtree(install.ROOT / "build", ignore_errors=True)  # modules of an earlier build
    run(venv, "wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(install.ROOT))
    course = str(next(wheels.glob("lenet_course-*.whl")))
    download = ["download", "--only-binary", ":all:", "-d", str(wheels)]
    torch = ["--no-deps", f"torch=={install.installed_torch(venv)}"]
    at_hand, _ = install.pip(venv, *download, "--no-index", *torch)
    if not at_hand:
        index = ["--index-url", install.PYTORCH_CPU_INDEX] if "+cpu" in torch[-1] else []
        run(venv, *download, *index, *torch)
    locked = str(install.locked_around(venv, "lab"))
    run(venv, *download, "--require-hashes", "--no-deps", "-r", locked)
    # What only this system needs, such as colorama on Windows, is not locked: pip adds it.
    whole = ["--find-links", str(wheels), f"{course}[lab]"]
    complete, _ = install.pip(venv, *download, "--no-index", *whole)
    if not complete:
        run(venv, *download, "-c", str(install.constraints_around(venv)), *whole)


def pack(wheels: Path, digits: dict[str, bytearray], archive: Path) -> None:
    """Write the archive. Wheels are packed already; the digits shrink to a fifth."""
    top, words = archive.stem, platform_words()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(f"{top}/README.txt", README.format(**words))
        for name in SCRIPTS:
            file.write(install.ROOT / "tools" / name, f"{top}/tools/{name}")
        for path in sorted(wheels.glob("*.whl")):
            file.write(path, f"{top}/wheels/{path.name}", zipfile.ZIP_STORED)
        for name, content in digits.items():
            file.writestr(f"{top}/data/{name}", bytes(content))


def main() -> int:
    """Make the archive of the environment that runs this; return 0, or 1 after one sentence."""
    began, venv = time.monotonic(), Path(sys.prefix)
    name = "lenet-course-{version}-{system}-{machine}-py{python}.zip".format(**platform_words())
    archive = install.ROOT / "dist" / name.lower()
    archive.parent.mkdir(exist_ok=True)
    try:
        install.say("Fetching MNIST and the wheels (a minute, 300 MB) ...")
        digits, _ = downloads.mnist()
        with tempfile.TemporaryDirectory() as folder:
            fetch_wheels(venv, Path(folder))
            pack(Path(folder), digits, archive)
    except (install.InstallError, CourseError) as error:
        print(f"lenet-course: {error}", file=sys.stderr)
        return 1
    size, seconds = archive.stat().st_size / 1e6, time.monotonic() - began
    install.say(f"{install.shown(archive)}: {size:.0f} MB, made in {seconds:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
