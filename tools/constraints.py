"""Write constraints.txt: the newest versions inside pyproject.toml's ranges that install together.

    make constraints

Makes a fresh virtual environment in a temporary folder, installs everything the tests need, and
writes down what pip chose: names and versions in constraints.txt, and in locked/ the same with the
sha256 of every file that the package index lists for a version, so that all systems are covered.
Use the oldest Python that the course supports, so that the versions exist for all of them; then run
the whole suite before you commit.
"""

import json
import re
import sys
import tempfile
import urllib.request
from pathlib import Path

import install

HEADER = f"""\
# The exact versions that were tested together. Written by `make constraints`: change the ranges
# in pyproject.toml, not this file. Made on {sys.platform} with Python {sys.version_info[0]}.\
{sys.version_info[1]}; torch without its build's suffix.
"""

LOCKED_HEADER = """\
# {what}, with the sha256 of every file of these versions.
# Written by `make constraints`.
"""
WHAT = {
    "lab": "What a learner needs",
    "teach": "What makes slides and website as well",
    "test": "What the tests need as well",
}
SIMPLE_INDEX = "application/vnd.pypi.simple.v1+json"


def choose_versions(venv: Path) -> dict[str, list[str]]:
    """Install everything afresh; return what pip chose, level by level, as `name==version` lines.

    Each level holds what it adds to the one before it.
    """
    floor, ceiling = install.torch_range()
    install.make_venv(venv)
    torch = ["install", "--no-deps", f"torch>={floor},<{ceiling}"]
    done, _ = install.pip(venv, *torch, "--no-index")
    if not done and sys.platform == "linux":
        done, output = install.pip(venv, *torch, "--index-url", install.PYTORCH_CPU_INDEX)
        if not done:
            raise install.InstallError(install.explain(output, venv))
    pin = venv / "torch.txt"
    pin.write_text(f"torch=={install.installed_torch(venv)}\n" if done else "")
    added, known = {}, set()
    for level in install.LEVELS:
        done, output = install.pip(venv, "install", "-c", str(pin), "-e", f".[{level}]")
        if not done:
            raise install.InstallError(install.explain(output, venv))
        names = {line.partition("==")[0] for line in frozen(venv)}
        added[level], known = names - known, known | names
    pins = frozen(venv)
    return {
        level: [line for line in pins if line.partition("==")[0] in names]
        for level, names in added.items()
    }


def frozen(venv: Path) -> list[str]:
    """Return what is installed as `name==version` lines, sorted; not pip, nor the course itself."""
    _, output = install.pip(venv, "freeze", "--all", "--exclude-editable", "--exclude", "pip")
    lines = re.findall(r"^[\w.-]+(?:\[.*\])?(?:==| @ ).+$", output, re.M)
    return sorted({as_pin(line) for line in lines}, key=str.lower)


def index_address(venv: Path) -> str:
    """Return the package index that pip asks here, as its own help names it."""
    _, output = install.pip(venv, "install", "--help")
    return re.search(r"--index-url <url>.*?\(default\s+(\S+?)\)", output, re.S).group(1)


def with_hashes(pin: str, index: str) -> str:
    """Return a line for pip's hash mode: a version, and every file that the index lists for it.

    Raises InstallError when the index lists none.
    """
    name, _, version = pin.partition("==")
    page = re.sub(r"[-_.]+", "-", name).lower()
    request = urllib.request.Request(f"{index}/{page}/", headers={"Accept": SIMPLE_INDEX})
    with urllib.request.urlopen(request, timeout=60) as answer:
        files = json.load(answer)["files"]
    hashes = hashes_of(files, version)
    if not hashes:
        raise install.InstallError(f"The package index lists no file of {pin}.")
    return " \\\n".join([pin, *(f"    --hash=sha256:{digest}" for digest in hashes)]) + "\n"


def hashes_of(files: list[dict], version: str) -> list[str]:
    """Pick the sha256 of the wheels and source distributions of a version, sorted.

    Example:
        >>> names = ["a-1.0-py3-none-any.whl", "a-1.0.tar.gz", "a-1.0.1.tar.gz", "a_b-1.0.zip"]
        >>> files = [{"filename": name, "hashes": {"sha256": name[:6]}} for name in names]
        >>> hashes_of(files, "1.0")
        ['a-1.0-', 'a-1.0.', 'a_b-1.']
    """
    ends = rf"-{re.escape(version)}(?:-(?:\d\w*-)?[\w.]+-[\w.]+-[\w.]+\.whl|\.tar\.gz|\.zip)"
    kept = [file for file in files if re.fullmatch(rf"[\w.-]+?{ends}", file["filename"])]
    return sorted(file["hashes"]["sha256"] for file in kept)


def as_pin(line: str) -> str:
    """Drop what only this machine knows: torch's build and where a wheel lay.

    Example:
        >>> as_pin("torch==2.13.0+cpu"), as_pin("torch @ file:///wheels/torch-2.13.0%2Bcpu-cp311.whl")
        ('torch==2.13.0', 'torch==2.13.0')
    """
    name, _, place = line.partition(" @ ")
    if place:
        version = re.search(r"-(\d[^-+%]*)", place.rsplit("/", 1)[-1]).group(1)
        return f"{name}=={version}"
    return re.sub(r"\+.*", "", line)


def write(levels: dict[str, list[str]], index: str) -> None:
    """Write constraints.txt and the locked files."""
    pins = sorted([line for lines in levels.values() for line in lines], key=str.lower)
    put(install.ROOT / "constraints.txt", HEADER + "\n".join(pins) + "\n")
    for level, lines in levels.items():
        install.say(f"Asking the package index for the hashes of {len(lines)} packages ...")
        blocks = [with_hashes(line, index) for line in lines]
        put(install.locked(level), LOCKED_HEADER.format(what=WHAT[level]) + "".join(blocks))


def put(path: Path, text: str) -> None:
    """Write a file with plain line ends, and its folder where that is missing."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def main() -> int:
    """Write the files; return 0, or 1 after one sentence."""
    install.say("Choosing versions in a fresh environment (a minute or two) ...")
    try:
        with tempfile.TemporaryDirectory() as folder:
            venv = Path(folder) / "venv"
            levels = choose_versions(venv)
            write(levels, index_address(venv))
    except (install.InstallError, OSError) as error:
        print(f"lenet-course: {error}", file=sys.stderr)
        return 1
    install.say("constraints.txt and locked/ are written. Now run `make test`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
