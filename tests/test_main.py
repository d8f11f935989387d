"""The command line: what it prints, and the code it ends with."""

import subprocess
import sys
from pathlib import Path

import pytest

from lenet_course import __main__ as command_line
from lenet_course import doctor, downloads
from lenet_course.doctor import Finding
from lenet_course.shapes import ShapeError


@pytest.fixture(scope="module")
def real(mnist):
    """The raw bytes of MNIST's four files, read before a test points the variables elsewhere."""
    return downloads.mnist()[0]


@pytest.fixture
def offline(monkeypatch, tmp_path):
    monkeypatch.delenv("LENET_COURSE_DATA", raising=False)
    monkeypatch.setenv("LENET_COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LENET_COURSE_OFFLINE", "1")
    return tmp_path / "cache"


def raising(error):
    def command(arguments):
        raise error

    return command


def test_data_says_where_mnist_lies(mnist, capsys):
    assert command_line.main(["data"]) == 0
    assert capsys.readouterr().out == f"MNIST is in {downloads.mnist()[1]}\n"


def test_data_that_cannot_be_had_is_one_line_and_code_2(offline, capsys):
    assert command_line.main(["data"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("lenet-course: train-images-idx3-ubyte is not in the cache")
    assert printed.err.count("\n") == 1


def test_data_that_cannot_be_kept_is_told_without_a_line_of_code(
    real, offline, capsys, monkeypatch
):
    offline.write_text("a file where the folder should be")
    monkeypatch.setattr(downloads, "download", lambda name, *rest: real[name])
    assert command_line.main(["data"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("lenet-course: The download was good, but could not be kept in")
    assert ".py" not in printed.err


@pytest.mark.parametrize(("verdict", "code"), [("ok", 0), ("note: new", 0), ("wrong: old", 1)])
def test_doctor_ends_with_1_when_something_is_wrong(monkeypatch, capsys, verdict, code):
    findings = [Finding("device", "cpu", "ok"), Finding("data", "MNIST", verdict)]
    monkeypatch.setattr(doctor, "report", lambda: findings)
    assert command_line.main(["doctor"]) == code
    assert verdict in capsys.readouterr().out


def test_errors_that_speak_to_a_learner_lose_their_traceback(monkeypatch, capsys):
    monkeypatch.setitem(command_line.COMMANDS, "data", raising(ShapeError("S2 is empty.")))
    assert command_line.main(["data"]) == 2
    assert capsys.readouterr().err == "lenet-course: S2 is empty.\n"


def test_errors_of_ours_keep_it(monkeypatch):
    monkeypatch.setitem(command_line.COMMANDS, "data", raising(KeyError("a slip")))
    with pytest.raises(KeyError):
        command_line.main(["data"])


def test_ctrl_c_ends_with_130(monkeypatch, capsys):
    monkeypatch.setitem(command_line.COMMANDS, "data", raising(KeyboardInterrupt()))
    assert command_line.main(["data"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_help_tells_every_command(capsys):
    with pytest.raises(SystemExit) as ended:
        command_line.main(["--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in command_line.COMMANDS)


@pytest.mark.parametrize("words", [[], ["dance"]])
def test_no_command_or_an_unknown_one_ends_with_2(words, capsys):
    with pytest.raises(SystemExit) as ended:
        command_line.main(words)
    assert ended.value.code == 2
    assert "usage: lenet-course" in capsys.readouterr().err


def test_it_runs_as_a_module_and_fetches_without_importing_torch(offline):
    code = (
        "import sys; from lenet_course.__main__ import main; assert main(['data']) == 2; "
        "assert 'torch' not in sys.modules"
    )
    root = Path(__file__).resolve().parents[1]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, stderr=subprocess.DEVNULL)
    answer = subprocess.run(
        [sys.executable, "-m", "lenet_course", "data"], cwd=root, text=True, capture_output=True
    )
    assert answer.returncode == 2
    assert answer.stderr.startswith("lenet-course: train-images")
