"""tools/run.py, on courses of small chapters."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import run

GOOD = """\
# %% [markdown]
# Words do not count as cells that run.

# %%
block = bytearray(80_000_000)

# %%
# A comment first.
import time

time.sleep(1.5)
"""
BAD = """\
# %%
1 + 1

# %%
{}["nothing"]

# %%
raise SystemExit("never reached")
"""


@pytest.fixture
def course(tmp_path):
    """A course with a good chapter and, behind it, a bad one."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters/01_good.py").write_text(GOOD)
    (tmp_path / "chapters/02_bad.py").write_text(BAD)
    return tmp_path


def run_chapters(names, course):
    """Run them in a thread of its own: a browser test may have left an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run.main, names, course).result()


def test_a_chapter_that_runs_is_a_row_with_its_seconds_and_its_peak_memory(course, capsys):
    assert run_chapters(["01"], course) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.endswith("  ok"))
    name, seconds, of_cpu, megabytes, result = row.split()
    assert (name, result) == ("01_good", "ok")
    assert 1.5 < float(seconds) < 60
    assert 0.1 < float(of_cpu) < float(seconds)  # sleeping takes none
    assert 80 < float(megabytes) < 400


def test_every_cell_that_has_run_is_a_dot_and_the_slowest_are_named(course, capsys):
    run_chapters(["01"], course)
    said = capsys.readouterr().out
    assert said.startswith("01_good .. ")
    slowest = said.split("slowest cells\n")[1].splitlines()
    assert slowest[0].split(maxsplit=3)[2:] == ["01_good[2]", "import time"]


def test_a_chapter_that_fails_stops_there_and_fails_the_command(course, capsys):
    assert run_chapters([], course) == 1
    said = capsys.readouterr()
    assert "02_bad . " in said.out
    assert "FAILED in cell 2: KeyError: 'nothing'" in said.out
    assert '{}["nothing"]' in said.err


def test_a_failure_does_not_keep_the_next_chapter_from_running(course, capsys):
    (course / "chapters/03_good.py").write_text(GOOD)
    assert run_chapters([], course) == 1
    assert "03_good" in capsys.readouterr().out


def test_a_kernel_that_dies_is_a_failure_with_a_hint(course, capsys):
    (course / "chapters/02_bad.py").write_text("# %%\nimport os\n\nos._exit(9)\n")
    assert run_chapters(["02"], course) == 1
    assert "FAILED in cell 1: the kernel died (too little memory?)" in capsys.readouterr().out


def test_every_chapter_begins_from_clean(course):
    (course / "chapters/02_bad.py").write_text("# %%\nassert 'block' not in globals()\n")
    assert run_chapters([], course) == 0


def test_an_unknown_chapter_is_named(course, capsys):
    assert run_chapters(["09"], course) == 1
    assert "there are 01_good, 02_bad" in capsys.readouterr().err


def test_a_course_without_chapters_says_so(tmp_path, capsys):
    assert run_chapters([], tmp_path) == 1
    assert "There are no chapters to run." in capsys.readouterr().err
