"""What a release holds: the wheel, the source distribution, one version, and the chapters in it."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import built
import pytest

import lenet_course

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = {path.name: path.read_bytes() for path in (ROOT / "chapters").glob("*.ipynb")}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    tree = built.tree(tmp_path_factory.mktemp("release"))
    return built.sdist(tree, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory):
    """The wheel as a release makes it: from the source distribution, so that both are whole."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    return built.wheel(source, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    return built.installed(wheel, tmp_path_factory.mktemp("installed"))


def names(path):
    with zipfile.ZipFile(path) as file:
        return {name for name in file.namelist() if ".dist-info/" not in name}


def run(installed, *words, cwd):
    """The course's command line, from the installed wheel alone, outside the repository."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-m", "lenet_course", *words],
        cwd=cwd,
        env={**environment, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )


def test_the_version_stands_in_one_place_and_goes_into_the_files_names(wheel, sdist):
    version = lenet_course.__version__
    assert wheel.name == f"lenet_course-{version}-py3-none-any.whl"
    assert sdist.name == f"lenet_course-{version}.tar.gz"
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert not re.search(r"^version = \"", text, re.M)


def test_the_changelog_begins_with_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## ([\d.]+)", text, re.M)[1] == lenet_course.__version__


def test_the_wheel_holds_every_module_and_file_of_the_package(wheel):
    package = [path for path in (ROOT / "lenet_course").rglob("*") if path.is_file()]
    wanted = {path.relative_to(ROOT).as_posix() for path in package if path.suffix != ".pyc"}
    assert wanted <= names(wheel)


def test_the_wheel_holds_the_package_and_the_executed_chapters_and_nothing_else(wheel):
    other = {name for name in names(wheel) if not name.startswith("lenet_course/")}
    pages = {name for name in names(wheel) if name.startswith("lenet_course/pages/")}
    badges = {f"lenet_course/pages/badges/{name}.svg" for name in ("binder", "colab")}
    assert other == set()
    assert pages == {f"lenet_course/pages/{name}" for name in NOTEBOOKS} | badges


def test_installed_from_the_wheel_the_course_gives_a_learner_its_chapters(installed, tmp_path):
    outcome = run(installed, "chapters", "mine", cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    first, last = outcome.stdout.splitlines()
    assert first == f"{len(NOTEBOOKS)} chapters are new in mine."
    assert last == f"Open the first with: jupyter lab {Path('mine', '00_start_here.ipynb')}"
    copied = {path.name: path.read_bytes() for path in (tmp_path / "mine").glob("*.ipynb")}
    assert copied == NOTEBOOKS
    assert {path.name for path in (tmp_path / "mine/badges").iterdir()} == {
        "binder.svg",
        "colab.svg",
    }


def test_installed_from_the_wheel_it_knows_its_version_and_its_weights(installed, tmp_path):
    assert run(installed, "--version", cwd=tmp_path).stdout.split() == [
        "lenet-course",
        lenet_course.__version__,
    ]
    code = "from lenet_course import trained, chapters; print(trained.load()); chapters.source()"
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    outcome = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert outcome.stdout.startswith("relu-max, the course's own weights"), outcome.stderr


def test_whoever_builds_from_the_source_distribution_finds_the_tools_and_the_changelog(sdist):
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert {"CHANGELOG.md", "Makefile", "constraints.txt", "tools/install.py"} <= held
    assert "chapters/00_start_here.py" in held
