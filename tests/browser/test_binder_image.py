"""What mybinder.org would start: its own Jupyter, with binder/postBuild run on top of it.

Docker is not needed: the versions that repo2docker lays down first are taken from its own list, and
pip stands in for conda, which lays down the same releases.
"""

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import unquote

import built
import install
import pytest
import sync
from harness import Lab

pytestmark = pytest.mark.long

BASE = {"jupyterlab", "jupyter_server", "notebook", "ipywidgets", "jupyter-offlinenotebook"}
BASE |= {"jupyter-resource-usage", "jupyterhub-base"}
PIP_NAMES = {"jupyterhub-base": "jupyterhub"}


def base_packages():
    """What repo2docker puts into every image, as lines for pip."""
    import repo2docker.buildpacks.conda as pack

    lock = Path(pack.__file__).with_name("environment.py-3.11-linux-64.lock").read_text()
    found = re.findall(r"/([\w.-]+?)-(\d[\w.]*)-[^/]+\.conda", lock)
    return [f"{PIP_NAMES.get(name, name)}=={version}" for name, version in found if name in BASE]


@pytest.mark.skipif(sys.platform != "linux", reason="Binder is Linux")
def test_post_build_makes_an_image_that_opens_on_chapter_00(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("LENET_COURSE_CACHE", str(tmp_path / "cache"))
    venv, python = tmp_path / "venv", install.python_in(tmp_path / "venv")
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    base = base_packages()
    assert len(base) == len(BASE)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *base], check=True)

    (tmp_path / "lab").mkdir()
    lab_folder = tmp_path / "lab"
    monkeypatch.setattr(sys, "executable", str(python))  # what the server is started with
    tree = built.tree(tmp_path)
    path = {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    post_build = subprocess.run(
        ["bash", "binder/postBuild"],
        cwd=tree,
        env={**os.environ, **path},
        capture_output=True,
        text=True,
    )
    assert post_build.returncode == 0, post_build.stdout + post_build.stderr
    assert "MNIST is in" in post_build.stdout
    doctor = subprocess.run(
        [python, "-m", "lenet_course", "doctor"], cwd=tmp_path, capture_output=True, text=True
    )
    assert doctor.stdout.rstrip().endswith("data: MNIST. Code: OK"), doctor.stdout

    page = unquote(re.search(r"labpath=([^)]*)", sync.badges("https://x", "00_start_here")[0])[1])
    lab = Lab(lab_folder)
    try:
        (lab.root / "chapters").symlink_to(tree / "chapters")
        for place in (f"lab/tree/{page}", f"api/contents/{page}?content=0&"):
            separator = "" if place.endswith("&") else "?"
            address = f"{lab.address}/{place}{separator}token={lab.token}"
            with urllib.request.urlopen(address, timeout=60) as answer:
                assert answer.status == 200
        assert "Traceback" not in lab.log.read_text()
    finally:
        lab.stop()
    hub = subprocess.run(
        [python.with_name("jupyterhub-singleuser"), "--version"], capture_output=True, text=True
    )
    assert hub.returncode == 0, hub.stderr
