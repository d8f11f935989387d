"""Trained networks: the one that comes along, and those from files and folders."""

import shutil
from importlib import resources

import pytest
import torch

from lenet_course import checkpoints, data, networks, recipes, results, trained, training
from lenet_course.checkpoints import CheckpointError


@pytest.fixture(scope="module")
def digits():
    """Three hundred random pictures."""
    noise = torch.Generator().manual_seed(0)
    images = torch.randint(256, (300, 28, 28), generator=noise, dtype=torch.uint8)
    split = data.Split(images, torch.arange(300) % 10)
    return data.Digits("random digits", split[:200], split[200:250], split[250:])


def followed(recipe, digits, folder, epochs=2, **about):
    """Follow a recipe as the command line does, with its checkpoints in a folder."""
    about = {"recipe": recipe.name, "data": digits.name, **about}
    return recipes.run(
        recipe, digits, epochs=epochs, keeper=checkpoints.Keeper(folder, about=about)
    )


def same_weights(one, other):
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


def test_the_courses_own_weights_give_the_logged_test_error(mnist):
    loaded, record = trained.load(), results.load("weights")
    assert str(loaded) == "relu-max, the course's own weights, trained on MNIST"
    test = training.evaluate(loaded.model, mnist.test, prepare=loaded.network.prepare)
    assert 100 * test.error == pytest.approx(record["test"]["error"], abs=0.03)
    assert test.error < 0.01


def test_a_loaded_network_judges_on_the_cpu():
    loaded = trained.load()
    assert not loaded.model.training
    assert {parameter.device.type for parameter in loaded.model.parameters()} == {"cpu"}


@pytest.mark.parametrize("name", networks.FAMILY)
def test_exported_weights_of_every_network_come_back(name, tmp_path):
    model = networks.build(name, seed=3)
    path = checkpoints.export(model, tmp_path / "mine.safetensors", network=name)
    loaded = trained.load(path)
    assert same_weights(loaded.model, model) and loaded.network is networks.FAMILY[name]
    assert str(loaded) == f"{name}, mine.safetensors, trained on digits it does not name"
    checkpoints.export(model, path, network=name, data="my own digits")
    assert str(trained.load(path)) == f"{name}, mine.safetensors, trained on my own digits"


def test_the_courses_own_weights_say_what_they_are_wherever_they_lie(tmp_path):
    record = results.load("weights")
    with resources.as_file(resources.files(results) / record["file"]) as file:
        copy = shutil.copy(file, tmp_path / "copy.safetensors")
    assert str(trained.load(copy)) == "relu-max, copy.safetensors, trained on MNIST"


def test_a_network_that_the_source_contradicts_is_refused(digits, tmp_path):
    followed(recipes.find("relu-max"), digits, tmp_path, epochs=1)
    mine = checkpoints.export(networks.build("relu-max"), tmp_path / "a.safetensors", "relu-max")
    for source in (None, tmp_path, checkpoints.latest(tmp_path), mine):
        with pytest.raises(CheckpointError, match="are of relu-max, and sigmoid-avg was asked for"):
            trained.load(source, network="sigmoid-avg")
        assert trained.load(source, network="relu-max").network.name == "relu-max"
        with pytest.raises(ValueError, match="Did you mean 'relu-max'"):
            trained.load(source, network="relu-mx")


def test_weights_that_do_not_say_what_they_are_ask(tmp_path):
    model = networks.build("sigmoid-avg", seed=0)
    path = checkpoints.export(model, tmp_path / "mine.safetensors")
    with pytest.raises(CheckpointError) as caught:
        trained.load(path)
    assert str(caught.value).startswith("mine.safetensors does not say which network it holds.")
    assert "--network NAME" in str(caught.value) and "sigmoid-avg" in str(caught.value)
    assert same_weights(trained.load(path, network="sigmoid-avg").model, model)
    with pytest.raises(CheckpointError, match="holds another network"):
        trained.load(path, network="relu-avg")
    with pytest.raises(ValueError, match="Did you mean 'relu-max'"):
        trained.load(path, network="relu-mx")


@pytest.mark.parametrize("name", ["relu-max", "relu-avg-adam", "relu-avg-scaled"])
def test_a_checkpoint_says_its_recipe_and_brings_its_preparation(name, digits, tmp_path):
    recipe = recipes.find(name)
    result = followed(recipe, digits, tmp_path)
    loaded = trained.load(checkpoints.latest(tmp_path))
    assert loaded.network == recipe.network and loaded.data == "random digits"
    assert same_weights(loaded.model, result.model)


def test_of_a_folder_the_best_is_taken_and_not_the_latest(digits, tmp_path):
    followed(recipes.find("relu-max"), digits, tmp_path, epochs=3)
    best = checkpoints.best(tmp_path)
    loaded = trained.load(tmp_path)
    assert loaded.name == best.name
    assert same_weights(loaded.model, trained.load(best).model)


def test_of_a_folder_that_was_never_judged_the_latest_is_taken(tmp_path):
    for steps in (1, 2):
        model = networks.build("relu-max", seed=steps)
        checkpoints.save(tmp_path, checkpoints.take(model, run={"steps": steps}))
    assert same_weights(trained.load(tmp_path, network="relu-max").model, model)
    with pytest.raises(CheckpointError, match="does not say which network it holds"):
        trained.load(tmp_path)


def test_a_source_that_is_missing_empty_or_damaged_is_told(digits, tmp_path):
    with pytest.raises(CheckpointError, match=r"^nothing.safetensors cannot be read \(no such"):
        trained.load(tmp_path / "nothing.safetensors")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match=r"^There is no checkpoint in empty. Name the folder"):
        trained.load(tmp_path / "empty")
    (tmp_path / "empty" / "step.safetensors.damaged").touch()
    with pytest.raises(CheckpointError, match=r"only 1 that a damage was found in \(\*.damaged"):
        trained.load(tmp_path / "empty")
    (tmp_path / "model.pt").write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(CheckpointError, match=r"model.pt is no safetensors file"):
        trained.load(tmp_path / "model.pt")
    path = checkpoints.export(networks.build("relu-max"), tmp_path / "a.safetensors", "relu-max")
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"a.safetensors is damaged"):
        trained.load(path)


def test_a_checkpoint_that_was_renamed_is_told(digits, tmp_path):
    followed(recipes.find("relu-max"), digits, tmp_path, epochs=1)
    renamed = shutil.copy(checkpoints.latest(tmp_path), tmp_path / "best.safetensors")
    with pytest.raises(CheckpointError, match="its name does not end in a signature"):
        trained.load(renamed)


def test_a_home_folder_may_be_written_short(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    checkpoints.export(networks.build("relu-max"), tmp_path / "a.safetensors", "relu-max")
    assert trained.load("~/a.safetensors").name == "a.safetensors"
