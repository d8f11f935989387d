"""Workers and torch.compile: the script still runs, and the kept result holds what it should."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lenet_course import networks, results

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "remedies.py"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("benchmark_of_remedies", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # more than there are cores
def test_the_script_measures_what_the_kept_result_holds(tmp_path, script):
    kept, before = results.load("remedies"), torch.get_num_threads()
    words = ["--digits", "640", "--rounds", "1", "--compile", "--output", str(tmp_path / "new")]
    assert script.main(words) == 0
    torch.set_num_threads(before)
    found = json.loads((tmp_path / "new").read_text(encoding="utf-8"))
    assert found.keys() == kept.keys()
    assert [row["way"] for row in found["workers"]] == [row["way"] for row in kept["workers"]]
    assert found["workers"][0] == kept["workers"][0]  # it is what the others are compared with


def test_the_kept_result_tells_when_a_compilation_pays(script):
    for row, name in zip(results.load("remedies")["compile"], script.NETWORKS, strict=True):
        assert row["network"] == name
        assert (row["epochs until it pays"] is None) == (row["compiled / plain"] >= 1)


def test_pictures_one_by_one_are_the_networks_own(mnist, script):
    few = mnist.train[:5]
    pictures = torch.stack([script.ImageByImage(few)[index][0] for index in range(5)])
    torch.testing.assert_close(pictures, networks.FAMILY["relu-max"].prepare(few.images))


def test_the_clock_counts_processes_that_were_started(script):
    busy = [sys.executable, "-c", "sum(range(10_000_000))"]
    processor, wall = script.seconds(lambda: subprocess.run(busy, check=True))
    assert processor > 0.05 and wall > 0


def test_the_kept_result_tells_no_path():
    kept = results.load("remedies")
    text = json.dumps(kept).replace(kept["script"], "").replace("compiled / plain", "")
    assert "/" not in text
