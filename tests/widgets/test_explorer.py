"""What all explorers share, shown on a small one."""

import re

import pytest
import torch
import traitlets

from lenet_course import widgets
from lenet_course.widgets.explorer import Explorer, number, rounded, script

SCRIPTS = [
    getattr(widgets, name)._esm
    for name in widgets.__all__
    if isinstance(getattr(widgets, name), type) and issubclass(getattr(widgets, name), Explorer)
]


class Times(Explorer):
    """Multiplies a row by a column."""

    settings = ("row", "column", "by")
    by = traitlets.Int(1).tag(sync=True)
    places = (10, 20)

    def compute(self):
        return {"words": f"{self.row} times {self.column} times {self.by}."}


@pytest.fixture(autouse=True)
def forget_names():
    yield
    Explorer._named.clear()


def test_the_page_gets_what_python_computes_after_every_change():
    times = Times(row=2, column=3)
    assert times.words == "2 times 3 times 1." and times.shown["places"] == [10, 20]
    times.set_state({"row": 4, "by": 5})  # as the browser does
    assert times.words == "4 times 3 times 5."


def test_a_place_outside_becomes_the_nearest_one_inside():
    times = Times(row=2, column=3)
    times.row, times.column = 10, -1
    assert (times.row, times.column) == (9, 0)
    times.column = 99
    assert times.column == 19
    assert Times(row=77).row == 9


def test_what_was_set_is_still_there_when_the_cell_runs_again():
    first = Times(name="here", row=2, column=3)
    first.by = 7
    second = Times(name="here", row=2, column=3)
    assert second.words == "2 times 3 times 7."
    assert first.comm is None, "the earlier one is closed"
    first.row = 5
    assert first.words == second.words == "2 times 3 times 7.", "and nobody listens to it"


def test_a_start_that_was_edited_in_the_cell_wins_over_what_was_set():
    first = Times(name="here", row=2, column=3)
    first.row, first.column = 5, 6
    second = Times(name="here", row=2, column=8)
    assert (second.row, second.column) == (5, 8)


def test_one_that_was_closed_is_forgotten():
    first = Times(name="here", row=2)
    first.row = 5
    first.close()
    assert Times(name="here", row=2).row == 2


def test_explorers_of_other_names_classes_or_without_a_name_share_nothing():
    class Plus(Times):
        """Another explorer."""

    Times(name="here", row=2)
    assert Times(name="there").row == Times().row == Plus(name="here").row == 0


def test_a_page_without_widgets_gets_a_sentence_that_is_the_same_every_time():
    first, second = (Times(row=2)._repr_mimebundle_() for _ in range(2))
    assert first["text/plain"] == second["text/plain"]
    assert first["text/plain"].startswith("2 times 0 times 1. Widgets need a running kernel:")


def test_numbers_have_no_minus_before_zero():
    assert number(-0.004) == "0.00" and number(-1.5, 1) == "-1.5"
    assert rounded(torch.tensor([[0.12345678]])) == [[0.1235]]


@pytest.mark.parametrize("source", [*map(str, SCRIPTS), str(Times()._css)])
def test_nothing_is_fetched_from_elsewhere(source):
    assert "://" not in source
    assert not re.search(r"\bimport\b|@import|url\(", source)


def test_a_script_holds_what_all_share_and_its_own_part():
    text = script("convolution_stepper.js")
    assert "function explorer(build)" in text and text.count("export default") == 1
