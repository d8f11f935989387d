"""The shape explorer under a real mouse and real keys."""

import pytest
from explorers import explorer_page

pytestmark = pytest.mark.browser

CELL = 26  # CSS pixels, while the grid has 13 pixels or fewer
SOURCE = """
from lenet_course import shapes
from lenet_course.widgets import ShapeExplorer
explorer = ShapeExplorer(size=7, kernel_size=3, stride=2, padding=1, name="test")
explorer
"""
START = {"size": 7, "kernel_size": 3, "stride": 2, "padding": 1, "dilation": 1}
PLACE = "[explorer.row, explorer.column]"


@pytest.fixture(scope="module")
def opened(browser, lab):
    with explorer_page(browser, lab, "shape.ipynb", SOURCE) as page:
        yield page


@pytest.fixture
def explorer(opened):
    opened.set(**START)
    opened.set(row=0, column=0)
    return opened


def formula(explorer, wanted):
    """Wait for the formula on the page; the kernel's must be the same."""
    explorer.root.locator(".formula", has_text=wanted).wait_for(timeout=30_000)
    assert explorer.kernel("explorer.shown['formula']") == wanted


@pytest.mark.parametrize(
    ("label", "keys", "wanted"),
    [
        ("size", ["ArrowRight"], "(8 + 2*1 - 1*(3 - 1) - 1) // 2 + 1 = 4"),
        ("kernel", ["ArrowRight", "ArrowUp"], "(7 + 2*1 - 1*(5 - 1) - 1) // 2 + 1 = 3"),
        ("stride", ["ArrowLeft"], "(7 + 2*1 - 1*(3 - 1) - 1) // 1 + 1 = 7"),
        ("padding", ["End"], "(7 + 2*4 - 1*(3 - 1) - 1) // 2 + 1 = 7"),
        ("dilation", ["ArrowRight"], "(7 + 2*1 - 2*(3 - 1) - 1) // 2 + 1 = 3"),
    ],
)
def test_every_slider_is_moved_by_keys_and_the_formula_follows(explorer, label, keys, wanted):
    cells = explorer.notebook.count_cells()
    explorer.root.get_by_label(label).focus()
    explorer.press(*keys)
    formula(explorer, wanted)
    places = explorer.kernel("shapes.output_size(**explorer.window)")
    assert wanted.endswith(f"= {places}")
    explorer.says(f"the map has {places}×{places} units")
    assert explorer.notebook.count_cells() == cells, "JupyterLab took no key"


@pytest.mark.parametrize("label", ["size", "kernel", "stride", "padding", "dilation"])
def test_every_slider_is_moved_by_mouse(explorer, label):
    slider = explorer.root.get_by_label(label)
    box = slider.bounding_box()
    slider.click(position={"x": box["width"] - 2, "y": box["height"] / 2})
    most = slider.get_attribute("max")
    explorer.page.wait_for_function(
        "([field, most]) => field.nextSibling.textContent === most",
        arg=[slider.element_handle(), most],
    )
    explorer.settled()
    name = {"kernel": "kernel_size"}.get(label, label)
    assert explorer.kernel(f"explorer.{name}") == int(most)
    explorer.root.locator(".formula", has_text=most).wait_for()


def test_the_window_moves_by_click_and_arrow_keys_on_the_pixels(explorer):
    explorer.click("The pixels", 5.5 * CELL, 3.5 * CELL)  # the middle of the third window, down 1
    explorer.says("The unit at row 1, column 2 begins at pixel row 1, column 3.")
    assert explorer.kernel(PLACE) == [1, 2]
    explorer.press("ArrowDown", "Shift+ArrowRight")
    explorer.says("The unit at row 2, column 3 begins at pixel row 3, column 5.")
    assert explorer.kernel(PLACE) == [2, 3]


def test_a_unit_is_chosen_by_click_and_arrow_keys_on_the_map(explorer):
    explorer.click("The map", 3.5 * CELL, 0.5 * CELL)
    explorer.says("The unit at row 0, column 3 begins at pixel row -1, column 5.")
    explorer.press("ArrowDown", "ArrowLeft")
    explorer.says("The unit at row 1, column 2 begins")
    assert explorer.kernel(PLACE) == [1, 2]


def test_the_window_is_drawn_where_it_stands(explorer):
    explorer.set(row=1, column=2)
    orange = explorer.page.evaluate(
        """(cell) => {
          const canvas = document.querySelector("canvas[aria-label^='The pixels']");
          const pen = canvas.getContext("2d"), scale = canvas.width / canvas.clientWidth, seen = [];
          for (let row = 0; row < 9; row++) for (let column = 0; column < 9; column++) {
            const [x, y] = [column, row].map((at) => Math.round((at + 0.25) * cell * scale));
            const [red, , blue] = pen.getImageData(x, y, 1, 1).data;
            if (red > 200 && blue < 50) seen.push([row, column]);
          }
          return seen;
        }""",
        CELL,
    )
    assert orange == [[row, column] for row in (2, 3, 4) for column in (4, 5, 6)]


def test_what_fits_nowhere_is_explained_and_the_map_goes(explorer):
    explorer.set(size=4, padding=0)
    explorer.root.get_by_label("kernel").focus()
    explorer.press("End")
    explorer.says("It stands nowhere: the window reaches over 7 pixels")
    explorer.says("Any one of these is enough: size 7, kernel 4, padding 2.")
    formula(explorer, "(4 + 2*0 - 1*(7 - 1) - 1) // 2 + 1 = -1: no place")
    assert explorer.canvas("The map").is_hidden()
    explorer.canvas("The pixels").focus()
    explorer.press("ArrowDown")
    assert explorer.kernel(PLACE) == [0, 0]
    explorer.root.get_by_label("padding").focus()
    explorer.press("ArrowRight", "ArrowRight")
    explorer.says("The window stands at 1 place of a row")
    explorer.canvas("The map").wait_for()


def test_every_control_has_a_name_and_shows_the_focus(explorer):
    names = [name.partition(":")[0] for name in explorer.stops()]
    assert names == ["size", "kernel", "stride", "padding", "dilation", "The pixels", "The map"]


def test_running_the_cell_again_keeps_what_was_set(explorer):
    explorer.set(size=12, kernel_size=5, dilation=2, row=1)
    explorer.survives_running_again("[*explorer.window.values(), explorer.row]")
    explorer.root.get_by_label("size").press("ArrowRight")
    formula(explorer, "(13 + 2*1 - 2*(5 - 1) - 1) // 2 + 1 = 4")


def test_it_is_readable_in_the_dark_theme(explorer, tmp_path):
    parts = (".formula", "figcaption", ".note", "label", "output")
    explorer.readable_in_the_dark(tmp_path / "dark.png", *parts)
