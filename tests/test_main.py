"""The command line: what it prints, and the code it ends with."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

import lenet_course
from lenet_course import __main__ as command_line
from lenet_course import checkpoints, data, devices, doctor, downloads, networks, recipes, results
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


def test_data_from_a_folder_puts_mnist_into_the_cache(real, offline, tmp_path, capsys):
    (tmp_path / "stick").mkdir()
    for name, content in real.items():
        (tmp_path / "stick" / name).write_bytes(content)
    assert command_line.main(["data", "--from", str(tmp_path / "stick")]) == 0
    assert capsys.readouterr().out == f"MNIST is in {offline}\n"
    assert command_line.main(["data"]) == 0
    assert downloads.held(offline) == list(downloads.FILES)


def test_data_from_a_folder_that_does_not_hold_it_is_one_line_and_nothing_is_kept(
    offline, tmp_path, capsys
):
    assert command_line.main(["data", "--from", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"lenet-course: {tmp_path} has no file train-images-idx3-ubyte")
    assert said.count("\n") == 1
    assert not offline.exists()


def test_data_from_a_folder_needs_a_cache_that_can_be_written(real, offline, tmp_path, capsys):
    for name, content in real.items():
        (tmp_path / name).write_bytes(content)
    offline.write_text("a file where the folder should be")
    assert command_line.main(["data", "--from", str(tmp_path)]) == 2
    assert "could not be kept in" in capsys.readouterr().err


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as ended:
        command_line.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"lenet-course {lenet_course.__version__}\n"


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


# Training from the command line


@pytest.fixture
def few(monkeypatch):
    """Makes the command line find 600 random digits, so that an epoch takes a moment."""
    noise = torch.Generator().manual_seed(0)

    def split(count):
        images = torch.randint(256, (count, 28, 28), generator=noise, dtype=torch.uint8)
        return data.Split(images, torch.randint(10, (count,), generator=noise))

    digits = data.Digits("random digits", split(400), split(100), split(100))
    monkeypatch.setattr(data, "load", lambda: digits)
    return digits


def train(*words):
    return command_line.main(["train", "relu-max", *map(str, words)])


def test_train_prints_a_line_an_epoch_and_the_test(few, capsys):
    assert train("--epochs", 2) == 0
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith("epoch 1, 4 steps: training loss ") and "; validation error " in first
    assert second.startswith("epoch 2, 4 steps: training loss ")
    assert last.startswith("relu-max on random digits, test accuracy ") and " of 100 wrong" in last


def test_train_is_told_its_recipe_by_place_or_by_name(few, capsys):
    assert command_line.main(["train", "fast", "--epochs", "1"]) == 0
    placed = capsys.readouterr().out
    assert command_line.main(["train", "--recipe", "fast", "--epochs", "1"]) == 0
    assert capsys.readouterr().out == placed
    for words in [[], ["fast", "--recipe", "best"]]:
        with pytest.raises(SystemExit):
            command_line.main(["train", *words])
        assert "recipe" in capsys.readouterr().err


def test_train_takes_passes_in_place_of_the_steps_of_a_recipe(few, capsys):
    assert command_line.main(["train", "wide-dropout", "--epochs", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("epoch 2, 20 steps: ")


def test_train_run_again_restores_prints_the_stored_test_and_stops(
    few, capsys, tmp_path, monkeypatch
):
    assert train("--epochs", 2, "--checkpoints", tmp_path) == 0
    before = capsys.readouterr().out.splitlines()
    # Were it to test again, it would fail.
    monkeypatch.setattr(recipes.training, "evaluate", lambda *all, **more: pytest.fail("tested"))
    files = sorted(tmp_path.iterdir())
    assert train("--epochs", 2, "--checkpoints", tmp_path) == 0
    restored, *after = capsys.readouterr().out.splitlines()
    assert restored == f"Restored {files[-1].name}."
    assert after[-1] == before[-1]
    assert sorted(tmp_path.iterdir()) == files


def test_train_goes_on_from_what_is_stored_as_if_it_had_not_stopped(few, capsys, tmp_path):
    assert train("--epochs", 3, "--checkpoints", tmp_path / "whole") == 0
    whole = capsys.readouterr().out.splitlines()
    assert train("--epochs", 1, "--checkpoints", tmp_path / "parts") == 0
    assert train("--epochs", 3, "--checkpoints", tmp_path / "parts") == 0
    parts = capsys.readouterr().out.splitlines()
    assert parts[-1] == whole[-1]
    assert len(checkpoints.all(tmp_path / "parts")) == 3


def test_train_fresh_starts_over_and_deletes_nothing(few, capsys, tmp_path):
    train("--epochs", 1, "--checkpoints", tmp_path)
    (old,) = tmp_path.iterdir()
    assert train("--epochs", 1, "--checkpoints", tmp_path, "--fresh", "--seed", 1) == 0
    assert (tmp_path / "before-1" / old.name).exists()
    assert "The run of before is now in" in capsys.readouterr().out
    assert checkpoints.latest(tmp_path).parent == tmp_path


def test_train_refuses_to_go_on_with_another_run(few, capsys, tmp_path):
    train("--epochs", 1, "--checkpoints", tmp_path)
    capsys.readouterr()
    assert train("--epochs", 2, "--checkpoints", tmp_path, "--seed", 1) == 2
    said = capsys.readouterr()
    assert "was begun with other settings: seed 0 (now 1)" in said.err
    assert said.err.count("\n") == 1 and "Restored" not in said.out


def test_train_looks_at_the_folder_before_the_work(few, capsys, tmp_path):
    (tmp_path / "a file").touch()
    assert train("--epochs", 1, "--checkpoints", tmp_path / "a file") == 2
    said = capsys.readouterr()
    assert "Nothing can be saved in a file" in said.err and not said.out


def test_train_fresh_wants_a_folder(few, capsys):
    with pytest.raises(SystemExit):
        train("--fresh")
    assert "say which with --checkpoints" in capsys.readouterr().err


def test_train_that_is_stopped_ends_with_130_and_goes_on_later(few, capsys, tmp_path, monkeypatch):
    forward = torch.nn.Flatten.forward
    steps = iter(range(100))

    def interrupt(self, inputs):
        if next(steps) == 4:  # the third step: two digits were tried before the first
            signal.raise_signal(signal.SIGINT)
        return forward(self, inputs)

    monkeypatch.setattr(torch.nn.Flatten, "forward", interrupt)
    assert train("--epochs", 3, "--checkpoints", tmp_path) == 130
    said = capsys.readouterr().err
    assert f"interrupted after 3 steps. Kept in {tmp_path}: the same command goes on" in said
    monkeypatch.undo()
    monkeypatch.setattr(data, "load", lambda: few)
    assert train("--epochs", 3, "--checkpoints", tmp_path) == 0
    assert len(checkpoints.all(tmp_path)) == 3


def test_train_of_an_unknown_recipe_lists_those_there_are(few, capsys):
    assert command_line.main(["train", "relu-mx"]) == 2
    said = capsys.readouterr().err
    assert "Did you mean 'relu-max'?" in said and "no-activation" in said


@pytest.mark.parametrize("words", [("--epochs", 0), ("--keep", -1), ("--every-steps", "x")])
def test_train_refuses_counts_below_1(words, capsys):
    with pytest.raises(SystemExit) as ended:
        train(*words)
    assert ended.value.code == 2
    assert "give a whole number of at least 1" in capsys.readouterr().err


# Reading files, and judging a network, from the command line


@pytest.fixture
def written(mnist, tmp_path):
    """Saves a test digit as a picture, dark on light and eight times as large; gives its path."""

    def save(number):
        digit = Image.fromarray(255 - mnist.test.images[number].numpy())
        path = tmp_path / f"{mnist.test.labels[number]}-{number}.png"
        digit.resize((224, 224), Image.Resampling.BICUBIC).save(path)
        return str(path)

    return save


def test_predict_says_network_weights_data_and_device_and_a_line_for_each_file(written, capsys):
    files = [written(number) for number in range(4)]  # 7, 2, 1, 0
    assert command_line.main(["predict", *files]) == 0
    printed = capsys.readouterr()
    first, *lines = printed.out.splitlines()
    device = devices.pick()
    assert first == f"relu-max, the course's own weights, trained on MNIST; on {device}"
    for file, line, digit in zip(files, lines, (7, 2, 1, 0), strict=True):
        said, share = line.rsplit(" ", 1)
        assert said == f"{file}: {digit}, share"
        assert 50 < float(share.rstrip("%")) <= 100
    assert printed.err == ""


def test_predict_tells_a_file_that_cannot_be_read_and_reads_the_others(written, tmp_path, capsys):
    text = tmp_path / "letter.png"
    text.write_text("dear reader")
    files = [str(text), written(0), str(tmp_path / "none.png"), written(1)]
    assert command_line.main(["predict", *files]) == 2
    printed = capsys.readouterr()
    assert [line.split(": ")[1][0] for line in printed.out.splitlines()[1:]] == ["7", "2"]
    told = printed.err.splitlines()
    assert told[0].startswith(f"lenet-course: {text} is no picture that can be read")
    assert told[1].startswith(f"lenet-course: {tmp_path / 'none.png'} cannot be read: No such file")
    assert len(told) == 2


def test_predict_reads_with_weights_of_ones_own(few, written, capsys, tmp_path):
    model = networks.build("relu-avg", seed=0)
    mine = checkpoints.export(model, tmp_path / "mine.safetensors", network="relu-avg")
    assert command_line.main(["predict", written(0), "--weights", str(mine)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("relu-avg, mine.safetensors, trained on digits it does not name; on ")


@pytest.mark.parametrize("name", ["sigmoid-avg", "nonsense"])
def test_predict_refuses_a_network_that_its_weights_are_not_of(written, capsys, name):
    assert command_line.main(["predict", written(0), "--network", name]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and name in printed.err and "relu-max" in printed.err


def test_predict_without_weights_that_can_be_loaded_is_one_line(written, capsys, tmp_path):
    assert command_line.main(["predict", written(0), "--weights", str(tmp_path / "no")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("lenet-course: no cannot be read")


def test_predict_wants_a_file(capsys):
    with pytest.raises(SystemExit) as ended:
        command_line.main(["predict"])
    assert ended.value.code == 2
    assert "FILE" in capsys.readouterr().err


def test_evaluate_prints_the_test_error_with_its_interval(mnist, capsys):
    assert command_line.main(["evaluate"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    device = devices.pick()
    assert first == f"relu-max, the course's own weights, trained on MNIST; on {device}"
    said = "test error on MNIST: (\\d+) of 10,000 wrong: 0.\\d\\d% \\(95% interval 0.\\d\\d% to "
    found = re.match(said, second)
    assert abs(int(found[1]) - results.load("weights")["test"]["wrong"]) <= 3


def test_evaluate_judges_the_best_of_a_folder_as_train_did(few, capsys, tmp_path):
    assert train("--epochs", 1, "--checkpoints", tmp_path) == 0
    trained = capsys.readouterr().out.splitlines()[-1].partition(": ")[2]
    assert command_line.main(["evaluate", "--weights", str(tmp_path)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    (file,) = checkpoints.all(tmp_path)
    assert first.startswith(f"relu-max, {file.name}, trained on random digits; on ")
    assert second == f"test error on random digits: {trained}"


def test_evaluate_asks_which_network_weights_are_of(few, capsys, tmp_path):
    path = checkpoints.export(networks.build("no-activation", seed=0), tmp_path / "a.safetensors")
    words = ["evaluate", "--weights", str(path)]
    assert command_line.main(words) == 2
    assert "a.safetensors does not say which network it holds" in capsys.readouterr().err
    assert command_line.main([*words, "--network", "no-activation"]) == 0
    assert capsys.readouterr().out.startswith("no-activation, a.safetensors")


def test_evaluate_says_when_other_digits_take_mnists_place(offline, capsys):
    assert command_line.main(["evaluate"]) == 0
    printed = capsys.readouterr()
    assert "\ntest error on scikit-learn digits: " in printed.out
    assert printed.err.startswith("lenet-course: MNIST is not here.")
