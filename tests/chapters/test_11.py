"""Chapter 11 keeps and resumes by hand as the package does, in any order, and with any digits."""

import ast
import hashlib
import os
import random
import re
from pathlib import Path
from types import SimpleNamespace

import jupytext
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim.lr_scheduler import LambdaLR

from lenet_course import checkpoints, data, networks, shapes, training
from lenet_course.checkpoints import files

SOURCE = Path(__file__).parents[2] / "chapters" / "11_checkpointing.py"

a_few = settings(max_examples=10, deadline=None)


def hand_made(*wanted, **names):
    """The chapter's own functions of those names, in one namespace."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    found = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name in wanted]
    assert len(found) == len(wanted)
    exec(compile(ast.Module(found, []), SOURCE.name, "exec"), names)
    return SimpleNamespace(**names)


def random_digits(count, seed):
    noise = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (count, 28, 28), generator=noise, dtype=torch.uint8)
    return data.Split(images, torch.randint(10, (count,), generator=noise))


def runs(seed):
    """The chapter's functions on random digits: 640 of them, as it takes."""
    network = networks.FAMILY["relu-max"]
    layers = [*network.layers[:-1], shapes.Dropout(0.5, name="dropout"), network.layers[-1]]
    return hand_made(
        *("begin", "go_on", "take", "put_back", "weights"),
        **{"network": network, "networks": networks, "layers": layers, "training": training},
        **{"data": data, "torch": torch, "LambdaLR": LambdaLR, "SimpleNamespace": SimpleNamespace},
        **{"few": random_digits(640, seed), "steps": 40},
    )


# --- by hand and in the package -----------------------------------------------------------------


@a_few
@given(st.integers(1, 39), st.integers(0, 50))
def test_a_hand_made_resume_gives_the_weights_of_a_whole_fit_bit_for_bit(stop, seed):
    by_hand = runs(seed)
    stopped = by_hand.begin()
    by_hand.go_on(stopped, stop)
    kept, resumed = by_hand.take(stopped), by_hand.begin()
    by_hand.put_back(resumed, kept)
    by_hand.go_on(resumed, 40)
    whole = by_hand.begin()
    history = training.fit(
        whole.model,
        by_hand.few,
        prepare=by_hand.network.prepare,
        optimizer=whole.optimizer,
        scheduler=whole.scheduler,
        epochs=2,
        batch_size=32,
    )
    assert torch.equal(by_hand.weights(resumed.model), by_hand.weights(whole.model))
    assert resumed.losses == history.losses


@a_few
@given(st.integers(1, 39), st.integers(0, 50))
def test_what_is_taken_by_hand_is_what_the_package_takes(steps, seed):
    by_hand = runs(seed)
    run = by_hand.begin()
    by_hand.go_on(run, steps)
    ours = by_hand.take(run)
    theirs = checkpoints.take(run.model, run.optimizer, run.scheduler)
    assert all(torch.equal(theirs.model[name], ours["weights"][name]) for name in ours["weights"])
    assert theirs.scheduler["state"] == ours["scheduler"]
    assert theirs.optimizer["state"]["param_groups"] == ours["optimizer"]["param_groups"]
    assert torch.equal(theirs.random["torch"], ours["random state"])


@a_few
@given(st.binary(min_size=2, max_size=3000), st.binary(max_size=300))
def test_writing_beside_leaves_what_the_package_leaves(tmp_path_factory, content, old):
    folder = tmp_path_factory.mktemp("written")
    ours, theirs = folder / "ours", folder / "theirs"
    ours.write_bytes(old)
    theirs.write_bytes(old)
    for step in hand_made("straight", "beside", os=os).beside(ours, content).values():
        step()
    files.write(theirs, content)
    assert ours.read_bytes() == theirs.read_bytes() == content
    assert sorted(path.name for path in folder.iterdir()) == ["ours", "theirs"]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=3000))
def test_the_hand_made_checksum_is_the_one_in_the_packages_names(content):
    assert hand_made("checksum", hashlib=hashlib).checksum(content) == files.digest(content)


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=1, max_size=300), st.integers(0, 1000))
def test_a_flip_changes_exactly_one_bit(content, seed):
    changed = hand_made("flipped").flipped(content, random.Random(seed))
    pairs = zip(content, changed, strict=True)
    assert sum((one ^ other).bit_count() for one, other in pairs) == 1


# --- the page -----------------------------------------------------------------------------------


def sections():
    """The chapter's code cells, cut before each second-level heading; the first part imports."""
    parts = [[]]
    for cell in jupytext.read(SOURCE).cells:
        if cell.cell_type == "markdown" and re.search(r"^## ", cell.source, re.M):
            parts.append([])
        if cell.cell_type == "code":
            parts[-1].append(cell)
    return parts


def run(section, names):
    for cell in section:
        exec(compile(cell.source, SOURCE.name, "exec"), names)


def test_every_section_runs_alone_from_the_last_to_the_first_with_the_stand_in_digits(
    with_stand_in,
):
    start, *others = sections()
    names = {"__name__": "__main__"}  # pickle looks there for the stranger
    run(start, names)
    assert names["digits"].name == "scikit-learn digits"
    for section in reversed(others):
        run(section, dict(names))


@pytest.mark.long
def test_every_cell_runs_again_at_once_and_after_the_whole_page(mnist, monkeypatch):
    monkeypatch.setattr(data, "load", lambda: mnist)
    cells, names = [cell for section in sections() for cell in section], {"__name__": "__main__"}
    for cell in cells:
        run([cell, cell], names)
    run(reversed(cells[2:]), names)  # another order, so that none lives on what the last one left


def test_nothing_is_left_behind_outside_the_workplace(mnist, monkeypatch, tmp_path):
    monkeypatch.setattr(data, "load", lambda: mnist)
    monkeypatch.chdir(tmp_path)
    start, *others = sections()
    names = {"__name__": "__main__"}
    run(start, names)
    workplace = Path(names["workplace"].name)
    for section in others:
        code = "".join(cell.source for cell in section)
        if "fresh(" in code and "def go_on" not in code and "process" not in code:
            run(section, names)
    assert list(tmp_path.iterdir()) == []
    assert any(workplace.iterdir())
    names["workplace"].cleanup()
    assert not workplace.exists()


def test_no_output_names_the_temporary_folder_or_any_other():
    twin = SOURCE.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert "/tmp" not in twin and "/home" not in twin and "/root" not in twin
