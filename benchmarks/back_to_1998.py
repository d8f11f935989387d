"""Train the network of 1998 as in 1998, several seeds side by side, and keep what came out.

    python benchmarks/back_to_1998.py                        every experiment that is not there yet
    python benchmarks/back_to_1998.py second-order map       these two
    python benchmarks/back_to_1998.py map --seeds 2 --passes 1 --output short
    python benchmarks/back_to_1998.py map --j 3 --first-seed 5 --output j-3
    python benchmarks/back_to_1998.py --speed                how long a step takes, way by way

An experiment is a plan of lenet_course.back_to_1998, 20 passes with 60,000 digits, one a step. An
option changes it into another, which wants an --output of its own.
After each pass the networks are judged on all training and test digits, a line is printed, and a
checkpoint is kept under --runs: the command can be stopped at any time, killed as well, and takes
up with the next pass, with the same numbers as if it had not been stopped. After the last pass
lenet_course/results/ is given 1998-EXPERIMENT.json, the record of all seeds, and
1998-EXPERIMENT.safetensors, the weights of the first. Nothing is chosen by the test digits: what
counts is the error after the last pass. Needs MNIST.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import statistics
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from lenet_course import back_to_1998 as engine
from lenet_course import checkpoints, data, devices
from lenet_course.back_to_1998 import MAP, OUR_RATES, PAPER_RATES, Plan, SquaredError
from lenet_course.back_to_1998.weights import RULES

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "lenet_course" / "results"
RUNS = Path("runs") / "back_to_1998"
SCRIPT = "benchmarks/back_to_1998.py"

EXPERIMENTS: dict[str, tuple[Plan, int]] = {
    "second-order": (Plan(), 5),
    "map": (Plan(loss=MAP(j=20.0)), 5),
    "distortions": (Plan(distorted=True), 2),
    "plain-sgd": (Plan(rates=PAPER_RATES, second_order=False), 2),
    "literal-plain-sgd": (Plan(rates=PAPER_RATES, second_order=False, first_weights="2.4/F"), 2),
    "literal": (Plan(rates=PAPER_RATES, first_weights="2.4/F"), 2),
    "size-15k": (Plan(digits=15_000), 2),
    "size-30k": (Plan(digits=30_000), 2),
    "map-distortions": (Plan(loss=MAP(j=20.0), distorted=True), 2),
    "averaged": (Plan(averaged=True), 2),
    "map-small-j": (Plan(loss=MAP(j=0.1), digits=15_000), 2),
}
"""What is tried, and with how many seeds: the most valuable first."""

LOSSES = {"mse": SquaredError(), "map": MAP()}
STEPS = {"second-order": True, "plain": False}
RATES = {"ours": OUR_RATES, "paper": PAPER_RATES}


class Networks(nn.Module):
    """Networks side by side as a module, because that is what a checkpoint holds."""

    def __init__(self, flat: Tensor) -> None:
        super().__init__()
        self.register_buffer("flat", flat)


def run(
    name: str,
    plan: Plan,
    seeds: list[int],
    digits: data.Digits,
    folder: Path,
    *,
    device: torch.device,
    compiled: bool,
) -> tuple[list[dict], Tensor]:
    """Go through the passes that are left; give the record of all and the networks (K, 60900)."""
    flat = engine.first_weights(seeds, plan.first_weights)
    record: list[dict] = []
    if (found := checkpoints.latest(folder)) is not None:
        state = checkpoints.load(found)
        flat, record = state.model["flat"], state.run["record"]
        print(f"{name}: {len(record)} passes are done already.", flush=True)
    flat = flat.to(device)
    train, test = digits.train.to(device), digits.test.to(device)
    step = engine.make_step(plan.loss, compiled)
    for number in range(len(record) + 1, len(plan.rates) + 1):
        started = time.process_time(), time.perf_counter()
        row = asdict(engine.one_pass(flat, plan, train, seeds, number, step, Ticker(plan.digits)))
        row["training errors"] = engine.errors(flat, train[: plan.digits])
        row["test errors"] = engine.errors(flat, test)
        row["seconds"] = {
            "processor": round(time.process_time() - started[0], 1),
            "wall": round(time.perf_counter() - started[1], 1),
        }
        record.append(row)
        state = checkpoints.take(
            Networks(flat), run={"steps": number * plan.digits, "record": record}
        )
        checkpoints.save(folder, state)
        checkpoints.retain(folder, keep=2)
        print(line(name, row, plan.digits, len(test)), flush=True)
    return record, flat


class Ticker:
    """Tells a terminal how far a pass is; silent elsewhere."""

    def __init__(self, total: int) -> None:
        self.total = total

    def __call__(self, seen: int) -> None:
        """Be told of a pass's progress, as `watch`."""
        if sys.stderr.isatty():
            end = "\r" if seen < self.total else "\r\033[K"
            print(f"{seen:,} of {self.total:,}", end=end, file=sys.stderr, flush=True)


