"""Time to 98% and to 99%: every way trains, only training is timed, and the kept result holds."""

import json
from dataclasses import replace
from pathlib import Path

import measuring
import pytest
import records
import torch

from lenet_course import data, recipes, results

ROOT = Path(__file__).parents[2]
KEPT = results.load("records")


@pytest.fixture
def digits():
    """A few random pictures, split in three."""
    noise = torch.Generator().manual_seed(0)
    images = torch.randint(256, (120, 28, 28), generator=noise, dtype=torch.uint8)
    split = data.Split(images, torch.arange(120) % 10)
    return data.Digits("MNIST", split[:100], split[100:110], split[110:])


@pytest.mark.parametrize("name", records.OURS)
def test_our_recipes_are_followed_to_the_test(digits, name):
    found = records.ours(name, digits, seed=0)
    assert found["seconds"] > 0
    assert found["test accuracy"] == records.percent(
        recipes.run(recipes.find(name), digits).test.accuracy
    )


def test_the_rival_has_the_network_of_its_description(digits, monkeypatch):
    built = []
    sequential = torch.nn.Sequential
    monkeypatch.setattr(
        records.nn, "Sequential", lambda *layers: built.append(sequential(*layers)) or built[0]
    )
    found = records.train_mnist_fast(digits, seed=0)
    shapes = [tuple(parameter.shape) for parameter in built[0].parameters()]
    assert shapes[::2] == [(24, 1, 5, 5), (32, 24, 3, 3), (256, 800), (10, 256)]
    assert 0 <= found["test accuracy"] <= 100


def test_the_notebook_is_judged_after_each_pass_until_it_is_good_enough(digits, monkeypatch):
    answers = iter([97.0, 99.5])
    monkeypatch.setattr(records, "judged", lambda *any: next(answers))
    passes = records.usual_notebook(digits, seed=0, passes=5)
    assert [one["test accuracy"] for one in passes] == [97.0, 99.5]
    assert passes[1]["seconds"] > passes[0]["seconds"] > 0
    assert records.first_at(98.0, passes) == passes[1]["seconds"]
    assert records.first_at(99.9, passes) is None


def test_a_share_is_the_middle_of_the_seeds_that_both_have():
    assert records.share([1.0, 2.0, 4.0, 8.0], [10.0, 10.0, 10.0]) == 0.2
    assert records.share([1.0, 2.0], [None, 10.0]) == 0.2
    assert records.share([1.0], [None]) is None


def test_a_run_measures_what_the_kept_result_holds(digits, monkeypatch, tmp_path):
    monkeypatch.setattr(data, "load", lambda: digits)
    monkeypatch.setattr(records, "from_process_start", lambda *any: {"wall seconds": 1.0})
    threads, output = torch.get_num_threads(), tmp_path / "new.json"
    ways = ["--rivals", "1", "--passes", "1"]
    for more in [ways, [*ways, "--threads", "2"], ["--best"]]:
        monkeypatch.setitem(recipes.RECORDS, "best", replace(recipes.find("best"), epochs=1))
        records.main(["--seeds", "1", "--output", str(output), *more])
    torch.set_num_threads(threads)
    found = json.loads(output.read_text(encoding="utf-8"))
    assert found.keys() >= KEPT.keys()
    for key in KEPT.keys() & {"1 threads", "2 threads"}:
        assert found[key].keys() == KEPT[key].keys()
        assert found[key]["summary"][0].keys() == KEPT[key]["summary"][0].keys()


def test_seeds_that_are_there_are_not_measured_again(tmp_path):
    asked, path = [], tmp_path / "new.json"
    for seeds in (2, 3):
        records.measure(path, "some", seeds, lambda kept, seed: asked.append(seed))
    assert asked == [0, 1, 2]
    assert len(json.loads(path.read_text(encoding="utf-8"))["some"]["load"]) == 3


def test_a_run_that_was_stopped_is_not_kept(digits, monkeypatch, tmp_path):
    stopped = replace(recipes.find("fast"), loss=lambda outputs, labels: outputs[:, 0] * torch.nan)
    monkeypatch.setitem(recipes.RECORDS, "fast", stopped)
    with pytest.raises(KeyboardInterrupt, match="fast was diverged"):
        records.ours("fast", digits, seed=0)


def test_the_kept_summary_is_that_of_its_runs():
    assert (ROOT / KEPT["script"]).exists()
    kept = KEPT["1 threads"]
    assert kept["machine"].keys() == measuring.machine().keys()
    assert kept["summary"] == records.summary(kept["ways"])
    if "best" in KEPT:
        accuracies = [one["test accuracy"] for one in KEPT["best"]["runs"]]
        assert KEPT["best"]["summary"] == [records.spread(accuracies)]
