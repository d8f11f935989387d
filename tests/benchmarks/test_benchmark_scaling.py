"""How cost grows: sizes, what arithmetic says of them, and the kept result."""

import json
from pathlib import Path

import measuring
import pytest
import scaling
import torch

from lenet_course import networks, results

ROOT = Path(__file__).parents[2]
KEPT = results.load("scaling")
SMALL = scaling.Size(batch=8, digits=20)


def test_one_thing_grows_in_a_series_and_the_first_thing_named_is_that():
    for name, sizes in scaling.SERIES.items():
        grown = [vars(size)[name] for size in sizes]
        assert grown == sorted(set(grown))
        others = {"batch", "width", "side"} - {name}
        assert len({tuple(vars(size)[other] for other in others) for size in sizes}) == 1


def test_the_smallest_is_the_familys_relu_max():
    family = networks.FAMILY["relu-max"].trace()
    known = scaling.predicted(scaling.Size())
    assert (known["parameters"], known["multiply-adds to answer"]) == (61_706, family.multiply_adds)
    assert known["multiply-adds to train"] == 3 * family.multiply_adds - family[0].multiply_adds


@pytest.mark.parametrize("size", [SMALL, scaling.Size(8, 8, 2), scaling.Size(8, 8, side=48)])
def test_what_is_predicted_is_what_is_built(size):
    run = scaling.Run(size)
    built = sum(parameter.numel() for parameter in run.model.parameters())
    assert built == scaling.predicted(size)["parameters"]
    run()


def test_what_a_step_keeps_grows_with_the_batch_and_leaves_out_the_weights():
    one, two = (scaling.Run(scaling.Size(batch, 64)).kept() for batch in (8, 16))
    assert two == pytest.approx(2 * one, rel=0.1)
    assert one > 8 * 4 * (32 * 32 + 16 * 10 * 10)  # the digits, and the maps of C3


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(scaling, "SERIES", {name: [SMALL] for name in scaling.SERIES})
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_a_run_measures_what_the_kept_result_holds(small, tmp_path, monkeypatch):
    monkeypatch.setattr(scaling, "highest_memory", lambda size: 300.0)
    scaling.main(["--rounds", "1", "--output", str(tmp_path / "new.json")])
    found = json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))
    assert found.keys() == KEPT.keys()
    for name, rows in KEPT["series"].items():
        assert found["series"][name][0].keys() == rows[0].keys()


def test_the_kept_result_is_of_todays_sizes_and_todays_arithmetic():
    assert (ROOT / KEPT["script"]).exists()
    assert KEPT["machine"].keys() == measuring.machine().keys()
    for name, sizes in scaling.SERIES.items():
        assert len(KEPT["series"][name]) == len(sizes)
        for size, row in zip(sizes, KEPT["series"][name], strict=True):
            known = vars(size) | scaling.predicted(size)
            assert {key: row[key] for key in known} == known


def test_no_size_but_the_largest_batch_takes_as_much_memory_as_a_chapter_may():
    for rows in KEPT["series"].values():
        for row in rows:
            if row["batch"] <= 1024:
                assert row["memory at the highest, MB"] < 800
