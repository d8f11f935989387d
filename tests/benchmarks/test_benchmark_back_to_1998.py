"""The command behind chapter 13: it takes up work, and what it keeps can be checked."""

import importlib.util
import json
import re
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
import torch

from lenet_course import back_to_1998 as engine
from lenet_course import checkpoints, data, networks, results
from lenet_course.back_to_1998 import training

ROOT = Path(__file__).parents[2]


def loaded(path):
    """The script as a module: it stands outside the package."""
    spec = importlib.util.spec_from_file_location("benchmark_of_1998", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


script = loaded(ROOT / "benchmarks" / "back_to_1998.py")
FOLDER = resources.files(results)
KEPT = [name for name in script.EXPERIMENTS if (FOLDER / f"1998-{name}.json").is_file()]
EVERY_KEPT = pytest.mark.parametrize("name", KEPT)


@pytest.fixture
def digits():
    """Sixty random pictures: enough to run on, too few to learn from."""
    noise = torch.Generator().manual_seed(0)
    images = torch.randint(256, (60, 28, 28), generator=noise, dtype=torch.uint8)
    split = data.Split(images, torch.arange(60) % 10)
    return data.Digits("MNIST", split, split[:0], split[20:40])


@pytest.fixture(autouse=True)
def short(monkeypatch, digits):
    """Two quick experiments in place of the long ones, on the sixty pictures."""
    plan = engine.Plan(rates=(1e-4, 1e-5), digits=60)
    quick = {"second-order": (plan, 2), "map": (replace(plan, loss=engine.MAP()), 1)}
    monkeypatch.setattr(script, "EXPERIMENTS", quick)
    monkeypatch.setattr(training, "SAMPLES", 5)
    monkeypatch.setattr(data, "load", lambda validation: digits)


def command(folder, *arguments):
    where = ["--runs", str(folder / "runs"), "--output", str(folder / "results")]
    return script.main([*arguments, "--eager", "--device", "cpu", *where])


# --- what is kept -------------------------------------------------------------------------------


def networks_are_right(folder, name, digits):
    """The weights beside a record give the error that it ends in."""
    kept = json.loads((folder / f"1998-{name}.json").read_text(encoding="utf-8"))
    file = folder / kept["weights"]["file"]
    assert file.stat().st_size < 300_000
    model = networks.build("lenet5-1998")
    checkpoints.load_weights(model, file)
    wrong = engine.errors(engine.from_module(model)[None], digits.test)[0]
    logged = kept["runs"][str(kept["weights"]["seed"])]["test error"][-1]
    return 100 * wrong / len(digits.test) == pytest.approx(logged, abs=1e-3)


@EVERY_KEPT
def test_the_kept_weights_give_the_logged_error(name, mnist):
    assert networks_are_right(Path(str(FOLDER)), name, mnist)


@EVERY_KEPT
def test_a_kept_record_belongs_to_the_plan_as_it_is_now(name):
    plans = loaded(ROOT / "benchmarks" / "back_to_1998.py").EXPERIMENTS
    kept = results.load(f"1998-{name}")
    assert (ROOT / kept["script"]).exists()
    assert kept["plan"] == json.loads(json.dumps(plans[name][0].described()))
    for run in kept["runs"].values():
        assert len(run["test error"]) == len(plans[name][0].rates)
    assert not re.search(r"/(home|root|work|tmp|Users)\b|\d{4}-\d\d-\d\d", json.dumps(kept))


# --- the command --------------------------------------------------------------------------------


def test_a_run_leaves_a_record_and_weights_that_give_its_error(tmp_path, digits):
    assert command(tmp_path, "second-order") == 0
    folder = tmp_path / "results"
    assert sorted(file.name for file in folder.iterdir()) == [
        "1998-second-order.json",
        "1998-second-order.safetensors",
    ]
    kept = json.loads((folder / "1998-second-order.json").read_text())
    assert list(kept["runs"]) == ["0", "1"]
    assert [len(errors) for errors in kept["runs"]["1"].values()] == [2, 2, 2, 2]
    ends = [run["test error"][-1] for run in kept["runs"].values()]
    assert kept["summary"]["test error"]["mean"] == pytest.approx(sum(ends) / 2, abs=1e-3)
    assert networks_are_right(folder, "second-order", digits)


def test_a_run_that_was_killed_goes_on_and_ends_as_if_it_had_not_been(
    tmp_path, monkeypatch, capsys
):
    command(tmp_path / "whole", "second-order")
    judge, calls = engine.errors, []

    def killed(*arguments):
        calls.append(arguments)
        if len(calls) == 3:  # while the second pass is judged
            raise KeyboardInterrupt
        return judge(*arguments)

    monkeypatch.setattr(engine, "errors", killed)
    assert command(tmp_path / "stopped", "second-order") == 1
    assert "goes on" in capsys.readouterr().out
    assert not (tmp_path / "stopped" / "results").exists()
    assert command(tmp_path / "stopped", "second-order") == 0
    assert "1 passes are done already" in capsys.readouterr().out
    files = [tmp_path / run / "results" for run in ("whole", "stopped")]
    weights = [(each / "1998-second-order.safetensors").read_bytes() for each in files]
    records = [json.loads((each / "1998-second-order.json").read_text()) for each in files]
    assert weights[0] == weights[1]
    assert records[0]["runs"] == records[1]["runs"]


def test_what_is_there_is_not_run_again(tmp_path, capsys):
    command(tmp_path, "map")
    first = (tmp_path / "results" / "1998-map.json").read_bytes()
    capsys.readouterr()
    assert command(tmp_path) == 0
    assert capsys.readouterr().out.count("is there already") == 1
    assert (tmp_path / "results" / "1998-map.json").read_bytes() == first
    assert (tmp_path / "results" / "1998-second-order.json").exists()


def test_an_option_makes_another_experiment_with_checkpoints_of_its_own(tmp_path, capsys):
    command(tmp_path, "map")
    (tmp_path / "results" / "1998-map.json").unlink()
    assert command(tmp_path, "map", "--j", "3") == 0
    assert "done already" not in capsys.readouterr().out
    kept = json.loads((tmp_path / "results" / "1998-map.json").read_text())
    assert kept["plan"]["loss"] == {"name": "MAP", "j": 3.0, "exact": False}


@pytest.mark.parametrize(
    "words, setting, value",
    [
        ("--steps plain", "second_order", False),
        ("--rates paper", "rates", list(engine.PAPER_RATES)),
        ("--rates paper --passes 1", "rates", [5e-4]),
        ("--first-weights 2.4/F", "first_weights", "2.4/F"),
        ("--averaged", "averaged", True),
        ("--distortions", "distorted", True),
        ("--digits 30", "digits", 30),
        ("--loss map", "loss", {"name": "MAP", "j": 20.0, "exact": False}),
        ("--loss map --j 3 --exact", "loss", {"name": "MAP", "j": 3.0, "exact": True}),
    ],
)
def test_each_option_changes_its_setting_of_a_plan_and_no_other(words, setting, value):
    plan = engine.Plan()
    found = script.changed(plan, script._parser().parse_args(words.split())).described()
    assert found == {**plan.described(), setting: value}


def test_seeds_may_begin_elsewhere(tmp_path):
    command(tmp_path, "map", "--seeds", "2", "--first-seed", "7")
    kept = json.loads((tmp_path / "results" / "1998-map.json").read_text())
    assert list(kept["runs"]) == ["7", "8"] and kept["weights"]["seed"] == 7


@pytest.mark.parametrize(
    "words, said",
    [
        ("second-order --j 3", "--j and --exact belong to the MAP loss: add --loss map."),
        ("second-order --exact", "--j and --exact belong to the MAP loss: add --loss map."),
        ("map --j 0", "--j 0 cannot be: the paper says that j is positive."),
        ("map --digits 60001", "--digits 60,001 cannot be: there are 60,000."),
    ],
)
def test_what_does_not_go_together_is_said(words, said, tmp_path, capsys):
    with pytest.raises(SystemExit):
        command(tmp_path, *words.split())
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", ["--passes 1", "--j 3", "--first-seed 5"])
def test_another_experiment_wants_a_folder_of_its_own(words, capsys):
    with pytest.raises(SystemExit):
        script.main(["map", *words.split()])
    assert "--output" in capsys.readouterr().err


def test_an_unknown_experiment_is_answered_with_those_there_are(capsys):
    with pytest.raises(SystemExit):
        script.main(["mapp"])
    assert "second-order, map" in capsys.readouterr().err


def test_the_stand_in_digits_are_refused(tmp_path, monkeypatch, digits, capsys):
    other = replace(digits, name="scikit-learn digits")
    monkeypatch.setattr(data, "load", lambda validation: other)
    assert command(tmp_path, "map") == 1
    assert "about MNIST" in capsys.readouterr().err
