"""Long runs of the recipes: the file belongs to today's recipes, and the script takes up work."""

import importlib.util
import json
import re
import statistics
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lenet_course import data, recipes, results

ROOT = Path(__file__).parents[2]


def loaded(path):
    """The script as a module: it stands outside the package."""
    spec = importlib.util.spec_from_file_location("benchmark_of_recipes", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


script = loaded(ROOT / "benchmarks" / "recipes.py")
KEPT = results.load("recipes")
EVERY_RECIPE = pytest.mark.parametrize("name", recipes.RECIPES)


@pytest.fixture
def digits():
    """Sixty random pictures: enough to run on, too few to learn from."""
    noise = torch.Generator().manual_seed(0)
    images = torch.randint(256, (60, 28, 28), generator=noise, dtype=torch.uint8)
    split = data.Split(images, torch.arange(60) % 10)
    return data.Digits("MNIST", split, split[:20], split[20:40])


@pytest.fixture
def short():
    """The quickest recipe, cut to one epoch."""
    return replace(recipes.find("no-activation"), epochs=1)


# --- the file that is kept ----------------------------------------------------------------------


def test_the_file_names_the_script_that_made_it():
    assert (ROOT / KEPT["script"]).exists()
    assert list(KEPT["recipes"]) == list(recipes.RECIPES)


@EVERY_RECIPE
def test_the_kept_results_belong_to_the_recipe_as_it_is_now(name):
    described = json.loads(json.dumps(script.describe(recipes.RECIPES[name])))
    assert KEPT["recipes"][name]["recipe"] == described, "run benchmarks/recipes.py again"


@EVERY_RECIPE
def test_every_recipe_ran_to_its_end_with_three_seeds(name):
    recipe, runs = recipes.RECIPES[name], KEPT["recipes"][name]["runs"]
    assert sorted(runs) == ["0", "1", "2"]
    for run in runs.values():
        assert run["stopped"] is None
        steps = sum(row["steps"] for row in run["epochs"])
        assert steps == recipe.max_steps or len(run["epochs"]) == recipe.epochs
        assert run["validation accuracy"] == run["validations"][-1]["accuracy"]
        during = run["train accuracy during the last pass"]
        assert during == run["epochs"][-1]["train accuracy"]


@EVERY_RECIPE
def test_means_and_ranges_are_those_of_the_runs(name):
    entry = KEPT["recipes"][name]
    for what, summary in entry["summary"].items():
        values = [run[what] for run in entry["runs"].values()]
        assert summary["mean"] == pytest.approx(statistics.mean(values), abs=1e-3)
        assert (summary["lowest"], summary["highest"]) == (min(values), max(values))


def test_what_depends_on_the_machine_stands_apart_and_names_nobody():
    text = json.dumps(KEPT)
    assert "seconds" not in json.dumps(KEPT["recipes"])
    assert set(KEPT["machine"]) == {"processor", "cores", "threads", "device", "torch"}
    assert not re.search(r"/(home|root|work|tmp|Users)\b|\d{4}-\d\d-\d\d", text)


def test_results_of_an_unknown_name_list_those_there_are():
    with pytest.raises(ValueError, match=r"Did you mean 'recipes'.*checkpoints, kills, recipes"):
        results.load("recipe")


# --- the script ---------------------------------------------------------------------------------


def test_a_tiny_run_writes_what_came_out(tmp_path, digits, short):
    path = tmp_path / "short.json"
    script.run(path, [short], [0], digits)
    written = json.loads(path.read_text())
    entry = written["recipes"]["no-activation"]
    run = entry["runs"]["0"]
    assert run["parameter tensors"] == 10
    assert [row["steps"] for row in run["epochs"]] == [1]
    assert set(script.ACCURACIES) == set(entry["summary"])
    assert written["processor seconds an epoch"]["no-activation"]["0"] >= 0
    assert [file.name for file in tmp_path.iterdir()] == ["short.json"]


def test_what_the_file_holds_is_not_run_again(tmp_path, digits, short, capsys):
    path = tmp_path / "short.json"
    script.run(path, [short], [0], digits)
    first = json.loads(path.read_text())["recipes"]["no-activation"]["runs"]["0"]
    capsys.readouterr()
    script.run(path, [short], [0, 1], digits)
    assert capsys.readouterr().out.startswith("1 of 1: no-activation, seed 1")
    runs = json.loads(path.read_text())["recipes"]["no-activation"]["runs"]
    assert runs["0"] == first and list(runs) == ["0", "1"]


def test_a_recipe_that_changed_loses_its_old_results(tmp_path, digits, short):
    path = tmp_path / "short.json"
    script.run(path, [short], [0, 1], digits)
    script.run(path, [replace(short, batch_size=30)], [1], digits)
    entry = json.loads(path.read_text())["recipes"]["no-activation"]
    assert entry["recipe"]["batch size"] == 30
    assert list(entry["runs"]) == ["1"]
    assert [row["steps"] for row in entry["runs"]["1"]["epochs"]] == [2]


def test_an_interrupted_run_is_not_kept(tmp_path, digits, short, monkeypatch, capsys):
    path = tmp_path / "short.json"
    measure = script.measure

    def interrupted(*arguments):
        found, seconds = measure(*arguments)
        return found | {"stopped": "interrupted"}, seconds

    monkeypatch.setattr(script, "measure", interrupted)
    script.run(path, [short], [0], digits)
    assert "not kept" in capsys.readouterr().out
    assert not path.exists()


def test_the_same_seed_gives_the_same_results(digits, short):
    assert script.measure(short, digits, 3)[0] == script.measure(short, digits, 3)[0]


def test_another_number_of_epochs_wants_a_file_of_its_own(capsys):
    with pytest.raises(SystemExit):
        script.main(["--epochs", "1"])
    assert "--output" in capsys.readouterr().err


def test_an_unknown_recipe_is_answered_with_those_there_are(capsys):
    with pytest.raises(SystemExit):
        script.main(["--recipes", "no-activations"])
    assert "There is no recipe 'no-activations'" in capsys.readouterr().err


def test_the_stand_in_digits_are_refused(digits, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(data, "load", lambda: replace(digits, name="scikit-learn digits"))
    assert script.main(["--output", str(tmp_path / "x.json")]) == 1
    assert "about MNIST" in capsys.readouterr().err
