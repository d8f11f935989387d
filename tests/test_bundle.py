"""make bundle: one archive, and the course installed from it without a network."""

import ast
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import bundle
import from_bundle
import install
import pytest

from lenet_course import downloads

ROOT = Path(__file__).resolve().parents[1]
HERE = f"cp{sys.version_info[0]}{sys.version_info[1]}"


@pytest.fixture
def unpacked(tmp_path):
    """A small archive, unpacked: wheels that hold nothing, digits of a few bytes."""
    (tmp_path / "wheels").mkdir()
    for name in (f"torch-2.13.0-{HERE}-{HERE}-any.whl", "lenet_course-0.1.0-py3-none-any.whl"):
        (tmp_path / "wheels" / name).write_bytes(b"a wheel")
    archive = tmp_path / "lenet-course-here.zip"
    bundle.pack(
        tmp_path / "wheels", {name: bytearray(b"digits") for name in downloads.FILES}, archive
    )
    shutil.unpack_archive(archive, tmp_path / "room")
    return tmp_path / "room/lenet-course-here"


def test_an_archive_holds_wheels_digits_scripts_and_a_page_that_says_what_to_do(unpacked):
    held = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert {"README.txt", "tools/install.py", "tools/from_bundle.py"} <= held
    assert {f"data/{name}" for name in downloads.FILES} <= held
    assert len([name for name in held if name.startswith("wheels/")]) == 2
    page = (unpacked / "README.txt").read_text()
    assert f"python{sys.version_info[0]}.{sys.version_info[1]} tools/from_bundle.py" in page


def test_its_wheels_are_made_for_one_python_and_another_is_told_so(unpacked, monkeypatch):
    monkeypatch.setattr(from_bundle, "WHEELS", unpacked / "wheels")
    from_bundle.check_wheels()
    torch = next((unpacked / "wheels").glob("torch-*"))
    torch.rename(torch.with_name("torch-2.13.0-cp399-cp399-any.whl"))
    with pytest.raises(install.InstallError, match=r"made for Python 3\.99, and this is Python 3"):
        from_bundle.check_wheels()


def test_half_an_archive_is_one_sentence(unpacked, monkeypatch, capsys):
    monkeypatch.setattr(from_bundle, "WHEELS", unpacked / "elsewhere")
    assert from_bundle.main() == 1
    assert "unpack the whole archive, then run this again" in capsys.readouterr().err


def test_an_old_python_can_read_the_script_that_turns_it_away():
    ast.parse(Path(from_bundle.__file__).read_text(encoding="utf-8"), feature_version=(3, 6))


def without_network():
    """A command's first words that take its network away, where the system can do that.

    The machine can still call itself: a notebook's kernel is spoken to that way.
    """
    alone = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    can = shutil.which("unshare") and shutil.which("ip")
    tried = can and subprocess.run([*alone, "true"], capture_output=True)
    return alone if tried and tried.returncode == 0 else []


@pytest.mark.long
def test_the_course_installs_from_the_archive_with_the_network_switched_off(tmp_path):
    subprocess.run([sys.executable, "tools/bundle.py"], cwd=ROOT, check=True)
    (archive,) = (ROOT / "dist").glob(f"lenet-course-*-py{sys.version_info[0]}.*.zip")
    with zipfile.ZipFile(archive) as file:
        file.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    left_out = ("PIP_", "PYTHONPATH", "LENET_COURSE_")
    environment = {key: word for key, word in os.environ.items() if not key.startswith(left_out)}
    environment |= {"LENET_COURSE_CACHE": str(folder / "cache"), "LENET_COURSE_OFFLINE": "1"}
    environment |= {"PIP_CONFIG_FILE": os.devnull}
    alone = without_network()

    def run(*words):
        return subprocess.run(
            [*alone, *words], cwd=folder, env=environment, capture_output=True, text=True
        )

    outcome = run(sys.executable, "tools/from_bundle.py")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "16 chapters are new in chapters." in outcome.stdout
    python = str(install.python_in(folder / ".venv"))
    doctor = run(python, "-m", "lenet_course", "doctor")
    assert doctor.returncode == 0
    assert doctor.stdout.rstrip().endswith("data: MNIST. Code: OK")
    page = "chapters/02_convolution.ipynb"
    words = ("--to", "notebook", "--execute", "--output", "run.ipynb")
    outcome = run(python, "-m", "nbconvert", *words, page)
    assert outcome.returncode == 0, outcome.stderr[-2000:]
