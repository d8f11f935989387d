"""What a teacher wants to know of a chapter, read from its notebook and from its exercises.

A chapter says its question, what one can do afterwards, its minutes, and what is for the teacher.
The sentences that its checkers say to common mistakes are the difficulties to expect, and the
first hint of each exercise is the question to ask. Minutes are shared out to the sections by how
many cells they show, whole minutes that add up to the chapter's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from markupsafe import Markup, escape

from lenet_course.exercises import every_exercise

HEADING = re.compile(r"^## (.+)$", re.M)
NAME_OF_EXERCISE = re.compile(r'^@?exercise\("(\w+)"', re.M)
FOR_THOSE_WHO_WANT_MORE = re.compile(r"for\s+those\s+who\s+want\s+more", re.I)
FOR_THE_TEACHER = "**For the teacher.** "
DIFFICULTIES_SHOWN = 2
NOT_SHOWN = {"skip", "notes"}


class LessonError(Exception):
    """What a chapter lacks for a lesson plan, in one sentence."""


@dataclass
class Task:
    """An exercise as a teacher sees it."""

    title: str
    question: str
    difficulties: list[str]
    is_extra: bool  # for those who want more: no minutes are set aside for it
    minutes: int = 0


@dataclass
class Section:
    """A part of a chapter under one heading; .cells are those that a class gets to see."""

    title: str
    cells: int = 0
    is_extra: bool = False
    tasks: list[Task] = field(default_factory=list)
    minutes: int = 0  # without those of its exercises


@dataclass(frozen=True)
class Step:
    """One line of a lesson's timetable; no minutes where it is for those who want more."""

    start: int
    minutes: int
    title: str
    is_exercise: bool


@dataclass
class Lesson:
    """One chapter as a lesson."""

    chapter: str
    title: str
    question: str
    goals: list[str]
    minutes: int
    exercise_minutes: int
    needs: str
    notes: list[str]
    sections: list[Section]

    @property
    def steps(self) -> list[Step]:
        """What happens one after the other, sections and exercises, and the minute it begins."""
        steps, start = [], 0
        for section in self.sections:
            parts = [(section.title, section.minutes, False)]
            parts += [(task.title, task.minutes, True) for task in section.tasks]
            for title, minutes, is_exercise in parts:
                steps.append(Step(start, minutes, title, is_exercise))
                start += minutes
        return steps

    @property
    def tasks(self) -> list[Task]:
        """All exercises, in order."""
        return [task for section in self.sections for task in section.tasks]


def share(minutes: int, weights: list[int]) -> list[int]:
    """Give each part whose weight is not 0 a minute, and share out the rest by the weights.

    What rounding leaves goes to the largest remainders, so that the parts add up.

    Raises:
        ValueError: there are fewer minutes than parts that need one, or no part needs any.

    Example:
        >>> share(10, [1, 1, 1, 0]), share(20, [9, 30, 1])
        ([4, 3, 3, 0], [5, 14, 1])
    """
    parts = [int(weight > 0) for weight in weights]
    rest = minutes - sum(parts)
    if rest < 0 or not any(parts):
        raise ValueError(f"{minutes} minutes cannot be shared out to {sum(parts)} parts.")
    exact = [rest * weight / sum(weights) for weight in weights]
    parts = [part + int(more) for part, more in zip(parts, exact, strict=True)]
    remainders = sorted(range(len(parts)), key=lambda at: int(exact[at]) - exact[at])
    for at in remainders[: minutes - sum(parts)]:
        parts[at] += 1
    return parts


