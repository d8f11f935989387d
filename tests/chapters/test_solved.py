"""Every chapter a second time: with its exercises solved, and all else as it is stored."""

import ast
import subprocess
import symtable
import sys
from pathlib import Path

import nbformat
import pytest

from lenet_course.exercises import every_exercise

CHAPTERS = Path(__file__).parents[2] / "chapters"
NAMES = sorted(path.stem for path in CHAPTERS.glob("*.ipynb"))
# Those that train for a minute and more: their exercises are solved in the long suite.
LONG = {"09_training", "10_initialisation", "12_looking_inside", "13_back_to_1998"}


def answered(cell):
    """An exercise's cell as a learner leaves it who has found the solution: source and name."""
    lines = cell.source.splitlines()
    for node in ast.parse(cell.source).body:
        for mark in getattr(node, "decorator_list", []):
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "exercise":
                name = mark.args[0].value
                lines[node.lineno - 1 : node.end_lineno] = [every_exercise()[name].source]
                return "\n".join(lines), name
    raise AssertionError(f"tagged as an exercise, and asks for nothing:\n{cell.source}")


def exercise_cells(notebook):
    return [cell for cell in notebook.cells if "exercise" in cell.metadata.get("tags", [])]


def solved(notebook):
    """The notebook with every exercise solved, and with what its cells should then print."""
    for cell in exercise_cells(notebook):
        cell.source, name = answered(cell)
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"{name}: right.\n")]
    return notebook


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in LONG else ()) for name in NAMES]
)
def test_a_solved_chapter_prints_what_the_shipped_one_prints(name, tmp_path):
    page = solved(nbformat.read(CHAPTERS / f"{name}.ipynb", as_version=4))
    path = tmp_path / f"{name}_solved.ipynb"
    nbformat.write(page, path)
    nbval = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=600", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", *nbval, str(path)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]


def names_from_elsewhere(source):
    """The names that a cell reads and does not define itself."""
    tables = [symtable.symtable(source, "a cell", "exec")]
    own = {symbol.get_name() for symbol in tables[0].get_symbols() if symbol.is_assigned()}
    read = set()
    for table in tables:  # grows while it is walked: functions stand within functions
        tables += table.get_children()
        read |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
    return read - own


def test_names_from_elsewhere_are_those_a_cell_cannot_do_without():
    cell = "def f(row):\n    total = row + a\n    return [total * b for b in c]\nd = f(e)"
    assert names_from_elsewhere(cell) == {"a", "c", "e"}


@pytest.mark.parametrize("name", NAMES)
def test_no_other_cell_uses_an_answer_so_none_can_break(name):
    page = nbformat.read(CHAPTERS / f"{name}.ipynb", as_version=4)
    answers = {answered(cell)[1] for cell in exercise_cells(page)}
    code = [cell for cell in page.cells if cell.cell_type == "code"]
    others = [cell for cell in code if "exercise" not in cell.metadata.get("tags", [])]
    assert answers
    assert not answers & set().union(*(names_from_elsewhere(cell.source) for cell in others))
