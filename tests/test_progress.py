"""A bar is seen where somebody watches, and leaves no trace where outputs are kept."""

import io
import subprocess
import sys
import threading

import nbformat
import pytest
from nbclient import NotebookClient

from lenet_course.notebook import WIDGET_VIEW
from lenet_course.progress import progress

CELL = """\
from lenet_course.progress import progress

seen = 0
with progress(total=5, label="epoch 1") as bar:
    for step in range(5):
        seen += 1
        bar.update(1, text=f"loss {0.5 / seen:.2f}")
seen"""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run(progress_total=3):
    with progress(total=progress_total, label="reading") as bar:
        for step in range(progress_total):
            bar.update(1, text=f"loss {step}")


def test_in_a_terminal_the_bar_is_on_standard_error(monkeypatch, capsys):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    run()
    assert "reading: 100%" in terminal.getvalue() and "3/3" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_the_longer_it_goes_on_the_more_seldom_the_bar_is_drawn(monkeypatch):
    terminal, clock = Terminal(), [1000.0]
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("tqdm.std.time", lambda: clock[0])
    with progress(total=60_000, label="long") as bar:
        for _ in range(60_000):
            clock[0] += 0.01
            bar.update(1)
    assert 300 < terminal.getvalue().count("\r") < 600  # in ten minutes


def test_where_nobody_watches_nothing_is_written(capsys):
    run()
    assert capsys.readouterr() == ("", "")


def test_an_error_in_the_loop_comes_through():
    with pytest.raises(ZeroDivisionError), progress(total=2, label="reading"):
        1 / 0  # noqa: B018


def test_no_thread_is_left_behind(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    before = threading.active_count()
    run()
    assert threading.active_count() == before


def test_a_program_that_prints_results_prints_only_them():
    command = [sys.executable, "-c", CELL + "\nprint(seen)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("5\n", "")


def executed(path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(path)}}).execute()
    return notebook


def test_in_a_notebook_the_stored_output_is_one_fixed_sentence(tmp_path):
    bar, value = executed(tmp_path).cells[0].outputs
    assert bar.data["text/plain"] == "epoch 1: a progress bar stands here while the cell runs."
    assert WIDGET_VIEW in bar.data
    assert "text/html" not in bar.data
    assert value.data["text/plain"] == "5"


def test_nbval_passes_strictly_twice_on_a_cell_with_a_bar(tmp_path):
    notebook = executed(tmp_path)
    notebook.metadata.pop("widgets", None)
    path = tmp_path / "bar.ipynb"
    nbformat.write(notebook, path)
    options = ["--nbval", "--nbval-current-env", "-q", "-p", "no:cacheprovider", "--rootdir", "."]
    for _ in range(2):
        command = [sys.executable, "-m", "pytest", *options, path.name]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout[-2000:]
