"""A run that stops anywhere and goes on ends in the same bits as one that never stopped."""

import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import combinations

import pytest
import torch
from small_runs import OPTIMIZERS, PASS, Run, differences, plain

from lenet_course import checkpoints, training
from lenet_course.checkpoints import CheckpointError, Keeper

POSITIONS = {"step 1": 1, "mid-epoch": 8, "last batch": 9, "boundary": 10, "the end": 15}
EXTRAS = ("scheduler", "dropout", "augmentation")
KINDS = [
    pytest.param(
        {"optimizer_name": optimizer} | {f"with_{name}": name in extras for name in EXTRAS},
        id="-".join([optimizer, *extras]),
    )
    for optimizer in ("SGD", "AdamW")
    for count in range(4)
    for extras in combinations(EXTRAS, count)
]


def stop_at(monkeypatch, step):
    """Let the run ask itself to stop, as Ctrl-C would, during this step."""
    taken = []
    original = training._Record.note

    def note(record, losses, wrong):
        original(record, losses, wrong)
        taken.append(record.steps)
        if record.steps == step:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(training._Record, "note", note)
    return taken


@pytest.mark.parametrize("settings", KINDS)
@pytest.mark.parametrize("position", POSITIONS)
def test_a_run_goes_on_from_anywhere_with_the_same_bits(tmp_path, monkeypatch, settings, position):
    whole = Run(**settings).fit().bits()
    with monkeypatch.context() as patch:
        stop_at(patch, POSITIONS[position])
        Run(**settings).fit(tmp_path)
    assert differences(Run(**settings).fit(tmp_path).bits(), whole) == []


def test_torchs_fused_optimizer_goes_on_with_the_same_bits(tmp_path):
    whole = Run("fused Adam").fit().bits()
    Run("fused Adam").fit(tmp_path, max_steps=7)
    assert differences(Run("fused Adam").fit(tmp_path).bits(), whole) == []


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_five_stops_in_a_chain_change_nothing(tmp_path, monkeypatch, optimizer):
    whole = Run(optimizer).fit().bits()
    for step in (2, 5, 6, 9, 13):
        with monkeypatch.context() as patch:
            stop_at(patch, step)
            assert Run(optimizer).fit(tmp_path).history.stopped == "interrupted"
    assert differences(Run(optimizer).fit(tmp_path).bits(), whole) == []


def test_a_run_that_ended_within_a_pass_is_given_back_as_it_was(tmp_path):
    whole = Run().fit(max_steps=8)
    Run().fit(tmp_path, max_steps=8)
    again = Run().fit(tmp_path, max_steps=8)
    assert again.history == whole.history
    assert again.history.epochs[-1].steps == 3


def test_a_finished_run_goes_on_to_more_epochs(tmp_path):
    whole = Run().fit(epochs=4).bits()
    Run().fit(tmp_path, epochs=2)
    assert differences(Run().fit(tmp_path, epochs=4).bits(), whole) == []


def test_saving_changes_no_bit_of_the_run(tmp_path):
    kept = Run().fit(Keeper(tmp_path, every_steps=1))
    assert differences(kept.bits(), Run().fit().bits()) == []


def test_validating_between_passes_survives_a_stop(tmp_path):
    whole = Run().fit(validate_every=3).bits()
    Run().fit(tmp_path, validate_every=3, max_steps=7)
    assert differences(Run().fit(tmp_path, validate_every=3).bits(), whole) == []


# Teeth: what is left out is missed


def without(part, tmp_path):
    """Resume from a file that lacks one part, or holds it as it was when the run began."""
    fresh = checkpoints.take(*Run().all)
    Run().fit(tmp_path, max_steps=7)
    path = checkpoints.latest(tmp_path)
    state = checkpoints.load(path)
    if part in ("optimizer", "scheduler"):
        kind = getattr(state, part)["kind"]
        empty = {"kind": kind, "state": getattr(fresh, part)["state"]}
        state = replace(state, **{part: empty})
    elif part == "random":
        state = replace(state, random=fresh.random)
    elif part == "steps":
        history = {**state.run["history"], "losses": state.run["history"]["losses"][:5]}
        state = replace(state, run={**state.run, "steps": 5, "history": history})
    elif part == "epoch":
        nothing = dict.fromkeys(state.run["epoch"], 0)
        state = replace(state, run={**state.run, "epoch": nothing})
    elif part == "history":
        empty = {"losses": torch.zeros(7), "epochs": [], "validations": [], "stopped": None}
        state = replace(state, run={**state.run, "history": empty})
    for each in checkpoints.all(tmp_path):
        each.unlink()
    checkpoints.save(tmp_path, state)


@pytest.mark.parametrize(
    "part", ["nothing", "optimizer", "scheduler", "random", "steps", "epoch", "history"]
)
def test_each_part_of_the_file_is_needed(tmp_path, part):
    whole = Run().fit().bits()
    without(part, tmp_path)
    assert bool(differences(Run().fit(tmp_path).bits(), whole)) == (part != "nothing")


@pytest.mark.parametrize("part", ["optimizer", "scheduler"])
def test_a_file_that_lacks_a_part_altogether_is_refused(tmp_path, part):
    Run().fit(tmp_path, max_steps=7)
    path = checkpoints.latest(tmp_path)
    state = replace(checkpoints.load(path), **{part: None})
    path.unlink()
    checkpoints.save(tmp_path, state)
    with pytest.raises(CheckpointError, match=f"{part} none"):
        Run().fit(tmp_path)