def line(name: str, row: dict, of_training: int, of_test: int) -> str:
    """Say in one line what a pass gave: a number a seed, in percent."""
    return (
        f"{name}, pass {row['number']:2}: "
        f"during {percents(row['error'], 1)}, "
        f"training {percents(row['training errors'], of_training)}, "
        f"test {percents(row['test errors'], of_test)}, "
        f"{row['seconds']['processor']} s of processor"
    )


def percents(counts: list[float], of: int) -> str:
    """Write counts as percentages."""
    return " ".join(f"{100 * count / of:.2f}" for count in counts)


def report(
    name: str,
    plan: Plan,
    seeds: list[int],
    digits: data.Digits,
    record: list[dict],
    device: torch.device,
) -> dict:
    """Order a record for the result file: errors in percent, a list over the passes for each seed.

    What depends on the machine stands apart.
    """
    counts = {"training": plan.digits, "test": len(digits.test)}
    runs = {
        str(seed): {
            "loss during": [round(row["loss"][place], 5) for row in record],
            "error during": [round(100 * row["error"][place], 4) for row in record],
            **{
                f"{split} error": [
                    round(100 * row[f"{split} errors"][place] / of, 4) for row in record
                ]
                for split, of in counts.items()
            },
        }
        for place, seed in enumerate(seeds)
    }
    return {
        "script": SCRIPT,
        "experiment": name,
        "plan": plan.described(),
        "weights": {"file": f"1998-{name}.safetensors", "seed": seeds[0]},
        "summary": {
            what: summary([each[what][-1] for each in runs.values()])
            for what in ("error during", "training error", "test error")
        },
        "runs": runs,
        "step sizes": [
            {part: [float(f"{size:.3g}") for size in sizes] for part, sizes in row["steps"].items()}
            for row in record
        ],
        "machine": machine(device),
        "processor seconds a pass": [row["seconds"]["processor"] for row in record],
    }


def summary(values: list[float]) -> dict[str, float]:
    """Give mean, spread (standard deviation of a sample), lowest and highest, after the last pass.

    A single seed has no spread: it is given as 0.
    """
    return {
        "mean": round(statistics.mean(values), 4),
        "spread": round(statistics.stdev(values), 4) if len(values) > 1 else 0.0,
        "lowest": min(values),
        "highest": max(values),
    }


def machine(device: torch.device) -> dict:
    """Say what kind of machine this is, and nothing that would name it."""
    return {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": device.type,
        "torch": str(torch.__version__),
    }


