"""Follow every recipe of the family at full length, with several seeds, and keep what came out.

    make bench BENCH=recipes                                  what the result file does not hold yet
    python benchmarks/recipes.py                              the same, without make
    python benchmarks/recipes.py --recipes no-activation --seeds 0 1 2 3
    python benchmarks/recipes.py --epochs 1 --output short.json

Writes lenet_course/results/recipes.json after every run, so that it can be stopped at any time and
takes up where it was. A recipe that has changed since is run again. Needs MNIST.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from lenet_course import data, devices, networks, recipes, training
from lenet_course.history import History

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "lenet_course" / "results" / "recipes.json"
SCRIPT = "benchmarks/recipes.py"

ACCURACIES = (
    "train accuracy during the last pass",
    "train accuracy",
    "validation accuracy",
    "test accuracy",
)


@dataclass
class Clock:
    """Notes how much processor time each epoch took: unlike wall time, others do not lengthen it.

    An epoch ends with its validation, so that is counted as well.
    """

    started: float = field(default_factory=time.process_time)
    seconds: list[float] = field(default_factory=list)

    def __call__(self, history: History) -> None:
        """Be told of a run's progress, as `watch`."""
        if len(history.epochs) > len(self.seconds):
            now = time.process_time()
            self.seconds.append(now - self.started)
            self.started = now


def describe(recipe: recipes.Recipe) -> dict:
    """List everything that decides a recipe's outcome: results belong to this and nothing else."""
    torch.manual_seed(0)
    model = networks.build(recipe.network, seed=0)
    recipe.initialise(model)
    optimizer = recipe.optimizer(model.parameters())
    special = {"schedule": recipe.schedule, "distortion": recipe.distort}
    return {
        "network": recipe.network.name,
        "layers": [
            f"{row.name} {'x'.join(map(str, row.output_shape))}" for row in recipe.network.trace()
        ],
        "background": recipe.network.background,
        "ink": recipe.network.ink,
        "optimizer": type(optimizer).__name__,
        "learning rate": optimizer.param_groups[0]["lr"],
        "batch size": recipe.batch_size,
        "epochs": recipe.epochs,
        "most steps": recipe.max_steps,
        "shuffled": recipe.shuffle,
        "reduction": recipe.reduction,
        "steps between validations": recipe.validate_every,
        "loss": "its own" if recipe.loss else "the network's",
        "digits": "its own" if recipe.digits(_two_digits(), 0).labels.numel() == 1 else "train",
        "size of the first weights": {
            name: float(f"{parameter.detach().square().mean().sqrt():.2g}")
            for name, parameter in model.named_parameters()
        },
        **{name: which.__name__ for name, which in special.items() if which is not None},
    }


def measure(recipe: recipes.Recipe, digits: data.Digits, seed: int) -> tuple[dict, float]:
    """Follow a recipe once; return what came out, in percent, and the seconds an epoch took."""
    clock = Clock()
    result = recipes.run(recipe, digits, seed, watch=clock)
    history = result.history
    final = training.evaluate(
        result.model,
        recipe.digits(digits, seed),
        prepare=recipe.network.prepare,
        loss=recipe.loss or recipe.network.loss,
        decide=recipe.network.decide,
    )
    found = {
        "train accuracy during the last pass": percent(1 - history.epochs[-1].train_error),
        "train accuracy": percent(final.accuracy),
        "validation accuracy": percent(1 - history.validations[-1].error),
        "test accuracy": percent(result.test.accuracy),
        "parameter tensors": len(list(result.model.parameters())),
        "stopped": history.stopped,
        "epochs": [
            {
                "epoch": row.number,
                "steps": row.steps,
                "train loss": round(row.train_loss, 5),
                "train accuracy": percent(1 - row.train_error),
            }
            for row in history.epochs
        ],
        "validations": [
            {
                "step": row.step,
                "loss": round(row.loss, 5),
                "accuracy": percent(1 - row.error),
            }
            for row in history.validations
        ],
    }
    return found, round(statistics.median(clock.seconds), 2)


