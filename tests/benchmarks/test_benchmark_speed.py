"""How long an epoch takes: every way still trains, and the kept result holds what it should."""

import json
from pathlib import Path

import measuring
import pytest
import speed
import torch

from lenet_course import data, networks, results

ROOT = Path(__file__).parents[2]
KEPT = results.load("speed")


@pytest.fixture
def digits():
    """Two batches of random pictures."""
    noise = torch.Generator().manual_seed(0)
    images = torch.randint(256, (80, 28, 28), generator=noise, dtype=torch.uint8)
    return data.Split(images, torch.arange(80) % 10)


@pytest.fixture
def small_product(monkeypatch):
    monkeypatch.setattr(measuring, "SIDE", 64)


@pytest.mark.parametrize("way", speed.WAYS)
def test_every_way_trains(way, digits):
    speed.WAYS[way](digits)


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_the_published_loop_has_four_workers_which_only_the_wall_clock_counts(digits, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert speed.ways_timed() == speed.WAYS
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    first = next(iter(speed.ways_timed()))
    assert first == speed.PUBLISHED
    speed.ways_timed()[first](digits)


def test_the_digits_come_one_by_one_as_the_notebook_wants_them(digits):
    image, label = speed.ImageByImage(digits, normalise=True)[3]
    wanted = (digits.images[3].float() / 255 - speed.MEAN) / speed.DEVIATION
    torch.testing.assert_close(image, wanted.unsqueeze(0))
    assert label == 3


def test_the_notebooks_network_is_the_familys_relu_max():
    shapes = [tuple(parameter.shape) for parameter in speed.usual_lenet().parameters()]
    family = networks.build("relu-max").parameters()
    assert shapes == [tuple(parameter.shape) for parameter in family]


def test_operations_are_three_times_the_multiply_adds_but_for_the_first_layer():
    assert speed.operations("relu-max") == 2 * (3 * 416_520 - 117_600) == 2_263_920


def test_a_run_measures_what_the_kept_result_holds(
    digits, monkeypatch, tmp_path, small_product, capsys
):
    monkeypatch.setattr(data, "load", lambda: data.Digits("MNIST", digits, digits, digits))
    threads, output = torch.get_num_threads(), tmp_path / "new.json"
    speed.main(["--digits", "64", "--rounds", "1", "--output", str(output)])
    torch.set_num_threads(threads)
    found = json.loads(output.read_text(encoding="utf-8"))
    assert found["1 threads"].keys() == KEPT["1 threads"].keys()
    ways = [row["way"] for row in found["1 threads"]["ways"]]
    assert ways == [row["way"] for row in KEPT["1 threads"]["ways"]] == list(speed.WAYS)
    assert all(way in capsys.readouterr().out for way in ["course, 256"])


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_a_second_number_of_threads_is_kept_beside_the_first(
    digits, monkeypatch, tmp_path, small_product
):
    monkeypatch.setattr(data, "load", lambda: data.Digits("MNIST", digits, digits, digits))
    monkeypatch.setattr(speed, "WAYS", {name: lambda digits: None for name in speed.WAYS})
    threads, output = torch.get_num_threads(), tmp_path / "new.json"
    for count in ["1", "2"]:
        speed.main(["--threads", count, "--rounds", "1", "--output", str(output)])
    torch.set_num_threads(threads)
    found = json.loads(output.read_text(encoding="utf-8"))
    assert list(found) == ["script", "1 threads", "2 threads"]
    assert [found[key]["clock"] for key in list(found)[1:]] == ["processor time", "wall time"]
    first = found["2 threads"]["ways"][0]
    assert first["way"] == speed.PUBLISHED and first["times the published loop's speed"] == 1


def test_the_kept_result_names_its_script_and_its_machine():
    assert (ROOT / KEPT["script"]).exists()
    assert KEPT["1 threads"]["machine"].keys() == measuring.machine().keys()
    assert "/" not in json.dumps(KEPT).replace(KEPT["script"], "")


def test_ratios_are_those_of_the_kept_times():
    for run in (run for key, run in KEPT.items() if key.endswith("threads")):
        rows = {row["way"]: row for row in run["ways"]}
        for row in rows.values():
            assert row["lowest"] <= row["seconds an epoch"] <= row["highest"]
            popular = row["way"] in (speed.POPULAR, speed.PUBLISHED)
            operations = speed.operations("no-activation" if popular else "relu-max")
            seconds = speed.EPOCH * operations / 1e9 / run["limit, billion operations a second"]
            share = 100 * seconds / row["seconds an epoch"]
            assert row["percent of the limit"] == pytest.approx(share, rel=0.01)
        assert rows[speed.POPULAR]["times the popular loop's speed"] == 1
        assert rows[speed.NOTEBOOK]["times the notebook's"] == 1
