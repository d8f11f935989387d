"""Every chapter, opened in JupyterLab and run from top to bottom."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

CHAPTERS = sorted(path.name for path in (Path(__file__).parents[2] / "chapters").glob("*.ipynb"))


def draw_a_digit(notebook):
    """Chapter 00: a stroke from top to bottom is read as a 1, and so it is on its way through."""
    reader = notebook.page.locator(".widget-hbox", has=notebook.page.locator(".lenet-pad"))
    reader.get_by_role("button", name="Clear the drawing").click()
    reading = reader.locator(".widget-html-content")
    reading.filter(has_text="draw a digit first").wait_for()
    assert notebook.evaluate("reader.answer") == "None"
    notebook.draw((150, 40), (130, 240), within=".widget-hbox")
    reading.filter(has_text="Read as 1").wait_for()
    assert notebook.evaluate("reader.answer") == "1"
    draw_in_motion(notebook, "Your network reads 1.")
    assert notebook.evaluate("motion.answers") == "{'Your network': 1}"


def draw_in_two_networks(notebook):
    """Chapters 07 and 12: two networks read the same stroke, and F6 melts into its code."""
    draw_in_motion(notebook, "1998 reads 1; modern reads 1.")
    assert notebook.evaluate("motion.answers") == "{'1998': 1, 'modern': 1}"
    notebook.page.get_by_role("button", name="Melt").click()
    notes = notebook.page.locator(".lenet-motion .note")
    notes.filter(has_text="Melted by 100%: of the squared distance").wait_for()
    assert notebook.evaluate("motion.layers.melt") == "100"


def draw_in_motion(notebook, said):
    motion = notebook.page.locator(".lenet-motion")
    motion.get_by_role("button", name="Clear the drawing").click()
    expect(notebook, "draw a digit first")
    assert notebook.evaluate("motion.answers") == "{}"
    notebook.draw((150, 40), (130, 240), within=".lenet-motion")
    expect(notebook, said)


def pad_the_row(notebook):
    """Chapter 01: one more pixel of padding, by a key."""
    notebook.page.get_by_label("padding").press("ArrowRight")
    expect(notebook, "(7 + 2*2 - 1*(3 - 1) - 1) // 2 + 1 = 5")
    assert notebook.evaluate("explorer.places") == "(5, 5)"


def step_to_the_stroke(notebook):
    """Chapter 02: the window goes where the text says that the sum is largest."""
    digit = notebook.page.locator("canvas[aria-label^='The digit']")
    for key in ("Shift+ArrowDown", *["ArrowDown"] * 4, "Shift+ArrowLeft", *["ArrowLeft"] * 4):
        digit.press(key)
    expect(notebook, "Row 24, column 10: 25 products add up to 0.83")
    assert notebook.evaluate("(stepper.row, stepper.column)") == "(24, 10)"


def make_an_or(notebook):
    """Chapter 04: the noisy or of the text, by its button."""
    notebook.page.get_by_role("button", name="Noisy or").click()
    expect(notebook, "at 14 of the 15 units that see a number above 0.5, and at 12 that see none")
    assert notebook.evaluate("(explorer.coefficient, explorer.bias)") == "(5.0, -2.5)"


def choose_a_map(notebook):
    """Chapter 05: the map that reads all, by a click."""
    notebook.page.get_by_role("radio", name="map 15 of C3").click()
    expect(notebook, "Map 15 of C3 reads 6 maps of S2")
    assert notebook.evaluate("explorer.number") == "15"


def replay_the_first_pass(notebook):
    """Chapter 09: the slider below figure 5 goes back to the first pass, in both places."""
    slider = notebook.page.get_by_label("up to pass").last
    for key in ("End", "Home"):
        slider.press(key)
    for place in (0, 1):
        monitor = notebook.page.locator(".lenet-explorer").nth(place)
        monitor.locator("p", has_text="Pass 1: yours, training").wait_for(timeout=30_000)
    assert notebook.evaluate("monitor.upto") == "1"


def filter_the_errors(notebook):
    """Chapter 12: the 9s of 1998 that were read as 4, as the text says, and the last of them."""
    gallery = notebook.page.locator(".lenet-explorer", has=notebook.page.get_by_role("listbox"))
    gallery.get_by_label("Digit", exact=True).select_option("9")
    gallery.get_by_label("Read as", exact=True).select_option("4")
    expect(notebook, "8 of 82 shown: read wrongly by LeNet-5 of 1998, digit 9, read as 4.")
    gallery.get_by_role("option", name="number 4425, 9 read as 4").click()
    expect(notebook, "Digit number 4425 is a 9: LeNet-5 of 1998 says 4;")
    assert notebook.evaluate("(len(gallery.listed), gallery.chosen)") == "(8, 4425)"


def expect(notebook, text):
    notebook.page.locator(".lenet-explorer p", has_text=text).wait_for(timeout=30_000)


OPERATE = {
    "00_start_here.ipynb": (draw_a_digit,),
    "01_shape_arithmetic.ipynb": (pad_the_row,),
    "02_convolution.ipynb": (step_to_the_stroke,),
    "04_subsampling.ipynb": (make_an_or,),
    "05_many_maps.ipynb": (choose_a_map,),
    "07_the_whole_network.ipynb": (draw_in_two_networks,),
    "09_training.ipynb": (replay_the_first_pass,),
    "12_looking_inside.ipynb": (draw_in_two_networks, filter_the_errors),
}
"""What is done by hand in a chapter once it has run."""


# Those without a widget to operate say little here that their notebooks' tests do not say.
@pytest.mark.parametrize(
    "chapter",
    [pytest.param(name, marks=[] if name in OPERATE else pytest.mark.long) for name in CHAPTERS],
)
def test_every_cell_runs_in_order_without_error_and_its_widgets_answer(notebook, chapter):
    cells = notebook.open_and_run(f"chapters/{chapter}")
    assert cells, "a chapter has code cells"
    assert [cell for cell in cells if cell["errors"]] == []
    assert [cell["count"] for cell in cells] == list(range(1, len(cells) + 1))
    for operate in OPERATE.get(chapter, ()):
        operate(notebook)
