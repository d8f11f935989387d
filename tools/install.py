"""Make the virtual environment and install what the course needs, once.

    python tools/install.py lab      what a learner needs
    python tools/install.py teach    the same, and what makes slides and website
    python tools/install.py test     the same, and what the tests need

A stamp file remembers what was installed from which settings, so a second run calls no pip and
needs no network. Two environment variables: VENV is the folder (.venv), TORCH is `cpu` or `gpu`.

Standard library only, and written so that old Pythons can read it: it has to tell them so.
"""

import argparse
import errno
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

PYTHON_FLOOR = (3, 11)
LEVELS = ("lab", "teach", "test")  # each holds the ones before it
PYTORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
ROOT = Path(__file__).resolve().parent.parent

# GB that an installation fills, with room for the downloads.
DISK_NEEDED = {"cpu": 2.5, "gpu": 9.0}
DISK_NEEDED_FOR_AN_UPDATE = 0.5

# JupyterLab asks the network for news and updates when it opens; the course works without one.
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}
}

SIGNS_OF_OTHER_BYTES = re.compile(r"DO NOT MATCH THE HASHES|hashes? (?:are|is) missing", re.I)
SIGNS_OF_A_FULL_DISK = re.compile(
    r"No space left on device|\[Errno 28\]|WinError 112|not enough space on the disk", re.I
)
SIGNS_OF_NO_NETWORK = re.compile(
    r"Failed to establish a new connection|Max retries exceeded|Could not fetch URL|timed out"
    r"|Connection (refused|reset|aborted)|name resolution|getaddrinfo failed"
    r"|Name or service not known|Network is unreachable|No route to host|ProxyError|SSLError"
    r"|CERTIFICATE_VERIFY_FAILED|HTTP error|40[37] Client Error|50\d Server Error"
    r"|RemoteDisconnected|IncompleteRead|ReadTimeoutError",
    re.I,
)


class InstallError(Exception):
    """What stopped the installation, in one sentence for a learner."""


def check_python(version=sys.version_info) -> None:
    """Refuse a Python older than the course's floor."""
    if tuple(version[:2]) < PYTHON_FLOOR:
        raise InstallError(
            f"This is Python {version[0]}.{version[1]}, and the course needs 3.11 or newer: "
            "name a newer one, for example `make lab PYTHON=python3.12`."
        )


def check_venv_module() -> None:
    """Refuse a Python that cannot make virtual environments, as Debian and Ubuntu ship it."""
    for name in ("venv", "ensurepip"):
        if importlib.util.find_spec(name) is None:
            raise InstallError(
                f"This Python lacks its {name} module, which makes virtual environments: "
                "on Debian or Ubuntu, `sudo apt install python3-venv` adds it."
            )


def check_disk(folder: Path, needed: float) -> None:
    """Refuse to begin what the disk cannot hold; `needed` is in GB."""
    disk = next(path for path in [folder, *folder.parents] if path.exists())
    free = shutil.disk_usage(str(disk)).free / 1e9
    if free < needed:
        raise InstallError(
            f"The disk that holds {disk} has {free:.1f} GB free, and the installation needs "
            f"{needed:.1f} GB: free some space, or name a folder on another disk, for example "
            "`make lab VENV=/other/disk/venv`."
        )


def python_in(venv: Path) -> Path:
    """Return the virtual environment's own Python, which need not exist yet."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def shown(path: Path) -> str:
    """Write a path as the person at the keyboard would: from here, where it lies below."""
    return os.path.relpath(str(path)) if Path.cwd() in path.parents else str(path)


def say(text: str) -> None:
    """Print a progress line at once, also into a pipe."""
    print(text, flush=True)


def fingerprint(build: str) -> str:
    """Name the settings that decide what is installed: these files, this folder, torch's build."""
    digest = hashlib.sha256()
    settings = [ROOT / "pyproject.toml", ROOT / "constraints.txt", Path(__file__).resolve()]
    for path in settings + [locked(level) for level in LEVELS]:
        digest.update(path.read_bytes())
    digest.update(f"{ROOT} {build}".encode())
    return digest.hexdigest()


def locked(level: str) -> Path:
    """Return the file that names what a level adds, exactly, each file with its sha256."""
    return ROOT / "locked" / f"{level}.txt"


def stamp(venv: Path, level: str) -> Path:
    """Return the file that says from which settings a level was installed."""
    return venv / f"lenet-course-{level}.stamp"


def is_installed(venv: Path, level: str, mark: str) -> bool:
    """Tell whether this level, or one that holds it, was installed from these settings."""
    stamps = [stamp(venv, name) for name in LEVELS[LEVELS.index(level) :]]
    return python_in(venv).exists() and any(
        path.exists() and path.read_text().strip() == mark for path in stamps
    )


