"""A folder of checkpoints: the latest, the best, how many stay, and others who write there too."""

import os
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest
from small_runs import Run
from torch import nn

from lenet_course import checkpoints
from lenet_course.checkpoints import CheckpointError, folder


def write(place, errors, first=1):
    """One checkpoint for each validation error, a step apart."""
    for step, error in enumerate(errors, start=first):
        rows = [{"step": step, "error": error}] if error is not None else []
        run = {"steps": step, "history": {"validations": rows}}
        checkpoints.save(place, checkpoints.take(nn.Linear(1, 1), run=run))


def steps(*paths):
    return [int(path.name[5:13]) for path in paths]


def test_an_empty_or_missing_folder_holds_nothing(tmp_path):
    for place in (tmp_path, tmp_path / "missing", str(tmp_path)):
        assert checkpoints.all(place) == []
        assert checkpoints.latest(place) is None
        assert checkpoints.best(place) is None
        assert checkpoints.set_aside(place) is None
        checkpoints.retain(place, 1)


def test_the_latest_is_the_one_with_the_most_steps_whenever_it_was_written(tmp_path):
    write(tmp_path, [0.1] * 12)
    os.utime(checkpoints.all(tmp_path)[3])
    assert steps(*checkpoints.all(tmp_path)) == list(range(1, 13))
    assert steps(checkpoints.latest(tmp_path)) == [12]


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([0.3, 0.1, 0.2], 2),
        ([0.3, 0.1, 0.1], 2),
        ([0.3, NAN, 0.4], 1),
        ([NAN, NAN, 0.9], 3),
        ([0.3, INF, -INF], 1),
        ([None, 0.5, None], 2),
        ([0, 0.1], 1),
        ([NAN], None),
        ([None, None], None),
    ],
)
def test_the_best_has_the_smallest_error_that_is_a_number(tmp_path, errors, expected):
    write(tmp_path, errors)
    best = checkpoints.best(tmp_path)
    assert (best and steps(best)) == (expected and [expected])


def test_an_error_counts_for_the_network_that_it_was_measured_on_only(tmp_path):
    rows = {"validations": [{"step": 1, "error": 0.1}]}
    state = checkpoints.take(nn.Linear(1, 1), run={"steps": 2, "history": rows})
    assert checkpoints.validation_error(state) == INF


@pytest.mark.parametrize("keep", [1, 2, 3, 9])
def test_the_newest_and_the_best_stay_and_never_more_than_one_above(tmp_path, keep):
    errors = [0.5, 0.1, NAN, 0.3, 0.2, 0.4, NAN]
    for count in range(1, len(errors) + 1):
        write(tmp_path, errors[count - 1 : count], first=count)
        checkpoints.retain(tmp_path, keep)
        there = steps(*checkpoints.all(tmp_path))
        newest = list(range(max(1, count - keep + 1), count + 1))
        assert there[-len(newest) :] == newest
        assert len(there) <= keep + 1
        assert set(there) - set(newest) <= {min(2, count)}
        assert steps(checkpoints.best(tmp_path)) == [min(2, count)]


def test_keeping_none_is_refused(tmp_path):
    write(tmp_path, [0.1])
    with pytest.raises(CheckpointError, match="keep=0"):
        checkpoints.retain(tmp_path, 0)
    assert len(checkpoints.all(tmp_path)) == 1


def test_unfinished_files_are_swept_once_no_writer_can_want_them(tmp_path):
    write(tmp_path, [0.1])
    for age, name in ((folder.STALE + 9, "old.unfinished"), (0, "new.unfinished")):
        (tmp_path / name).write_bytes(b"half")
        moment = time.time() - age
        os.utime(tmp_path / name, (moment, moment))
    checkpoints.retain(tmp_path, 1)
    assert [path.name for path in tmp_path.glob("*.unfinished")] == ["new.unfinished"]


