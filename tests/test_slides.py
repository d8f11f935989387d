"""A deck is one file that needs nothing else, and says what its chapter says."""

import re
from pathlib import Path

import bs4
import nbformat
import pytest
import slides

CHAPTERS = Path(__file__).resolve().parent.parent / "chapters"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Slides and plan of two chapters, one of them with a formula, in a folder."""
    folder = tmp_path_factory.mktemp("slides")
    slides.make([CHAPTERS / "00_start_here.py", CHAPTERS / "01_shape_arithmetic.py"], folder)
    return folder


@pytest.fixture(scope="module")
def deck(made):
    """The deck of chapter 00 as a tree."""
    return bs4.BeautifulSoup((made / "00_start_here.html").read_text("utf-8"), "html.parser")


def test_deck_plan_and_list_are_written(made):
    names = ["00_start_here", "01_shape_arithmetic"]
    wanted = [f"{name}{end}" for name in names for end in (".html", ".plan.html")]
    assert sorted(path.name for path in made.iterdir()) == sorted([*wanted, "index.html"])


def test_a_deck_fetches_nothing(deck):
    fetched = [tag.get("src") or tag.get("href") for tag in deck.select("[src], link")]
    assert fetched and all(address.startswith("data:image/") for address in fetched)
    assert not re.search(r"@import|url\((?!#|data:)", "".join(map(str, deck.select("style"))))


def test_notes_for_the_teacher_are_the_speakers_notes(deck):
    notes = [note.get_text(" ", strip=True) for note in deck.select("section aside.notes")]
    assert len(notes) == 2 and all(note.startswith("For the teacher.") for note in notes)


def test_set_up_badges_and_skipped_cells_are_not_shown(deck):
    text = deck.get_text()
    assert "find_spec" not in text and "return field * field - digit * digit" not in text
    assert not deck.select("img[src*=badge]")


def test_every_picture_brings_its_text_alternative(deck):
    notebook = nbformat.read(CHAPTERS / "00_start_here.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    wanted = [
        output.metadata["image/png"].alt
        for output in outputs
        if "image/png" in output.get("data", {})
    ]
    assert [image["alt"] for image in deck.select("img")] == wanted


def test_a_formula_is_drawn_without_a_script(made):
    text = (made / "01_shape_arithmetic.html").read_text("utf-8")
    assert "<mfrac>" in text and "$$" not in text and "MathJax" not in text


def test_links_between_chapters_lead_from_deck_to_deck():
    cell = nbformat.v4.new_markdown_cell("See [there](02_convolution.ipynb) and [x](https://a.b).")
    page = slides.for_a_projector(nbformat.v4.new_notebook(cells=[cell]))
    assert page.cells[0].source == "See [there](02_convolution.html) and [x](https://a.b)."


def test_another_reveal_js_than_the_tested_one_is_refused(monkeypatch):
    monkeypatch.setitem(slides.REVEAL, "dist/reveal.js", "0" * 64)
    with pytest.raises(slides.SlidesError, match="not the file that was tested"):
        slides.reveal("dist/reveal.js")


def test_a_chapter_that_does_not_exist_is_told(capsys):
    assert slides.main(["77"]) == 1
    assert "No chapter begins with '77'" in capsys.readouterr().err
