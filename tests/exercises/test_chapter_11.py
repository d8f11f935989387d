"""Chapter 11's solutions are held to what torch and the package do."""

import itertools
import math
import random

import pytest
import torch
from torch.optim.lr_scheduler import LambdaLR

from lenet_course import checkpoints, data
from lenet_course.exercises import chapter_11 as chapter
from lenet_course.exercises import check

PARTS = ("optimizer", "position", "random state", "scheduler", "weights")
STEPS, STOP = 9, 5


def begin(momentum, scheduler, dropout):
    """A small run, as a program starts it."""
    torch.manual_seed(0)
    chance = [torch.nn.Dropout(0.5)] if dropout else []
    model = torch.nn.Sequential(*chance, torch.nn.Linear(6, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9 if momentum else 0)
    rate = LambdaLR(optimizer, lambda step: 1 - step / STEPS) if scheduler else None
    return {"model": model, "optimizer": optimizer, "scheduler": rate, "step": 0}


def go_on(run, steps):
    inputs = torch.randn(STEPS, 8, 6, generator=torch.Generator().manual_seed(7))
    for _ in range(steps):
        run["optimizer"].zero_grad()
        run["model"](inputs[run["step"]]).square().sum().backward()
        run["optimizer"].step()
        if run["scheduler"]:
            run["scheduler"].step()
        run["step"] += 1
    return torch.cat([tensor.flatten() for tensor in run["model"].state_dict().values()])


def resume(kind, parts):
    """Stop a run, and go on with these parts of it; the final weights."""
    stopped = begin(*kind)
    go_on(stopped, STOP)
    chance, run = torch.get_rng_state(), begin(*kind)
    if "weights" in parts:
        run["model"].load_state_dict(stopped["model"].state_dict())
    if "optimizer" in parts:
        run["optimizer"].load_state_dict(stopped["optimizer"].state_dict())
    if "scheduler" in parts and run["scheduler"]:
        run["scheduler"].load_state_dict(stopped["scheduler"].state_dict())
    if "random state" in parts:
        torch.set_rng_state(chance)
    if "position" in parts:
        run["step"] = stopped["step"]
    return go_on(run, STEPS - STOP)


@pytest.mark.parametrize("kind", list(itertools.product([False, True], repeat=3)))
def test_the_parts_of_the_solution_are_enough_and_none_of_them_is_too_many(kind):
    needed = chapter.needed_parts.solution(*kind)
    whole = go_on(begin(*kind), STEPS)
    assert set(needed) <= set(PARTS)
    assert torch.equal(resume(kind, needed), whole)
    for left_out in needed:
        assert not torch.equal(resume(kind, set(needed) - {left_out}), whole), left_out


def test_the_position_is_where_the_packages_batches_go_on():
    batches = [data.batches(100, 32, epoch=epoch) for epoch in range(3)]
    everything = [batch for epoch in batches for batch in epoch]
    for step, batch in enumerate(everything):
        epoch, place = chapter.position.solution(step, 100, 32)
        assert torch.equal(batches[epoch][place], batch)


def test_an_order_by_torchs_own_generator_is_right_too():
    def own_generator(count, seed, epoch):
        generator = torch.Generator().manual_seed(1000 * seed + epoch)
        return torch.randperm(count, generator=generator)

    assert check("digit_order", own_generator).status == "right"


def test_an_order_by_the_packages_batches_is_right_too():
    def packages(count, seed, epoch):
        return torch.cat(data.batches(count, 8, seed, epoch))

    assert check("digit_order", packages).status == "right"


def test_an_order_that_seeds_torch_is_found_out():
    def seeds_torch(count, seed, epoch):
        torch.manual_seed(1000 * seed + epoch)
        return torch.randperm(count)

    assert chapter.MOVES in check("digit_order", seeds_torch).message


@pytest.mark.parametrize("far", [10, 100])
def test_seeds_and_epochs_that_share_an_order_are_found_out(far):
    def close(count, seed, epoch):
        return random.Random(far * epoch + seed).sample(range(count), count)

    assert f"Seed {far}, epoch 0 and seed 0, epoch 1" in check("digit_order", close).message


def wrong_parts(change):
    """What is said of the right parts, changed."""
    outcome = check("needed_parts", lambda *kind: change(chapter.needed_parts.solution(*kind)))
    assert outcome.status == "wrong"
    return outcome.message


def test_parts_in_another_form_are_told_apart():
    assert chapter.A_LIST in wrong_parts(set)
    assert chapter.NOT_CALLED in wrong_parts(lambda parts: [*parts, "random"])
    assert chapter.NOT_CALLED in wrong_parts(lambda parts: [*parts, 7])
    assert chapter.TWICE in wrong_parts(lambda parts: parts * 2)
    assert "`return`" in wrong_parts(lambda parts: None)
    outcome = check("needed_parts", lambda *kind: tuple(chapter.needed_parts.solution(*kind)))
    assert outcome.status == "right"


def test_no_other_order_of_the_steps_is_right_and_each_is_shown_whole():
    right = 0
    for length in range(7):
        for steps in itertools.permutations(chapter.SIX, length):
            message = chapter.what_is_wrong_with_the_steps(lambda steps=steps: list(steps), None)
            right += message is None
            assert message is None or ", ".join(steps) in message
            assert "delete the old" not in steps or chapter.DELETED in message
    assert right == 1


@pytest.mark.parametrize("answer", [None, "write", [1, 2], [["write"]]])
def test_steps_in_another_form_are_refused_in_words(answer):
    assert "is asked for, and this is" in check("safe_order", answer).message


def test_what_may_be_deleted_is_what_the_package_deletes(tmp_path):
    model, generator = torch.nn.Linear(1, 1), random.Random(0)
    for number, (records, keep) in enumerate(chapter.records_and_counts(generator)):
        folder = tmp_path / str(number)
        for step, error in records:
            history = {"validations": [{"step": step, "error": error}]}
            checkpoints.save(
                folder, checkpoints.take(model, run={"steps": step, "history": history})
            )
        checkpoints.retain(folder, keep)
        stay = [checkpoints.load(path).run["steps"] for path in checkpoints.all(folder)]
        gone = chapter.may_be_deleted.solution(records, keep)
        assert stay == [step for step, _ in records if step not in gone]


def test_some_records_are_not_a_number():
    records, _ = zip(*chapter.records_and_counts(random.Random(0)), strict=True)
    assert any(math.isnan(error) for each in records for _, error in each)