def read_lesson(path: Path) -> Lesson:
    """Read a chapter's notebook as a lesson.

    Raises:
        LessonError: a part of it is missing.
    """
    cells = nbformat.read(path, as_version=4).cells
    opening = cells[0].source
    minutes = _find(
        r"^(\d+) minutes, (\d+) of them exercises · ([^.]*?)(?:\.|\n\n|\Z)", opening, path
    )
    goals = _find(r"\*\*Afterwards you can\*\*\n\n(.+?)\n\n", opening, path)[1]
    lesson = Lesson(
        chapter=path.stem,
        title=_find(r"^# ([^\n]+)$", opening, path)[1],
        question=_joined(_find(r"\*\*Question\.\*\* (.+?)\n\n", opening, path)[1]),
        goals=[_joined(goal) for goal in re.split(r"^\* ", goals, flags=re.M)[1:]],
        minutes=int(minutes[1]),
        exercise_minutes=int(minutes[2]),
        needs=_joined(minutes[3]),
        notes=[
            _joined(cell.source.removeprefix(FOR_THE_TEACHER))
            for cell in cells
            if cell.source.startswith(FOR_THE_TEACHER)
        ],
        sections=_sections(cells[1:], path),
    )
    if not lesson.notes or not lesson.tasks:
        raise LessonError(f"{path.name} has no exercise, or no note for the teacher.")
    try:
        _share_out(lesson)
    except ValueError as error:
        raise LessonError(f"{path.name}: {error}") from None
    return lesson


def _find(pattern: str, text: str, path: Path) -> re.Match:
    found = re.search(pattern, text, re.M | re.S)
    if not found:
        raise LessonError(f"The first cell of {path.name} has nothing like {pattern!r}.")
    return found


def _joined(text: str) -> str:
    return " ".join(text.split()).rstrip(";")


def _sections(cells: list, path: Path) -> list[Section]:
    """Walk through the cells: a `##` begins a section, the exercises belong to the one above."""
    sections, heading = [Section("Beginning")], ""
    for cell in cells:
        if cell.metadata.get("slideshow", {}).get("slide_type") in NOT_SHOWN:
            continue
        if cell.cell_type == "markdown":
            titles = [title for title in HEADING.findall(cell.source) if "Exercise" not in title]
            if "## Exercise " in cell.source:
                heading = cell.source
            if titles:
                sections.append(Section(titles[0], is_extra=_is_extra(cell.source)))
        elif name := NAME_OF_EXERCISE.search(cell.source):
            sections[-1].tasks.append(_task(name[1], heading, path))
            continue
        sections[-1].cells += 1
    return [section for section in sections if section.cells or section.tasks]


def _is_extra(text: str) -> bool:
    return bool(FOR_THOSE_WHO_WANT_MORE.search(text.partition("<details>")[0]))


def _task(name: str, page: str, path: Path) -> Task:
    """Put an exercise of the chapter together with what its checker knows."""
    title = re.search(r"^##+ (Exercise \d+ · [^\n]+?)(?:, for those who want more)?$", page, re.M)
    declared = every_exercise().get(name)
    if not title or not declared:
        raise LessonError(f"{path.name} has no heading, or no checker, for exercise {name!r}.")
    messages = list(dict.fromkeys(mistake.message for mistake in declared.mistakes))
    return Task(title[1], declared.hints[0], messages[:DIFFICULTIES_SHOWN], _is_extra(page))


def _share_out(lesson: Lesson) -> None:
    """Give every section and every exercise its minutes."""
    shown = [0 if section.is_extra else section.cells for section in lesson.sections]
    spoken = share(lesson.minutes - lesson.exercise_minutes, shown)
    for section, minutes in zip(lesson.sections, spoken, strict=True):
        section.minutes = minutes
    done = share(lesson.exercise_minutes, [int(not task.is_extra) for task in lesson.tasks])
    for task, minutes in zip(lesson.tasks, done, strict=True):
        task.minutes = minutes


def as_html(text: str) -> Markup:
    """Turn a sentence of a chapter into HTML: code and emphasis, nothing else.

    Example:
        >>> print(as_html("A unit of `C1` *sees* 5 < 32."))
        A unit of <code>C1</code> <em>sees</em> 5 &lt; 32.
    """
    text = str(escape(text))
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return Markup(re.sub(r"\*([^*\s][^*]*)\*", r"<em>\1</em>", text))


def read_lessons(folder: Path) -> list[Lesson]:
    """Read every chapter of a folder as a lesson, in order."""
    return [read_lesson(path) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]
