"""tools/install.py, on a course of three files and a closed world: no network, no real torch."""

import ast
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import install
import pytest

SCRIPT = Path(install.__file__)

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tiny-course"
version = "1"
dependencies = ["torch>=2.10,<2.14"]
"""

WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

# The smallest build backend: an editable wheel that holds nothing but its own description.
BACKEND = """\
import zipfile
from pathlib import Path
NEEDS = {needs!r}
def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "tiny_course-1-py3-none-any.whl"
    info = "tiny_course-1.dist-info/"
    lines = ["Metadata-Version: 2.1", "Name: tiny-course", "Version: 1", "Provides-Extra: lab"]
    lines += ["Provides-Extra: test"] + ["Requires-Dist: " + need for need in NEEDS]
    with zipfile.ZipFile(Path(folder) / name, "w") as wheel:
        wheel.writestr(info + "METADATA", "\\n".join(lines) + "\\n")
        wheel.writestr(info + "WHEEL", {wheel!r})
        wheel.writestr(info + "RECORD", "")
    return name
"""


def backend(needs):
    """The build backend's text, for a course that needs these packages."""
    return BACKEND.format(needs=list(needs), wheel=WHEEL)


def write_fake_torch(folder, version="2.13.0+cpu"):
    """A wheel that pip takes for torch."""
    folder.mkdir(exist_ok=True)
    info = f"torch-{version}.dist-info/"
    with zipfile.ZipFile(folder / f"torch-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(
            info + "METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n"
        )
        wheel.writestr(info + "WHEEL", WHEEL)
        wheel.writestr(info + "RECORD", "")


def closed_port():
    """A port on this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Course:
    """A tiny course in a folder, and a world around it that ends at this machine."""

    def __init__(self, folder, needs=("torch>=2.10,<2.14",)):
        self.folder = folder
        self.venv = folder / ".venv"
        self.wheels = folder / "wheels"
        (folder / "tools").mkdir(parents=True)
        shutil.copy(SCRIPT, folder / "tools")
        (folder / "pyproject.toml").write_text(PYPROJECT)
        (folder / "constraints.txt").write_text("torch==2.13.0\n")
        (folder / "backend.py").write_text(backend(list(needs)))
        (folder / "locked").mkdir()
        (folder / "locked/lab.txt").write_text(
            "torch==2.13.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"
        )
        for level in ("teach", "test"):
            (folder / f"locked/{level}.txt").write_text("# Nothing more.\n")
        nowhere = f"http://127.0.0.1:{closed_port()}"
        foreign = ("PIP_", "PYTHONPATH")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        self.environment = {
            **kept,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": f"{nowhere}/simple",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_RETRIES": "1",
            "PIP_NO_CACHE_DIR": "1",
            "HTTPS_PROXY": nowhere,
            "https_proxy": nowhere,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            "VENV": str(self.venv),
            "TORCH": "",
        }

    def install(self, level="lab", before="", **environment):
        """Run the script as `make` does; `before` is code that changes the machine it sees."""
        command = [sys.executable, "tools/install.py", level]
        if before:
            runner = textwrap.dedent(before) + textwrap.dedent(f"""
                import runpy, sys
                sys.argv = ["tools/install.py", {level!r}]
                runpy.run_path("tools/install.py", run_name="__main__")
                """)
            command = [sys.executable, "-c", runner]
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
        )


def assert_one_sentence(outcome, *words):
    """It stopped, and said why without a traceback."""
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1, outcome.stderr
    for word in words:
        assert word in outcome.stderr


@pytest.fixture(scope="module")
def empty_venv(tmp_path_factory):
    """A fresh virtual environment to copy: making one takes seconds."""
    folder = tmp_path_factory.mktemp("venv") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


@pytest.fixture
def course(tmp_path, empty_venv):
    """A tiny course that was never installed, with PyTorch's wheel at hand."""
    course = Course(tmp_path / "course")
    write_fake_torch(course.wheels)
    shutil.copytree(empty_venv, course.venv, symlinks=True)
    return course


needs_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere the ordinary index has no CUDA to avoid"
)


def test_the_first_run_makes_an_environment_with_the_course_in_it(tmp_path):
    course = Course(tmp_path / "course")
    write_fake_torch(course.wheels)
    outcome = course.install("lab")
    assert outcome.returncode == 0, outcome.stderr
    assert "Making a virtual environment in .venv" in outcome.stdout
    pip = [install.python_in(course.venv), "-m", "pip", "list", "--format=freeze"]
    found = subprocess.run(pip, env=course.environment, capture_output=True, text=True).stdout
    assert {"tiny-course==1", "torch==2.13.0+cpu"} <= set(found.split())


