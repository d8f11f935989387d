"""A network that has learned, ready to read: the course's own, or one that you have trained.

Introduced in chapter 15.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from torch import nn

from . import checkpoints, networks, recipes, results
from .checkpoints import CheckpointError
from .checkpoints.files import NAME
from .networks import Network


@dataclass(frozen=True)
class Trained:
    """A network that has learned.

    Args:
        network: on paper: how it wants its digits, and how its answer is read.
        model: the module with its weights, on the CPU, switched to judging.
        name: where the weights come from.
        data: what they were trained on, where the source says it.
    """

    network: Network
    model: nn.Module
    name: str
    data: str | None = None

    def __str__(self) -> str:
        """Say which network this is, whose weights it has, and what it learned from."""
        learned = f"trained on {self.data}" if self.data else "trained on digits it does not name"
        return f"{self.network.name}, {self.name}, {learned}"


def load(source: str | Path | None = None, network: str | None = None) -> Trained:
    """Load a trained network.

    Args:
        source: weights as `checkpoints.export` writes them, a checkpoint, or a folder of
            checkpoints, of which the best is taken; the weights that come with the course unless
            given.
        network: which network of the family it is, for a source that does not say so.

    Raises:
        CheckpointError: the source is missing or damaged, or holds no network of the family, or
            does not say which.
        UnknownNameError: the family has no network of that name.

    Example:
        >>> print(load())
        relu-max, the course's own weights, trained on MNIST

    Introduced in chapter 15.
    """
    if source is None:
        return _shipped()
    path = Path(source).expanduser()
    if path.is_dir():
        path = _best(path)
    if NAME.fullmatch(path.name):
        return _from_checkpoint(path, network)
    _, facts = checkpoints.read_weights(path)
    if "schema" in facts:  # a checkpoint whose name lost its signature: loading it says so
        checkpoints.load(path)
    found = networks.find(network or facts.get("network") or _ask_for_network(path))
    model = networks.build(found, seed=0)
    checkpoints.load_weights(model, path)
    return Trained(found, model.eval(), path.name)


def _shipped() -> Trained:
    record = results.load("weights")
    network = networks.find(record["network"])
    model = networks.build(network, seed=0)
    with resources.as_file(resources.files(results) / record["file"]) as path:
        checkpoints.load_weights(model, path)
    return Trained(network, model.eval(), "the course's own weights", record["data"])


def _best(folder: Path) -> Path:
    """The checkpoint with the smallest validation error, or the latest where none was judged."""
    path = checkpoints.best(folder) or checkpoints.latest(folder)
    if path is None:
        raise CheckpointError(
            f"There is no checkpoint in {folder.name}. Name the folder that was given to "
            f"--checkpoints while training, or a file of weights."
        )
    return path


def _from_checkpoint(path: Path, network: str | None) -> Trained:
    plan = checkpoints.load(path).run.get("plan", {})
    if network is None and "recipe" in plan:
        recipe = recipes.find(plan["recipe"])  # its network may want its digits in another way
        model = networks.build(recipe.network, seed=0)
        recipe.initialise(model)
        found = recipe.network
    else:
        found = networks.find(network or _ask_for_network(path))
        model = networks.build(found, seed=0)
    checkpoints.restore(path, model)
    return Trained(found, model.eval(), path.name, plan.get("data"))


def _ask_for_network(path: Path) -> str:
    raise CheckpointError(
        f"{path.name} does not say which network it holds. Say it: load(..., network=NAME), or "
        f"--network NAME on the command line, with one of {', '.join(networks.FAMILY)}."
    )
