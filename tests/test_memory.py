"""Memory is asked for before it is taken."""

import pytest

from lenet_course import memory
from lenet_course.idx import DataError

MACHINE = "MemTotal: 16000000 kB\nMemFree: 100000 kB\nMemAvailable: 8000000 kB\n"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text(MACHINE)
    return tmp_path


def in_container(root, folder, names, values):
    folder = root / "sys/fs/cgroup" / folder
    folder.mkdir(parents=True)
    for name, value in zip(names, values, strict=True):
        (folder / name).write_text(value)


def test_a_machine_has_what_is_available_not_what_is_idle(root):
    assert memory.available(root) == 8_000_000 * 1024


def test_a_container_may_allow_less(root):
    names = ("memory.max", "memory.current", "memory.stat")
    in_container(root, "", names, ("2000000000\n", "1900000000\n", "anon 7\ninactive_file 0\n"))
    assert memory.available(root) == 100_000_000


def test_files_kept_for_speed_are_given_back(root):
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "memory.stat")
    stat = "total_inactive_file 300000000\n"
    in_container(root, "memory", names, ("2000000000\n", "1900000000\n", stat))
    assert memory.available(root) == 400_000_000


def test_a_container_without_a_limit_leaves_the_machines(root):
    names = ("memory.max", "memory.current", "memory.stat")
    in_container(root, "", names, ("max\n", "1900000000\n", "inactive_file 0\n"))
    assert memory.available(root) == 8_000_000 * 1024


def test_a_system_that_does_not_say_is_trusted(tmp_path, monkeypatch):
    assert memory.available(tmp_path) is None
    monkeypatch.setattr(memory, "available", lambda: None)
    memory.require(10**15, "Thinking")


def test_too_little_memory_is_one_sentence_that_says_what_to_do(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 20_000_000)
    memory.require(20_000_000, "Thinking")
    with pytest.raises(
        DataError, match=r"^Thinking takes about 30 MB .* 20 MB are free: shut down"
    ):
        memory.require(30_000_000, "Thinking")
