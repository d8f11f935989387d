"""The set-up cell: silent here, and on a machine like Google Colab's it brings the course.

Colab opens one notebook without the repository, on a machine that has PyTorch and much else. The
one made here has the packages of this environment that Colab has, as links, except two; in place of
the package index stands a folder with wheels.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from types import SimpleNamespace

import built
import pytest
import sync
from packaging.requirements import Requirement

import lenet_course
from lenet_course import colab, doctor

COLAB_HAS = ("torch", "numpy", "matplotlib", "ipywidgets", "ipykernel", "scikit-learn", "tqdm")
COLAB_HAS += ("pip", "requests", "packaging", "anywidget")
COLAB_LACKS = ("pooch", "safetensors")
GOOGLE = """\
asked = []
def enable_custom_widget_manager():
    asked.append("custom widgets")
"""
CHAPTER = """\
# %% tags=["setup"]

# %%
import sys
from importlib import metadata

import google.colab.output
import lenet_course
import torch
from lenet_course import figures, networks, shapes, trained, widgets

print(lenet_course.__file__)
print(google.colab.output.asked)
print(metadata.version("pooch"), metadata.version("safetensors"), torch.__file__)
print(trained.load())

# %%
widgets.ShapeExplorer()
"""


def run_cell(course="nothing"):
    """Run the set-up cell in this Python."""
    exec(sync.setup_cell(course), {})


def never(*_, **__):
    """Stand in for what must not be called."""
    raise AssertionError("pip was called")


def test_the_set_up_cell_does_nothing_on_ones_own_machine_and_on_binder(monkeypatch, capsys):
    monkeypatch.setattr("subprocess.run", never)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    run_cell()
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def on_colab(monkeypatch):
    """Pretends to be on Colab; tells what is asked of it."""
    asked = []
    output = SimpleNamespace(enable_custom_widget_manager=lambda: asked.append("widgets"))
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace(output=output))
    return asked


def test_on_colab_a_course_that_is_there_is_not_installed_again(on_colab, monkeypatch, capsys):
    monkeypatch.setattr("subprocess.run", never)
    run_cell()
    run_cell()
    assert on_colab == ["widgets", "widgets"]
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert first.startswith("Google Colab with Python 3.")
    assert first.endswith(
        f"lenet-course {lenet_course.__version__} is installed, widgets are switched on."
    )


def test_what_is_missing_is_named_with_its_tested_range_and_torch_never_is(monkeypatch):
    needs = [Requirement("torch>=2.10"), Requirement("pooch>=1.9,<2"), Requirement("numpy>=2.1")]
    monkeypatch.setattr(doctor, "needed", lambda: needs)
    monkeypatch.setattr(doctor, "version_of", lambda name: "2.4" if name == "numpy" else None)
    assert colab.missing() == ["pooch<2,>=1.9"]


def test_what_pip_cannot_add_is_one_sentence(on_colab, monkeypatch):
    failed = SimpleNamespace(returncode=1, stderr="a line\nERROR: no such wheel\n")
    monkeypatch.setattr(colab, "missing", lambda: ["pooch<2,>=1.9"])
    monkeypatch.setattr(colab.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(colab.ColabError, match=r"lacks pooch<2,>=1.9, .*ERROR: no such wheel"):
        colab.prepare()


def with_what_they_need(names):
    """The names of installed packages, and of all that they need, of what is installed."""
    found, waiting = set(), list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in found or name in COLAB_LACKS:
            continue
        found.add(name)
        needs = [Requirement(line) for line in metadata.requires(name) or []]
        needs = [one for one in needs if one.marker is None or one.marker.evaluate({"extra": ""})]
        waiting += [one.name for one in needs if doctor.version_of(one.name)]
    return found


def files_of(name):
    """The files of an installed package that lie where modules are found."""
    return [path for path in metadata.distribution(name).files if ".." not in path.parts]


def write_wheel(name, folder):
    """Pack an installed package, of Python alone or not, into a wheel again."""
    version = metadata.version(name)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path in files_of(name):
            if path.suffix != ".pyc" and path.name not in ("direct_url.json", "INSTALLER"):
                content = path.locate().read_bytes()
                if path.name == "WHEEL":
                    content = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
                wheel.writestr(path.as_posix(), content)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A folder with a virtual environment like Colab's, a folder of wheels, and no repository."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "venv/share/jupyter"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (site,) = venv.glob("lib/python*/site-packages")
    for name in with_what_they_need(COLAB_HAS):
        for top in {path.parts[0] for path in files_of(name)} - {"__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(metadata.distribution(name).locate_file(top))
    (site / "google/colab").mkdir(parents=True)
    (site / "google/colab/__init__.py").write_text("")
    (site / "google/colab/output.py").write_text(GOOGLE)
    (site / "like_colab.pth").write_text("import google.colab\n")
    kernel = venv / "share/jupyter/kernels/python3"
    kernel.mkdir(parents=True)
    argv = '["{}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"]'
    (kernel / "kernel.json").write_text(
        f'{{"argv": {argv.format(venv / "bin/python")}, "display_name": "Python 3"}}'
    )
    (tmp_path / "wheels").mkdir()
    for name in COLAB_LACKS:
        write_wheel(name, tmp_path / "wheels")
    (tmp_path / "content").mkdir()
    return tmp_path


needs_links = pytest.mark.skipif(os.name != "posix", reason="Colab is Linux, and so are its links")


@needs_links
def test_on_a_machine_like_colabs_one_notebook_brings_the_course(machine):
    course = built.wheel(built.tree(machine), machine / "wheels")
    page = machine / "content/one_chapter.py"
    page.write_text(CHAPTER.replace('["setup"]\n', f'["setup"]\n{sync.setup_cell(course)}'))
    site = next((machine / "venv/lib").glob("python*/site-packages"))
    before = torch_in(site)

    first = run_page(page)
    outputs = first.cells[1].outputs[0].text.splitlines()
    said = first.cells[0].outputs[0].text
    assert said.startswith("Google Colab with Python 3.")
    assert "Added: pooch<2,>=1.9, safetensors<0.9,>=0.7." in said
    assert outputs[0] == str(site / "lenet_course/__init__.py")
    assert outputs[1] == "['custom widgets']"
    assert outputs[2].split() == [
        *(metadata.version(name) for name in COLAB_LACKS),
        str(site / "torch/__init__.py"),
    ]
    assert outputs[3].startswith("relu-max, the course's own weights")
    assert "text/plain" in first.cells[2].outputs[0].data
    assert torch_in(site) == before

    shutil.rmtree(machine / "wheels")  # the second time nothing is asked for
    again = run_page(page)
    assert "Added" not in again.cells[0].outputs[0].text
    assert again.cells[1].outputs[0].text.splitlines() == outputs


def torch_in(site):
    """What of PyTorch lies where modules are found, and where it leads."""
    return {path.name: path.readlink() for path in site.glob("torch*")}


def run_page(page):
    """Run a page in the machine's own kernel, in the page's own folder."""
    notebook = sync.read_source(page)
    sync.execute(notebook, page.parent)
    return notebook


@needs_links
@pytest.mark.long
@pytest.mark.parametrize("name", ["00_start_here", "05_many_maps"])
def test_on_a_machine_like_colabs_a_chapter_runs_to_its_end(machine, name):
    course = built.wheel(built.tree(machine), machine / "wheels")
    text = (built.ROOT / f"chapters/{name}.py").read_text(encoding="utf-8")
    cell = f"{sync.SETUP_CELL.search(text)['marker']}{sync.setup_cell(course)}\n"
    page = machine / f"content/{name}.py"
    page.write_text(sync.SETUP_CELL.sub(lambda _: cell, text, count=1), encoding="utf-8")
    notebook = run_page(page)
    assert sync.was_executed(notebook)
    assert "Google Colab with Python" in notebook.cells[1].outputs[0].text