def output_of(*command: str) -> "tuple[bool, str]":
    """Run a command in the course's folder; return whether it worked and all that it printed."""
    outcome = subprocess.run(
        command,
        cwd=str(ROOT),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    return outcome.returncode == 0, outcome.stdout


def make_venv(venv: Path) -> None:
    """Make the virtual environment, or keep the one that is there when it serves."""
    if python_in(venv).exists():
        probe = f"import sys, pip; sys.exit(sys.version_info[:2] < {PYTHON_FLOOR})"
        serves, _ = output_of(str(python_in(venv)), "-c", probe)
        if serves:
            return
    elif venv.exists() and any(venv.iterdir()) and not (venv / "pyvenv.cfg").exists():
        raise InstallError(
            f"The folder {venv} holds other files, so it is left alone: name an empty or a new "
            "folder as VENV."
        )
    say(f"Making a virtual environment in {shown(venv)} (Python {platform.python_version()}) ...")
    done, output = output_of(sys.executable, "-m", "venv", "--clear", str(venv))
    if not done:
        reason = (output.strip().splitlines() or ["it gave no reason"])[-1].rstrip(".")
        if SIGNS_OF_A_FULL_DISK.search(output) or shutil.disk_usage(str(venv.parent)).free < 50e6:
            reason = "the disk is full"
        raise InstallError(f"Python could not make a virtual environment in {venv}: {reason}.")


def pip(venv: Path, *arguments: str) -> "tuple[bool, str]":
    """Run the environment's pip; return whether it worked and what it printed, kept in the log."""
    options = ["--disable-pip-version-check", "--no-input"]
    done, output = output_of(str(python_in(venv)), "-m", "pip", *options, *arguments)
    with log_of(venv).open("a", encoding="utf-8") as log:
        log.write(f"$ pip {' '.join(arguments)}\n{output}\n")
    return done, output


def log_of(venv: Path) -> Path:
    """Return the file that keeps what pip said."""
    return venv / "lenet-course-install.log"


def explain(output: str, venv: Path) -> str:
    """Turn pip's output into one sentence for a learner."""
    log = f"pip's own words are in {shown(log_of(venv))}."
    if SIGNS_OF_A_FULL_DISK.search(output):
        return f"The disk is full: free some space and run the same command again; {log}"
    if SIGNS_OF_OTHER_BYTES.search(output):
        names = re.findall(r"^    (\S+?)(?:==\S+)? from ", output, re.M)
        return (
            f"What came for {', '.join(names) or 'a package'} is not the file that was tested (its "
            f"sha256 differs), so nothing was installed: see whether the index or a proxy serves "
            f"files of its own; {log}"
        )
    if SIGNS_OF_NO_NETWORK.search(output):
        return (
            "The package index is out of reach: check the network (or the proxy) and run the same "
            f"command again, it goes on where it stopped; {log}"
        )
    nothing = re.search(r"No matching distribution found for (\S+)", output)
    if nothing:
        machine = f"{platform.system()}, {platform.machine()}"
        version = platform.python_version()
        return f"No {nothing.group(1)} is to be had for Python {version} on {machine}; {log}"
    errors = re.findall(r"^ERROR: (.+)", output, re.M)
    reason = errors[-1].rstrip(".") if errors else "it gave no reason"
    return f"pip stopped ({reason}); {log}"


def pinned_torch() -> str:
    """Return the exact version of torch that constraints.txt names."""
    found = re.search(r"^torch==(\S+)", (ROOT / "constraints.txt").read_text(), re.M)
    if not found:
        raise InstallError(
            "constraints.txt names no version of torch: `make constraints` writes it."
        )
    return found.group(1)


def installed_torch(venv: Path) -> str:
    """Return the version of torch in the environment, '' when there is none."""
    probe = "from importlib.metadata import version; print(version('torch'))"
    found, version = output_of(str(python_in(venv)), "-c", probe)
    return version.strip() if found else ""


def torch_range() -> "tuple[str, str]":
    """Return the floor and the ceiling that pyproject.toml gives for torch."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return re.search(r'"torch>=([\d.]+),<([\d.]+)"', text).groups()


def in_range(version: str) -> bool:
    """Tell whether a version of torch lies between the floor and the ceiling."""
    floor, ceiling = torch_range()
    low, here, high = (
        tuple(int(part) for part in re.findall(r"\d+", text)[:2])
        for text in (floor, version, ceiling)
    )
    return low <= here < high


def install_torch(venv: Path, build: str, wanted: str) -> None:
    """Bring torch alone and first, so that nothing later asks an index for the build with CUDA.

    Only on Linux does the ordinary index hand CUDA's gigabytes to everyone; elsewhere there is
    nothing to do here.
    """
    present = installed_torch(venv)
    if present and in_range(present) and not (build == "gpu" and present.endswith("+cpu")):
        return
    if build == "gpu":
        say(f"Installing PyTorch {wanted} with CUDA (several GB to download) ...")
        torch = ["--upgrade", "--force-reinstall", "--no-deps", f"torch=={wanted}"]
        done, output = pip(venv, "install", *torch)
        if not done:
            raise InstallError(explain(output, venv))
        return
    if sys.platform != "linux":
        return
    say(f"Installing PyTorch {wanted}, the build without CUDA (about 200 MB to download) ...")
    torch = ["--no-deps", f"torch=={wanted}+cpu"]
    at_hand, _ = pip(venv, "install", "--no-index", *torch)
    if at_hand:
        return
    done, output = pip(venv, "install", "--index-url", PYTORCH_CPU_INDEX, *torch)
    if not done:
        raise InstallError(
            f"PyTorch's build without CUDA could not be had from {PYTORCH_CPU_INDEX} (to take the "
            "far larger build with CUDA from the ordinary index, set TORCH=gpu). "
            + explain(output, venv)
        )


def constraints_around(venv: Path) -> Path:
    """Write the constraints with torch as it now is, so that no later step can replace it."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    present = installed_torch(venv)
    if present:
        lines = [line for line in lines if not line.startswith("torch==")] + [f"torch=={present}"]
    path = venv / "lenet-course-constraints.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def locked_around(venv: Path, level: str) -> Path:
    """Write what a level needs, with hashes, leaving out a torch that is there already.

    PyTorch's own index serves files of its own, whose hashes the ordinary index does not know.
    """
    text = "".join(locked(name).read_text() for name in LEVELS[: LEVELS.index(level) + 1])
    if installed_torch(venv):
        text = re.sub(r"^torch==(?:.*\\\n)*.*\n", "", text, flags=re.M)
    path = venv / "lenet-course-locked.txt"
    path.write_text(text)
    return path


def install_the_rest(venv: Path, level: str) -> None:
    """Install everything that a level names, checked by hash, and the course itself, editable.

    The second step finds all it needs where the locked files were made, on Linux; elsewhere it adds
    the few packages that only that system needs.
    """
    more = {
        "lab": " and the libraries",
        "teach": ", the libraries and what makes pages",
        "test": ", the libraries and the test tools",
    }
    say(f"Installing JupyterLab{more[level]} (about a minute; 1.5 GB on disk in all) ...")
    course = ["-c", str(constraints_around(venv)), "--no-build-isolation", "-e", f".[{level}]"]
    named = locked_around(venv, level)
    checked = ["--require-hashes", "--no-deps", "-r", str(named)]
    for step in [checked, course] if "==" in named.read_text() else [course]:
        done, output = pip(venv, "install", *step)
        if not done:
            raise InstallError(explain(output, venv))


def quieten_lab(venv: Path) -> None:
    """Switch off JupyterLab's question about news, for this environment only."""
    settings = venv / "share" / "jupyter" / "lab" / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "overrides.json").write_text(json.dumps(LAB_SETTINGS, indent=2) + "\n")


