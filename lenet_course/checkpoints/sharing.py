"""A network's weights for a friend: numbers, names, and a checksum over them.

Introduced in chapter 11.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save as serialise
from torch import Tensor, nn

from .files import FACTS, LONGEST, CheckpointError, DamagedError, brief, plain, write
from .state import put_back, take


def export(model: nn.Module, path: str | Path, network: str = "", data: str = "") -> Path:
    """Write a network's weights as safetensors, for any program with a reader of that format.

    The network's name, what it learned from where that is given, and a checksum over names and
    numbers go with them, as JSON.

    Args:
        model: its state_dict is written.
        path: such as "lenet.safetensors".
        network: a name to write beside them, such as "relu-max".
        data: what they were trained on, such as "MNIST".

    Raises:
        CheckpointError: the file cannot be written.

    Introduced in chapter 11.
    """
    path = Path(path)
    tensors = plain(model.state_dict())
    # One entry: of several, safetensors writes them in any order, and no two files are equal.
    facts = {"network": network, **({"data": data} if data else {}), "sha256": checksum(tensors)}
    write(path, serialise(tensors, {FACTS: json.dumps(facts)}))
    return path


def checksum(tensors: dict[str, Tensor]) -> str:
    """Compute the sha256 of tensors by name: of each name, kind, shape and all bytes.

    Example:
        >>> checksum({"bias": torch.zeros(2)})[:16]
        'b971ce12c98b53ab'

    Introduced in chapter 11.
    """
    sha256 = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        sha256.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        sha256.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return sha256.hexdigest()


def read_weights(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read the tensors of a safetensors file by name, and the course's facts beside them.

    A checksum in the file is compared; in a file without one, a flipped bit goes unnoticed.

    Raises:
        CheckpointError: the file is missing or damaged.

    Introduced in chapter 11.
    """
    path = Path(path)
    try:
        with safe_open(path, "pt") as file:
            facts = _facts((file.metadata() or {}).get(FACTS, "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise CheckpointError(
            f"{path.name} cannot be read ({error.strerror or 'no such file'}). Look whether it is "
            f"there and may be read."
        ) from error
    except Exception as error:  # what a made-up file raises has no end
        raise DamagedError(
            f"{path.name} is no safetensors file that can be read ({brief(error)}). Weights of "
            f"your own: write them with checkpoints.export. A stranger's: ask for safetensors, "
            f"because a pickled .pt or .pth file can run programs."
        ) from error
    promised = facts.get("sha256")
    if promised is not None and checksum(tensors) != promised:
        raise DamagedError(
            f"{path.name} is damaged: its numbers do not match the checksum in it. Ask for the "
            f"file again."
        )
    return tensors, facts


def _facts(text: str) -> dict[str, Any]:
    if len(text) > LONGEST:
        raise ValueError(f"{len(text):,} characters of facts, and {LONGEST:,} are the most")
    return dict(json.loads(text))


def load_weights(model: nn.Module, path: str | Path) -> None:
    """Give a network the weights that `export`, or anyone else, wrote as safetensors.

    Raises:
        CheckpointError: the file is missing or damaged, or holds another network. The model has
            not been changed.

    Introduced in chapter 11.
    """
    tensors, _ = read_weights(path)
    put_back(replace(take(model), model=tensors), model, name=Path(path).name)
