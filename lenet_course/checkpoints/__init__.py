"""Keep a training run safe: save it, find it again, and go on as if nothing had happened.

Introduced in chapter 11.

Example:
    >>> import tempfile, torch
    >>> from lenet_course import checkpoints
    >>> model = torch.nn.Linear(2, 1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = checkpoints.save(folder, checkpoints.take(model, run={"steps": 7}))
    ...     checkpoints.restore(checkpoints.latest(folder), model).run
    {'steps': 7}
"""

from pathlib import Path

from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from .files import CheckpointError, DamagedError
from .folder import all, best, latest, load, retain, save, set_aside, validation_error
from .keeper import Keeper
from .sharing import export, load_weights, read_weights
from .state import State, put_back, take

__all__ = [
    "CheckpointError",
    "DamagedError",
    "Keeper",
    "State",
    "all",
    "best",
    "export",
    "latest",
    "load",
    "load_weights",
    "put_back",
    "read_weights",
    "restore",
    "retain",
    "save",
    "set_aside",
    "take",
    "validation_error",
]


def restore(
    path: str | Path,
    model: nn.Module,
    optimizer: Optimizer | None = None,
    scheduler: LRScheduler | None = None,
) -> State:
    """Read a checkpoint, and give a network (and what trains it) the state in it.

    Args:
        path: of a file that `save` wrote.
        model, optimizer, scheduler: like those that were saved; the network alone will do.

    Returns:
        All that the file holds.

    Raises:
        CheckpointError: the file is damaged or foreign, or something does not match. Nothing has
            been changed.

    Introduced in chapter 11.
    """
    state = load(path)
    put_back(state, model, optimizer, scheduler, Path(path).name)
    return state
