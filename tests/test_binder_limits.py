"""tools/binder_limits.py: a run as on mybinder.org, and what is said when that cannot be had."""

import os
import subprocess
import sys
from pathlib import Path

import binder_limits
import pytest

TOOLS = Path(binder_limits.__file__).parent
LARGE = "# %%\nlarge = bytearray(3_000_000_000)\nlarge[::4096] = bytes(len(large[::4096]))\n"
CORES = "# %%\nimport os\n\nassert len(os.sched_getaffinity(0)) == 1\n"
CORES += 'assert os.environ["OMP_NUM_THREADS"] == "1"\n'


@pytest.mark.parametrize(
    ("cpu", "megabytes", "words"),
    [
        (1200, 640, "20.0 minutes of processor time (at most 60), largest kernel 640 MB (below"),
        (3601, 640, "TOO MUCH"),
        (1200, 800, "TOO MUCH"),
    ],
)
def test_an_hour_for_all_and_less_than_800_mb_for_each(cpu, megabytes, words):
    said, fine = binder_limits.judged(cpu, megabytes)
    assert words in said
    assert fine == said.endswith(": ok") == (words != "TOO MUCH")


@pytest.mark.parametrize(
    ("group", "limit", "peak"),
    [
        ("", "memory.max", "memory.peak"),
        ("memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
    ],
)
def test_either_kind_of_control_group_takes_the_limit_and_this_process(
    tmp_path, group, limit, peak
):
    parent = tmp_path / group
    parent.mkdir(exist_ok=True)
    (parent / "cgroup.procs").write_text("")
    with binder_limits.limited_memory(tmp_path) as asked:
        assert asked.name == peak
        assert asked.parent.parent == parent
        assert (asked.parent / limit).read_text() == "2000000000"
        assert (asked.parent / "cgroup.procs").read_text() == str(os.getpid())
    assert (parent / "cgroup.procs").read_text() == str(os.getpid())  # back where it came from


def test_where_no_group_can_be_made_memory_is_only_measured(tmp_path):
    with binder_limits.limited_memory(tmp_path) as asked:
        assert asked is None
    (tmp_path / "cgroup.procs").write_text("")
    (tmp_path / f"lenet-course-{os.getpid()}").write_text("in the way")
    with binder_limits.limited_memory(tmp_path) as asked:
        assert asked is None


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process can be kept on one core")
def test_chapters_run_on_one_core_and_one_that_takes_more_than_2_gb_dies(tmp_path):
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters/01_small.py").write_text(CORES)
    (tmp_path / "chapters/02_large.py").write_text(LARGE)
    code = "import run, sys, pathlib; sys.exit(run.main(['--like-binder'], pathlib.Path.cwd()))"
    outcome = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(TOOLS)},
        capture_output=True,
        text=True,
    )
    said = outcome.stdout
    assert said.startswith("As on mybinder.org: one core, ")
    small, large = said.partition("\nchapter ")[2].splitlines()[1:3]
    assert small.endswith("  ok")
    assert outcome.returncode == 1
    if "2 GB of memory" in said.splitlines()[0]:
        assert "the kernel died (too little memory?)" in large
        assert "all processes together, and files kept in memory: " in said
    else:
        assert "TOO MUCH" in said
