"""What is taken can be put back, into the same kind of thing only; else nothing changes."""

import random
import re
import sys
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_runs import Run, bits, differences, saved
from torch import nn
from torch.optim import lr_scheduler

from lenet_course import checkpoints, networks
from lenet_course.checkpoints import CheckpointError, DamagedError, files

SCHEMA_1 = Path(__file__).parent / "schema_1"


def test_what_was_taken_is_a_copy_that_later_steps_leave_as_it_is():
    run = Run().fit(epochs=1)
    state = checkpoints.take(*run.all, run={"steps": 5, "list": [1]})
    before = bits(state)
    run.fit(epochs=2)
    assert differences(bits(state), before) == []


def test_one_state_can_be_put_back_twice():
    # Torch keeps an optimizer's tensors as they are given, and changes them in place.
    state = checkpoints.take(*Run().fit(epochs=1).all)
    ends = []
    for _ in range(2):
        run = Run()
        checkpoints.put_back(state, *run.all)
        ends.append(run.fit(epochs=1).bits())
    assert differences(*ends) == []


def test_restore_gives_everything_back(tmp_path):
    run, path = saved(tmp_path)
    other = Run()
    checkpoints.restore(path, *other.all)
    assert differences(bits(checkpoints.take(*other.all)), bits(checkpoints.take(*run.all))) == []


def test_a_network_alone_can_be_restored_and_random_numbers_go_on_as_they_were(tmp_path):
    run, path = saved(tmp_path)
    other = Run()
    torch.manual_seed(9)
    random.seed(9)
    before = torch.get_rng_state(), random.getstate()
    checkpoints.restore(path, other.model)
    assert all(map(torch.equal, other.model.parameters(), run.model.parameters()))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]


def test_batch_normalisations_whole_numbers_come_back_whole(tmp_path):
    _, path = saved(tmp_path)
    count = checkpoints.load(path).model["1.num_batches_tracked"]
    assert (count.dtype, count.shape, int(count)) == (torch.int64, (), 5)


