"""The doctor: what it looks at, and when it says that something is wrong."""

import platform
import re
import sys
from email.message import Message
from importlib import metadata

import pytest

import lenet_course
from lenet_course import devices, doctor, downloads, memory
from lenet_course.doctor import Finding


@pytest.fixture(scope="module")
def real(mnist):
    """The raw bytes of MNIST's four files, read before a test points the variables elsewhere."""
    return downloads.mnist()[0]


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("LENET_COURSE_DATA", raising=False)
    monkeypatch.setenv("LENET_COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def installed(monkeypatch):
    """Pretends that the package asks for `requires`, and that `versions` are installed."""

    def pretend(requires, versions):
        about = Message()
        about["Requires-Python"] = ">=3.11"
        about["Classifier"] = "Framework :: Jupyter"
        about["Classifier"] = "Programming Language :: Python :: 3.11"
        about["Classifier"] = "Programming Language :: Python :: 3.12"

        def version(name):
            if name not in versions:
                raise metadata.PackageNotFoundError(name)
            return versions[name]

        monkeypatch.setattr(metadata, "metadata", lambda name: about)
        monkeypatch.setattr(metadata, "requires", lambda name: requires)
        monkeypatch.setattr(metadata, "version", version)

    return pretend


def found(what):
    return next(finding for finding in doctor.report() if finding.what == what)


def test_a_report_covers_what_the_course_needs():
    names = [finding.what for finding in doctor.report()]
    expected = ["device", "threads", "memory", "disk", "data", "widgets"]
    assert names[0] == "Python"
    assert names[-6:] == expected


def test_a_report_changes_nothing(own_cache):
    doctor.report()
    assert not own_cache.exists()


def test_python_is_held_to_what_the_package_asks_for(installed, monkeypatch):
    installed([], {})
    monkeypatch.setattr(platform, "python_version", lambda: "3.11.7")
    assert found("Python").verdict == "ok"
    monkeypatch.setattr(platform, "python_version", lambda: "3.9.2")
    assert found("Python").is_wrong


def test_a_python_newer_than_was_tested_is_a_note(installed, monkeypatch):
    installed([], {})
    monkeypatch.setattr(platform, "python_version", lambda: "3.15.0")
    assert found("Python").verdict == "note: newer than was tested (3.11, 3.12)"


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        ("2.13.0+cpu", "ok"),
        ("2.10.0", "ok"),
        ("2.9.1", 'wrong: pip install "torch<2.14,>=2.10"'),
        ("2.14.0", "note: newer than was tested (<2.14,>=2.10)"),
        (None, 'wrong: pip install "torch<2.14,>=2.10"'),
    ],
)
def test_a_package_is_held_to_its_tested_range(installed, version, verdict):
    installed(["torch>=2.10,<2.14"], {"torch": version} if version else {})
    assert found("torch") == Finding("torch", version or "not installed", verdict)


def test_what_only_the_notebooks_need_is_a_note(installed):
    installed(['jupyterlab>=4.6.2; extra == "lab"', 'pytest>=9; extra == "test"'], {})
    assert found("jupyterlab").verdict.startswith("note: pip install")
    assert "pytest" not in [finding.what for finding in doctor.report()]


def test_a_course_that_is_not_installed_is_wrong(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "metadata", missing)
    assert found("lenet-course").is_wrong
    assert "pip install -e ." in found("lenet-course").verdict


def test_torch_that_does_not_start_is_wrong_and_the_rest_is_still_told(monkeypatch):
    def broken():
        raise OSError("libtorch.so: cannot open shared object file")

    monkeypatch.setattr(devices, "pick", broken)
    assert found("device").verdict.startswith("wrong: torch does not start (libtorch.so")
    assert found("data")


@pytest.mark.parametrize(
    ("free", "begins"), [(2_000_000_000, "ok"), (500_000_000, "wrong: "), (None, "note: ")]
)
def test_memory_must_hold_a_chapter(monkeypatch, free, begins):
    monkeypatch.setattr(memory, "available", lambda: free)
    assert found("memory").verdict.startswith(begins)


def test_a_full_disk_is_wrong(monkeypatch):
    monkeypatch.setattr(doctor, "DISK_NEEDED", 10**18)
    assert found("disk").verdict.startswith("wrong: the data takes up to 0.2 GB in")


def test_data_in_a_folder_of_ones_own_is_found(real, monkeypatch, tmp_path):
    for name, content in real.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.setenv("LENET_COURSE_DATA", str(tmp_path))
    assert found("data") == Finding("data", "MNIST", f"ok: in {tmp_path} (LENET_COURSE_DATA)")


