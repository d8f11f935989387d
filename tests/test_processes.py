"""Several processes train as one does, tell errors once, and never wait for ever."""

import os
import random
import socket
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
import several_processes
import torch
from several_processes import BAD_STEP, EQUAL
from torch import distributed

from lenet_course import checkpoints, networks, processes
from lenet_course.data import Split
from lenet_course.processes import Group, OneProcess, ProcessesError, joined
from lenet_course.training import cross_entropy, fit

ROOT = Path(__file__).resolve().parents[1]
WORKER = ROOT / "tests" / "several_processes.py"
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
FEW = {"LENET_COURSE_OFFLINE": "1"}  # no MNIST, so the digits of scikit-learn

LIMIT = 150  # seconds after which a test fails in place of waiting on


def start(*words, **variables):
    """Start Python on these words, in an environment without this process's own group."""
    ours = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT", "LENET_COURSE_DATA")
    environment = {key: value for key, value in os.environ.items() if key not in ours}
    environment |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **variables}
    command = [sys.executable, *map(str, words)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=environment, cwd=ROOT, text=True, **pipes)


def end(process, limit=LIMIT):
    """Wait for the end, but not for ever. Gives the exit code and what was printed."""
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.terminate()  # torchrun then ends its processes, within 30 seconds
        out, err = process.communicate(timeout=60)
        pytest.fail(f"Not ended after {limit} seconds.\n{out}\n{err}")
    return process.returncode, out, err


def torchrun(*words, restarts=0, **variables):
    return end(start(*TORCHRUN, f"--max-restarts={restarts}", *words, **variables))


def by_variables(size, **more):
    """What a launcher tells each of `size` processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    return [{**place, "WORLD_SIZE": str(size), "RANK": str(rank), **more} for rank in range(size)]


def found(folder, name):
    return [torch.load(folder / f"{name} {rank}.pt") for rank in (0, 1)]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Two processes started once, which train in all ways that need no bad end."""
    folder = tmp_path_factory.mktemp("two-processes")
    names = [*EQUAL, "kept", "stopped", "errors"]
    code, out, err = torchrun(WORKER, folder, *names)
    assert code == 0, err
    (folder / "printed").write_text(out, encoding="utf-8")
    return folder


def flat(common):
    """All numbers of a run, in one row."""
    history = common["history"]
    rows = [[row["loss"], row["error"]] for row in history["validations"]]
    rows += [[row["train_loss"], row["train_error"]] for row in history["epochs"]]
    numbers = torch.tensor([*history["losses"], *chain(*rows)], dtype=torch.float64)
    return torch.cat([numbers, *(each.flatten() for each in common["weights"].values())])


# Equal


