"""When a run is saved, how much of it stays, and what is noted beside it."""

import pytest
import torch
from small_runs import PASS, Run, differences

from lenet_course import checkpoints
from lenet_course.checkpoints import CheckpointError, Keeper


def steps(folder):
    return [int(path.name[5:13]) for path in checkpoints.all(folder)]


def test_a_run_is_saved_after_each_pass(tmp_path):
    Run().fit(Keeper(tmp_path, keep=9))
    assert steps(tmp_path) == [PASS, 2 * PASS, 3 * PASS]


def test_and_every_so_many_steps_if_one_likes(tmp_path):
    Run().fit(Keeper(tmp_path, keep=99, every_steps=4), epochs=2)
    assert steps(tmp_path) == [4, 5, 8, 10]


def test_and_where_the_steps_run_out(tmp_path):
    Run().fit(tmp_path, max_steps=7)
    assert steps(tmp_path) == [5, 7]


def test_a_folder_alone_keeps_the_newest_three_and_the_best(tmp_path):
    run = Run().fit(str(tmp_path), epochs=8)
    kept = steps(tmp_path)
    assert kept[-3:] == [30, 35, 40]
    errors = [row.error for row in run.history.validations]
    assert errors.index(min(errors)) * PASS + PASS in kept
    assert len(kept) <= 4


@pytest.mark.parametrize("wrong", [{"keep": 0}, {"keep": -1}, {"every_steps": 0}])
def test_counts_that_keep_or_save_nothing_are_refused(tmp_path, wrong):
    with pytest.raises(CheckpointError, match="Give at least 1"):
        Keeper(tmp_path, **wrong)


def test_a_run_that_diverges_keeps_what_was_good(tmp_path):
    run = Run(with_scheduler=False)
    run.optimizer = torch.optim.SGD(run.model.parameters(), lr=0.1)

    def poisoned(images):
        return run.clean(images) * (float("nan") if run.model.training and tmp_path_has(5) else 1)

    def tmp_path_has(step):
        return any(path.name.startswith(f"step-{step:08d}") for path in tmp_path.iterdir())

    run.clean, run.prepare = run.prepare, poisoned
    assert run.fit(Keeper(tmp_path, every_steps=1)).history.stopped == "diverged"
    assert steps(tmp_path)[-1] == 5
    state = checkpoints.load(checkpoints.latest(tmp_path))
    assert all(tensor.isfinite().all() for tensor in state.model.values())


def test_notes_are_written_into_the_latest_and_read_back(tmp_path):
    Run().fit(tmp_path)
    keeper = Keeper(tmp_path)
    keeper.annotate(test={"errors": 7, "predictions": torch.arange(3)}, words="good")
    keeper.annotate(words="better")
    assert keeper.recall("test")["errors"] == 7
    assert torch.equal(keeper.recall("test")["predictions"], torch.arange(3))
    assert (keeper.recall("words"), keeper.recall("nothing")) == ("better", None)
    assert steps(tmp_path) == [5, 10, 15]


def test_a_note_changes_nothing_that_a_run_goes_on_from(tmp_path):
    whole = Run().fit().bits()
    Run().fit(tmp_path, epochs=2)
    Keeper(tmp_path).annotate(words="half way")
    assert differences(Run().fit(tmp_path).bits(), whole) == []


def test_a_note_does_not_outlive_the_network_it_is_about(tmp_path):
    Run().fit(tmp_path, epochs=1)
    Keeper(tmp_path).annotate(test=0.1)
    Run().fit(tmp_path, epochs=2)
    assert Keeper(tmp_path).recall("test") is None


def test_the_same_note_twice_leaves_the_file_where_it_is(tmp_path):
    Run().fit(tmp_path, epochs=1)
    for _ in range(2):
        Keeper(tmp_path).annotate(words="same")
        assert len(checkpoints.all(tmp_path)) == 1


def test_a_note_needs_a_checkpoint(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint"):
        Keeper(tmp_path).annotate(test=1)
    assert Keeper(tmp_path).recall("test") is None


def test_a_run_that_goes_on_with_other_threads_says_that_last_digits_may_differ(
    tmp_path, monkeypatch
):
    Run().fit(tmp_path, epochs=1)
    made = torch.get_num_threads()
    monkeypatch.setattr(torch, "get_num_threads", lambda: made + 1)
    with pytest.warns(UserWarning, match=rf"was made with threads {made} \(now {made + 1}\)"):
        Run().fit(tmp_path)


def test_a_run_that_goes_on_in_the_same_place_says_nothing(tmp_path, recwarn):
    Run().fit(tmp_path, epochs=1)
    Run().fit(tmp_path)
    assert not recwarn.list


def test_a_folder_that_takes_no_files_is_refused_before_the_first_step(tmp_path):
    (tmp_path / "a file").touch()
    run = Run()
    run.prepare = None  # would fail in a step
    with pytest.raises(CheckpointError, match=r"Nothing can be saved in a file: .* another folder"):
        Keeper(tmp_path / "a file").restore({}, *run.all)
