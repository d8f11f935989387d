"""A picture that changes while a cell runs, and stays when it ends."""

import nbformat
import pytest
from nbclient import NotebookClient

from lenet_course.figures import Picture
from lenet_course.widgets import LivePicture

PNG = b"\x89PNG a picture"


def test_each_picture_takes_the_place_of_the_one_before():
    live = LivePicture("A curve.")
    live.show(PNG + b"1")
    live.show(Picture(PNG + b"2", alt="The second."))
    assert live.value == PNG + b"2"
    assert live.last == (PNG + b"2", "The second.")


def test_outside_a_notebook_nothing_is_printed(capsys):
    with LivePicture("A curve.") as live:
        live.show(PNG)
    assert capsys.readouterr() == ("", "")


def outputs_of(source):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, timeout=60, allow_errors=True).execute()
    return notebook.cells[0].outputs


@pytest.mark.parametrize("end", ["", "    raise KeyboardInterrupt"])
def test_the_last_picture_remains_in_the_page_with_its_text_whatever_ends_the_loop(end):
    shown = outputs_of(
        "from lenet_course.widgets import LivePicture\n"
        "with LivePicture('A curve.') as live:\n"
        "    live.show(b'first')\n"
        "    live.show(b'last')\n" + end
    )
    assert shown[0].data["text/plain"] == "A curve."
    assert shown[1].data["image/png"].strip() == "bGFzdA=="  # "last", in base64
    assert shown[1].data["text/plain"] == "A curve."
    assert shown[1].metadata["image/png"]["alt"] == "A curve."


def test_a_loop_that_showed_nothing_leaves_only_the_sentence():
    shown = outputs_of(
        "from lenet_course.widgets import LivePicture\nwith LivePicture('A curve.'): pass"
    )
    assert [output.data["text/plain"] for output in shown] == ["A curve."]