def test_the_second_run_calls_no_pip_and_says_nothing(course):
    assert course.install("lab").returncode == 0
    for path in course.venv.rglob("site-packages/pip"):
        shutil.rmtree(path)
    outcome = course.install("lab")
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")


def test_once_installed_an_older_python_may_ask_again(course):
    assert course.install("lab").returncode == 0
    outcome = course.install("lab", before="import sys; sys.version_info = (3, 9, 1)")
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")


def test_what_the_tests_need_holds_what_a_learner_needs(course):
    assert course.install("test").returncode == 0
    assert course.install("lab").stdout == ""


def test_what_a_learner_needs_is_not_all_that_the_tests_need(course):
    assert course.install("lab").returncode == 0
    assert "test tools" in course.install("test").stdout


def test_changed_settings_are_installed_again(course):
    assert course.install("lab").returncode == 0
    path = course.folder / "pyproject.toml"
    path.write_text(path.read_text() + "# another floor\n")
    assert "Installing JupyterLab" in course.install("lab").stdout


def test_jupyterlab_is_told_not_to_ask_the_network_for_news(course):
    assert course.install("lab").returncode == 0
    settings = course.venv / "share/jupyter/lab/settings/overrides.json"
    assert '"fetchNews": "false"' in settings.read_text()


def test_a_torch_in_range_is_kept_whatever_the_constraints_say(course):
    write_fake_torch(course.wheels, "2.11.0")
    pip = [install.python_in(course.venv), "-m", "pip", "install", "--no-index", "--no-deps"]
    subprocess.run([*pip, "torch==2.11.0"], env=course.environment, check=True)
    assert course.install("lab").returncode == 0
    assert "torch==2.11.0" in (course.venv / "lenet-course-constraints.txt").read_text()
    assert install.installed_torch(course.venv) == "2.11.0"


@needs_linux
def test_a_torch_out_of_range_is_replaced(course):
    write_fake_torch(course.wheels, "2.9.1+cpu")
    pip = [install.python_in(course.venv), "-m", "pip", "install", "--no-index", "--no-deps"]
    subprocess.run([*pip, "torch==2.9.1"], env=course.environment, check=True)
    assert course.install("lab").returncode == 0
    assert install.installed_torch(course.venv) == "2.13.0+cpu"


def lock_small(course, digest=None):
    """Add a package to what is locked; by default with the sha256 that its wheel really has."""
    path = course.wheels / "small-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        about = "Metadata-Version: 2.1\nName: small\nVersion: 1\n"
        wheel.writestr("small-1.dist-info/METADATA", about)
        wheel.writestr("small-1.dist-info/WHEEL", WHEEL)
        wheel.writestr("small-1.dist-info/RECORD", "")
    digest = digest or hashlib.sha256(path.read_bytes()).hexdigest()
    with (course.folder / "locked/lab.txt").open("a") as file:
        file.write(f"small==1 \\\n    --hash=sha256:{digest}\n")


def test_what_is_locked_is_installed_by_its_hash_and_a_torch_that_is_there_is_left_out(course):
    lock_small(course)
    assert course.install("lab").returncode == 0
    pip = [install.python_in(course.venv), "-m", "pip", "list", "--format=freeze"]
    found = subprocess.run(pip, env=course.environment, capture_output=True, text=True).stdout
    assert "small==1" in found.split()
    assert "torch" not in (course.venv / "lenet-course-locked.txt").read_text()


def test_a_file_with_other_bytes_is_one_sentence_and_is_not_installed(course):
    lock_small(course, digest="f" * 64)
    assert_one_sentence(
        course.install("lab"), "What came for small is not the file that was tested"
    )
    pip = [install.python_in(course.venv), "-m", "pip", "show", "small"]
    assert subprocess.run(pip, env=course.environment, capture_output=True).returncode == 1


def test_another_hash_in_what_is_locked_is_installed_again(course):
    assert course.install("lab").returncode == 0
    lock_small(course)
    assert "Installing JupyterLab" in course.install("lab").stdout


@needs_linux
def test_the_build_with_cuda_is_never_taken_unasked(course):
    shutil.rmtree(course.wheels)
    write_fake_torch(course.wheels, "2.13.0")  # as the ordinary index names the build with CUDA
    assert_one_sentence(course.install("lab"), "without CUDA could not be had", "TORCH=gpu")


