"""Measure how long it takes to 98% and to 99% of MNIST's test digits, beside what people use.

    make bench BENCH=records                       the same as the next line
    python benchmarks/records.py                   one thread, processor time; most of an hour
    python benchmarks/records.py --threads 2       two threads, wall time: for a quiet machine
    python benchmarks/records.py --best            the recipe `best` instead
    python benchmarks/records.py --seeds 1 --rivals 1 --passes 1 --output quick.json

Four ways take turns, seed by seed: the course's recipes `fast` and `fast-99`, the usual notebook of
speed.py, and train_mnist_fast, written anew from its description. Only training is timed, from new
weights on. The notebook is judged after each pass, and its time ends with the first pass that is
good enough, so it is lent the test digits to stop by; the others are judged once, at their end.
Settings were chosen by validation digits and with other seeds. Writes
lenet_course/results/records.json after every seed, so that it can be stopped at any time and takes
up where it was; to measure anew, delete its entry there. Needs MNIST.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import measuring
import speed
import torch
from torch import Tensor, nn
from torch.nn import functional

from lenet_course import data, networks, recipes
from lenet_course.history import History

RESULTS = measuring.RESULTS / "records.json"
SCRIPT = "benchmarks/records.py"
MARKS = (98.0, 99.0)
OURS = {"fast": 98.0, "fast-99": 99.0}
NOTEBOOK, RIVAL = "usual notebook", "train_mnist_fast"


class Clock:
    """Says how long training took: from its making to the last time it was told of progress."""

    def __init__(self) -> None:
        self.now = measuring.clock()
        self.begun, self.seconds = self.now(), 0.0

    def __call__(self, history: History) -> None:
        """Be told of a run's progress, as `watch`."""
        self.seconds = self.now() - self.begun


def ours(name: str, digits: data.Digits, seed: int) -> dict:
    """Follow one of the course's recipes, with a single validation digit: none is needed."""
    lean = data.Digits(digits.name, digits.train, digits.validation[:1], digits.test)
    clock = Clock()
    result = recipes.run(recipes.find(name), lean, seed, watch=clock)
    if result.history.stopped:
        raise KeyboardInterrupt(f"{name} was {result.history.stopped}")
    return run(clock.seconds, percent(result.test.accuracy))


def train_mnist_fast(digits: data.Digits, seed: int) -> dict:
    """One pass in stored order, batch 256, Adam with one cycle from 4e-4 to 1e-2 and down."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 24, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(24, 32, 3), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(),
        nn.Linear(800, 256), nn.ReLU(),
        nn.Linear(256, 10),
    )  # fmt: skip
    images, labels = everything(digits)
    clock = Clock()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, betas=(0.7, 0.9))
    batches = list(zip(images.split(256), labels.split(256), strict=True))
    schedule = recipes.one_cycle(optimizer, len(batches))
    for batch, answers in batches:
        optimizer.zero_grad()
        functional.cross_entropy(model(batch), answers).backward()
        optimizer.step()
        schedule.step()
    clock(History())
    return run(clock.seconds, judged(model, digits.test))


def usual_notebook(digits: data.Digits, seed: int, passes: int) -> list[dict]:
    """Train as speed.py's notebook does; tell seconds so far and accuracy after each pass."""
    torch.manual_seed(seed)
    train = data.Split(
        torch.cat([digits.train.images, digits.validation.images]),
        torch.cat([digits.train.labels, digits.validation.labels]),
    )
    model, seconds, told = speed.usual_lenet(), 0.0, []
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loader = speed.image_loader(train)
    while len(told) < passes and (not told or told[-1]["test accuracy"] < MARKS[-1]):
        seconds += measuring.seconds(lambda: speed.adam_pass(model, optimizer, loader))
        told.append(run(seconds, judged(model, digits.test)))
    return told


def everything(digits: data.Digits) -> tuple[Tensor, Tensor]:
    """All 60,000 digits in stored order, normalised as notebooks do."""
    images = torch.cat([digits.train.images, digits.validation.images])
    return speed.normalised(images), torch.cat([digits.train.labels, digits.validation.labels])


def judged(model: nn.Module, test: data.Split) -> float:
    """Give the accuracy on digits normalised as notebooks do, in percent."""
    model.eval()
    with torch.no_grad():
        answers = [
            model(speed.normalised(images)).argmax(dim=1) for images in test.images.split(1000)
        ]
    model.train()
    return percent((torch.cat(answers) == test.labels).float().mean().item())


def run(seconds: float, accuracy: float) -> dict:
    """Put down what is kept of a run."""
    return {"seconds": round(seconds, 2), "test accuracy": accuracy}


def percent(fraction: float) -> float:
    """Write a fraction as percent, to a hundredth: one test digit."""
    return round(100 * fraction, 2)


def first_at(mark: float, passes: list[dict]) -> float | None:
    """Seconds until a run was at a mark after a pass, or None if it never was."""
    return next((one["seconds"] for one in passes if one["test accuracy"] >= mark), None)


