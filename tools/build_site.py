"""Build the website: README, every run chapter, slides and lesson plans -> build/site.

    make site

Sphinx does the work, with Furo's looks and myst-nb to read the notebooks. Nothing is run, and
neither building nor reading the site asks anything of another machine.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path

import nbformat
import slides
from lessons import Lesson, LessonError
from pages import read_page
from sphinx.cmd.build import build_main
from sync import ROOT, chosen, repository

LOOKS = ROOT / "website"
OUTPUT = ROOT / "build" / "site"
LINK = re.compile(r"\]\((?!https?:|#)([^)\s]+)\)")


class WebsiteError(Exception):
    """What keeps the website from being built, in one sentence."""


def with_alternatives(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Tell myst-nb each picture's text alternative, which it does not look for in outputs."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for kind in output.get("data", {}):
                if kind.startswith("image/"):
                    alternative = output.metadata[kind]["alt"]
                    cell.metadata.mystnb = {"image": {"alt": alternative}}
    return notebook


def for_readers(path: Path) -> nbformat.NotebookNode:
    """Make a chapter a page, without the cell that only Colab needs."""
    notebook = with_alternatives(read_page(path))
    for cell in notebook.cells:
        if "setup" in cell.metadata.get("tags", []):
            cell.metadata.tags.append("remove-cell")
    return notebook


def title_page(root: Path, chapters: list[str]) -> str:
    """Make README the first page: links to files that the site lacks lead to the repository."""
    at_home = {f"chapters/{name}.ipynb" for name in chapters}

    def lead(found: re.Match) -> str:
        target = found[1]
        if target in at_home or target.endswith(".svg"):
            return found[0]
        return f"]({repository(root)}/blob/main/{target})"

    text = LINK.sub(lead, (root / "README.md").read_text(encoding="utf-8"))
    entries = "\n".join(f"chapters/{name}" for name in chapters)
    return f"{text}\n```{{toctree}}\n:hidden:\n\n{entries}\nteachers\n```\n"


def teachers_page(lessons: list[Lesson]) -> str:
    """Make the page that leads to slides and lesson plans."""
    rows = [
        f"| {one.title} | {one.minutes} | {one.exercise_minutes} "
        f'| <a href="slides/{one.chapter}.html">slides of {one.title[:2]}</a> '
        f'| <a href="slides/{one.chapter}.plan.html">plan of {one.title[:2]}</a> |'
        for one in lessons
    ]
    total = sum(one.minutes for one in lessons), sum(one.exercise_minutes for one in lessons)
    rows.append(f"| in all | {total[0]} | {total[1]} | | |")
    heading = (
        "| chapter | minutes | of them exercises | to show | to print |\n|---|---|---|---|---|\n"
    )
    return TEACHERS + heading + "\n".join(rows) + "\n"


TEACHERS = """\
# For teachers

Every chapter is also a deck of slides, with notes for the speaker, and a lesson plan of one page:
the minutes, what learners can do afterwards, questions that help, and what often goes wrong. A deck
is one file that needs no network; save it on a stick. The arrows lead through it, S opens the
notes, F fills the screen.

| chapter | minutes | of them exercises | to show | to print |
|---|---|---|---|---|
"""


def lay_out(root: Path, source: Path) -> None:
    """Write everything that Sphinx reads into a folder of its own."""
    notebooks = [path.with_suffix(".ipynb") for path in chosen(root / "chapters", [])]
    (source / "chapters").mkdir(parents=True)
    shutil.copytree(root / "chapters" / "badges", source / "chapters" / "badges")
    lessons = slides.make(notebooks, source / "more" / "slides")
    for path in notebooks:
        nbformat.write(for_readers(path), source / "chapters" / path.name)
    names = [path.stem for path in notebooks]
    slides.write(source / "index.md", title_page(root, names))
    slides.write(source / "teachers.md", teachers_page(lessons))


def build(root: Path, output: Path) -> None:
    """Build the website afresh.

    Raises:
        WebsiteError: Sphinx warned of something, such as a link that leads nowhere.
    """
    source = output.with_name(output.name + "-source")
    for folder in (source, output):
        shutil.rmtree(folder, ignore_errors=True)
    lay_out(root, source)
    options = ["-q", "-E", "-W", "--keep-going", "-c", str(LOOKS), "-d", f"{output}-doctrees"]
    options += ["-D", f"html_extra_path={source / 'more'}", str(source), str(output)]
    if build_main(options):
        raise WebsiteError("Sphinx warned of something: see above.")


def main(arguments: list[str] | None = None) -> int:
    """Build; return 0, or 1 after one sentence."""
    argparse.ArgumentParser(description="Build the website.").parse_args(arguments)
    try:
        build(ROOT, OUTPUT)
    except (LessonError, slides.SlidesError, WebsiteError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(f"Open {OUTPUT / 'index.html'} in a browser.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
