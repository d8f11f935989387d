"""What holds for every exercise of every chapter; and where each stands in its chapter."""

import functools
import inspect
import random
import re
import time
from pathlib import Path

import jupytext
import numpy as np
import pytest
import torch

from lenet_course.exercises import TODO, every_exercise, exercise
from lenet_course.exercises.checking import examine

EXERCISES = list(every_exercise().values())
CHAPTERS = Path(__file__).parents[2] / "chapters"
STUB = re.compile(r'^@exercise\("(\w+)"\)$', re.MULTILINE)
SOLUTION = "<details>\n<summary>Solution</summary>\n\n```python\n{}\n```\n\n</details>"

for_every_exercise = pytest.mark.parametrize(
    "problem", EXERCISES, ids=[f"{each.chapter}-{each.name}" for each in EXERCISES]
)


@functools.cache
def cells_of(chapter, suffix):
    files = sorted(CHAPTERS.glob(f"{chapter}_*{suffix}"))
    assert len(files) == 1, f"chapter {chapter} needs one file chapters/{chapter}_*{suffix}"
    return jupytext.read(files[0]).cells


def stub_of(problem, suffix=".py"):
    stubs = [
        (number, cell)
        for number, cell in enumerate(cells_of(problem.chapter, suffix))
        if f'@exercise("{problem.name}")' in cell.source
    ]
    assert len(stubs) == 1, f"one cell of the chapter begins with @exercise({problem.name!r})"
    return stubs[0]


@for_every_exercise
def test_the_solution_is_right_over_twenty_seeds(problem):
    for seed in range(20):
        outcome = examine(problem, problem.solution, seed)
        assert outcome.status == "right", f"seed {seed}: {outcome}"


@for_every_exercise
def test_five_typical_mistakes_are_rejected_each_with_its_own_diagnosis(problem):
    assert len({mistake.message for mistake in problem.mistakes}) >= 5
    for seed in range(5):
        for mistake in problem.mistakes:
            outcome = examine(problem, mistake.answer, seed)
            assert outcome.status == "wrong", mistake.answer.__name__
            assert mistake.message in outcome.message, mistake.answer.__name__


@for_every_exercise
def test_it_has_hints_and_a_printed_solution(problem):
    assert problem.hints and all(hint.strip() for hint in problem.hints)
    assert re.match(rf"(def|class) {problem.name}\b", problem.source)


@for_every_exercise
def test_a_check_is_quick_and_leaves_no_trace(problem):
    def traces():
        return (
            random.getstate(),
            np.random.get_state()[1].tolist(),
            torch.get_rng_state().tolist(),
            torch.is_grad_enabled(),
            torch.get_default_dtype(),
        )

    torch.optim.SGD([torch.zeros(1)], lr=1)  # torch imports more at the first one: no check's time
    before, start = traces(), time.process_time()
    examine(problem, problem.solution)
    assert time.process_time() - start < 2
    assert traces() == before


@for_every_exercise
@pytest.mark.parametrize("suffix", [".py", ".ipynb"])
def test_the_chapter_has_its_stub_which_is_not_attempted(problem, suffix, capsys):
    _, cell = stub_of(problem, suffix)
    assert "exercise" in cell.metadata.get("tags", [])
    names = {"exercise": exercise, "TODO": TODO, "torch": torch, "np": np}
    exec(cell.source, names)
    assert capsys.readouterr().out.startswith(f"{problem.name}: not attempted yet.")
    if problem.source.startswith("def"):
        assert tuple(inspect.signature(names[problem.name]).parameters) == problem.parameters


@for_every_exercise
@pytest.mark.parametrize("suffix", [".py", ".ipynb"])
def test_the_chapter_has_its_solution_folded_away_after_the_stub(problem, suffix):
    number, _ = stub_of(problem, suffix)
    wanted = SOLUTION.format(problem.source)
    later = cells_of(problem.chapter, suffix)[number + 1 :]
    assert any(cell.cell_type == "markdown" and wanted in cell.source for cell in later), wanted


def test_every_stub_of_the_chapters_is_a_declared_exercise():
    known = {(problem.chapter, problem.name) for problem in EXERCISES}
    for chapter in sorted(CHAPTERS.glob("*.py")):
        for name in STUB.findall(chapter.read_text(encoding="utf-8")):
            assert (chapter.name[:2], name) in known