def test_what_is_no_checkpoint_is_left_alone(tmp_path):
    write(tmp_path, [0.1, 0.2])
    names = ["notes.txt", "lenet.safetensors", "step-00000009.pt", ".hidden", "x.damaged"]
    for name in names:
        (tmp_path / name).write_text("mine")
    (tmp_path / "step-00000009-0123456789abcdef.safetensors").mkdir()
    assert steps(checkpoints.latest(tmp_path)) == [2]
    checkpoints.retain(tmp_path, 1)
    checkpoints.set_aside(tmp_path)
    assert all((tmp_path / name).read_text() == "mine" for name in names)
    assert (tmp_path / "step-00000009-0123456789abcdef.safetensors").is_dir()


def test_a_run_that_is_set_aside_is_whole_and_a_second_one_too(tmp_path):
    for number in (1, 2):
        write(tmp_path, [0.1, 0.2])
        aside = checkpoints.set_aside(tmp_path)
        assert aside == tmp_path / f"before-{number}"
        assert checkpoints.latest(tmp_path) is None
        assert len(checkpoints.all(aside)) == 2


def test_a_file_that_cannot_be_read_just_now_is_not_called_damaged(tmp_path, monkeypatch):
    write(tmp_path, [0.1, 0.2])

    def busy(path):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", busy)
    with pytest.raises(CheckpointError, match="cannot be read: Input/output error"):
        checkpoints.latest(tmp_path)
    monkeypatch.undo()
    assert len(checkpoints.all(tmp_path)) == 2


def test_a_file_that_someone_deletes_meanwhile_is_passed_over(tmp_path, monkeypatch):
    write(tmp_path, [0.1, 0.2])
    newest, read = checkpoints.latest(tmp_path), Path.read_bytes

    def late(path):
        if path == newest:
            path.unlink(missing_ok=True)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", late)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert steps(checkpoints.latest(tmp_path)) == [1]


def test_a_damaged_file_that_someone_sets_aside_meanwhile_is_passed_over(tmp_path, monkeypatch):
    write(tmp_path, [0.1, 0.2])
    checkpoints.latest(tmp_path).write_bytes(b"")
    replace = Path.replace

    def late(path, target):
        replace(path, target)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", late)
    with pytest.warns(UserWarning, match="passed over"):
        assert steps(checkpoints.latest(tmp_path)) == [1]


WRITER = """
import sys, warnings
import torch
from torch import nn
from lenet_course import checkpoints
warnings.simplefilter("error")
torch.manual_seed(int(sys.argv[2]))
model = nn.Linear(50, 50)
print("ready", flush=True)
sys.stdin.readline()
for step in range(1, 41):
    nn.init.normal_(model.weight)
    rows = [{"step": step, "error": torch.rand(()).item()}]
    state = checkpoints.take(model, run={"steps": step, "history": {"validations": rows}})
    checkpoints.save(sys.argv[1], state)
    checkpoints.retain(sys.argv[1], 2)
    assert checkpoints.latest(sys.argv[1]) is not None
    checkpoints.best(sys.argv[1])
"""


def test_two_processes_in_one_folder_damage_nothing(tmp_path):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in (1, 2)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        _, trouble = writer.communicate(timeout=120)
        assert writer.returncode == 0, trouble
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checkpoints.retain(tmp_path, 2)
        assert steps(checkpoints.latest(tmp_path)) == [40]
    assert not list(tmp_path.glob("*.damaged"))
    assert not list(tmp_path.glob("*.unfinished"))
    assert len(list(tmp_path.iterdir())) <= 3


def test_two_threads_that_save_the_same_state_make_one_file(tmp_path):
    state = checkpoints.take(*Run().all, run={"steps": 1})
    threads = [threading.Thread(target=checkpoints.save, args=(tmp_path, state)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (path,) = tmp_path.iterdir()
    assert checkpoints.load(path).run == {"steps": 1}


def test_names_are_in_the_order_of_steps_however_many(tmp_path):
    for count in (99_999_998, 5, 10_000_000):
        checkpoints.save(tmp_path, checkpoints.take(nn.Linear(1, 1), run={"steps": count}))
    assert steps(*checkpoints.all(tmp_path)) == [5, 10_000_000, 99_999_998]
