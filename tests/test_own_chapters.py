"""A learner's own copies of the chapters: what is copied, and what is left alone."""

import shutil
from pathlib import Path

import pytest

from lenet_course import __main__ as command_line
from lenet_course import chapters

FIRST = Path("00_start_here.ipynb")


def test_the_repositorys_chapters_are_found_without_a_wheel():
    assert chapters.source() == Path(__file__).resolve().parents[1] / "chapters"


def test_every_notebook_and_every_badge_is_copied_and_no_source(tmp_path):
    copied = chapters.copy(tmp_path / "mine")
    notebooks = {path.name for path in copied.new if path.suffix == ".ipynb"}
    assert notebooks == {path.name for path in chapters.source().glob("*.ipynb")}
    assert {path.suffix for path in copied.new} == {".ipynb", ".svg"}
    for name in copied.new:
        assert (tmp_path / "mine" / name).read_bytes() == (chapters.source() / name).read_bytes()


def test_a_second_time_nothing_changes(tmp_path):
    first = chapters.copy(tmp_path)
    second = chapters.copy(tmp_path)
    assert (second.new, second.kept) == ([], [])
    assert second.same == first.new


def test_a_learners_work_is_kept_and_named_and_the_rest_is_brought(tmp_path, capsys):
    chapters.copy(tmp_path)
    (tmp_path / FIRST).write_text("my answers")
    (tmp_path / "01_shape_arithmetic.ipynb").unlink()
    assert command_line.main(["chapters", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"1 chapters are new in {tmp_path}.\nKept as you left them: {FIRST}.\n")
    assert "give yours another name, and run this again" in said
    assert (tmp_path / FIRST).read_text() == "my answers"


def test_a_fresh_copy_comes_as_the_command_says(tmp_path):
    chapters.copy(tmp_path)
    (tmp_path / FIRST).write_text("my answers")
    (tmp_path / FIRST).rename(tmp_path / "mine.ipynb")
    assert chapters.copy(tmp_path).new == [FIRST]
    assert (tmp_path / "mine.ipynb").read_text() == "my answers"


def test_a_folder_in_a_notebooks_place_is_kept_too(tmp_path):
    (tmp_path / FIRST).mkdir()
    assert chapters.copy(tmp_path).kept == [FIRST]


def test_the_courses_own_folder_is_refused():
    with pytest.raises(chapters.ChaptersError, match="own chapters: name another folder"):
        chapters.copy(chapters.source())


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert command_line.main(["chapters", str(tmp_path / "file")]) == 2
    said = capsys.readouterr().err
    assert "cannot be written" in said and "name another folder" in said
    assert said.count("\n") == 1


def test_a_package_without_chapters_says_how_to_get_them(monkeypatch, tmp_path):
    (tmp_path / "lenet_course").mkdir()
    monkeypatch.setattr(chapters, "HERE", tmp_path / "lenet_course")
    with pytest.raises(chapters.ChaptersError, match="--force-reinstall --no-deps lenet-course"):
        chapters.source()
    shutil.copytree(Path(__file__).parents[1] / "chapters", tmp_path / "lenet_course/pages")
    assert chapters.source() == tmp_path / "lenet_course/pages"
