"""Killed at random moments and within every part of a save, a run ends in the same bits."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from lenet_course import results

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "kills.py"


def script():
    spec = importlib.util.spec_from_file_location("benchmark_of_kills", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kill(tmp_path, kills, seed):
    output = tmp_path / "kills.json"
    # A process of its own: nothing that other tests have started is copied into the victims.
    command = [sys.executable, SCRIPT, "--kills", kills, "--seed", seed, "--output", output]
    outcome = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return json.loads(output.read_text(encoding="utf-8"))


def check(found, kills):
    assert found["kills"] == sum(found["where"].values()) == kills
    assert set(found["where"]) == {"at a random moment", *script().FAILPOINTS}
    assert found["kills with a checkpoint to go on from"] >= kills // 2
    assert (found["unloadable"], found["unequal"]) == (0, 0)


def test_twenty_kills_cost_nothing(tmp_path):
    check(kill(tmp_path, 20, seed=1), 20)


@pytest.mark.long
def test_two_hundred_kills_cost_nothing(tmp_path):
    check(kill(tmp_path, 200, seed=2), 200)


def test_the_result_that_is_kept_says_so_too():
    check(results.load("kills"), 200)
    assert results.load("kills")["script"] == "benchmarks/kills.py"
