"""What a checkpoint costs: the script still runs, and the kept result holds what it should."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch

from lenet_course import results

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "checkpoints.py"
KEPT = results.load("checkpoints")


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("benchmark_of_checkpoints", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_measures_what_the_kept_result_holds(tmp_path, monkeypatch, script):
    monkeypatch.setattr(script, "DIGITS", 128)
    before = torch.get_num_threads()
    script.main(["--rounds", "2", "--output", str(tmp_path / "new.json")])
    torch.set_num_threads(before)
    found = json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))
    assert found.keys() == KEPT.keys()
    for name in script.OPTIMIZERS:
        assert found[name].keys() == KEPT[name].keys()
        # The size depends on nothing but the network, and how its history is written.
        assert found[name]["bytes"] == pytest.approx(KEPT[name]["bytes"], rel=0.02)


def test_the_kept_result_tells_no_path():
    assert "/" not in json.dumps(KEPT).replace(KEPT["script"], "").replace(
        "with checkpoint / without", ""
    )
