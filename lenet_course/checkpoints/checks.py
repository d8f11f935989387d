"""Does a file hold what it should, and does it fit? Asked before anything is changed.

Introduced in chapter 11.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from ..history import History
from .files import CheckpointError, brief

WAY_OUT = "Restore into what it was saved from, or train anew in another folder."
NUMBER = int | float
RUN = {"steps": int, "rate": NUMBER, "plan": dict, "epoch": dict, "history": dict}
SWITCHES = ("nesterov", "amsgrad", "maximize")  # of optimizers; a run's plan has their numbers
EPOCH = {"steps", "digits", "loss", "mistakes"}


def check_kinds(parts: dict[str, Any]) -> None:
    """Look at what a file holds, so that whoever uses it can rely on each part's kind.

    Args:
        parts: of a State, by name.

    Raises:
        KeyError, TypeError, ValueError: something is missing, or of another kind.

    Introduced in chapter 11.
    """
    for name in ("model", "random", "run", "environment"):
        _expect(parts[name], dict, name)
    for key, tensor in parts["model"].items():
        _expect(key, str, "a name in model")
        _expect(tensor, Tensor, "a value in model")
    for name in ("optimizer", "scheduler"):
        if parts[name] is not None:
            _expect(parts[name]["kind"], str, f"{name}'s kind")
            _expect(parts[name]["state"], dict, f"{name}'s state")
    run = parts["run"]
    _expect(run.get("steps", 0), int, "steps")
    if run.get("steps", 0) < 0:
        raise ValueError(f"{run['steps']} steps")
    for row in run.get("history", {}).get("validations", []):
        _expect(row["step"], NUMBER, "a validation's step")
        _expect(row["error"], NUMBER, "a validation's error")


def check_run(run: dict[str, Any], name: str) -> None:
    """Look at what `training.fit` wrote down about a run, so that it can be taken up.

    Args:
        run: of a State.
        name: of the file, for messages.

    Raises:
        CheckpointError: something is missing, of another kind, or does not go together.

    Introduced in chapter 11.
    """
    try:
        for part, kind in RUN.items():
            _expect(run[part], kind, part)
        if set(run["epoch"]) != EPOCH:
            raise ValueError(f"an epoch of {', '.join(map(str, run['epoch']))}")
        for part in EPOCH:
            _expect(run["epoch"][part], NUMBER, f"the epoch's {part}")
        _check_history(run["history"], run["steps"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{name} was not saved by a training run ({type(error).__name__}: {brief(error)}). "
            f"Use another folder for the run."
        ) from error


def compare(
    held: dict[str, Any],
    model: nn.Module,
    optimizer: Optimizer | None,
    scheduler: LRScheduler | None,
    name: str,
) -> None:
    """Hold the parts of a state to what they shall be put into.

    Args:
        held: parts of a State, by name.
        model, optimizer, scheduler: what is to be given them; without an optimizer, the network
            alone is compared.
        name: what messages call the state.

    Raises:
        CheckpointError: something does not match.

    Introduced in chapter 11.
    """
    _compare_tensors(held["model"], model.state_dict(), name)
    if optimizer is not None:
        _compare_class("optimizer", held["optimizer"], optimizer, name)
        _compare_parameters(held["optimizer"]["state"], optimizer, name)
        _compare_class("scheduler", held["scheduler"], scheduler, name)
    if scheduler is not None:
        _compare_settings(held["scheduler"]["state"], scheduler, name)


def _expect(value: Any, kind: Any, name: str) -> None:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{name} is a {type(value).__name__}")


def _check_history(record: dict[str, Any], steps: int) -> None:
    _expect(record["losses"], Tensor, "the losses")
    if record["losses"].shape != (steps,):
        raise ValueError(f"{steps} steps and {record['losses'].numel()} losses")
    history = History.from_dict({**record, "losses": []})
    for row in (*history.epochs, *history.validations):
        for name, number in vars(row).items():
            _expect(number, NUMBER, f"a row's {name}")


def _compare_tensors(held: dict[str, Tensor], wanted: dict[str, Tensor], name: str) -> None:
    keys = [*held, *(key for key in wanted if key not in held)]
    different = [key for key in keys if _outline(held, key) != _outline(wanted, key)]
    if different:
        first = "; ".join(
            f"{brief(key)}: {_outline(held, key)} / {_outline(wanted, key)}"
            for key in different[:3]
        )
        raise CheckpointError(
            f"{name} holds another network. Tensors that differ, held / wanted ({len(different)} "
            f"in all): {first}. {WAY_OUT}"
        )


def _outline(tensors: dict[str, Tensor], key: str) -> str:
    if key not in tensors:
        return "nothing"
    size = "x".join(map(str, tensors[key].shape)) or "one"
    return f"{brief(size)} {str(tensors[key].dtype).removeprefix('torch.')}"


def _compare_class(
    role: str, held: dict | None, wanted: Optimizer | LRScheduler | None, name: str
) -> None:
    kind = held["kind"] if held else "none"
    other = type(wanted).__name__ if wanted is not None else "none"
    if kind != other:
        raise CheckpointError(
            f"{name} holds {role} {brief(kind)}, and {other} was given. {WAY_OUT}"
        )


def _compare_settings(held: dict[str, Any], scheduler: LRScheduler, name: str) -> None:
    """Torch would take a scheduler's settings from the file, without a word."""
    wanted = scheduler.state_dict()
    settings = inspect.signature(type(scheduler)).parameters.keys() & wanted.keys() - {"last_epoch"}
    for key in sorted(settings):
        if isinstance(wanted[key], str | NUMBER | None) and held.get(key) != wanted[key]:
            raise CheckpointError(
                f"{name} holds a {type(scheduler).__name__} with {key} {brief(held.get(key))}, and "
                f"one with {wanted[key]} was given. {WAY_OUT}"
            )


