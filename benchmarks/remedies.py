"""What loader workers and torch.compile cost and gain for a network as small as LeNet-5.

    python benchmarks/remedies.py                     some minutes; half of one for each compilation
    python benchmarks/remedies.py --digits 640 --rounds 1 --compile --output quick.json

All ways of a table take turns, each first in every other round, and medians are told. Processor
time is that of this process, its threads and the processes that it started, and hardly depends on
who else uses the machine; the time on the wall does. A compilation, timed by the processor too,
pays after as many epochs of 60,000 digits as its price holds of what an epoch saves, or never.

Writes lenet_course/results/remedies.json. Needs MNIST.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import measuring
import numpy
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from lenet_course import data, networks

RESULTS = measuring.RESULTS / "remedies.json"
SCRIPT = "benchmarks/remedies.py"
BATCH, EPOCH = 64, 60_000
WORKERS = (0, 1, 2, 4)
NETWORKS = ("relu-max", "relu-avg")

Seconds = tuple[float, float]
told = partial(print, file=sys.stderr)


class ImageByImage(Dataset):
    """Digits as notebooks load them: each made a picture, and that a tensor, when it is asked for.

    Args:
        digits: a Split.
    """

    def __init__(self, digits: data.Split) -> None:
        self.digits = digits

    def __len__(self) -> int:
        return len(self.digits)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.digits.images[index].numpy())
        pixels = torch.from_numpy(numpy.array(picture)).float().div(255)
        return functional.pad(pixels, (2, 2, 2, 2))[None], int(self.digits.labels[index])


def plain(name: str) -> nn.Module:
    """Build a network of the family as torch's own Sequential, which calls layer after layer."""
    return nn.Sequential(*networks.build(name, seed=0))


def step(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor):
    """Take one step of training."""
    optimizer.zero_grad()
    functional.cross_entropy(model(images), labels).backward()
    optimizer.step()


def adam(model: nn.Module) -> torch.optim.Optimizer:
    """Make the optimizer that all ways share."""
    return torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)


def with_workers(digits: data.Split, workers: int) -> None:
    """Train for one pass through the digits, loaded image by image, by so many processes."""
    model = plain("relu-max")
    optimizer = adam(model)
    loader = DataLoader(ImageByImage(digits), BATCH, shuffle=True, num_workers=workers)
    for images, labels in loader:
        step(model, optimizer, images, labels)


def by_index(digits: data.Split) -> None:
    """Train for one pass through the digits, which lie in one tensor."""
    model = plain("relu-max")
    optimizer = adam(model)
    prepare = networks.FAMILY["relu-max"].prepare
    for index in data.batches(len(digits), BATCH):
        step(model, optimizer, prepare(digits.images[index]), digits.labels[index])


def seconds(work: Callable[[], object]) -> Seconds:
    """Time one call: processor time with that of processes that it started, and wall time."""
    before = os.times()
    work()
    after = os.times()
    return sum(after[:4]) - sum(before[:4]), after.elapsed - before.elapsed


def ratio(times: list[Seconds], others: list[Seconds], clock: int) -> float:
    """Give the middle of the ratios, round by round: how many times as long these take."""
    pairs = zip(times, others, strict=True)
    return round(statistics.median(one[clock] / other[clock] for one, other in pairs), 3)


def workers(digits: data.Split, rounds: int) -> list[dict]:
    """Compare the loaders."""
    ways: dict[str, Callable[[], object]] = {
        f"image by image, {count} workers": partial(with_workers, digits, count)
        for count in WORKERS
    }
    ways["by index"] = partial(by_index, digits)
    by_index(digits)  # first steps are slow
    times = measuring.in_turn(ways, rounds, told, seconds)
    alone = times["image by image, 0 workers"]
    return [
        {
            "way": name,
            "processor time": ratio(found, alone, 0),
            "wall time": ratio(found, alone, 1),
        }
        for name, found in times.items()
    ]


def compiled(name: str, digits: data.Split, rounds: int) -> dict:
    """Compare a network with what torch.compile makes of it."""
    images = networks.FAMILY[name].prepare(digits.images[:BATCH])
    labels, steps = digits.labels[:BATCH], len(digits) // BATCH
    plainly, translated = plain(name), plain(name)
    ready = torch.compile(translated)
    price, _ = seconds(lambda: step(ready, adam(translated), images, labels))

    def steps_of(model: nn.Module) -> Callable[[], object]:
        optimizer = adam(model)
        return lambda: [step(model, optimizer, images, labels) for _ in range(steps)]

    ways = {"plain": steps_of(plainly), "compiled": steps_of(ready)}
    for way in ways.values():
        way()
    times = measuring.in_turn(ways, rounds, told, seconds)
    lasting = ratio(times["compiled"], times["plain"], 0)
    took = statistics.median(one[0] for one in times["plain"]) * EPOCH / (steps * BATCH)
    saved = took * (1 - lasting)
    return {
        "network": name,
        "seconds before the second step": round(price, 1),
        "compiled / plain": lasting,
        "epochs until it pays": round(price / saved) if saved > 0 else None,
    }


def measure(digits: data.Split, rounds: int, names: list[str]) -> dict:
    """Measure everything."""
    begun = measuring.load()
    found = {
        "script": SCRIPT,
        "machine": {
            "system": platform.system(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "torch": str(torch.__version__),
        },
        "digits": len(digits),
        "batch": BATCH,
        "rounds": rounds,
        "workers": workers(digits, rounds),
        "compile": [compiled(name, digits, rounds) for name in names],
    }
    return found | {"load": [begun, measuring.load()]}


def main(words: list[str] | None = None) -> int:
    """Read the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description="What workers and torch.compile cost and gain.")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--digits", type=int, default=12_800, help="of the 55,000 to train on")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compile", nargs="*", default=NETWORKS, help="which networks")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args(words)
    digits = data.load()
    if digits.name != data.MNIST:
        print(f"Measured on MNIST, and only {digits.name} can be had.", file=sys.stderr)
        return 1
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as empty:  # what was compiled before would cost nothing
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = empty
        os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # else helpers' time is not counted
        found = measure(digits.train[: options.digits], options.rounds, list(options.compile))
    measuring.write(options.output, found)
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
