"""Measure how the cost of training grows: with the batch, the digits, the width and the picture.

    make bench BENCH=scaling                            the same as the next line
    python benchmarks/scaling.py                        one thread, processor time; some minutes
    python benchmarks/scaling.py --rounds 2 --sizes 2 --output quick.json

LeNet-5 with ReLU and maximum. One thing grows at a time, the others stay at 64 digits a batch, 6
and 16 maps, 32 x 32 pixels; the sizes of a series take turns. Beside the time stand the
multiply-adds that `shapes.trace` counts. Beside the memory at its highest, which is that of a
process of its own, stand the bytes that a step keeps for its way back. Pictures are random: time
does not look at them.
Writes lenet_course/results/scaling.json.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import measuring
import torch
from torch import Tensor

from lenet_course import data, networks, shapes, training

RESULTS = measuring.RESULTS / "scaling.json"
SCRIPT = "benchmarks/scaling.py"
STEPS = 12
"""Steps of one measurement, unless the digits are fewer."""


@dataclass(frozen=True)
class Size:
    """What one run is made of: digits a batch, digits in all, times as many maps, pixels a side."""

    batch: int = 64
    digits: int = 64 * STEPS
    width: int = 1
    side: int = 32


SERIES: dict[str, list[Size]] = {
    "batch": [
        Size(batch=batch, digits=max(STEPS * 64, 3 * batch))
        for batch in (1, 4, 16, 64, 256, 1024, 4096)
    ],
    "digits": [Size(digits=digits) for digits in (640, 1280, 2560, 5120, 10240)],
    "width": [Size(width=width) for width in (1, 2, 4, 8)],
    "side": [Size(side=side) for side in (32, 48, 64, 96, 128)],
}


def network(size: Size) -> networks.Network:
    """LeNet-5 with so many times the maps and units, for pictures of so many pixels a side."""
    times = size.width
    layers = (
        shapes.Conv2d(6 * times, kernel_size=5, name="C1"),
        shapes.Activation("relu", name="C1_relu"),
        shapes.MaxPool2d(2, name="S2"),
        shapes.Conv2d(16 * times, kernel_size=5, name="C3"),
        shapes.Activation("relu", name="C3_relu"),
        shapes.MaxPool2d(2, name="S4"),
        shapes.Flatten(name="flatten"),
        shapes.Linear(120 * times, name="C5"),
        shapes.Activation("relu", name="C5_relu"),
        shapes.Linear(84 * times, name="F6"),
        shapes.Activation("relu", name="F6_relu"),
        shapes.Linear(10, name="output"),
    )
    return networks.Network("scaled", layers, (1, size.side, size.side))


class Run:
    """A training run of a size: made once, and called to be timed."""

    def __init__(self, size: Size) -> None:
        chance = torch.Generator().manual_seed(0)
        shape = (size.digits, size.side, size.side)
        images = torch.randint(256, shape, dtype=torch.uint8, generator=chance)
        self.digits = data.Split(images, torch.arange(size.digits) % 10)
        self.size, self.model = size, networks.build(network(size), seed=0)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=True)

    def __call__(self) -> None:
        """Train, one pass."""
        training.fit(
            self.model,
            self.digits,
            prepare=prepare,
            optimizer=self.optimizer,
            batch_size=self.size.batch,
        )

    def kept(self) -> int:
        """Count the bytes that one step keeps for its way back: digits, maps, masks; no weights."""
        parameters = {parameter.data_ptr() for parameter in self.model.parameters()}
        found: dict[int, int] = {}

        def note(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in parameters:
                found[storage.data_ptr()] = storage.nbytes()
            return tensor

        batch = self.digits[torch.arange(self.size.batch)]
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            loss = training.cross_entropy(self.model(prepare(batch.images)), batch.labels).mean()
        del loss
        return sum(found.values())


def prepare(images: Tensor) -> Tensor:
    """Pixels from 0 to 1, whatever the picture's side."""
    return images.unsqueeze(1).float().div_(255)


def predicted(size: Size) -> dict:
    """Say what arithmetic knows of a size, without running anything.

    To train takes three times the multiply-adds of an answer: forward, for the gradients of the
    maps, and for those of the weights; but the first layer's input, the digit, needs no gradient.
    """
    trace = network(size).trace()
    return {
        "parameters": trace.parameters,
        "multiply-adds to answer": trace.multiply_adds,
        "multiply-adds to train": 3 * trace.multiply_adds - trace[0].multiply_adds,
    }


def highest_memory(size: Size) -> float | None:
    """Run a size in a process of its own; tell its memory at the highest, in MB."""
    words = [sys.executable, __file__, "--one", *map(str, vars(size).values())]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return float(said) if said.strip() else None


def run_one(size: Size) -> None:
    """Run a size, and print this process's memory at its highest, in MB, where Linux tells.

    Not by getrusage, which begins with what the process had that started this one.
    """
    Run(size)()
    told = Path("/proc/self/status")
    for line in told.read_text().splitlines() if told.exists() else []:
        if line.startswith("VmHWM"):
            print(round(int(line.split()[1]) * 1024 / 1e6))


def measure(sizes: list[Size], rounds: int) -> list[dict]:
    """Let the sizes of a series take turns, and give each a row."""
    runs = {size: Run(size) for size in sizes}
    for size, run in runs.items():  # the first step is slower: torch imports, and finds its memory
        run.digits, whole = run.digits[: 2 * size.batch], run.digits
        run()
        run.digits = whole
    times = measuring.in_turn(runs, rounds, told=lambda line: print(line, file=sys.stderr))
    rows = []
    for size, run in runs.items():
        seconds = statistics.median(times[size])
        counted = predicted(size)
        each = seconds / size.digits
        rows.append(
            vars(size)
            | counted
            | {
                "milliseconds a step": round(1e3 * each * size.batch, 3),
                "microseconds a digit": round(1e6 * each, 1),
                "multiply-adds a nanosecond": round(
                    counted["multiply-adds to train"] / each / 1e9, 2
                ),
                "kept for the way back, MB": round(run.kept() / 1e6, 3),
                "memory at the highest, MB": highest_memory(size),
            }
        )
    return rows


def main(words: list[str] | None = None) -> int:
    """Read the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description="Measure how the cost of training grows.")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, help="only the smallest of each series")
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--one", type=int, nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    torch.set_num_threads(options.threads)
    if options.one:
        run_one(Size(*options.one))
        return 0
    begun, series = measuring.load(), {}
    for name, sizes in SERIES.items():
        series[name] = measure(sizes[: options.sizes], options.rounds)
        print(f"{name}\n{measuring.table(series[name])}\n", flush=True)
    found = {
        "script": SCRIPT,
        "machine": measuring.machine(),
        "threads": options.threads,
        "load": [begun, measuring.load()],
        "rounds": options.rounds,
        "series": series,
    }
    measuring.write(options.output, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
