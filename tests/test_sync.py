"""tools/sync.py, on a course of one small chapter."""

import shutil
from pathlib import Path

import nbformat
import pytest
import sync

import lenet_course

HEADER = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

"""
CHAPTER = (
    HEADER
    + """\
# %% [markdown] slideshow={"slide_type": "slide"}
# # 01 · Small
#
# [![Binder](an old one)](somewhere)

# %% tags=["setup"]

# %% [markdown]
# One and one:

# %%
import os

print("hello")
1 + 1
"""
)


def write_course(folder):
    """A course with one chapter that was never run."""
    (folder / "chapters").mkdir(parents=True)
    shutil.copy(Path(sync.ROOT) / "pyproject.toml", folder)
    (folder / "README.md").write_text(
        "# A course\n\n[![Binder](x)](y)\n[![Colab](x)](y)\n\nMore.\n"
    )
    (folder / "chapters/01_small.py").write_text(CHAPTER, encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def no_digits(monkeypatch):
    """These chapters show no digits."""
    monkeypatch.setattr(sync, "need_mnist", lambda: None)


@pytest.fixture
def course(tmp_path):
    """A course with one chapter that was never run."""
    return write_course(tmp_path / "course")


@pytest.fixture(scope="module")
def synced_once(tmp_path_factory):
    """A course whose chapter was run by `make sync`."""
    folder = write_course(tmp_path_factory.mktemp("sync") / "course")
    address = sync.repository(folder)
    sync.sync_readme(folder, address)
    sync.sync_chapter(source_of(folder), address)
    return folder


@pytest.fixture
def synced(synced_once, tmp_path):
    """The same course, a fresh copy."""
    return Path(shutil.copytree(synced_once, tmp_path / "course"))


def source_of(course):
    """The chapter's source file."""
    return course / "chapters/01_small.py"


def twin_of(course):
    """The chapter's notebook file."""
    return course / "chapters/01_small.ipynb"