def _compare_parameters(state: dict[str, Any], optimizer: Optimizer, name: str) -> None:
    """Torch itself counts the groups only, and finds out about the rest in a later step."""
    try:
        held = [list(group["params"]) for group in state["param_groups"]]
        state_of = {number: dict(each) for number, each in state["state"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{name} holds no optimizer's state. Use another file.") from error
    wanted = [len(group["params"]) for group in optimizer.param_groups]
    if [len(group) for group in held] != wanted:
        raise CheckpointError(
            f"{name} holds an optimizer with groups of {[len(group) for group in held]} "
            f"parameters, and one with {wanted} was given. {WAY_OUT}"
        )
    for group, other in zip(state["param_groups"], optimizer.param_groups, strict=True):
        for key in SWITCHES:
            if bool(group.get(key)) != bool(other.get(key)):
                raise CheckpointError(
                    f"{name} holds an optimizer with {key}={bool(group.get(key))}, and one with "
                    f"{other.get(key)} was given. {WAY_OUT}"
                )
    _compare_state(held, state_of, optimizer, name)


def _compare_state(
    held: list[list[int]], state_of: dict[int, dict], optimizer: Optimizer, name: str
) -> None:
    numbers = [number for group in held for number in group]
    parameters = [each for group in optimizer.param_groups for each in group["params"]]
    if numbers != list(range(len(parameters))) or not state_of.keys() <= set(numbers):
        raise CheckpointError(f"{name} holds no optimizer's state. Use another file.")
    for number, each in state_of.items():
        for key, value in each.items():
            shape = tuple(parameters[number].shape)
            if isinstance(value, Tensor) and not _spreads(tuple(value.shape), shape):
                raise CheckpointError(
                    f"{name} holds an optimizer whose {brief(key)} for parameter {number} is "
                    f"{tuple(value.shape)}, and the parameter is {shape}. {WAY_OUT}"
                )


def _spreads(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Tell whether a parameter's state can belong to it: as large, or repeated along some sides."""
    try:
        return tuple(torch.broadcast_shapes(shape, wanted)) == wanted
    except RuntimeError:
        return False