def percent(fraction: float) -> float:
    """Write a fraction as percent, to a thousandth."""
    return round(100 * fraction, 3)


def summary(runs: dict[str, dict]) -> dict[str, dict[str, float]]:
    """Give mean, lowest and highest of each accuracy over the seeds."""
    return {
        name: {
            "mean": round(statistics.mean(values), 3),
            "lowest": min(values),
            "highest": max(values),
        }
        for name in ACCURACIES
        for values in [[run[name] for run in runs.values()]]
    }


def machine() -> dict:
    """Say what kind of machine this is, and nothing that would name it."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": devices.pick().type,
        "torch": str(torch.__version__),
    }


def processor() -> str:
    """Name the kind of processor, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def read(path: Path) -> dict:
    """Read a result file, or begin one."""
    empty = {"script": SCRIPT, "machine": {}, "recipes": {}, "processor seconds an epoch": {}}
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else empty


def write(path: Path, results: dict) -> None:
    """Write a result file whole or not at all."""
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8", newline="\n")
    beside.replace(path)


def missing(results: dict, chosen: list[recipes.Recipe], seeds: list[int]) -> list[tuple]:
    """List the runs, (seed, recipe), that are not there; forget those of recipes that changed."""
    for recipe in chosen:
        if results["recipes"].get(recipe.name, {}).get("recipe") != describe(recipe):
            results["recipes"][recipe.name] = {"recipe": describe(recipe), "runs": {}}
            results["processor seconds an epoch"][recipe.name] = {}
    return [
        (seed, recipe)
        for seed in seeds
        for recipe in chosen
        if str(seed) not in results["recipes"][recipe.name]["runs"]
    ]


def run(path: Path, chosen: list[recipes.Recipe], seeds: list[int], digits: data.Digits) -> None:
    """Make the runs that a result file lacks, a line each, and keep each as it comes."""
    results = read(path)
    waiting = missing(results, chosen, seeds)
    for number, (seed, recipe) in enumerate(waiting, start=1):
        print(f"{number} of {len(waiting)}: {recipe.name}, seed {seed}: ", end="", flush=True)
        found, seconds = measure(recipe, digits, seed)
        if found["stopped"] == "interrupted":
            print("interrupted; this run is not kept.")
            return
        entry = results["recipes"][recipe.name]
        entry["runs"][str(seed)] = found
        entry["summary"] = summary(entry["runs"])
        results["processor seconds an epoch"][recipe.name][str(seed)] = seconds
        results["machine"] = machine()
        write(path, results)
        print(f"test accuracy {found['test accuracy']:.2f}%, {seconds} s an epoch", flush=True)
    print(f"{path.name} holds {len(seeds)} seeds of {', '.join(one.name for one in chosen)}.")


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Follow the recipes of the family at full length.")
    parser.add_argument("--recipes", nargs="+", default=list(recipes.RECIPES), metavar="NAME")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="SEED")
    parser.add_argument("--epochs", type=int, help="other than the recipes'; wants --output")
    parser.add_argument("--threads", type=int, help="for the numeric libraries")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    if options.epochs is not None and options.output == RESULTS:
        parser.error("--epochs makes another experiment: name a file for it with --output.")
    try:
        chosen = [recipes.find(name) for name in options.recipes]
    except ValueError as error:
        parser.error(str(error))
    if options.epochs is not None:
        chosen = [replace(recipe, epochs=options.epochs) for recipe in chosen]
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    digits = data.load()
    if digits.name != data.MNIST:
        print(f"The results are about MNIST, and only {digits.name} can be had.", file=sys.stderr)
        return 1
    run(options.output, chosen, options.seeds, digits)
    return 0


def _two_digits() -> data.Digits:
    two = data.Split(torch.zeros(2, 28, 28, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64))
    return data.Digits("two", two, two, two)


if __name__ == "__main__":
    sys.exit(main())
