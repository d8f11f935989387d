"""What holds for every chapter: short cells, and sections that end in what is asserted."""

import jupytext
import pytest
from page import CHAPTERS, Page, code_cells

LONGEST_CELL = 12  # lines of code; blank ones, comments, asserts and imports left out
# Chapter 04 makes its maps before its first section: the two cells that prepare it may be longer.
PREPARING = {"04_subsampling": 2}
EVERY_CHAPTER = pytest.mark.parametrize("name", sorted(path.stem for path in CHAPTERS.glob("*.py")))


def tags(cell):
    return cell.metadata.get("tags", [])


@EVERY_CHAPTER
def test_every_section_ends_in_a_number_that_is_asserted(name):
    for section in Page(name).sections()[1:]:
        graded = [cell for cell in section if "exercise" not in tags(cell)]
        assert not graded or any("assert " in cell.source for cell in graded), graded[0].source


@EVERY_CHAPTER
def test_cells_are_short(name):
    for cell in code_cells(jupytext.read(Page(name).source).cells)[PREPARING.get(name, 0) :]:
        lines = [line for line in cell.source.splitlines() if line.strip()]
        lines = [line for line in lines if not line.startswith(("#", "assert", "import", "from"))]
        assert len(lines) <= LONGEST_CELL, cell.source
