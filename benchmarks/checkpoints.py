"""Measure what a checkpoint costs: time to save and to load, size, and its share of an epoch.

    python benchmarks/checkpoints.py               half a minute on one core
    python benchmarks/checkpoints.py --rounds 5 --output quick.json

LeNet (relu-max) on 6,400 made-up digits, a hundred steps an epoch of 64, with SGD and with AdamW.
A save is all that `fit` does to keep a run: take, write, read back, let go of older files.
Epochs with and without checkpoints alternate, so that a machine that slows down slows both; medians
are given, and the middle of the ratios of neighbours. MNIST's epoch is 8.6 times as long.

Writes lenet_course/results/checkpoints.json: no dates, no paths.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from lenet_course import checkpoints, networks
from lenet_course.data import Split
from lenet_course.training import fit

RESULTS = Path(__file__).resolve().parent.parent / "lenet_course" / "results" / "checkpoints.json"
SCRIPT = "benchmarks/checkpoints.py"
NETWORK = "relu-max"
DIGITS, MNIST_DIGITS = 6400, 55_000
OPTIMIZERS: dict[str, Callable] = {
    "SGD": lambda parameters: torch.optim.SGD(parameters, lr=0.01, momentum=0.9),
    "AdamW": lambda parameters: torch.optim.AdamW(parameters, lr=0.001),
}


def seconds(work: Callable[[], object]) -> float:
    """Time one call by the wall clock: waiting for the disk counts."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def train(name: str, digits: Split, folder: Path | None) -> tuple:
    """Train for one epoch from new weights."""
    model = networks.build(NETWORK, seed=0)
    optimizer = OPTIMIZERS[name](model.parameters())
    prepare = networks.FAMILY[NETWORK].prepare
    fit(model, digits, prepare=prepare, optimizer=optimizer, checkpoints=folder)
    return model, optimizer


def measure(name: str, rounds: int, place: Path) -> dict:
    """Measure with one optimizer, so many times."""
    torch.manual_seed(0)
    digits = Split(
        torch.randint(0, 256, (DIGITS, 28, 28), dtype=torch.uint8), torch.randint(0, 10, (DIGITS,))
    )
    model, optimizer = train(name, digits, None)
    keeper = checkpoints.Keeper(place / name)
    saves, loads, plain, kept = [], [], [], []
    for number in range(rounds):
        run = {"steps": number, "plan": {}}
        saves.append(seconds(lambda run=run: keeper.save(run, model, optimizer)))
        path = checkpoints.latest(place / name)
        loads.append(seconds(lambda path=path: checkpoints.restore(path, model, optimizer)))
    for number in range(max(3, rounds // 10)):
        folder = place / f"{name}-{number}"
        pair = [
            (plain, lambda: train(name, digits, None)),
            (kept, lambda folder=folder: train(name, digits, folder)),
        ]
        for times, work in pair if number % 2 else pair[::-1]:
            times.append(seconds(work))
    save, epoch = statistics.median(saves), statistics.median(plain)
    return {
        "bytes": path.stat().st_size,
        "save, milliseconds": round(1000 * save, 1),
        "load, milliseconds": round(1000 * statistics.median(loads), 1),
        "save as percent of MNIST's epoch": round(100 * save * DIGITS / MNIST_DIGITS / epoch, 3),
        "epoch of 100 steps, seconds": round(epoch, 2),
        "with checkpoint / without": round(
            statistics.median(one / other for one, other in zip(kept, plain, strict=True)), 3
        ),
    }


def machine() -> dict:
    """Say what kind of machine this is, and how busy; nothing that would name it."""
    return {
        "system": platform.system(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": str(torch.__version__),
        "load at the start": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def main(words: list[str] | None = None) -> int:
    """Read the command line, measure, and write down what came of it."""
    parser = argparse.ArgumentParser(description="Measure what a checkpoint costs.")
    parser.add_argument("--rounds", type=int, default=100, help="saves and loads (default: 100)")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args(words)
    torch.set_num_threads(1)
    found = {"script": SCRIPT, "network": NETWORK, "rounds": options.rounds, "machine": machine()}
    with tempfile.TemporaryDirectory() as place:
        for name in OPTIMIZERS:
            found[name] = measure(name, options.rounds, Path(place))
    options.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
