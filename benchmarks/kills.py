"""Kill a training run again and again, resume it each time, and count what went wrong.

    python benchmarks/kills.py                     200 kills, a few minutes
    python benchmarks/kills.py --kills 20 --output few.json

A small network is trained in processes of their own, which save after every step. Half of them are
killed from outside (kill -9) at random moments; the others kill themselves at a chosen place within
a save, one place after the other. After each kill every checkpoint in the folder must be readable,
and a fresh process goes on. At the end weights, optimizer, scheduler, random state and history must
equal those of a run that nobody killed, to the last bit.

Writes lenet_course/results/kills.json. `make test-long` does the same without writing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import torch
from torch import nn

from lenet_course import checkpoints
from lenet_course.data import Split
from lenet_course.training import fit

RESULTS = Path(__file__).resolve().parent.parent / "lenet_course" / "results" / "kills.json"
SCRIPT = "benchmarks/kills.py"
EPOCHS, STEPS_A_PASS, BATCH_SIZE = 3, 5, 8
KEEP = 2
RUN_LENGTH = 5  # kills that one run has to bear, as far as it is long enough
OUTSIDE = "at a random moment"
# Processes that begin as a copy of this one cost no second import of torch.
PROCESSES = multiprocessing.get_context("fork" if sys.platform.startswith("linux") else "spawn")


def train(folder: Path, outcome: Path) -> None:
    """Train to the end, or go on where the folder's run stopped, and write down what came out."""
    torch.set_num_threads(1)
    torch.manual_seed(3)
    random.seed(3)
    digits = Split(
        torch.randint(0, 256, (STEPS_A_PASS * BATCH_SIZE - 2, 6, 6), dtype=torch.uint8),
        torch.randint(0, 4, (STEPS_A_PASS * BATCH_SIZE - 2,)),
    )
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 12), nn.Dropout(0.2), nn.Linear(12, 4))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * STEPS_A_PASS)
    history = fit(
        model,
        digits,
        digits[:9],
        prepare=lambda images: images.float() / 255 + 0.1 * torch.randn(images.shape),
        optimizer=optimizer,
        scheduler=scheduler,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        checkpoints=checkpoints.Keeper(folder, keep=KEEP, every_steps=1),
    )
    state = checkpoints.take(model, optimizer, scheduler)
    tensors, facts = state.encoded()
    parts = {"history": repr(history)} | {name: repr(value) for name, value in facts.items()}
    for name, tensor in tensors.items():
        parts[name] = hashlib.sha256(tensor.numpy().tobytes()).hexdigest()
    outcome.write_text(json.dumps(parts), encoding="utf-8")


def die() -> NoReturn:
    """End this process as kill -9 would: nothing is tidied up."""
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    raise AssertionError("still alive")


def opened(countdown: Callable[[], bool]) -> None:
    """Die once the unfinished file is there, and empty."""
    make = tempfile.mkstemp

    def mkstemp(*arguments: object) -> tuple[int, str]:
        made = make(*arguments)
        return die() if countdown() else made

    tempfile.mkstemp = mkstemp


