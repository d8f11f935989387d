"""All that decides how a training run goes on: taken from the objects, and put back into them.

Introduced in chapter 11.
"""

from __future__ import annotations

import platform
import random
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from .encoding import decode, encode
from .files import CheckpointError

SCHEMA = 1
WAY_OUT = "Restore into what it was saved from, or train anew in another folder."


@dataclass(frozen=True)
class State:
    """What a checkpoint holds, on the CPU.

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
    """Take the state of everything that a step changes.

    Args:
        model, optimizer, scheduler: of the run.
        run: numbers and text of your own, kept beside them.

    Example:
        >>> take(nn.Linear(2, 1), run={"step": 3}).run
        {'step': 3}

    Introduced in chapter 11.
    """
    device = next((tensor.device.type for tensor in model.parameters()), "cpu")
    return State(
        model=dict(model.state_dict()),
        optimizer=_kind_and_state(optimizer),
        scheduler=_kind_and_state(scheduler),
        random=_random_state(),
        run=run or {},
        environment={
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "device": device,
            "threads": torch.get_num_threads(),
        },
    )


def from_parts(tensors: dict[str, Tensor], facts: dict, name: str) -> State:
    """Make a State from a file's parts.

    Args:
        tensors, facts: what the file holds.
        name: of the file, for messages.

    Raises:
        CheckpointError: the file has another schema, or lacks something.

    Introduced in chapter 11.
    """
    schema = facts.get("schema") if isinstance(facts, dict) else None
    if isinstance(schema, int) and schema > SCHEMA:
        raise CheckpointError(
            f"{name} was written by a newer course (schema {schema}; this one reads up to "
            f"{SCHEMA}). Update the course: git pull, or pip install --upgrade lenet-course."
        )
    try:
        return State(**{key: decode(item, tensors) for key, item in facts.items()})
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"{name} is no checkpoint of this course: it lacks or distorts "
            f"{error}. Use another file."
        ) from error


def put_back(
    state: State,
    model: nn.Module,
    optimizer: Optimizer | None = None,
    scheduler: LRScheduler | None = None,
    name: str = "The checkpoint",
) -> None:
    """Give everything the state that was taken; all of it is compared first.

    Args:
        state: from `take` or from a file.
        model, optimizer, scheduler: like those that it was taken from, on any device. Leave the
            optimizer out to use the network only; random states are then left alone as well.
        name: what messages call the state.

    Raises:
        CheckpointError: something does not match. Nothing has been changed.

    Introduced in chapter 11.
    """
    _compare_tensors(state.model, model.state_dict(), name)
    if optimizer is not None:
        _compare_kinds("optimizer", state.optimizer, optimizer, name)
        _compare_groups(state.optimizer["state"], optimizer, name)
        _compare_kinds("scheduler", state.scheduler, scheduler, name)
    model.load_state_dict(state.model)
    if optimizer is None:
        return
    optimizer.load_state_dict(state.optimizer["state"])
    if scheduler is not None:
        scheduler.load_state_dict(state.scheduler["state"])
    _set_random_state(state.random)


def _kind_and_state(thing: Optimizer | LRScheduler | None) -> dict[str, Any] | None:
    return thing and {"kind": type(thing).__name__, "state": thing.state_dict()}


def _random_state() -> dict[str, Any]:
    states = {"python": random.getstate(), "torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state_all()
    return states


def _set_random_state(states: dict[str, Any]) -> None:
    random.setstate(states["python"])
    torch.set_rng_state(states["torch"])
    if torch.cuda.is_available() and len(states.get("cuda", [])) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])


def _compare_tensors(held: dict[str, Tensor], wanted: dict[str, Tensor], name: str) -> None:
    def shape(tensors: dict[str, Tensor], key: str) -> str:
        return "nothing" if key not in tensors else "x".join(map(str, tensors[key].shape)) or "one"

    keys = [*held, *(key for key in wanted if key not in held)]
    different = [key for key in keys if shape(held, key) != shape(wanted, key)]
    if different:
        first = "; ".join(f"{k}: {shape(held, k)} / {shape(wanted, k)}" for k in different[:3])
        raise CheckpointError(
            f"{name} holds another network. Tensors that differ, held / wanted ({len(different)} "
            f"in all): {first}. {WAY_OUT}"
        )


def _compare_kinds(
    role: str, held: dict | None, wanted: Optimizer | LRScheduler | None, name: str
) -> None:
    kind = held["kind"] if held else "none"
    other = type(wanted).__name__ if wanted is not None else "none"
    if kind != other:
        raise CheckpointError(f"{name} holds {role} {kind}, and {other} was given. {WAY_OUT}")


def _compare_groups(state: dict, optimizer: Optimizer, name: str) -> None:
    held = [len(group["params"]) for group in state["param_groups"]]
    wanted = [len(group["params"]) for group in optimizer.param_groups]
    if held != wanted:
        raise CheckpointError(
            f"{name} holds an optimizer with groups of {held} parameters, and one with {wanted} "
            f"was given. {WAY_OUT}"
        )
