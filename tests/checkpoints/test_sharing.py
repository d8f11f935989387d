"""Weights for a friend: as safetensors, whole or not there, and only into the same network."""

import os
import pickle

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from small_runs import Run
from torch import nn

from lenet_course import checkpoints, networks
from lenet_course.checkpoints import CheckpointError


def test_a_friends_network_gets_the_same_weights(tmp_path):
    mine, friends = networks.build("relu-max", seed=0), networks.build("relu-max", seed=1)
    path = checkpoints.export(mine, tmp_path / "lenet.safetensors", network="relu-max")
    checkpoints.load_weights(friends, path)
    assert all(map(torch.equal, mine.parameters(), friends.parameters()))


def test_any_framework_can_read_the_file_and_the_networks_name(tmp_path):
    model = networks.build("relu-max", seed=0)
    path = checkpoints.export(model, str(tmp_path / "lenet.safetensors"), network="relu-max")
    assert load_file(path).keys() == model.state_dict().keys()
    with safe_open(path, "pt") as file:
        assert file.metadata() == {"network": "relu-max"}


def test_weights_that_are_tied_or_views_can_be_shared(tmp_path):
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    model[0].bias.data = torch.zeros(9)[::3]
    path = checkpoints.export(model, tmp_path / "tied.safetensors")
    checkpoints.load_weights(model, path)
    assert torch.equal(load_file(path)["1.weight"], model[0].weight)


def test_a_folder_is_made_and_nothing_else_is_left_in_it(tmp_path):
    path = checkpoints.export(Run().model, tmp_path / "new" / "it.safetensors")
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_leaves_the_file_of_before(tmp_path, monkeypatch):
    path = checkpoints.export(Run().model, tmp_path / "it.safetensors")
    before = path.read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match=r"it.safetensors cannot be written: No space left"):
        checkpoints.export(Run(width=9).model, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


OTHERS = {
    "another network": (lambda: Run(width=9).model.state_dict(), "holds another network"),
    "half precision": (lambda: Run().model.half().state_dict(), "float16 / .* float32"),
    "too little": (lambda: {"0.weight": torch.zeros(2, 1, 3, 3)}, "0.bias: nothing / 2 float32"),
    "too much": (
        lambda: {**Run().model.state_dict(), "x": torch.zeros(1)},
        "x: 1 float32 / nothing",
    ),
    "nothing": (dict, "holds another network"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_weights_are_refused_and_nothing_changes(tmp_path, name):
    make, message = OTHERS[name]
    path = tmp_path / "friends.safetensors"
    save_file(make(), path)
    model = Run().model
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    with pytest.raises(CheckpointError, match=message):
        checkpoints.load_weights(model, path)
    assert all(torch.equal(before[key], now) for key, now in model.state_dict().items())


@pytest.mark.parametrize("content", [b"", b"<html>", pickle.dumps({"a": 1}), bytes(100)])
def test_what_is_no_safetensors_is_refused_with_a_word_on_pickles(tmp_path, content):
    path = tmp_path / "friends.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="can run programs"):
        checkpoints.load_weights(Run().model, path)


def test_a_missing_file_is_told_as_such(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be read"):
        checkpoints.load_weights(Run().model, tmp_path / "missing.safetensors")