@pytest.mark.parametrize("name", EQUAL)
def test_two_processes_give_the_numbers_of_one(ran, name, tmp_path):
    one = several_processes.train(name, tmp_path)["common"]
    assert one["history"]["losses"][0] != one["history"]["losses"][-1]
    assert len(one["history"]["losses"]) == 100
    for each in found(ran, name):
        torch.testing.assert_close(flat(each["common"]), flat(one), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", [*EQUAL, "kept"])
def test_each_digit_is_seen_once_an_epoch_by_one_of_them(ran, name):
    case = several_processes.CASES[name]
    seen = [each["seen"] for each in found(ran, name)]
    assert len(seen[0]) == len(seen[1]) == 100
    steps = -(-case.digits // case.batch_size)
    for begin in range(0, 100, steps):
        shown = [set(chain(*each[begin : begin + steps])) for each in seen]
        assert shown[0].isdisjoint(shown[1])
        assert sum(len(batch) for each in seen for batch in each[begin : begin + steps]) == (
            case.digits
        )
        assert shown[0] | shown[1] == set(range(case.digits))


@pytest.mark.parametrize("name", [*EQUAL, "kept"])
def test_both_processes_end_with_the_same_bits(ran, name):
    one, other = found(ran, name)
    assert torch.equal(flat(one["common"]), flat(other["common"]))


def test_each_process_draws_random_numbers_of_its_own_anew_each_step(ran):
    one, other = (each["drawn"] for each in found(ran, "kept"))
    assert len(set(one + other)) > 190


def test_only_the_first_process_prints(ran):
    assert (ran / "printed").read_text(encoding="utf-8") == "process 0 was here\n"


def test_the_first_process_writes_the_checkpoints(ran):
    path = checkpoints.latest(ran / "kept")
    state = checkpoints.load(path)
    assert state.run["steps"] == 100
    assert state.environment["processes"] == 2
    # A second writer would have written other random states, and so other names.
    steps = [each.name[:13] for each in checkpoints.all(ran / "kept")]
    assert len(steps) == len(set(steps))


# When something happens


def test_a_signal_to_one_process_stops_both_after_the_same_step(ran):
    for each in found(ran, "stopped"):
        assert each["common"]["history"]["stopped"] == "interrupted"
        assert len(each["common"]["history"]["losses"]) == len(each["seen"]) == BAD_STEP


def test_an_error_in_one_process_is_raised_in_all(ran):
    for heard in found(ran, "errors"):
        assert heard["each, in 1"] == heard["by the first"] == "CheckpointError: The disk is full."
        assert "seed is 0 in process 0 and 1 in process 1." in heard["not alike"]
        assert heard["none"] is None


def kill_and_compare(ran, folder, **bad):
    code, _, err = torchrun(WORKER, folder, "killed", restarts=1, **bad)
    assert code == 0, err
    assert "exitcode: -9" in err  # torchrun has seen the kill
    for undisturbed, killed in zip(found(ran, "kept"), found(folder, "killed"), strict=True):
        assert len(killed["seen"]) < 100  # it went on from a checkpoint
        assert torch.equal(flat(killed["common"]), flat(undisturbed["common"]))


def test_a_killed_process_is_started_again_and_ends_in_the_same_bits(ran, tmp_path):
    kill_and_compare(ran, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("number", range(10))
def test_killed_in_any_step_either_process_is_started_again(ran, tmp_path, number):
    draw = random.Random(number)
    bad = {"BAD_RANK": str(draw.randrange(2)), "BAD_STEP": str(draw.randrange(5, 100))}
    share = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": str(number % 2)}
    kill_and_compare(ran, tmp_path, **bad, **share)


def test_a_process_that_never_arrives_is_told_within_the_time():
    first, _ = by_variables(2, LENET_COURSE_TIMEOUT="2")
    words = ["-m", "lenet_course", "train", "relu-max"]
    code, out, err = end(start(*words, **first, **FEW), limit=60)
    assert (code, out) == (2, "")
    assert "Process 0 of 2 could not meet the others at 127.0.0.1:" in err
    assert "within 2 seconds" in err and "LENET_COURSE_TIMEOUT=300 waits longer" in err


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("silent", "another was silent for 4 seconds"),
        pytest.param("dead", "another has ended", marks=pytest.mark.long),
    ],
)
def test_a_process_that_is_lost_is_told_within_the_time(tmp_path, name, told):
    environments = by_variables(2, LENET_COURSE_TIMEOUT="4", BAD_STEP="3")
    first, second = (start(WORKER, tmp_path, name, **each) for each in environments)
    try:
        code, _, err = end(first, limit=60)
    finally:
        second.kill()
        second.communicate()
    assert code == 1
    assert f"Process 0 of 2 cannot go on: {told}" in err


# The command line


def test_the_command_line_trains_in_two_processes_and_speaks_once(tmp_path):
    words = ["-m", "lenet_course", "train", "relu-max", "--epochs", "2"]
    words += ["--checkpoints", tmp_path / "run"]
    variables = {**FEW, "LENET_COURSE_CACHE": str(tmp_path / "cache")}
    code, out, err = torchrun(*words, **variables)
    assert code == 0, err
    first, second, last = out.splitlines()
    assert first.startswith("epoch 1, 11 steps: training loss ")
    assert second.startswith("epoch 2, 11 steps: training loss ")
    assert last.startswith("relu-max on scikit-learn digits, test accuracy ")
    assert err.count("MNIST is not here") == 1
    state = checkpoints.load(checkpoints.latest(tmp_path / "run"))
    assert state.run["steps"] == 22 and state.run["notes"]["test"]["count"] == 300


@pytest.mark.long
def test_the_command_line_goes_on_with_what_two_processes_kept(tmp_path):
    words = ["-m", "lenet_course", "train", "relu-max", "--checkpoints", tmp_path / "run"]
    variables = {**FEW, "LENET_COURSE_CACHE": str(tmp_path / "cache")}
    assert torchrun(*words, "--epochs", 1, **variables)[0] == 0
    code, out, err = torchrun(*words, "--epochs", 3, **variables)
    assert code == 0, err
    assert out.startswith("Restored step-00000011-") and "epoch 3, " in out
    whole = torchrun(*words[:-1], tmp_path / "whole", "--epochs", 3, **variables)[1]
    assert out.splitlines()[-1] == whole.splitlines()[-1]
    code, again, err = end(start(*words, "--epochs", 3, **variables))  # in one process
    assert code == 0 and again.splitlines()[-1] == whole.splitlines()[-1]
    assert "was made with processes 2 (now 1)" in err


@pytest.mark.long
def test_errors_that_all_have_in_common_are_told_once(tmp_path):
    (tmp_path / "a file").touch()
    words = ["-m", "lenet_course", "train", "relu-max", "--checkpoints", tmp_path / "a file"]
    code, out, err = torchrun(*words, **FEW, LENET_COURSE_CACHE=str(tmp_path / "cache"))
    assert code != 0 and out == ""
    assert err.count("Nothing can be saved in a file") == 1
    code, out, err = torchrun("-m", "lenet_course", "train", "relu-mx", **FEW)
    assert code != 0 and out == ""
    assert err.count("There is no recipe 'relu-mx'.") == 1


# Within one process


@pytest.fixture
def group_of_one():
    """A group with one process in it: the same code, without any other to wait for."""
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield processes.current()
    distributed.destroy_process_group()


def test_without_a_launcher_a_process_is_alone(monkeypatch):
    for name in processes.NEEDED:
        monkeypatch.delenv(name, raising=False)
    with joined() as group:
        assert type(group) is type(processes.current()) is OneProcess
        assert (group.rank, group.size) == (0, 1)


def test_a_launcher_that_says_too_little_is_told_what_is_missing(monkeypatch):
    for name in processes.NEEDED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RANK", "0")
    missing = "WORLD_SIZE, MASTER_ADDR, MASTER_PORT are not set"
    with pytest.raises(ProcessesError, match=missing), joined():
        pass


@pytest.mark.parametrize("words", ["soon", "0", "-3", "nan", "inf", ""])
def test_a_time_that_is_none_is_refused(monkeypatch, words):
    monkeypatch.setenv("LENET_COURSE_TIMEOUT", words)
    with pytest.raises(ProcessesError, match="LENET_COURSE_TIMEOUT is "):
        processes.patience()


def test_a_group_answers_whatever_one_process_does():
    public = {name for name in vars(OneProcess) if not name.startswith("_")}
    assert public <= set(vars(Group))


def test_a_group_of_one_trains_as_one_process_does(group_of_one, tmp_path):
    assert type(group_of_one) is Group
    alike = several_processes.train("AdamW with a schedule", tmp_path)["common"]
    distributed.destroy_process_group()
    alone = several_processes.train("AdamW with a schedule", tmp_path)["common"]
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    torch.testing.assert_close(flat(alike), flat(alone), rtol=0, atol=1e-12)


def test_joined_gives_the_group_back_after_an_error(monkeypatch):
    (alone,) = by_variables(1)
    for name, value in alone.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(KeyError), joined() as group:
        assert type(group) is Group
        raise KeyError("a slip")
    assert not distributed.is_initialized()


@pytest.mark.parametrize("name", networks.FAMILY)
def test_no_digits_at_all_give_a_gradient_of_zero(name):
    """A batch with fewer digits than there are processes leaves some of them without any."""
    network = networks.FAMILY[name]
    model = networks.build(network, seed=0)
    nothing = Split(torch.zeros(0, 28, 28, dtype=torch.uint8), torch.zeros(0).long())
    losses = network.loss(model(network.prepare(nothing.images)), nothing.labels)
    losses.sum().backward()
    assert all(not p.grad.any() for p in model.parameters() if p.requires_grad)


@pytest.mark.parametrize("sizes", [(5, 5), (7, 3), (10, 0)])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_average_of_uneven_parts_is_the_gradient_of_the_whole(monkeypatch, sizes, reduction):
    monkeypatch.setattr(Group, "size", 2)
    outputs = torch.randn(10, 4, dtype=torch.float64, requires_grad=True)
    labels = torch.arange(10) % 4
    whole = getattr(cross_entropy(outputs, labels), reduction)()
    (expected,) = torch.autograd.grad(whole, outputs)
    losses = cross_entropy(outputs, labels).split(sizes)
    parts = [Group().descended(part, reduction, 10) for part in losses]
    (average,) = torch.autograd.grad(sum(parts) / 2, outputs)
    torch.testing.assert_close(average, expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_the_parts_of_a_batch_are_the_batch(monkeypatch, size):
    monkeypatch.setattr(Group, "size", size)
    batch, parts = torch.randperm(5), []
    for rank in range(size):
        monkeypatch.setattr(Group, "rank", rank)
        parts.append(Group().part(batch))
    assert sorted(torch.cat(parts).tolist()) == list(range(5))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_the_random_numbers_depend_on_seed_step_and_rank_alone(monkeypatch):
    drawn = {}
    for rank in (0, 1):
        monkeypatch.setattr(Group, "rank", rank)
        for seed, step in [(0, 0), (0, 1), (1, 0)]:
            Group().draw(seed, step)
            drawn[rank, seed, step] = torch.rand(1).item(), random.random()
    assert len(set(drawn.values())) == 6
    Group().draw(0, 1)
    assert (torch.rand(1).item(), random.random()) == drawn[1, 0, 1]


def test_fit_in_one_process_asks_nobody(monkeypatch):
    """The group's methods would fail: there is no process group."""
    digits = several_processes.numbered(10, 1)
    model = several_processes.network(0.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    monkeypatch.setattr(processes, "Group", None)
    fit(model, digits, prepare=lambda images: images[:, None].double(), optimizer=optimizer)
