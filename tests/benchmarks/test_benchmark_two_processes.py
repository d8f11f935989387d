"""Two processes against two threads: the script still runs, and the kept result fits its model."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from lenet_course import networks, results

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "two_processes.py"
KEPT = results.load("two-processes")


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("benchmark_of_two_processes", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_ring_sends_each_number_round_twice_but_for_one_place(script):
    assert script.sent_by_each(100, 1) == 0
    assert script.sent_by_each(100, 2) == 100
    assert script.sent_by_each(100, 4) == 150


def test_a_step_sends_the_gradients_and_little_else():
    found = KEPT["bytes sent in a step"]
    gradients = 4 * networks.FAMILY[KEPT["network"]].trace().parameters
    assert gradients <= found["predicted"] <= gradients + 100
    assert found["measured"] == pytest.approx(found["predicted"], rel=0.01)


def test_the_bytes_of_larger_sums_are_those_of_the_model():
    for row in KEPT["all_reduce"]:
        if row["bytes"] > 100_000:
            assert row["bytes sent"] == pytest.approx(row["predicted bytes sent"], rel=0.01)


def test_the_kept_result_tells_of_the_machine_no_more_than_its_kind():
    expected = {"system", "cores", "torch", "load at the start", "load at the end"}
    assert set(KEPT["machine"]) == expected
    assert KEPT["script"] == "benchmarks/two_processes.py"


@pytest.mark.long
def test_the_script_measures_what_the_kept_result_holds(tmp_path):
    output = tmp_path / "new.json"
    words = ["--rounds", "1", "--batches", "64", "--output", output]
    command = [sys.executable, str(SCRIPT), *map(str, words)]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert outcome.returncode == 0, outcome.stderr
    found = json.loads(output.read_text(encoding="utf-8"))
    assert found.keys() == KEPT.keys()
    assert found["steps"][0].keys() == KEPT["steps"][0].keys()
    kept = KEPT["bytes sent in a step"]
    assert found["bytes sent in a step"] == pytest.approx(kept, rel=0.01)