def half_written(countdown: Callable[[], bool]) -> None:
    """Die once half of the bytes are written."""
    open_handle = os.fdopen

    class Half:
        def __init__(self, handle: int, *arguments: object) -> None:
            self.file = open_handle(handle, *arguments)

        def __enter__(self) -> Half:
            return self

        def __exit__(self, *error: object) -> None:
            self.file.close()

        def __getattr__(self, name: str) -> object:
            return getattr(self.file, name)

        def write(self, content: bytes) -> int:
            if countdown():
                self.file.write(content[: len(content) // 2])
                self.file.flush()
                die()
            return self.file.write(content)

    os.fdopen = Half


def before_fsync(countdown: Callable[[], bool]) -> None:
    """Die when the bytes, or the folder's names, are about to be pushed to the disk."""
    push = os.fsync
    os.fsync = lambda handle: die() if countdown() else push(handle)


def before_replace(countdown: Callable[[], bool]) -> None:
    """Die when the file is about to be given its name."""
    replace = Path.replace
    Path.replace = lambda path, target: die() if countdown() else replace(path, target)


def after_replace(countdown: Callable[[], bool]) -> None:
    """Die once the file has its name."""
    replace = Path.replace

    def then_die(path: Path, target: Path) -> Path:
        result = replace(path, target)
        return die() if countdown() else result

    Path.replace = then_die


def during_retention(countdown: Callable[[], bool]) -> None:
    """Die among the deletions of what is no longer needed."""
    unlink = Path.unlink

    def or_die(path: Path, missing_ok: bool = False) -> None:
        return die() if countdown() else unlink(path, missing_ok)

    Path.unlink = or_die


FAILPOINTS = {
    "unfinished file opened": opened,
    "half written": half_written,
    "before fsync": before_fsync,
    "before replace": before_replace,
    "after replace": after_replace,
    "during retention": during_retention,
}
PLACES = [place for failpoint in FAILPOINTS for place in (OUTSIDE, failpoint)]


def victim(folder: Path, outcome: Path, place: str, number: int) -> None:
    """Train, and die when a failpoint is passed for the number-th time."""
    if place in FAILPOINTS:
        left = iter(range(number - 1, -1, -1))
        FAILPOINTS[place](lambda: next(left) == 0)
    train(folder, outcome)


def start(
    folder: Path, outcome: Path, place: str, number: int
) -> multiprocessing.process.BaseProcess:
    """Begin a victim in a process of its own."""
    process = PROCESSES.Process(target=victim, args=(folder, outcome, place, number))
    process.start()
    return process


def run_once(folder: Path, outcome: Path) -> dict:
    """Let a process train to the end unharmed, and read what came out."""
    process = start(folder, outcome, "", 0)
    process.join()
    if process.exitcode != 0:
        raise SystemExit(f"A run that nobody killed ended with {process.exitcode}.")
    return json.loads(outcome.read_text(encoding="utf-8"))


def is_killed(folder: Path, outcome: Path, place: str, longest: float, draw: random.Random) -> bool:
    """Start or resume a victim and kill it; tell whether it died before it was done."""
    process = start(folder, outcome, place, draw.randint(1, 4))
    if place == OUTSIDE:
        time.sleep(draw.uniform(0, longest))
        process.kill()
    process.join()
    return process.exitcode != 0


def unreadable(folder: Path) -> int:
    """Count the checkpoints in a folder that cannot be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        checkpoints.all(folder)
    return len(list(folder.glob("*.damaged")))


def kill(kills: int, seed: int, report: Callable[[str], None] = print) -> dict:
    """Kill so many times, and count."""
    draw, where = random.Random(seed), Counter()
    runs = unloadable = unequal = resumed = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        train(Path(place) / "first", Path(place) / "first.json")  # so that the copies start warm
        begun = time.perf_counter()
        wanted = run_once(Path(place) / "whole", Path(place) / "whole.json")
        longest = time.perf_counter() - begun
        while where.total() < kills:
            runs += 1
            folder, outcome = Path(place) / str(runs), Path(place) / f"{runs}.json"
            folder.mkdir()
            for _ in range(RUN_LENGTH):
                next_place = PLACES[where.total() % len(PLACES)]
                if where.total() == kills or not is_killed(
                    folder, outcome, next_place, longest / 2, draw
                ):
                    break
                where[next_place] += 1
                unloadable += unreadable(folder)
                resumed += checkpoints.latest(folder) is not None
            unequal += run_once(folder, outcome) != wanted
            if runs % 10 == 0:
                report(f"{where.total()} of {kills} kills")
    return {
        "script": SCRIPT,
        "torch": str(torch.__version__),
        "kills": where.total(),
        "runs": runs,
        "where": dict(sorted(where.items())),
        "kills with a checkpoint to go on from": resumed,
        "unloadable": unloadable,
        "unequal": unequal,
    }


def main(words: list[str] | None = None) -> int:
    """Read the command line, kill, and write down what came of it."""
    parser = argparse.ArgumentParser(description="Kill a training run again and again.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the moments and places")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args(words)
    torch.set_num_threads(1)
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a copy of a process cannot use its GPU
    found = kill(options.kills, options.seed)
    options.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(json.dumps(found, indent=1))
    return 1 if found["unloadable"] or found["unequal"] else 0


if __name__ == "__main__":
    sys.exit(main())
