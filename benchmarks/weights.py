"""Train the network that comes with the course, and keep its weights and how they came about.

    python benchmarks/weights.py                       all of it, a few minutes
    python benchmarks/weights.py --seeds 0 --epochs 1 --output short

Two ways to train `relu-max`, with several seeds each: its recipe, and chapter 00's way, the rate
rising and falling in one cycle. The network with the fewest errors on the validation digits is
taken; the test digits are read once, by that network alone, when the choice is made. Writes
relu-max.safetensors and weights.json into lenet_course/results/. Needs MNIST.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from lenet_course import checkpoints, data, devices, networks, recipes, training
from lenet_course.history import History

RESULTS = Path(__file__).resolve().parent.parent / "lenet_course" / "results"
SCRIPT = "benchmarks/weights.py"
NETWORK = networks.FAMILY["relu-max"]
WEIGHTS, RECORD = f"{NETWORK.name}.safetensors", "weights.json"
EPOCHS = 10

Way = Callable[[data.Digits, int, int], tuple[nn.Module, History]]


def by_recipe(digits: data.Digits, seed: int, epochs: int) -> tuple[nn.Module, History]:
    """Train as the recipe says, and leave the test digits alone."""
    recipe = recipes.find("relu-max")
    model = _begin(seed)
    recipe.initialise(model)
    return model, _fit(
        model,
        digits,
        optimizer=recipe.optimizer(model.parameters()),
        epochs=epochs,
        batch_size=recipe.batch_size,
        shuffle=recipe.shuffle,
        seed=seed,
    )


def by_one_cycle(digits: data.Digits, seed: int, epochs: int) -> tuple[nn.Module, History]:
    """Train as chapter 00 does: AdamW, and a rate that rises and then falls to nearly nothing."""
    model = _begin(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=8e-3)
    steps = epochs * math.ceil(len(digits.train) / 64)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=8e-3, total_steps=steps, cycle_momentum=False
    )
    return model, _fit(
        model,
        digits,
        optimizer=optimizer,
        scheduler=scheduler,
        epochs=epochs,
        batch_size=64,
        seed=seed,
    )


WAYS: dict[str, Way] = {"recipe relu-max": by_recipe, "one cycle": by_one_cycle}


def _begin(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return networks.build(NETWORK, seed=seed).to(devices.pick())


def _fit(model: nn.Module, digits: data.Digits, **settings: object) -> History:
    return training.fit(model, digits.train, digits.validation, prepare=NETWORK.prepare, **settings)


def compete(
    digits: data.Digits, seeds: list[int], epochs: int
) -> tuple[nn.Module, dict[str, dict[str, float]]]:
    """Train every way with every seed; return the best on the validation digits, and all errors.

    Of equals, the first. Errors are percentages, by way and seed.
    """
    best, smallest, errors = None, math.inf, {}
    for name, way in WAYS.items():
        errors[name] = {}
        for seed in seeds:
            model, history = way(digits, seed, epochs)
            if history.stopped:
                raise KeyboardInterrupt
            error = history.validations[-1].error
            errors[name][str(seed)] = percent(error)
            print(f"{name}, seed {seed}: validation error {error:.2%}", flush=True)
            if error < smallest:
                best, smallest = model, error
    return best, errors


def report(test: training.Evaluation, errors: dict, epochs: int, digits: data.Digits) -> dict:
    """Write down what came out, and all that decided it."""
    chosen = min(((way, seed) for way in errors for seed in errors[way]), key=_error_in(errors))
    return {
        "script": SCRIPT,
        "file": WEIGHTS,
        "network": NETWORK.name,
        "data": digits.name,
        "digits": {
            "train": len(digits.train),
            "validation": len(digits.validation),
            "test": test.count,
        },
        "epochs": epochs,
        "validation error": errors,
        "chosen": {"way": chosen[0], "seed": int(chosen[1])},
        "test": {
            "wrong": test.errors,
            "error": percent(test.error),
            "interval": [percent(end) for end in test.interval],
        },
        "machine": {
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "device": devices.pick().type,
            "torch": str(torch.__version__),
        },
    }


def _error_in(errors: dict[str, dict[str, float]]) -> Callable[[tuple[str, str]], float]:
    return lambda pair: errors[pair[0]][pair[1]]


def percent(fraction: float) -> float:
    """Write a fraction as percent, to a thousandth."""
    return round(100 * fraction, 3)


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Train the network that comes with the course.")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="SEED")
    parser.add_argument("--epochs", type=int, help=f"other than {EPOCHS}; wants --output")
    parser.add_argument("--output", type=Path, default=RESULTS, help="a folder for what comes out")
    options = parser.parse_args(arguments)
    if options.epochs is not None and options.output == RESULTS:
        parser.error("--epochs makes another network: name a folder for it with --output.")
    epochs = options.epochs or EPOCHS
    digits = data.load()
    if digits.name != data.MNIST:
        print(f"The weights are for MNIST, and only {digits.name} can be had.", file=sys.stderr)
        return 1
    try:
        model, errors = compete(digits, options.seeds, epochs)
    except KeyboardInterrupt:
        print("\nStopped; nothing is kept.")
        return 1
    test = training.evaluate(model, digits.test, prepare=NETWORK.prepare)
    checkpoints.export(model, options.output / WEIGHTS, NETWORK.name, digits.name)
    record = report(test, errors, epochs, digits)
    path = options.output / RECORD
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(f"{record['chosen']['way']}, seed {record['chosen']['seed']}, on the test: {test}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
