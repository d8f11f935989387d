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
from .checkpoints.files import NAME, brief
from .checkpoints.folder import DAMAGED
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
        network: which network of the family it is, for a source that does not say so. Where the
            source says it, both must agree.

    Raises:
        CheckpointError: the source is missing or damaged, or holds no network of the family, or
            does not say which, or says another than `network`.
        UnknownNameError: the family has no network of that name.

    Example:
        >>> print(load())
        relu-max, the course's own weights, trained on MNIST

    Introduced in chapter 15.
    """
    if source is None:
        return _shipped(network)
    path = Path(source).expanduser()
    if path.is_dir():
        path = _best(path)
    if NAME.fullmatch(path.name):
        return _from_checkpoint(path, network)
    _, facts = checkpoints.read_weights(path)
    if "schema" in facts:  # a checkpoint whose name lost its signature: loading it says so
        checkpoints.load(path)
    found = _agreed(network, facts.get("network"), path.name)
    model = networks.build(found, seed=0)
    checkpoints.load_weights(model, path)
    return Trained(found, model.eval(), path.name, brief(facts.get("data") or "") or None)


OWN = "the course's own weights"


def _shipped(asked: str | None) -> Trained:
    record = results.load("weights")
    network = _agreed(asked, record["network"], OWN)
    model = networks.build(network, seed=0)
    with resources.as_file(resources.files(results) / record["file"]) as path:
        checkpoints.load_weights(model, path)
    return Trained(network, model.eval(), OWN, record["data"])


def _agreed(asked: str | None, said: str | None, source: str) -> Network:
    """The network that is asked for, or that a source says it holds: one of them, or both alike."""
    found = networks.find(asked or said or _ask_for_network(source))
    if said and networks.find(said).name != found.name:
        raise CheckpointError(
            f"{source}: they are of {said}, and {found.name} was asked for. Leave the network out, "
            f"or give weights of {found.name}."
        )
    return found


def _best(folder: Path) -> Path:
    """The checkpoint with the smallest validation error, or the latest where none was judged."""
    path = checkpoints.best(folder) or checkpoints.latest(folder)
    if path is None:
        damaged = len(list(folder.glob(f"*{DAMAGED}")))
        also = f", only {damaged} that a damage was found in (*{DAMAGED})" if damaged else ""
        raise CheckpointError(
            f"There is no checkpoint in {folder.name}{also}. Name the folder that was given to "
            f"--checkpoints while training, or a file of weights."
        )
    return path


def _from_checkpoint(path: Path, network: str | None) -> Trained:
    plan = checkpoints.load(path).run.get("plan", {})
    if "recipe" in plan:
        recipe = recipes.find(plan["recipe"])  # its network may want its digits in another way
        _agreed(network, recipe.network.name, path.name)
        model = networks.build(recipe.network, seed=0)
        recipe.initialise(model)
        found = recipe.network
    else:
        found = _agreed(network, None, path.name)
        model = networks.build(found, seed=0)
    checkpoints.restore(path, model)
    return Trained(found, model.eval(), path.name, plan.get("data"))


def _ask_for_network(source: str) -> str:
    raise CheckpointError(
        f"{source} does not say which network it holds. Say it: load(..., network=NAME), or "
        f"--network NAME on the command line, with one of {', '.join(networks.FAMILY)}."
    )
