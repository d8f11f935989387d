"""A network's weights for a friend: numbers and names, nothing else.

Introduced in chapter 11.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from safetensors.torch import load_file
from safetensors.torch import save as serialise
from torch import nn

from .files import CheckpointError, DamagedError, brief, plain, write
from .state import put_back, take


def export(model: nn.Module, path: str | Path, network: str = "") -> Path:
    """Write a network's weights as safetensors, which any framework can read.

    Args:
        model: its state_dict is written.
        path: such as "lenet.safetensors".
        network: a name to write beside them, such as "relu-max".

    Raises:
        CheckpointError: the file cannot be written.

    Introduced in chapter 11.
    """
    path = Path(path)
    write(path, serialise(plain(model.state_dict()), {"network": network}))
    return path


def load_weights(model: nn.Module, path: str | Path) -> None:
    """Read weights that `export`, or anyone else, wrote as safetensors.

    Raises:
        CheckpointError: the file is missing or damaged, or holds another network. The model has
            not been changed.

    Introduced in chapter 11.
    """
    path = Path(path)
    try:
        tensors = load_file(path)
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be read: {error}.") from error
    except Exception as error:  # what a made-up file raises has no end
        raise DamagedError(
            f"{path.name} is no safetensors file that can be read ({brief(error)}). Ask for it "
            f"again, as safetensors; a pickled .pt or .pth file of a stranger can run programs."
        ) from error
    put_back(replace(take(model), model=tensors), model, name=path.name)