def from_process_start(name: str, seed: int) -> dict:
    """Run the command in a process of its own, from its start to its end, test included.

    Told are the seconds of the processor, which a busy machine does not lengthen, and those of the
    wall, which a person waits.
    """
    import resource
    import time

    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before, begun = used(), time.perf_counter()
    command = [sys.executable, "-m", "lenet_course", "train", "--recipe", name]
    subprocess.run([*command, "--seed", str(seed)], check=True, capture_output=True)
    return {
        "processor seconds": round(used() - before, 2),
        "wall seconds": round(time.perf_counter() - begun, 2),
    }


def spread(values: list[float]) -> dict:
    """Mean, lowest, highest and standard deviation."""
    return {
        "mean": round(statistics.mean(values), 3),
        "lowest": min(values),
        "highest": max(values),
        "standard deviation": round(statistics.pstdev(values), 3),
    }


def summary(ways: dict[str, list]) -> list[dict]:
    """Give each of the course's recipes a row: what it reached, and its time beside the others'."""
    rows = []
    for name, mark in OURS.items():
        reached = spread([one["test accuracy"] for one in ways[name]])
        seconds = [one["seconds"] for one in ways[name]]
        notebook = [first_at(mark, passes) for passes in ways[NOTEBOOK]]
        rows.append(
            {
                "recipe": name,
                "mark": mark,
                "mean": reached["mean"],
                "worst": reached["lowest"],
                "deviation": reached["standard deviation"],
                "at the mark": f"{sum(one['test accuracy'] >= mark for one in ways[name])} of "
                f"{len(ways[name])}",
                "seconds": round(statistics.median(seconds), 2),
                "of the notebook's": share(seconds, notebook),
                "of train_mnist_fast's": share(seconds, [one["seconds"] for one in ways[RIVAL]]),
            }
        )
    return rows


def share(seconds: list[float], others: list[float | None]) -> float | None:
    """Our time as a part of theirs, in the middle of the seeds that both have."""
    pairs = [(one, other) for one, other in zip(seconds, others, strict=False) if other]
    return round(statistics.median(one / other for one, other in pairs), 3) if pairs else None


def measure_ways(digits: data.Digits, rivals: int, passes: int, kept: dict, seed: int) -> None:
    """Let the ways take turns with one seed, and add what came out."""
    ways = kept.setdefault("ways", {name: [] for name in (*OURS, RIVAL, NOTEBOOK)})
    found = {name: ours(name, digits, seed) for name in OURS}
    found[RIVAL] = train_mnist_fast(digits, seed)
    if seed < rivals:
        found[NOTEBOOK] = usual_notebook(digits, seed, passes)
        start = from_process_start("fast", seed)
        kept.setdefault("command `train --recipe fast`, from process start", []).append(start)
    for name, one in found.items():
        ways[name].append(one)
    kept["summary"] = summary(ways)
    kept["train_mnist_fast"] = spread([one["test accuracy"] for one in ways[RIVAL]])


def measure_best(digits: data.Digits, kept: dict, seed: int) -> None:
    """Follow the recipe `best` with one seed, and add what came out."""
    kept["parameters"] = networks.FAMILY["relu-max"].trace().parameters
    kept.setdefault("runs", []).append(ours("best", digits, seed))
    kept["summary"] = [spread([one["test accuracy"] for one in kept["runs"]])]


def measure(path: Path, key: str, seeds: int, one_seed: Callable[[dict, int], None]) -> dict:
    """Measure the seeds that an entry of a result file lacks; write each as it comes."""
    results = json.loads(path.read_text("utf-8")) if path.exists() else {"script": SCRIPT}
    kept = results.setdefault(key, {"load": []})
    kept["machine"] = measuring.machine()
    kept["clock"] = "processor time" if torch.get_num_threads() == 1 else "wall time"
    for seed in range(len(kept["load"]), seeds):
        one_seed(kept, seed)
        kept["load"].append(measuring.load())
        measuring.write(path, results)
        print(f"seed {seed}, load {measuring.load()}", file=sys.stderr, flush=True)
    return kept


def main(words: list[str] | None = None) -> int:
    """Read the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description="Measure how long it takes to 98% and to 99%.")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--best", action="store_true", help="follow `best`, from five seeds")
    parser.add_argument("--seeds", type=int, help="from 0 on (default: 10, or 5 with --best)")
    parser.add_argument("--rivals", type=int, default=10, help="seeds of the notebook")
    parser.add_argument("--passes", type=int, default=12, help="most passes of the notebook")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args(words)
    digits = data.load()
    if digits.name != data.MNIST:
        print(f"Measured on MNIST, and only {digits.name} can be had.", file=sys.stderr)
        return 1
    torch.set_num_threads(options.threads)
    ours("fast", data.Digits(digits.name, *[digits.test[:64]] * 3), 0)  # torch imports the rest
    if options.best:
        key, one_seed = "best", partial(measure_best, digits)
    else:
        key = f"{options.threads} threads"
        one_seed = partial(measure_ways, digits, options.rivals, options.passes)
    kept = measure(options.output, key, options.seeds or (5 if options.best else 10), one_seed)
    print(measuring.table(kept["summary"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