def edit(path, old, new):
    """Replace a piece of a file, which has to be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def never(*_):
    """Stand in for what must not be called."""
    raise AssertionError("a notebook was run")


def test_a_notebook_is_its_source_run(synced):
    cells = nbformat.read(twin_of(synced), as_version=4).cells
    assert [cell.cell_type for cell in cells] == ["markdown", "code", "markdown", "code"]
    assert [cell.id for cell in cells] == [f"01_small-{number:03d}" for number in range(4)]
    assert cells[0].metadata == {"slideshow": {"slide_type": "slide"}}
    assert cells[3].outputs[0].text == "hello\n"
    assert cells[3].outputs[1].data == {"text/plain": "2"}
    assert cells[3].execution_count == 2


def test_a_notebook_keeps_nothing_of_the_machine_that_ran_it(synced):
    notebook = nbformat.read(twin_of(synced), as_version=4)
    assert notebook.metadata == {"kernelspec": sync.KERNEL}
    assert all(set(cell.metadata) <= {"tags", "slideshow", "jupyter"} for cell in notebook.cells)
    assert str(synced) not in twin_of(synced).read_text(encoding="utf-8")
    nbformat.validate(notebook)


def test_the_badges_and_the_set_up_cell_are_written_into_the_source(synced):
    text = source_of(synced).read_text(encoding="utf-8")
    address = sync.repository()
    assert "an old one" not in text
    assert "mybinder.org/v2/gh/lenet-course/lenet-course/main?labpath=chapters%2F01_small" in text
    release = f"v{lenet_course.__version__}"
    assert f"/lenet-course/lenet-course/blob/{release}/chapters/01_small.ipynb" in text
    assert sync.setup_cell(f"git+{address}@{release}") in text


def test_readmes_badges_open_the_first_chapter(synced):
    text = (synced / "README.md").read_text(encoding="utf-8")
    assert "labpath=chapters%2F00_start_here.ipynb" in text
    assert text.endswith("00_start_here.ipynb)\n\nMore.\n")


def test_another_address_in_the_one_place_changes_every_badge(synced):
    edit(synced / "pyproject.toml", "lenet-course/lenet-course", "someone/else")
    assert sync.main([], synced) == 0
    for path in (source_of(synced), twin_of(synced), synced / "README.md"):
        text = path.read_text(encoding="utf-8")
        assert "someone/else" in text
        assert "lenet-course/lenet-course" not in text


def test_what_is_in_step_is_skipped_and_not_touched(synced, capsys, monkeypatch):
    monkeypatch.setattr(sync, "execute", never)
    before = source_of(synced).read_bytes(), twin_of(synced).read_bytes()
    assert sync.main([], synced) == 0
    assert "unchanged, skipped" in capsys.readouterr().out
    assert before == (source_of(synced).read_bytes(), twin_of(synced).read_bytes())


def test_file_times_mean_nothing(synced, monkeypatch):
    monkeypatch.setattr(sync, "execute", never)
    source_of(synced).touch()
    assert sync.main([], synced) == 0


def test_running_again_gives_the_same_bytes(synced, capsys):
    before = twin_of(synced).read_bytes()
    assert sync.main(["--force"], synced) == 0
    assert "nothing new" in capsys.readouterr().out
    assert twin_of(synced).read_bytes() == before


def test_a_changed_code_cell_runs_again(synced):
    edit(source_of(synced), "1 + 1", "1 + 2")
    assert sync.main([], synced) == 0
    assert (
        nbformat.read(twin_of(synced), as_version=4).cells[3].outputs[1].data["text/plain"] == "3"
    )


def test_changed_words_keep_the_outputs(synced, monkeypatch):
    monkeypatch.setattr(sync, "execute", never)
    edit(source_of(synced), "One and one:", "One and one more:")
    assert sync.main([], synced) == 0
    cells = nbformat.read(twin_of(synced), as_version=4).cells
    assert cells[2].source == "One and one more:"
    assert cells[3].outputs[1].data["text/plain"] == "2"


def test_an_edit_of_the_notebook_gives_way_to_the_source(synced):
    edit(twin_of(synced), "1 + 1", "1 + 5")
    assert sync.main([], synced) == 0
    assert "1 + 5" not in source_of(synced).read_text(encoding="utf-8")
    assert "1 + 5" not in twin_of(synced).read_text(encoding="utf-8")


def test_checking_says_what_is_out_of_step_and_writes_nothing(course, capsys):
    before = source_of(course).read_bytes()
    assert sync.main(["--check"], course) == 1
    said = capsys.readouterr().out
    assert "01_small: its badges or its set-up cell" in said
    assert "01_small: its notebook is not its source, run" in said
    assert "README.md" in said
    assert source_of(course).read_bytes() == before
    assert not twin_of(course).exists()


def test_checking_is_content_with_what_sync_wrote(synced):
    assert sync.main(["--check"], synced) == 0


@pytest.mark.parametrize(
    "change",
    [
        ('"execution_count": 2', '"execution_count": null'),
        ('"1 + 1"', '"1 + 3"'),
        ("One and one:", "Another text"),
        ('"setup"', '"set-up"'),
        ("01_small-002", "another-id"),
    ],
    ids=["not run", "code", "words", "tags", "ids"],
)
def test_checking_sees_every_kind_of_difference(synced, change):
    edit(twin_of(synced), *change)
    assert sync.main(["--check"], synced) == 1


def test_a_cell_that_fails_is_shown_and_the_old_notebook_stays(synced, capsys):
    before = twin_of(synced).read_bytes()
    edit(source_of(synced), "1 + 1", "1 / 0")
    assert sync.main([], synced) == 1
    assert "A cell failed: ZeroDivisionError: division by zero" in capsys.readouterr().err
    assert twin_of(synced).read_bytes() == before


def test_a_widget_leaves_its_text_and_no_random_number(course):
    edit(source_of(course), "1 + 1", "import ipywidgets\nipywidgets.IntSlider(3)")
    assert sync.main([], course) == 0
    output = nbformat.read(twin_of(course), as_version=4).cells[3].outputs[1]
    assert output.data == {"text/plain": "IntSlider(value=3)"}


@pytest.mark.parametrize(
    "missing, words",
    [
        ("# [![Binder](an old one)](somewhere)", "no line for the badges"),
        ("setup", "no set-up cell"),
    ],
)
def test_a_chapter_without_a_place_for_the_generated_parts_is_told_so(
    course, capsys, missing, words
):
    edit(source_of(course), missing, "# x")
    assert sync.main([], course) == 1
    assert words in capsys.readouterr().err


def test_an_unknown_chapter_is_named(course, capsys):
    assert sync.main(["07"], course) == 1
    assert "No chapter begins with '07': there are 01_small." in capsys.readouterr().err


def test_every_chapter_has_the_same_set_up_cell(synced):
    other = source_of(synced).with_name("02_other.py")
    shutil.copy(source_of(synced), other)
    edit(other, sync.setup_cell(f"git+{sync.repository()}@{sync.tag()}"), "print('mine')\n")
    assert sync.main(["02"], synced) == 0
    cells = [sync.SETUP_CELL.search(path.read_text("utf-8")) for path in (source_of(synced), other)]
    assert cells[0]["source"] == cells[1]["source"]


def test_the_fallbacks_digits_are_never_written_into_the_notebooks(monkeypatch):
    monkeypatch.undo()
    from types import SimpleNamespace

    from lenet_course import data

    monkeypatch.setattr(data, "load", lambda: SimpleNamespace(name="scikit-learn digits"))
    with pytest.raises(sync.SyncError, match="only scikit-learn digits can be had"):
        sync.need_mnist()
