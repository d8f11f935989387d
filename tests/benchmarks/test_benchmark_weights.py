"""The command behind the weights that come with the course, and what it left."""

import importlib.util
import json
import math
import re
import sys
from importlib import resources
from pathlib import Path

import pytest
import torch

from lenet_course import checkpoints, data, networks, results, training

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "weights.py"
KEPT = results.load("weights")


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("benchmark_of_weights", SCRIPT)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def digits(monkeypatch):
    """Three hundred random pictures in MNIST's place."""
    noise = torch.Generator().manual_seed(0)
    images = torch.randint(256, (300, 28, 28), generator=noise, dtype=torch.uint8)
    split = data.Split(images, torch.arange(300) % 10)
    digits = data.Digits("MNIST", split[:200], split[200:250], split[250:])
    monkeypatch.setattr(data, "load", lambda: digits)
    return digits


def test_the_kept_weights_are_small_and_give_the_kept_error(mnist):
    file = resources.files(results) / KEPT["file"]
    assert len(file.read_bytes()) < 300_000
    model = networks.build(KEPT["network"])
    with resources.as_file(file) as path:
        checkpoints.load_weights(model, path)
    network = networks.find(KEPT["network"])
    test = training.evaluate(model, mnist.test, prepare=network.prepare)
    assert 100 * test.error == pytest.approx(KEPT["test"]["error"], abs=0.03)
    assert test.count == KEPT["digits"]["test"]


def test_the_kept_record_is_that_of_a_choice_by_the_validation_digits(script):
    assert SCRIPT.match(KEPT["script"])
    errors = KEPT["validation error"]
    assert list(errors) == list(script.WAYS) and KEPT["epochs"] == script.EPOCHS
    chosen = errors[KEPT["chosen"]["way"]][str(KEPT["chosen"]["seed"])]
    assert chosen == min(error for way in errors.values() for error in way.values())
    wrong, count = KEPT["test"]["wrong"], KEPT["digits"]["test"]
    assert KEPT["test"]["error"] == pytest.approx(100 * wrong / count, abs=1e-3)
    interval = training.Evaluation(count, wrong, 0.0, torch.empty(0)).interval
    assert KEPT["test"]["interval"] == pytest.approx([100 * end for end in interval], abs=1e-3)
    assert not re.search(r"/(home|root|work|tmp|Users)\b|\d{4}-\d\d-\d\d", json.dumps(KEPT))


def test_readme_tells_the_kept_error():
    readme = " ".join((SCRIPT.parents[1] / "README.md").read_text("utf-8").split())
    assert f"{KEPT['test']['error']}% of the test digits wrong" in readme


def test_the_script_leaves_weights_that_give_their_recorded_error(tmp_path, script, digits):
    words = ["--epochs", "1", "--seeds", "0", "1", "--output", str(tmp_path)]
    assert script.main(words) == 0
    record = json.loads((tmp_path / "weights.json").read_text())
    assert record.keys() == KEPT.keys()
    assert [list(way) for way in record["validation error"].values()] == [["0", "1"]] * 2
    model = networks.build("relu-max")
    checkpoints.load_weights(model, tmp_path / record["file"])
    test = training.evaluate(model, digits.test, prepare=script.NETWORK.prepare)
    assert test.errors == record["test"]["wrong"]
    validation = training.evaluate(model, digits.validation, prepare=script.NETWORK.prepare)
    errors = [error for way in record["validation error"].values() for error in way.values()]
    assert math.isclose(100 * validation.error, min(errors), abs_tol=1e-3)


def test_the_test_digits_are_read_once(tmp_path, script, digits, monkeypatch):
    judged, evaluate = [], training.evaluate

    def noting(model, split, **settings):
        judged.append("test" if split.images.data_ptr() == digits.test.images.data_ptr() else "")
        return evaluate(model, split, **settings)

    monkeypatch.setattr(training, "evaluate", noting)
    script.main(["--epochs", "1", "--seeds", "0", "--output", str(tmp_path)])
    assert judged == ["", "", "test"]


def test_fewer_epochs_want_a_folder_of_their_own(script, capsys):
    with pytest.raises(SystemExit):
        script.main(["--epochs", "1"])
    assert "--output" in capsys.readouterr().err


def test_the_stand_in_digits_are_refused(script, digits, monkeypatch, capsys):
    other = data.Digits("others", digits.train, digits.validation, digits.test)
    monkeypatch.setattr(data, "load", lambda: other)
    assert script.main([]) == 1
    assert "only others can be had" in capsys.readouterr().err
