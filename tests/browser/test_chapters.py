"""Every chapter, opened in JupyterLab and run from top to bottom."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

CHAPTERS = sorted(path.name for path in (Path(__file__).parents[2] / "chapters").glob("*.ipynb"))


def draw_a_digit(notebook):
    """Chapter 00: a stroke from top to bottom is read as a 1, in the page and in the kernel."""
    notebook.page.get_by_role("button", name="Clear the drawing").click()
    reading = notebook.page.locator(".widget-html-content")
    reading.filter(has_text="draw a digit first").wait_for()
    assert notebook.evaluate("reader.answer") == "None"
    notebook.draw((150, 40), (130, 240))
    reading.filter(has_text="Read as 1").wait_for()
    assert notebook.evaluate("reader.answer") == "1"


OPERATE = {"00_start_here.ipynb": draw_a_digit}
"""What is done by hand in a chapter once it has run."""


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_cell_runs_in_order_without_error_and_its_widgets_answer(notebook, chapter):
    cells = notebook.open_and_run(f"chapters/{chapter}")
    assert cells, "a chapter has code cells"
    assert [cell for cell in cells if cell["errors"]] == []
    assert [cell["count"] for cell in cells] == list(range(1, len(cells) + 1))
    if chapter in OPERATE:
        OPERATE[chapter](notebook)
