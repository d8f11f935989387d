"""Install the course from an unpacked archive that `make bundle` made: no network is asked.

    python3 tools/from_bundle.py

Standard library only, and written so that old Pythons can read it: it has to tell them so.
"""

import re
import sys
from pathlib import Path

import install

WHEELS = install.ROOT / "wheels"


def check_wheels() -> None:
    """Refuse a folder without wheels, and another Python than they were made for."""
    torch = next(WHEELS.glob("torch-*.whl"), None)
    if torch is None or not list(WHEELS.glob("lenet_course-*.whl")):
        raise install.InstallError(
            f"{WHEELS} does not hold the course: unpack the whole archive, then run this again."
        )
    major, minor = re.search(r"-cp(\d)(\d+)-", torch.name).groups()
    if sys.version_info[:2] != (int(major), int(minor)):
        raise install.InstallError(
            f"This archive was made for Python {major}.{minor}, and this is Python "
            f"{sys.version_info[0]}.{sys.version_info[1]}: run python{major}.{minor} "
            "tools/from_bundle.py, or make an archive with this Python."
        )


def steps(venv: Path) -> None:
    """Make the environment, fill it from the wheels, and lay out digits and chapters."""
    install.make_venv(venv)
    install.say("Installing the course from the archive (a minute; 1.5 GB on disk) ...")
    arguments = ["--no-index", "--find-links", str(WHEELS), "lenet-course[lab]"]
    done, output = install.pip(venv, "install", *arguments)
    if not done:
        raise install.InstallError(install.explain(output, venv))
    install.quieten_lab(venv)
    course = [str(install.python_in(venv)), "-m", "lenet_course"]
    for words in (["data", "--from", str(install.ROOT / "data")], ["chapters", "chapters"]):
        done, output = install.output_of(*course, *words)
        install.say(output.strip())
        if not done:
            raise install.InstallError("The course is installed, but the step above failed.")
    jupyter = install.python_in(venv).with_name("jupyter")
    install.say(f"With its whole path: {jupyter} lab chapters/00_start_here.ipynb")


def main() -> int:
    """Install; return 0, or 1 after one sentence."""
    try:
        install.check_python()
        check_wheels()
        install.check_venv_module()
        install.check_disk(install.ROOT, install.DISK_NEEDED["cpu"])
        steps(install.ROOT / ".venv")
    except (install.InstallError, OSError) as error:
        print(f"lenet-course: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
