"""Every chapter is a pair: a source, and a notebook that is that source, run."""

import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
import sync

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "chapters"
NAMES = sorted(
    {path.stem for path in CHAPTERS.glob("*.py")} | {path.stem for path in CHAPTERS.glob("*.ipynb")}
)

LARGEST_BYTES = 500_000
LEAVES_UNCHECKED = {"nbval-ignore-output", "nbval-skip"}
MOST_UNCHECKED_CELLS = 2
# A chapter that needs more says why here.
MOST_UNCHECKED_CELLS_OF = {
    # The report on the machine, and three times what one trained network answers: its score, twenty
    # digits, and its mistakes. What must hold of them is asserted in the cells.
    "00_start_here": 4,
    # Four pictures drawn from trainings, whose words hold losses and errors: the film, the errors,
    # the confusion matrix, three learning rates; and the table that holds the page's short runs.
    # What must hold of them is asserted in the cells.
    "09_training": 5,
    # A confusion matrix, twenty mistakes, and three tables of what trained networks make of single
    # digits: their last digits depend on the processor. What must hold is asserted in the cells.
    "12_looking_inside": 5,
    # Three tables of short trainings: codes that learn, four starts, one pass. What must hold of
    # them is asserted in the cells.
    "13_back_to_1998": 3,
}

NOT_FOR_OTHER_MACHINES = {
    "an absolute path": r"(?<![\w.:/<])/(?:[\w.-]+/)+[\w.-]+|\b[A-Z]:\\\w",
    "a measured time": r"\b\d+(?:\.\d+)? ?(?:s|ms|µs|us|sec|seconds?|minutes?)\b(?!/)",
    "a time of day": r"\b\d{1,2}:\d\d:\d\d\b",
    "a date": r"\b20\d\d-\d\d-\d\d\b",
    "an address in memory": r"\b0x[0-9a-f]{6,}",
}


@pytest.fixture(params=NAMES)
def name(request):
    """A chapter's name."""
    return request.param


@pytest.fixture
def twin(name):
    """A chapter's notebook."""
    return nbformat.read(CHAPTERS / f"{name}.ipynb", as_version=4)


def code_cells(notebook):
    """The cells that hold code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def texts(notebook):
    """Everything a reader can read in the outputs, with the place it stands in."""
    for number, cell in enumerate(code_cells(notebook), start=1):
        for output in cell.outputs:
            data = output.get("data", {})
            for text in (output.get("text"), data.get("text/plain"), data.get("text/html")):
                if text:
                    yield number, text


def test_a_chapter_is_a_pair(name):
    assert (CHAPTERS / f"{name}.py").exists(), f"chapters/{name}.ipynb has no source"
    assert (CHAPTERS / f"{name}.ipynb").exists(), f"chapters/{name}.py was never run: make sync"


def test_source_notebook_badges_and_set_up_cell_are_in_step(name):
    problems = sync.check_chapter(CHAPTERS / f"{name}.py", sync.repository())
    assert not problems, "run `make sync`"


def test_every_code_cell_was_run_once_from_top_to_bottom(twin):
    counts = [cell.execution_count for cell in code_cells(twin)]
    assert counts == list(range(1, len(counts) + 1))


def test_no_cell_ended_in_an_error_that_it_does_not_announce(twin):
    surprised = [
        cell.source
        for cell in code_cells(twin)
        if any(output.output_type == "error" for output in cell.outputs)
        and "raises-exception" not in cell.metadata.get("tags", [])
    ]
    assert not surprised


def test_a_cell_that_announces_an_error_ends_in_one(twin):
    # nbval would pass it either way.
    calm = [
        cell.source
        for cell in code_cells(twin)
        if "raises-exception" in cell.metadata.get("tags", [])
        and not any(output.output_type == "error" for output in cell.outputs)
    ]
    assert not calm


@pytest.mark.parametrize("what", NOT_FOR_OTHER_MACHINES)
def test_outputs_hold_nothing_that_another_machine_would_show_otherwise(twin, what):
    found = [
        (number, match[0])
        for number, text in texts(twin)
        for match in re.finditer(NOT_FOR_OTHER_MACHINES[what], text)
    ]
    assert not found


def test_a_notebook_stays_small(name):
    assert (CHAPTERS / f"{name}.ipynb").stat().st_size < LARGEST_BYTES


def test_few_outputs_go_unchecked(name, twin):
    tags = Counter(tag for cell in code_cells(twin) for tag in cell.metadata.get("tags", []))
    unchecked = sum(tags[tag] for tag in LEAVES_UNCHECKED)
    assert unchecked <= MOST_UNCHECKED_CELLS_OF.get(name, MOST_UNCHECKED_CELLS)
    assert not any("NBVAL_" in cell.source for cell in code_cells(twin)), "use a tag, it is counted"


def test_every_picture_has_a_text_alternative(twin):
    without = []
    for number, cell in enumerate(code_cells(twin), start=1):
        for output in cell.outputs:
            for kind in output.get("data", {}):
                if kind.startswith("image/"):
                    alternative = output.metadata.get(kind, {}).get("alt", "")
                    without += [number] if len(alternative) < 20 else []
    without += [
        number
        for number, text in texts(twin)
        for tag in re.findall(r"<img[^>]*>", text)
        if " alt=" not in tag
    ]
    assert not without


def test_every_picture_in_the_text_has_a_text_alternative(twin):
    pages = [cell.source for cell in twin.cells if cell.cell_type == "markdown"]
    assert not [page for page in pages if "![](" in page]


def test_outputs_need_no_trust(twin):
    scripts = [
        number for number, text in texts(twin) if re.search(r"<script|javascript:|<iframe", text)
    ]
    assert not scripts


def test_readme_lists_exactly_the_chapters_that_exist_with_their_minutes():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = dict(
        re.findall(r"^\| \[[^\]]*\]\(chapters/(\w+)\.ipynb\) \|.*\| (\d+) \|$", readme, re.M)
    )
    minutes = {
        name: re.search(r"^# (\d+) minutes", (CHAPTERS / f"{name}.py").read_text("utf-8"), re.M)[1]
        for name in NAMES
    }
    assert rows == minutes


def test_readmes_badges_are_made_from_the_repositorys_address():
    assert sync.sync_readme(ROOT, sync.repository(), check=True)
