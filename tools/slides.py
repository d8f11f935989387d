"""Make slides and lesson plans of the chapters: build/slides/NN_topic.html and NN_topic.plan.html.

    make slides                      every chapter
    make slides ARGS="00 07"         these chapters only

A deck is one file that needs no network: reveal.js, style and pictures are in it. A plan is one
page to print, and index.html lists what was made. They are made from the run notebooks.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import importlib.resources
import re
import sys
from pathlib import Path

import jinja2
import nbformat
from lessons import Lesson, LessonError, as_html, read_lesson
from nbconvert import SlidesExporter
from pages import read_page
from paging import paged
from sync import BADGES, ROOT, SyncError, chosen

LOOKS = ROOT / "website"
OUTPUT = ROOT / "build" / "slides"

# reveal.js comes in the wheel of sphinx-revealjs. These are the very files that were looked at:
# what is shown in a classroom should not change unnoticed.
REVEAL = {
    "dist/reveal.css": "68f915a11ebf7203c0446576b7e952ff61c5dd02134a8a226ffaf62ed42136d2",
    "dist/reveal.js": "46538b52db48724192f59bf46f5e851a18e302777c46f4a34c32709d010d6a29",
    "plugin/notes/notes.js": "df1201d19d03241a2897d39c3d38768177df1cbd4bde06327b321cb83461ae89",
}
DATA_SHOWN = ["image/png", "image/gif", "text/html", "text/markdown", "text/plain"]  # best first


class SlidesError(Exception):
    """What keeps the slides from being made, in one sentence."""


def reveal(name: str) -> str:
    """Return one of reveal.js's files.

    Raises:
        SlidesError: it is not the one that was tested.
    """
    folder = importlib.resources.files("sphinx_revealjs") / "_static" / "revealjs"
    content = (folder / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != REVEAL[name]:
        raise SlidesError(
            f"{name} of sphinx-revealjs is not the file that was tested: install the version that "
            "constraints.txt names, or look at the slides and put its sha256 into tools/slides.py."
        )
    return content.decode("utf-8")


@functools.cache
def exporter() -> SlidesExporter:
    """Return nbconvert's own slides with the course's template."""
    made = SlidesExporter(
        extra_template_basedirs=[str(LOOKS)],
        template_name="deck",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    made.config.NbConvertBase.display_data_priority = DATA_SHOWN
    return made


def for_a_projector(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Leave out what a room has no use for, and let links to chapters lead to their slides."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = BADGES.sub("", cell.source)
            cell.source = re.sub(r"\((\d\d_\w+)\.ipynb", r"(\1.html", cell.source)
    return notebook


def deck(path: Path, title: str) -> str:
    """Make a chapter's slides, one HTML file."""
    resources = {
        "deck": {
            "title": title,
            "reveal_css": reveal("dist/reveal.css"),
            "reveal_js": reveal("dist/reveal.js"),
            "notes_js": reveal("plugin/notes/notes.js"),
            "css": (LOOKS / "deck" / "deck.css").read_text(encoding="utf-8"),
            "js": (LOOKS / "deck" / "deck.js").read_text(encoding="utf-8"),
        }
    }
    html, _ = exporter().from_notebook_node(paged(for_a_projector(read_page(path))), resources)
    return html


def render(template: str, **values: object) -> str:
    """Fill one of the course's own page templates."""
    looks = jinja2.Environment(
        loader=jinja2.FileSystemLoader(LOOKS / "plan"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    looks.filters["words"] = as_html
    return looks.get_template(template).render(values)


def make(paths: list[Path], output: Path) -> list[Lesson]:
    """Write slides and plan of each chapter, and the list of them; return the lessons."""
    output.mkdir(parents=True, exist_ok=True)
    lessons = []
    for path in paths:
        notebook = path.with_suffix(".ipynb")
        lesson = read_lesson(notebook)
        print(f"{lesson.chapter} ", end="", flush=True)
        write(output / f"{path.stem}.html", deck(notebook, lesson.title))
        write(output / f"{path.stem}.plan.html", render("plan.html.j2", lesson=lesson))
        lessons.append(lesson)
    print()
    write(output / "index.html", render("index.html.j2", lessons=lessons))
    return lessons


def write(path: Path, text: str) -> None:
    """Write a page."""
    path.write_text(text, encoding="utf-8", newline="\n")


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Read the command line; return 0, or 1 after one sentence."""
    parser = argparse.ArgumentParser(description="Make slides and lesson plans of the chapters.")
    parser.add_argument("chapters", nargs="*", help="such as 00 07; all of them without")
    try:
        paths = chosen(root / "chapters", parser.parse_args(arguments).chapters)
        make(paths, OUTPUT)
    except (SyncError, LessonError, SlidesError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(f"Open {OUTPUT / 'index.html'} in a browser. In a deck, S shows the notes, F the full")
    print("screen, and ?print-pdf after its name makes it ready to print.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