def install(level: str, venv: Path, build: str = "cpu") -> None:
    """Do what is not done yet for a level.

    What is there is looked at first: once installed, any Python may call this again.
    """
    if build not in DISK_NEEDED:
        raise InstallError(f"TORCH is {build!r}: it can be cpu (the default) or gpu.")
    if build == "gpu" and sys.platform == "darwin":
        build = "cpu"  # the one build for macOS knows Apple's GPUs
    mark = fingerprint(build)
    if is_installed(venv, level, mark):
        return
    check_python()
    check_venv_module()
    has_torch = python_in(venv).exists() and installed_torch(venv)
    if build == "gpu" and sys.platform == "win32" and not has_torch:
        raise InstallError(
            "On Windows, PyTorch with CUDA comes from an index of its own: put it into "
            f"{shown(venv)} as https://pytorch.org/get-started tells, then run this again; "
            "the course keeps it."
        )
    check_disk(venv, DISK_NEEDED_FOR_AN_UPDATE if has_torch else DISK_NEEDED[build])
    make_venv(venv)
    install_torch(venv, build, pinned_torch())
    install_the_rest(venv, level)
    quieten_lab(venv)
    for name in LEVELS[: LEVELS.index(level) + 1]:
        stamp(venv, name).write_text(mark + "\n")
    say(f"Installed in {shown(venv)}.")


def main() -> int:
    """Read the command line; return 0, or another number after one sentence."""
    parser = argparse.ArgumentParser(description="Install the course into a virtual environment.")
    parser.add_argument("level", choices=LEVELS)
    level = parser.parse_args().level
    venv = Path.cwd() / (os.environ.get("VENV") or ROOT / ".venv")
    try:
        install(level, venv, os.environ.get("TORCH") or "cpu")
    except InstallError as error:
        print(f"lenet-course: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nlenet-course: Stopped. The same command goes on from here.", file=sys.stderr)
        return 130
    except OSError as error:
        reason = f"The installation could not go on: {error.strerror} ({error.filename})."
        if error.errno == errno.ENOSPC:
            reason = "The disk is full: free some space and run the same command again."
        print(f"lenet-course: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