def test_a_folder_of_ones_own_without_data_is_wrong(monkeypatch, tmp_path):
    monkeypatch.setenv("LENET_COURSE_DATA", str(tmp_path))
    assert found("data").verdict.startswith("wrong: ")
    assert "has no file train-images-idx3-ubyte" in found("data").verdict


def test_data_in_the_cache_is_found(real, own_cache):
    own_cache.mkdir()
    for name, content in real.items():
        (own_cache / name).write_bytes(content)
    assert found("data") == Finding("data", "MNIST", f"ok: in {own_cache}")
    (own_cache / "t10k-labels-idx1-ubyte").write_bytes(b"half")
    assert found("data").found == "not here yet"


def test_data_that_is_not_here_yet_is_a_note():
    assert found("data").verdict == "note: fetch it once (11 MB) with: lenet-course data"


def test_more_threads_than_cores_are_a_note(monkeypatch):
    monkeypatch.setattr(devices, "thread_count", lambda: 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert found("threads") == Finding("threads", "2", "ok")
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    assert found("threads").found == "8 (OMP_NUM_THREADS)"
    assert found("threads").verdict.startswith("note: only 2 can run at once")
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert found("threads") == Finding("threads", "2", "ok")


def put_front_end(folder, *extensions):
    """Lay down what JupyterLab finds its extensions by."""
    for extension in extensions:
        place = folder / "share/jupyter/labextensions" / extension
        place.mkdir(parents=True)
        (place / "package.json").write_text("{}")


def test_jupyterlab_needs_two_packages_to_draw_widgets(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(doctor.site, "getuserbase", lambda: str(tmp_path / "user"))
    assert found("widgets").found == "not in JupyterLab"
    assert found("widgets").verdict.startswith("note: they stay empty")
    assert found("widgets").verdict.endswith("pip install jupyterlab-widgets anywidget")
    put_front_end(tmp_path, "@jupyter-widgets/jupyterlab-manager")
    assert found("widgets").verdict.endswith("pip install anywidget")
    put_front_end(tmp_path / "user", "anywidget")
    assert found("widgets") == Finding("widgets", "JupyterLab", "ok")


def test_colab_draws_widgets_itself_and_needs_no_jupyterlab(monkeypatch, installed, tmp_path):
    installed(['jupyterlab>=4.6.2; extra == "lab"'], {})
    monkeypatch.setitem(sys.modules, "google.colab", object())
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert found("widgets") == Finding("widgets", "Colab", "ok")
    assert "jupyterlab" not in [finding.what for finding in doctor.report()]


READY = [
    Finding("Python", "3.11.7", "ok"),
    Finding("torch", "2.13.0", "ok"),
    Finding("device", "cpu", "ok"),
    Finding("data", "MNIST", "ok"),
]
COURSE = f"lenet-course {lenet_course.__version__}"


def test_the_summary_can_be_read_out():
    line = "is ready: Python 3.11.7, torch 2.13.0, cpu, data: MNIST. Code: OK"
    assert doctor.summary(READY) == f"{COURSE} {line}"


def test_the_summary_names_what_is_to_be_put_right():
    wrong = [*READY, Finding("memory", "0.2 GB free", "wrong: x"), Finding("disk", "", "wrong")]
    line = "is NOT ready: memory, disk have to be put right. Code: NO-MS"
    assert doctor.summary(wrong) == f"{COURSE} {line}"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ([], "OK"),
        ([("data", "note: fetch it")], "OK-D"),
        ([("jupyterlab", "note: newer"), ("numpy", "note: newer")], "OK-V"),
        ([("data", "note: fetch it"), ("torch", "wrong: too old")], "NO-V"),
        ([("Python", "wrong"), ("numpy", "wrong"), ("device", "wrong")], "NO-PVG"),
    ],
)
def test_the_code_is_ok_or_no_and_a_letter_for_what_to_look_at(more, code):
    findings = [*READY, *(Finding(what, "x", verdict) for what, verdict in more)]
    assert doctor.code(findings) == code
    assert doctor.summary(findings).endswith(f"Code: {code}")


def test_every_finding_that_is_no_package_has_a_letter_of_its_own():
    letters = [*doctor.LETTERS.values(), "V"]
    assert len(set(letters)) == len(letters)
    names = {finding.what for finding in doctor.report()}
    packages = {re.match(r"[\w-]+", line)[0] for line in metadata.requires("lenet-course")}
    assert names - packages == set(doctor.LETTERS)


def test_the_text_is_aligned_and_ends_with_the_summary():
    findings = [Finding("device", "cpu", "ok"), Finding("data", "MNIST", "ok")]
    lines = doctor.text(findings).splitlines()
    assert lines[:2] == ["device  cpu    ok", "data    MNIST  ok"]
    assert lines[-1] == doctor.summary(findings)