OPTIMIZERS = ["SGD", "Adam", "AdamW", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta", "Adamax"]
OPTIMIZERS += ["ASGD", "Rprop", "Adafactor"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_of_torch_goes_on_with_the_same_bits(tmp_path, name):
    def new():
        run = Run()
        run.optimizer, run.scheduler = getattr(torch.optim, name)(run.model.parameters()), None
        return run

    whole = new().fit(epochs=2).bits()
    new().fit(tmp_path, max_steps=7, epochs=2)
    assert differences(new().fit(tmp_path, epochs=2).bits(), whole) == []


SCHEDULERS = {
    "StepLR": lambda it: lr_scheduler.StepLR(it, 3),
    "MultiStepLR": lambda it: lr_scheduler.MultiStepLR(it, [3, 3, 8]),
    "LambdaLR": lambda it: lr_scheduler.LambdaLR(it, lambda step: 1 / (1 + step)),
    "OneCycleLR": lambda it: lr_scheduler.OneCycleLR(it, 0.1, total_steps=20),
    "CyclicLR": lambda it: lr_scheduler.CyclicLR(it, 0.01, 0.1, 3, cycle_momentum=False),
    "warm restarts": lambda it: lr_scheduler.CosineAnnealingWarmRestarts(it, 4),
    "sequence": lambda it: lr_scheduler.SequentialLR(
        it, [lr_scheduler.LinearLR(it), lr_scheduler.ExponentialLR(it, 0.9)], [4]
    ),
}


@pytest.mark.filterwarnings("ignore:The epoch parameter")
@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler_goes_on_with_the_same_rates(tmp_path, name):
    def new():
        run = Run("SGD")
        run.scheduler = SCHEDULERS[name](run.optimizer)
        return run

    whole = new().fit(epochs=2).bits()
    new().fit(tmp_path, max_steps=7, epochs=2)
    assert differences(new().fit(tmp_path, epochs=2).bits(), whole) == []


def test_every_network_of_the_family_comes_back(tmp_path):
    for name in networks.FAMILY:
        model, other = networks.build(name, seed=0), networks.build(name, seed=1)
        path = checkpoints.save(tmp_path / name, checkpoints.take(model))
        checkpoints.restore(path, other)
        for key, tensor in model.state_dict().items():
            assert torch.equal(other.state_dict()[key], tensor), (name, key)


# What does not fit


def wider(run):
    run.model = Run(width=9).model


def other_numbers(run):
    run.model = run.model.double()


def other_optimizer(run):
    run.optimizer = torch.optim.SGD(run.model.parameters(), lr=0.1)


def two_groups(run):
    first, *others = run.model.parameters()
    run.optimizer = torch.optim.AdamW([{"params": [first]}, {"params": others}], lr=0.01)


def fewer_parameters(run):
    run.optimizer = torch.optim.AdamW(list(run.model.parameters())[1:], lr=0.01)


def another_order(run):
    run.optimizer = torch.optim.AdamW(list(run.model.parameters())[::-1], lr=0.01)


def other_scheduler(run):
    run.scheduler = lr_scheduler.StepLR(run.optimizer, 3)


def other_switch(run):
    run.optimizer.param_groups[0]["amsgrad"] = True


def longer_scheduler(run):
    run.scheduler = lr_scheduler.CosineAnnealingLR(run.optimizer, 30)


def no_scheduler(run):
    run.scheduler = None


MISFITS = {
    wider: r"another network.*\(3 in all\): 3.weight: 8x32 float32 / 9x32 float32; 3.bias: 8 ",
    other_numbers: r"another network.*0.weight: 2x1x3x3 float32 / 2x1x3x3 float64",
    other_optimizer: "holds optimizer AdamW, and SGD was given",
    two_groups: r"groups of \[8\] parameters, and one with \[1, 7\]",
    fewer_parameters: r"groups of \[8\] parameters, and one with \[7\]",
    another_order: r"exp_avg for parameter 0 is \(2, 1, 3, 3\), and the parameter is \(4,\)",
    other_scheduler: "holds scheduler CosineAnnealingLR, and StepLR was given",
    other_switch: "an optimizer with amsgrad=False, and one with True was given",
    longer_scheduler: "a CosineAnnealingLR with T_max 20, and one with 30 was given",
    no_scheduler: "holds scheduler CosineAnnealingLR, and none was given",
}


@pytest.mark.parametrize("misfit", MISFITS, ids=lambda it: it.__name__)
def test_what_does_not_fit_is_told_in_one_message_and_changes_nothing(tmp_path, misfit):
    _, path = saved(tmp_path)
    run = Run()
    misfit(run)
    before = bits(checkpoints.take(*run.all))
    with pytest.raises(CheckpointError, match=MISFITS[misfit]) as caught:
        checkpoints.restore(path, *run.all)
    assert path.name in str(caught.value)
    assert "Restore into what it was saved from" in str(caught.value)
    assert differences(bits(checkpoints.take(*run.all)), before) == []


def spoilt(state, spoil):
    """A State like this one, but spoilt."""
    parts = deepcopy(vars(state))
    spoil(parts)
    return replace(state, **parts)


SPOILT = {
    "momentum of another shape": lambda s: s["optimizer"]["state"]["state"][3].update(
        exp_avg=torch.zeros(7, 7)
    ),
    "state of no parameter": lambda s: s["optimizer"]["state"]["state"].update({99: {}}),
    "state that is a list": lambda s: s["optimizer"]["state"].update(state=[1]),
    "state that is missing": lambda s: s["optimizer"]["state"].pop("state"),
    "a parameter's state that is none": lambda s: s["optimizer"]["state"]["state"].update({0: 5}),
    "groups that are missing": lambda s: s["optimizer"]["state"].pop("param_groups"),
    "groups that are numbers": lambda s: s["optimizer"]["state"].update(param_groups=[1]),
    "a parameter twice": lambda s: s["optimizer"]["state"]["param_groups"][0].update(
        params=[0] * 8
    ),
    "parameters that are lists": lambda s: s["optimizer"]["state"]["param_groups"][0].update(
        params=[[]] * 8
    ),
    "random state of another size": lambda s: s["random"].update(torch=torch.zeros(3).byte()),
    "random state of another type": lambda s: s["random"].update(torch=torch.zeros(5056)),
    "random state that is missing": lambda s: s["random"].pop("torch"),
    "random state that is none": lambda s: s["random"].update(python=(3, (1, 2), None)),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_state_is_refused_and_changes_nothing(name):
    state = spoilt(checkpoints.take(*Run().fit(epochs=1).all), SPOILT[name])
    run = Run()
    before = bits(checkpoints.take(*run.all))
    with pytest.raises(CheckpointError):
        checkpoints.put_back(state, *run.all)
    assert differences(bits(checkpoints.take(*run.all)), before) == []


def test_a_scheduler_that_refuses_its_state_leaves_everything_as_it_was():
    class Refusing(lr_scheduler.StepLR):
        def load_state_dict(self, state):
            if state["last_epoch"] == 7:
                raise IndexError("no such row")
            super().load_state_dict(state)

    run = Run()
    run.scheduler = Refusing(run.optimizer, 3)
    state = spoilt(
        checkpoints.take(*run.all), lambda s: s["scheduler"]["state"].update(last_epoch=7)
    )
    run.fit(epochs=1)
    before = bits(checkpoints.take(*run.all))
    with pytest.raises(CheckpointError, match="IndexError: no such row"):
        checkpoints.put_back(state, *run.all)
    assert differences(bits(checkpoints.take(*run.all)), before) == []


# Devices


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no NVIDIA GPU")
def test_from_a_gpu_to_the_processor_and_back_no_bit_changes(tmp_path):
    def on(device):
        run = Run(with_scheduler=False)
        run.model.to(device)
        run.optimizer = torch.optim.AdamW(run.model.parameters(), lr=0.01)
        return run

    first = on("cuda").fit(tmp_path / "cuda", epochs=1)
    want = bits(checkpoints.take(*first.all))
    path = checkpoints.latest(tmp_path / "cuda")
    processor, again = on("cpu"), on("cuda")
    checkpoints.restore(path, *processor.all)
    assert {each.device.type for each in processor.model.state_dict().values()} == {"cpu"}
    path = checkpoints.save(tmp_path / "cpu", checkpoints.take(*processor.all))
    checkpoints.restore(path, *again.all)
    found = bits(checkpoints.take(*again.all))
    assert not {"model", "optimizer"} & set(differences(found, want))


def test_what_is_read_lies_on_the_processor(tmp_path):
    _, path = saved(tmp_path)
    tensors, _ = checkpoints.load(path).encoded()
    assert {tensor.device.type for tensor in tensors.values()} == {"cpu"}


# Schemas


def test_a_file_of_schema_1_stays_readable(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(SCHEMA_1)
    sys.modules.pop("make", None)
    import make

    (path,) = SCHEMA_1.glob("*.safetensors")
    assert path.stat().st_size < 20_000
    (tmp_path / path.name).write_bytes(path.read_bytes())
    parts = make.parts()
    state = checkpoints.restore(path, *parts)
    assert (state.schema, state.run["steps"], state.run["plan"]["schema"]) == (1, 6, 1)
    assert parts[0][1].weight.sum().item() == pytest.approx(SUM_OF_WEIGHTS, abs=1e-6)
    keeper = checkpoints.Keeper(tmp_path, about={"schema": 1})
    history = make.fit(*make.parts(), epochs=2, checkpoints=keeper)
    assert (history.steps, len(history.epochs), len(history.validations)) == (8, 2, 2)
    assert history.losses[:6] == state.run["history"]["losses"].tolist()


SUM_OF_WEIGHTS = -0.549191


def rewritten(folder, path, **changes):
    """A file like this one, its facts changed and well signed."""
    tensors, facts = files.unpack(path.read_bytes())
    facts.update(changes)
    content = files.pack(tensors, {key: item for key, item in facts.items() if item is not ...})
    changed = folder / files.signed("step-00000009", content)
    changed.write_bytes(content)
    return changed


def test_a_file_of_a_newer_course_says_so(tmp_path):
    _, path = saved(tmp_path)
    with pytest.raises(CheckpointError, match=r"newer course \(schema 2; this one reads up to 1\)"):
        checkpoints.load(rewritten(tmp_path, path, schema=2, something_new=[1]))


def test_a_file_of_a_newer_course_is_never_set_aside_nor_passed_over(tmp_path):
    _, path = saved(tmp_path)
    newer = rewritten(tmp_path, path, schema=2)
    with pytest.raises(CheckpointError, match="Update the course"):
        Run().fit(tmp_path)
    assert newer.exists()


@pytest.mark.parametrize("schema", [0, -1, True, "1", 1.0, None, [1], ...])
def test_a_file_without_a_proper_schema_is_refused(tmp_path, schema):
    _, path = saved(tmp_path)
    with pytest.raises(DamagedError, match="no checkpoint of this course"):
        checkpoints.load(rewritten(tmp_path, path, schema=schema))


@pytest.mark.parametrize(
    "part", ["model", "optimizer", "scheduler", "random", "run", "environment", "schema"]
)
def test_a_file_that_lacks_a_part_is_refused(tmp_path, part):
    _, path = saved(tmp_path)
    with pytest.raises(DamagedError, match=re.escape(path.name[:5])):
        checkpoints.load(rewritten(tmp_path, path, **{part: ...}))


def test_the_environment_tells_versions_and_nothing_else():
    found = checkpoints.take(nn.Linear(1, 1)).environment
    assert set(found) == {"python", "torch", "device", "threads"}
    assert found["torch"] == torch.__version__
