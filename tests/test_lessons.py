"""Lesson plans: minutes that add up, a question and a difficulty for every exercise."""

import re
from pathlib import Path

import lessons
import nbformat
import pytest
import slides
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent
LESSONS = lessons.read_lessons(ROOT / "chapters")
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(params=LESSONS, ids=lambda lesson: lesson.chapter)
def lesson(request):
    """A chapter as a lesson."""
    return request.param


@given(st.lists(st.integers(0, 50), min_size=1, max_size=25).filter(any), st.integers(25, 100))
def test_parts_of_minutes_are_whole_and_add_up(weights, minutes):
    parts = lessons.share(minutes, weights)
    assert sum(parts) == minutes
    assert all((part >= 1) == (weight > 0) for part, weight in zip(parts, weights, strict=True))


def test_a_larger_part_of_a_chapter_gets_no_fewer_minutes():
    assert lessons.share(30, [2, 4, 9, 15]) == sorted(lessons.share(30, [2, 4, 9, 15]))


def test_too_few_minutes_are_refused():
    with pytest.raises(ValueError, match="2 minutes cannot be shared out to 3 parts"):
        lessons.share(2, [1, 1, 1])


def test_every_chapter_is_a_lesson():
    names = [path.stem for path in sorted((ROOT / "chapters").glob("*.py"))]
    assert [lesson.chapter for lesson in LESSONS] == names


def test_the_minutes_of_a_lesson_add_up_to_those_of_its_chapter(lesson):
    assert sum(step.minutes for step in lesson.steps) == lesson.minutes
    exercises = [step.minutes for step in lesson.steps if step.is_exercise]
    assert sum(exercises) == lesson.exercise_minutes < lesson.minutes


def test_a_step_begins_when_the_one_before_it_ends(lesson):
    ends = [step.start + step.minutes for step in lesson.steps]
    assert [step.start for step in lesson.steps] == [0, *ends[:-1]]


def test_only_what_is_for_those_who_want_more_has_no_minutes(lesson):
    extra = [section.is_extra for section in lesson.sections]
    assert extra == [section.minutes == 0 for section in lesson.sections]
    assert all(task.is_extra == (task.minutes == 0) for task in lesson.tasks)


def test_minutes_agree_with_readmes_table_line_by_line_and_in_all():
    listed = dict(re.findall(r"^\| \[.*\]\(chapters/(\w+)\.ipynb\).* (\d+) \|$", README, re.M))
    assert {lesson.chapter: str(lesson.minutes) for lesson in LESSONS} == listed
    in_all = sum(map(int, listed.values()))
    page = slides.render("index.html.j2", lessons=LESSONS)
    assert f'<tr><th scope="row">in all</th><td>{in_all}</td>' in page


def test_a_plan_has_goals_a_note_and_for_every_exercise_what_to_ask_and_to_expect(lesson):
    assert len(lesson.goals) >= 3 and lesson.notes and lesson.needs
    assert lesson.question.endswith("?")
    for task in lesson.tasks:
        assert task.question and len(task.difficulties) == 2 and all(task.difficulties)


def test_the_plan_says_all_that_the_lesson_holds(lesson):
    page = slides.render("plan.html.j2", lesson=lesson)
    said = [lesson.question, *lesson.goals, *lesson.notes]
    said += [text for task in lesson.tasks for text in (task.question, *task.difficulties)]
    assert all(str(lessons.as_html(text)) in page for text in said)


def chapter(tmp_path, *, minutes="30 minutes, 10 of them exercises · needs nothing", note=True):
    """A notebook with one section and one exercise, as a lesson."""
    opening = f"# 77 · Here\n\n**Question.** Why?\n\n**Afterwards you can**\n\n* see;\n\n{minutes}"
    texts = [opening, *(["**For the teacher.** Ask."] if note else []), "## First\n\nLook."]
    cells = [nbformat.v4.new_markdown_cell(text) for text in texts]
    cells[1].metadata["slideshow"] = {"slide_type": "notes" if note else "slide"}
    cells.append(nbformat.v4.new_markdown_cell("## Exercise 1 · Border"))
    cells.append(nbformat.v4.new_code_cell('@exercise("border_pixels")\ndef f():\n    return TODO'))
    path = tmp_path / "77_here.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return lessons.read_lesson(path)


def test_a_small_chapter_as_a_lesson(tmp_path):
    lesson = chapter(tmp_path)
    assert [(step.start, step.minutes, step.title) for step in lesson.steps] == [
        (0, 20, "First"),
        (20, 10, "Exercise 1 · Border"),
    ]
    assert (lesson.goals, lesson.notes, lesson.needs) == (["see"], ["Ask."], "needs nothing")


def test_a_chapter_without_minutes_or_without_a_note_is_refused_by_name(tmp_path):
    with pytest.raises(lessons.LessonError, match=r"77_here\.ipynb has nothing like"):
        chapter(tmp_path, minutes="half an hour")
    with pytest.raises(lessons.LessonError, match=r"77_here\.ipynb has no exercise, or no note"):
        chapter(tmp_path, note=False)