def write(path: Path, results: dict) -> None:
    """Write a result file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8", newline="\n")
    beside.replace(path)


def speed(device: torch.device, steps: int = 200) -> None:
    """Print how long a digit takes, for each way of making the step: the best of five tries."""
    splits = torch.randint(256, (steps, 28, 28), dtype=torch.uint8), torch.arange(steps) % 10
    train = data.Split(*splits).to(device)
    # Unlike wall time, processor time is not lengthened by others; a GPU's work has none.
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    print("milliseconds a digit and seed")
    for compiled in (False, True):
        for count in (1, 5, 8):
            seeds = list(range(count))
            plan = Plan(second_order=False, rates=(1e-5,) * 6, digits=steps)
            flat = engine.first_weights(seeds).to(device)
            step = engine.make_step(plan.loss, compiled)
            times = []
            for number in range(1, 7):
                started = clock()
                engine.one_pass(flat, plan, train, seeds, number, step)
                times.append(clock() - started)
            way = "compiled" if compiled else "eager"
            print(f"{way:8} {count} seeds: {1000 * min(times[1:]) / steps / count:.3f}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and run."""
    parser = _parser()
    options = parser.parse_args(arguments)
    names = options.experiments or list(EXPERIMENTS)
    if strangers := set(names) - set(EXPERIMENTS):
        parser.error(f"There is no experiment {', '.join(strangers)}: {', '.join(EXPERIMENTS)}.")
    device = devices.pick(options.device)
    if options.speed:
        speed(device)
        return 0
    try:
        plans = {name: changed(EXPERIMENTS[name][0], options) for name in names}
    except ValueError as error:
        parser.error(str(error))
    others = [name for name, plan in plans.items() if plan != EXPERIMENTS[name][0]]
    if (others or options.first_seed) and options.output == RESULTS:
        parser.error("That makes another experiment: name a folder for it with --output.")
    digits = data.load(validation=0)
    if digits.name != data.MNIST:
        print(f"The results are about MNIST, and only {digits.name} can be had.", file=sys.stderr)
        return 1
    for name, plan in plans.items():
        count = options.seeds or EXPERIMENTS[name][1]
        seeds = list(range(options.first_seed, options.first_seed + count))
        path = options.output / f"1998-{name}.json"
        if _is_there(path, plan, seeds):
            print(f"{name}: {path.name} is there already.")
            continue
        folder = options.runs / _folder(name, plan, seeds)
        try:
            record, flat = run(
                name, plan, seeds, digits, folder, device=device, compiled=not options.eager
            )
        except KeyboardInterrupt:
            print(f"\n{name}: stopped. The same command goes on after the last whole pass.")
            return 1
        checkpoints.export(
            engine.to_module(flat[0]), path.with_suffix(".safetensors"), network="lenet5-1998"
        )
        write(path, report(name, plan, seeds, digits, record, device))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Train the network of 1998 as in 1998.")
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help=", ".join(EXPERIMENTS))
    parser.add_argument("--seeds", type=int, help="how many side by side, other than the plan's")
    parser.add_argument("--device", help="cpu or cuda; the best there is unless given")
    parser.add_argument("--eager", action="store_true", help="do not compile the step")
    parser.add_argument("--runs", type=Path, default=RUNS, help="where the checkpoints are kept")
    parser.add_argument("--output", type=Path, default=RESULTS, help="a folder for the results")
    parser.add_argument("--speed", action="store_true", help="measure a step and do no more")
    other = parser.add_argument_group("another experiment; wants an --output of its own")
    other.add_argument("--first-seed", type=int, default=0, help="0 unless given")
    other.add_argument("--passes", type=int, help="stop the schedule early")
    other.add_argument("--loss", choices=LOSSES, help="squared error, or MAP with j = 20")
    other.add_argument("--j", type=float, help="of the MAP loss")
    other.add_argument(
        "--exact", action="store_true", help="MAP's own second derivatives, not the squared error's"
    )
    other.add_argument("--steps", choices=STEPS, help="a step size for each weight, or one for all")
    other.add_argument("--rates", choices=RATES, help="of the twenty passes")
    other.add_argument("--first-weights", choices=RULES, help="the rule that they are drawn by")
    other.add_argument("--averaged", action="store_true", help="S2 and S4 average, and do not add")
    other.add_argument("--distortions", action="store_true", help="show each digit transformed")
    other.add_argument("--digits", type=int, help="learn from the first so many")
    return parser


def changed(plan: Plan, options: argparse.Namespace) -> Plan:
    """Change a plan as the command line says.

    Raises:
        ValueError: what is said does not go together, or is no possible setting.
    """
    loss = LOSSES[options.loss] if options.loss else plan.loss
    if (options.j is not None or options.exact) and not isinstance(loss, MAP):
        raise ValueError("--j and --exact belong to the MAP loss: add --loss map.")
    if options.j is not None:
        if options.j <= 0:
            raise ValueError(f"--j {options.j:g} cannot be: the paper says that j is positive.")
        loss = replace(loss, j=options.j)
    if options.exact:
        loss = replace(loss, exact=True)
    digits = plan.digits if options.digits is None else options.digits
    if not 1 <= digits <= 60_000:
        raise ValueError(f"--digits {digits:,} cannot be: there are 60,000.")
    rates = RATES[options.rates] if options.rates else plan.rates
    return replace(
        plan,
        loss=loss,
        rates=rates if options.passes is None else rates[: options.passes],
        second_order=STEPS[options.steps] if options.steps else plan.second_order,
        first_weights=options.first_weights or plan.first_weights,
        averaged=plan.averaged or options.averaged,
        distorted=plan.distorted or options.distortions,
        digits=digits,
    )


def _folder(name: str, plan: Plan, seeds: list[int]) -> str:
    """Name a folder of checkpoints, another for each plan and its seeds."""
    about = json.dumps([plan.described(), seeds], sort_keys=True).encode()
    return f"{name}-{hashlib.sha256(about).hexdigest()[:12]}"


def _is_there(path: Path, plan: Plan, seeds: list[int]) -> bool:
    if not path.exists():
        return False
    there = json.loads(path.read_text(encoding="utf-8"))
    described = json.loads(json.dumps(plan.described()))
    return there["plan"] == described and list(there["runs"]) == [str(seed) for seed in seeds]


if __name__ == "__main__":
    sys.exit(main())
