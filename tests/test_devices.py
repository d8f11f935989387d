"""Threads follow what the machine really gives; a device is picked, or refused in words."""

import os
import subprocess
import sys

import pytest
import torch

from lenet_course import devices


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine of 16 cores without limits; call it to set some."""

    def limits(cores=16, cgroup=None, variable=None):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
        file = tmp_path / "cpu.max"
        if cgroup is not None:
            file.write_text(cgroup)
        monkeypatch.setattr(devices, "CGROUP_LIMIT", file)
        monkeypatch.delenv("CPU_LIMIT", raising=False)
        if variable is not None:
            monkeypatch.setenv("CPU_LIMIT", variable)

    limits()
    return limits


def test_without_limits_every_core_counts(machine):
    assert devices.thread_count() == 16


def test_the_cores_this_process_may_run_on_are_counted(machine):
    machine(cores=3)
    assert devices.thread_count() == 3


def test_where_the_system_tells_no_affinity_all_cores_count(machine, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert devices.thread_count() == 6


@pytest.mark.parametrize(
    ("cgroup", "count"),
    [
        ("200000 100000\n", 2),
        ("max 100000\n", 16),
        ("150000 100000\n", 1),
        ("50000 100000\n", 1),
        ("", 16),
        ("nonsense", 16),
    ],
)
def test_the_containers_limit_is_read_from_its_cgroup(machine, cgroup, count):
    machine(cgroup=cgroup)
    assert devices.thread_count() == count


@pytest.mark.parametrize(
    ("variable", "count"),
    [("2", 2), ("1.0", 1), ("3.9", 3), ("0.5", 1), ("64", 16), ("0", 16), ("", 16), ("two", 16)],
)
def test_the_variable_of_mybinder_is_read(machine, variable, count):
    machine(variable=variable)
    assert devices.thread_count() == count


@pytest.mark.parametrize(
    ("cores", "cgroup", "variable", "count"),
    [(8, "400000 100000", "2", 2), (8, "300000 100000", "4", 3), (1, "300000 100000", "4", 1)],
)
def test_the_smallest_of_the_three_wins(machine, cores, cgroup, variable, count):
    machine(cores, cgroup, variable)
    assert devices.thread_count() == count


def in_a_fresh_python(program, **variables):
    """Run a few lines where nothing is imported yet, and give what they print."""
    environment = {k: v for k, v in os.environ.items() if k not in ("OMP_NUM_THREADS", "CPU_LIMIT")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_importing_the_course_limits_the_threads_and_imports_no_torch():
    program = """
import os, sys, lenet_course
print(os.environ["OMP_NUM_THREADS"], "torch" in sys.modules)
"""
    assert in_a_fresh_python(program, CPU_LIMIT="1") == ["1", "False"]


def test_torch_keeps_to_the_limit_when_it_is_imported_after_the_course():
    program = "import lenet_course, torch; print(torch.get_num_threads())"
    assert in_a_fresh_python(program, CPU_LIMIT="1") == ["1"]


def test_torch_keeps_to_the_limit_when_it_was_imported_before_the_course():
    program = """
import torch
torch.set_num_threads(5)
import lenet_course
print(torch.get_num_threads())
"""
    assert in_a_fresh_python(program, CPU_LIMIT="1") == ["1"]


def test_a_persons_own_number_of_threads_is_left_as_it_is():
    program = """
import os, torch
torch.set_num_threads(5)
import lenet_course
print(os.environ["OMP_NUM_THREADS"], torch.get_num_threads())
"""
    assert in_a_fresh_python(program, CPU_LIMIT="1", OMP_NUM_THREADS="3") == ["3", "5"]


@pytest.fixture
def there(monkeypatch):
    """Say which accelerators this machine has."""

    def set_there(cuda, mps):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return set_there


@pytest.mark.parametrize(
    ("cuda", "mps", "picked"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_nvidia_comes_before_apple_and_apple_before_the_cpu(there, cuda, mps, picked):
    there(cuda, mps)
    assert devices.pick() == torch.device(picked)


def test_the_cpu_can_be_asked_for_even_where_there_is_a_gpu(there):
    there(cuda=True, mps=False)
    assert devices.pick("cpu") == torch.device("cpu")


def test_one_of_several_gpus_can_be_asked_for(there):
    there(cuda=True, mps=False)
    assert devices.pick("cuda:1") == torch.device("cuda", 1)


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps", "gpu", ""])
def test_a_device_that_is_not_there_is_answered_with_those_that_are(there, name):
    there(cuda=False, mps=False)
    with pytest.raises(ValueError, match=r"no device .*[.?] Choose one of cpu"):
        devices.pick(name)
