"""All that decides how a training run goes on: taken from the objects, and put back into them.

Of random generators these are Python's and torch's: the course draws from no others.

Introduced in chapter 11.
"""

from __future__ import annotations

import platform
import random
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from .. import processes
from .checks import check_kinds, compare
from .encoding import decode, encode
from .files import CheckpointError, DamagedError, brief

SCHEMA = 1


@dataclass(frozen=True)
class State:
    """What a checkpoint holds: copies, which later steps leave as they are.

    Args:
        model: the network's state_dict.
        optimizer, scheduler: their class's name ("kind") and state_dict ("state"), or None.
        random: the states of Python's and torch's generators.
        run: where the run is, its plan and its history; `training.fit` writes and reads it.
        environment: what it was made with: versions, device, threads. No names, no paths.
    """

    model: dict[str, Tensor]
    optimizer: dict[str, Any] | None
    scheduler: dict[str, Any] | None
    random: dict[str, Any]
    run: dict[str, Any]
    environment: dict[str, Any]
    schema: int = SCHEMA

    def encoded(self) -> tuple[dict[str, Tensor], dict]:
        """Give the tensors by name, and the rest as JSON can hold it."""
        tensors: dict[str, Tensor] = {}
        return tensors, {key: encode(item, key, tensors) for key, item in vars(self).items()}


def take(
    model: nn.Module,
    optimizer: Optimizer | None = None,
    scheduler: LRScheduler | None = None,
    run: dict[str, Any] | None = None,
) -> State:
    """Take a copy of everything that a step changes.

    Args:
        model, optimizer, scheduler: of the run.
        run: numbers and text of your own, kept beside them.

    Example:
        >>> take(nn.Linear(2, 1), run={"steps": 3}).run
        {'steps': 3}

    Introduced in chapter 11.
    """
    return State(
        model=deepcopy(dict(model.state_dict())),
        optimizer=_kind_and_state(optimizer),
        scheduler=_kind_and_state(scheduler),
        random=_random_state(),
        run=deepcopy(run or {}),
        environment=environment(model),
    )


def environment(model: nn.Module) -> dict[str, Any]:
    """Tell what a network is trained with, as far as it can change the last bits of a sum."""
    found = {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "device": next((tensor.device.type for tensor in model.parameters()), "cpu"),
        "threads": torch.get_num_threads(),
    }
    size = processes.current().size
    return found if size == 1 else {**found, "processes": size}


def from_parts(tensors: dict[str, Tensor], facts: dict, name: str) -> State:
    """Make a State from a file's parts.

    Args:
        tensors, facts: what the file holds.
        name: of the file, for messages.

    Raises:
        CheckpointError: the file was written by a newer course.
        DamagedError: it lacks something, or something is of another kind.

    Introduced in chapter 11.
    """
    schema = facts.get("schema") if isinstance(facts, dict) else None
    if type(schema) is int and schema > SCHEMA:
        raise CheckpointError(
            f"{name} was written by a newer course (schema {schema}; this one reads up to "
            f"{SCHEMA}). Update the course: git pull, or pip install --upgrade lenet-course."
        )
    try:
        parts = {key: decode(item, tensors) for key, item in facts.items()}
        if type(schema) is not int or schema < 1:
            raise ValueError("it has no schema")
        check_kinds(parts)
        return State(**parts)
    except Exception as error:  # what a made-up file raises has no end
        raise DamagedError(
            f"{name} is no checkpoint of this course ({type(error).__name__}: {brief(error)}). "
            f"Use another file."
        ) from error


def put_back(
    state: State,
    model: nn.Module,
    optimizer: Optimizer | None = None,
    scheduler: LRScheduler | None = None,
    name: str = "The checkpoint",
) -> None:
    """Give everything the state that was taken; all of it is compared first.

    The state itself stays as it is, and can be put back again.

    Args:
        state: from `take` or from a file.
        model, optimizer, scheduler: like those that it was taken from, on any device. Leave the
            optimizer out to use the network only; random states are then left alone as well.
        name: what messages call the state.

    Raises:
        CheckpointError: something does not match. Nothing has been changed.

    Introduced in chapter 11.
    """
    compare(vars(state), model, optimizer, scheduler, name)
    before = take(model, optimizer, scheduler)
    try:
        _apply(state, model, optimizer, scheduler)
    except Exception as error:  # comparing cannot foresee all that torch may refuse
        _apply(before, model, optimizer, scheduler)
        raise CheckpointError(
            f"{name} holds a state that does not fit ({type(error).__name__}: {brief(error)}). "
            f"Nothing was changed. Use another file."
        ) from error


def _apply(
    state: State, model: nn.Module, optimizer: Optimizer | None, scheduler: LRScheduler | None
) -> None:
    model.load_state_dict(state.model)
    if optimizer is None:
        return
    # Torch keeps some of the tensors that it is given, and changes them in later steps.
    optimizer.load_state_dict(deepcopy(state.optimizer["state"]))
    if scheduler is not None:
        scheduler.load_state_dict(deepcopy(state.scheduler["state"]))
    _set_random_state(state.random)


def _kind_and_state(thing: Optimizer | LRScheduler | None) -> dict[str, Any] | None:
    if thing is None:
        return None
    return {"kind": type(thing).__name__, "state": deepcopy(thing.state_dict())}


def _random_state() -> dict[str, Any]:
    states = {"python": random.getstate(), "torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state_all()
    if torch.backends.mps.is_available():
        states["mps"] = torch.mps.get_rng_state()
    return states


def _set_random_state(states: dict[str, Any]) -> None:
    random.setstate(states["python"])
    torch.set_rng_state(states["torch"])
    if torch.cuda.is_available() and len(states.get("cuda", [])) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
    if torch.backends.mps.is_available() and "mps" in states:
        torch.mps.set_rng_state(states["mps"])