@pytest.mark.parametrize("part", ["steps", "epoch", "history", "rate", "plan"])
def test_a_file_that_no_run_saved_is_refused_before_anything_changes(tmp_path, part):
    Run().fit(tmp_path, max_steps=7)
    path = checkpoints.latest(tmp_path)
    state = checkpoints.load(path)
    # The history says how many steps there were, and cannot stand without them.
    gone = {part, "history"} if part == "steps" else {part}
    run = {name: value for name, value in state.run.items() if name not in gone}
    for each in checkpoints.all(tmp_path):
        each.unlink()
    checkpoints.save(tmp_path, replace(state, run=run))
    fresh = Run()
    before = fresh.bits()
    with pytest.raises(CheckpointError, match=rf"not saved by a training run.*{part}"):
        fresh.fit(tmp_path)
    assert set(differences(fresh.bits(), before)) <= {"random", "python"}


# Another run than the one that was begun


@pytest.mark.parametrize(
    "other",
    [
        {"batch_size": 4},
        {"seed": 1},
        {"shuffle": False},
        {"reduction": "sum"},
        {"validate_every": 2},
    ],
)
def test_a_run_with_another_plan_is_refused(tmp_path, other):
    Run().fit(tmp_path, epochs=1)
    ((name, value),) = other.items()
    with pytest.raises(CheckpointError, match=rf"{name} .* \(now {value}\)"):
        Run().fit(tmp_path, **other)


def test_a_run_with_another_learning_rate_is_refused_and_not_quietly_given_the_old_one(tmp_path):
    Run().fit(tmp_path, epochs=1)
    other = Run()
    other.optimizer = torch.optim.AdamW(other.model.parameters(), lr=0.5)
    other.scheduler = None
    with pytest.raises(CheckpointError, match=r"lr 0.01 \(now 0.5\)"):
        other.fit(tmp_path)


def test_a_run_about_something_else_is_refused(tmp_path):
    Run().fit(Keeper(tmp_path, about={"recipe": "relu-max"}), epochs=1)
    with pytest.raises(CheckpointError, match=r"recipe relu-max \(now relu-avg\)"):
        Run().fit(Keeper(tmp_path, about={"recipe": "relu-avg"}))


# Signals


def test_a_stop_during_a_step_lets_it_end_and_saves(tmp_path, monkeypatch):
    taken = stop_at(monkeypatch, 3)
    run = Run().fit(tmp_path)
    assert (taken, run.history.stopped) == ([1, 2, 3], "interrupted")
    state = checkpoints.load(checkpoints.latest(tmp_path))
    assert state.run["steps"] == 3
    assert all(torch.equal(state.model[key], now) for key, now in run.model.state_dict().items())


def test_sigterm_does_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(signal, "SIGINT", signal.SIGTERM)
    stop_at(monkeypatch, 3)
    assert Run().fit(tmp_path).history.steps == 3
    assert checkpoints.load(checkpoints.latest(tmp_path)).run["steps"] == 3


def test_a_second_interrupt_ends_the_run_at_once_and_leaves_the_folder_whole(tmp_path):
    run = Run()

    def impatient(images):
        if run.model.training and checkpoints.latest(tmp_path) is not None:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return plain(images)

    run.prepare = impatient
    with pytest.raises(KeyboardInterrupt):
        run.fit(tmp_path)
    assert [path.name[:13] for path in checkpoints.all(tmp_path)] == ["step-00000005"]


SIGNALLED = """
import sys, time
sys.path.insert(0, sys.argv[1])
from small_runs import Run
for folder in sys.argv[2:]:
    run = Run()
    prepare = run.prepare
    def slow(images):
        time.sleep(0.02)
        return prepare(images)
    run.prepare = slow
    run.fit(folder, epochs=1000)
    print(run.history.stopped, run.history.steps, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_real_process_saves_between_two_steps_when_it_is_asked_to_stop(tmp_path, request):
    asked = {signal.SIGINT: tmp_path / "interrupted", signal.SIGTERM: tmp_path / "terminated"}
    command = [sys.executable, "-c", SIGNALLED, request.path.parent, *asked.values()]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as process:
        for number, folder in asked.items():
            while not list(folder.glob("step-*")):  # the handlers stand once there is a checkpoint
                assert process.poll() is None
                time.sleep(0.01)
            process.send_signal(number)
            stopped, steps = process.stdout.readline().split()
            assert stopped == "interrupted"
            state = checkpoints.load(checkpoints.latest(folder))
            assert state.run["steps"] == int(steps)
            more = {"epochs": 1000, "max_steps": int(steps) + 2}
            resumed, whole = Run().fit(folder, **more), Run().fit(**more)
            assert differences(resumed.bits(), whole.bits()) == []
    assert process.returncode == 0


def test_the_last_batch_of_these_runs_is_smaller_and_random_numbers_are_drawn():
    # Otherwise much of what is asked above would be asked in vain.
    run = Run()
    before, python = torch.get_rng_state(), random.getstate()
    run.fit(epochs=1)
    assert run.history.steps == PASS
    assert not torch.equal(before, torch.get_rng_state())
    assert python != random.getstate()
