"""Weights for a friend: as safetensors, whole or not there, and only into the same network."""

import json
import os
import pickle
import random

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from small_runs import Run
from torch import nn

from lenet_course import checkpoints, networks
from lenet_course.checkpoints import CheckpointError, sharing


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
        assert json.loads(file.metadata()["lenet-course"])["network"] == "relu-max"


def test_the_same_weights_make_the_same_file(tmp_path):
    files = [checkpoints.export(Run().model, tmp_path / f"{n}.safetensors") for n in range(20)]
    assert len({file.read_bytes() for file in files}) == 1


def test_no_flipped_bit_goes_unnoticed(tmp_path):
    path = checkpoints.export(Run().model, tmp_path / "it.safetensors", network="small")
    whole, model = path.read_bytes(), Run().model
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    chance, noticed = random.Random(0), 0
    for _ in range(500):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        try:
            checkpoints.load_weights(model, path)
        except CheckpointError:
            noticed += 1
        now = model.state_dict()
        assert all(torch.equal(before[key], now[key]) for key in before)
    assert noticed > 450  # the rest fell on words that no number depends on


def test_the_checksum_covers_every_kind_of_number():
    kinds = [torch.zeros(3).to(kind) for kind in (torch.bfloat16, torch.bool, torch.int64)]
    sums = {sharing.checksum({"it": tensor}) for tensor in [*kinds, torch.tensor(0)]}
    assert len(sums) == 4


def test_weights_of_others_without_a_checksum_are_taken(tmp_path):
    mine, friends = Run().model, Run().model
    torch.nn.init.ones_(friends[0].weight)
    save_file(friends.state_dict(), tmp_path / "friends.safetensors")
    checkpoints.load_weights(mine, tmp_path / "friends.safetensors")
    assert torch.equal(mine[0].weight, friends[0].weight)


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
