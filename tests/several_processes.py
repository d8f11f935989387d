"""What the tests of several processes start: small runs in float64, each in every process.

    torchrun --nproc-per-node=2 several_processes.py FOLDER CASE...

Each process writes what it has at the end of each case into FOLDER. BAD_RANK and BAD_STEP tell
which process does what the case says of a bad one, and when.
"""

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR

from lenet_course import processes
from lenet_course.checkpoints import CheckpointError, Keeper
from lenet_course.data import Split
from lenet_course.errors import CourseError
from lenet_course.training import fit

SIDE = 10
OPTIMIZERS = {
    "SGD": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9),
    "summed SGD": lambda parameters: torch.optim.SGD(parameters, lr=0.003),
    "AdamW": lambda parameters: torch.optim.AdamW(parameters, lr=0.003),
}


@dataclass(frozen=True)
class Case:
    """One way to train."""

    digits: int = 45
    batch_size: int = 10
    optimizer: str = "SGD"
    reduction: str = "mean"
    dropout: float = 0.0
    with_schedule: bool = False
    is_kept: bool = False
    bad: str | None = None


CASES = {
    "an uneven last batch": Case(),
    "a summed loss": Case(optimizer="summed SGD", reduction="sum"),
    "AdamW with a schedule": Case(optimizer="AdamW", with_schedule=True),
    "one digit in the last batch": Case(digits=41),
    "one digit a batch": Case(digits=20, batch_size=1, optimizer="AdamW"),
    "kept": Case(optimizer="AdamW", dropout=0.3, with_schedule=True, is_kept=True),
    "killed": Case(optimizer="AdamW", dropout=0.3, with_schedule=True, is_kept=True, bad="killed"),
    "dead": Case(bad="killed"),
    "stopped": Case(bad="stopped"),
    "silent": Case(bad="silent"),
}
EQUAL = [name for name, case in CASES.items() if not case.dropout and not case.bad]
BAD_RANK = int(os.environ.get("BAD_RANK", 1))
BAD_STEP = int(os.environ.get("BAD_STEP", 13))


def numbered(count, seed):
    """Digits of noise whose first pixel tells which they are."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (count, SIDE, SIDE), generator=generator, dtype=torch.uint8)
    images[:, 0, 0] = torch.arange(count)
    return Split(images, torch.randint(4, (count,), generator=generator))


def network(dropout):
    torch.manual_seed(5)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(48, 4),
    ).double()


def train(name, folder, rank=0, steps=100):
    """Train as a case says; give all that the processes must have in common, and what they saw."""
    case, seen, drawn = CASES[name], [], []
    model = network(case.dropout)
    optimizer = OPTIMIZERS[case.optimizer](model.parameters())
    schedule = CosineAnnealingLR(optimizer, 200) if case.with_schedule else None

    def prepare(images):
        if torch.is_grad_enabled():
            seen.append(images[:, 0, 0].tolist())
            drawn.append(torch.get_rng_state().sum().item())
            if rank == BAD_RANK and len(seen) == BAD_STEP and not processes.is_restart():
                misbehave(case.bad)
        return images[:, None].double() / 255

    history = fit(
        model,
        numbered(case.digits, 1),
        numbered(15, 2),
        prepare=prepare,
        optimizer=optimizer,
        scheduler=schedule,
        epochs=100,
        max_steps=steps,
        batch_size=case.batch_size,
        reduction=case.reduction,
        seed=3,
        checkpoints=Keeper(folder / name, every_steps=4) if case.is_kept else None,
    )
    weights = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    common = {"weights": weights, "history": history.to_dict(), "optimizer": optimizer.state_dict()}
    return {"common": common, "seen": seen, "drawn": drawn}


def misbehave(bad):
    if bad == "stopped":
        signal.raise_signal(signal.SIGTERM)
    if bad == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if bad == "silent":
        time.sleep(600)


def errors(group):
    """What each process hears when one of them cannot do its part."""
    return {
        "each, in 1": said(lambda: group.each(lambda: fail_if(group.rank == 1))),
        "by the first": said(lambda: group.by_first(lambda: fail_if(True))),
        "not alike": said(lambda: group.check_alike(digits=20, seed=group.rank)),
        "none": said(lambda: group.each(lambda: fail_if(False))),
    }


def fail_if(fails):
    if fails:
        raise CheckpointError("The disk is full.")


def said(work):
    try:
        return work()
    except CourseError as error:
        return f"{type(error).__name__}: {error}"


def main(folder, *names):
    folder = Path(folder)
    with processes.joined() as group:
        print(f"process {group.rank} was here")
        for name in names:
            found = errors(group) if name == "errors" else train(name, folder, group.rank)
            torch.save(found, folder / f"{name} {group.rank}.pt")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except CourseError as error:
        sys.exit(str(error))