@needs_linux
def test_the_build_with_cuda_replaces_the_other_when_asked_for(course):
    assert course.install("lab").returncode == 0
    shutil.rmtree(course.wheels)
    write_fake_torch(course.wheels, "2.13.0")
    outcome = course.install("lab", TORCH="gpu")
    assert outcome.returncode == 0, outcome.stderr
    assert install.installed_torch(course.venv) == "2.13.0"


@needs_linux
def test_without_torch_and_without_a_network_one_sentence_names_the_place_and_the_log(course):
    shutil.rmtree(course.wheels)
    outcome = course.install("lab")
    log = str(Path(".venv", "lenet-course-install.log"))
    assert_one_sentence(outcome, install.PYTORCH_CPU_INDEX, "TORCH=gpu", "out of reach", log)
    assert (course.folder / log).read_text()


def test_an_index_out_of_reach_is_one_sentence_and_the_next_run_goes_on(course):
    (course.folder / "backend.py").write_text(backend(["not-at-hand"]))
    log = str(Path(".venv", "lenet-course-install.log"))
    assert_one_sentence(course.install("lab"), "The package index is out of reach", log)
    (course.folder / "backend.py").write_text(backend(["torch"]))
    outcome = course.install("lab")
    assert outcome.returncode == 0, outcome.stderr
    assert "PyTorch" not in outcome.stdout  # it is there already


def test_python_too_old_is_one_sentence(course):
    outcome = course.install("lab", before="import sys; sys.version_info = (3, 9, 1)")
    assert_one_sentence(outcome, "This is Python 3.9", "3.11 or newer", "PYTHON=")


def test_an_old_python_can_read_the_script():
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_without_its_venv_module_is_one_sentence(course, missing):
    before = f"""
        import importlib.util as util
        real = util.find_spec
        util.find_spec = lambda name, *rest: None if name == {missing!r} else real(name, *rest)
        """
    assert_one_sentence(course.install("lab", before=before), missing, "python3-venv")


def test_a_disk_too_full_is_one_sentence_before_anything_is_made(tmp_path):
    course = Course(tmp_path / "course")
    before = """
        import shutil, types
        shutil.disk_usage = lambda path: types.SimpleNamespace(free=700_000_000)
        """
    outcome = course.install("lab", before=before)
    assert_one_sentence(outcome, "0.7 GB free", "needs 2.5 GB", "VENV=")
    assert not course.venv.exists()


@pytest.mark.parametrize(
    "words",
    [
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "OSError: [WinError 112] There is not enough space on the disk",
    ],
)
def test_a_disk_that_fills_up_on_the_way_is_one_sentence(tmp_path, words):
    assert "The disk is full" in install.explain(f"Collecting torch\n{words}\n", tmp_path)


def test_a_package_that_no_wheel_fits_is_named(tmp_path):
    words = "ERROR: No matching distribution found for torch==2.13.0\n"
    assert "No torch==2.13.0 is to be had for Python 3." in install.explain(words, tmp_path)


def test_any_other_end_of_pip_is_quoted(tmp_path):
    words = "ERROR: first\nERROR: ResolutionImpossible: for help visit a page.\n"
    assert "pip stopped (ResolutionImpossible: for help visit a page);" in install.explain(
        words, tmp_path
    )


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path):
    course = Course(tmp_path / "course")
    course.venv.mkdir()
    (course.venv / "diary.txt").write_text("mine")
    assert_one_sentence(course.install("lab"), "is left alone")
    assert (course.venv / "diary.txt").read_text() == "mine"


def test_an_unknown_build_is_one_sentence(course):
    assert_one_sentence(course.install("lab", TORCH="tpu"), "'tpu'", "cpu (the default) or gpu")


@pytest.mark.skipif(os.name == "nt", reason="no signals between consoles")
def test_ctrl_c_is_one_sentence_and_the_next_run_goes_on(course):
    (course.folder / "backend.py").write_text(backend(["endless"]))
    with socket.socket() as silent:  # takes calls and never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/simple"
        process = subprocess.Popen(
            [sys.executable, "tools/install.py", "lab"],
            cwd=course.folder,
            env={**course.environment, "PIP_INDEX_URL": index},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # Where a shell runs the tests in the background, they and their children ignore it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        silent.settimeout(60)
        silent.accept()  # pip is asking
        os.killpg(process.pid, signal.SIGINT)
        _, words = process.communicate(timeout=60)
    assert process.returncode == 130
    assert words.strip() == "lenet-course: Stopped. The same command goes on from here."
    (course.folder / "backend.py").write_text(backend(["torch"]))
    assert course.install("lab").returncode == 0
