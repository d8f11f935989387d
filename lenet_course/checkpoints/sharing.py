"""A network's weights for a friend: numbers and names, nothing else.

Introduced in chapter 11.
"""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from .files import CheckpointError
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
    tensors = {key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}
    try:
        save_file(tensors, path, metadata={"network": network})
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path.name} cannot be written: {error}.") from error
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
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path.name} is no safetensors file that can be read: {error}. Ask for it again, as "
            f"safetensors; a pickled .pt or .pth file of a stranger can run programs."
        ) from error
    state = take(model)
    put_back(type(state)(**{**vars(state), "model": tensors}), model, name=path.name)
