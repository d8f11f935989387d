"""A slide that would be too tall goes on below, and nothing is lost on the way."""

import base64
import io
from pathlib import Path

import nbformat
import paging
import pytest
from PIL import Image

CHAPTERS = sorted((Path(__file__).resolve().parent.parent / "chapters").glob("*.ipynb"))


def slide(cell, kind="slide"):
    """A cell that carries a slide's tag."""
    cell.metadata["slideshow"] = {"slide_type": kind}
    return cell


def words(lines):
    """A text cell of so many full lines."""
    return nbformat.v4.new_markdown_cell("\n\n".join(["x" * 60] * lines))


def code(lines, *outputs):
    """A code cell of so many lines."""
    return nbformat.v4.new_code_cell("\n".join(["value = 1"] * lines), outputs=list(outputs))


def picture(width, height, kind="PNG"):
    """An output that is a picture of this size."""
    content = io.BytesIO()
    Image.new("L", (width, height)).save(content, kind)
    data = {f"image/{kind.lower()}": base64.b64encode(content.getvalue()).decode()}
    metadata = {f"image/{kind.lower()}": {"alt": "grey"}}
    return nbformat.v4.new_output("display_data", data=data, metadata=metadata)


def kinds(*cells):
    """The slide types of the cells after paging, None for what stays on the slide above."""
    paged = paging.paged(nbformat.v4.new_notebook(cells=list(cells)))
    return [cell.metadata.get("slideshow", {}).get("slide_type") for cell in paged.cells]


def test_what_fits_stays_together():
    assert kinds(slide(words(3)), code(4), words(2)) == ["slide", None, None]


def test_what_does_not_fit_goes_on_below():
    assert kinds(slide(words(8)), words(8), words(3)) == ["slide", "subslide", None]


def test_a_fragment_that_does_not_fit_is_a_slide_of_its_own():
    assert kinds(slide(words(8)), slide(words(8), "fragment")) == ["slide", "subslide"]


def test_a_large_picture_leaves_its_code_and_a_short_answer_does_not():
    answer = nbformat.v4.new_output("stream", text="28")
    assert kinds(slide(code(14, picture(800, 600)))) == ["slide", "subslide"]
    assert kinds(slide(code(18, answer))) == ["slide", None]


def test_a_folded_solution_stays_with_its_exercise():
    folded = nbformat.v4.new_markdown_cell(
        "<details>\n<summary>Solution</summary>\n\n1\n</details>"
    )
    assert kinds(slide(code(20)), folded) == ["slide", None]


def test_what_is_not_shown_takes_no_room():
    hidden = [slide(words(9), "skip"), slide(words(9), "notes")]
    assert kinds(slide(words(8)), *hidden, words(2)) == ["slide", "skip", "notes", None]


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_picture_is_shown_larger_but_never_larger_than_a_slide(kind):
    def size(width, height):
        data = picture(width, height, kind)["data"]
        return paging.picture_size(data[f"image/{kind.lower()}"])

    assert size(500, 100) == (700, 140)
    assert size(1600, 400)[0] == paging.WIDTH
    assert size(300, 900)[1] == paging.TALLEST_PICTURE


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_paging_loses_nothing_and_adds_nothing(path):
    notebook = nbformat.read(path, as_version=4)
    paged = paging.paged(notebook).cells

    def shown(cells):
        sources = [cell.source for cell in cells if cell.source]
        return sources, [
            dict(output.get("data", output)) for cell in cells for output in cell.get("outputs", [])
        ]

    assert shown(paged) == shown(notebook.cells)
    assert len({cell.id for cell in paged}) == len(paged)
