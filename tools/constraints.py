"""Write constraints.txt: the newest versions inside pyproject.toml's ranges that install together.

    make constraints

Makes a fresh virtual environment in a temporary folder, installs everything the tests need, and
writes down what pip chose. Use the oldest Python that the course supports, so that the versions
exist for all of them; then run the whole suite before you commit.
"""

import re
import sys
import tempfile
from pathlib import Path

import install

HEADER = f"""\
# The exact versions that were tested together. Written by `make constraints`: change the ranges
# in pyproject.toml, not this file. Made on {sys.platform} with Python {sys.version_info[0]}.\
{sys.version_info[1]}; torch without its build's suffix.
"""


def choose_versions(venv: Path) -> list[str]:
    """Install everything afresh and return pip's choice as `name==version` lines, sorted."""
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
    done, output = install.pip(venv, "install", "-c", str(pin), "-e", ".[test]")
    if not done:
        raise install.InstallError(install.explain(output, venv))
    _, frozen = install.pip(venv, "freeze", "--all", "--exclude-editable", "--exclude", "pip")
    lines = re.findall(r"^[\w.-]+(?:\[.*\])?(?:==| @ ).+$", frozen, re.M)
    return sorted({as_pin(line) for line in lines}, key=str.lower)


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


def main() -> int:
    """Write the file; return 0, or 1 after one sentence."""
    install.say("Choosing versions in a fresh environment (a minute or two) ...")
    try:
        with tempfile.TemporaryDirectory() as folder:
            lines = choose_versions(Path(folder) / "venv")
    except install.InstallError as error:
        print(f"lenet-course: {error}", file=sys.stderr)
        return 1
    path = install.ROOT / "constraints.txt"
    path.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    install.say(f"constraints.txt names {len(lines)} packages. Now run `make test`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
