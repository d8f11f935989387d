"""The convolution stepper under a real mouse and real keys."""

import pytest
from explorers import explorer_page

pytestmark = pytest.mark.browser

CELL = 8  # CSS pixels
SOURCE = """
import torch
from lenet_course.widgets import ConvolutionStepper
torch.manual_seed(0)
digits = torch.rand(3, 32, 32)
kernel = torch.tensor([-1, -1, 0, 1, 1]).repeat(5, 1) / 10
explorer = ConvolutionStepper(digits, kernel, bias=0.5, titles=["one", "two", "three"], name="test")
explorer
"""
START = {"row": 15, "column": 19, "bias": 0.5, "digit": 0, "weights": [-0.1, -0.1, 0, 0.1, 0.1] * 5}
PLACE = "[explorer.row, explorer.column]"


@pytest.fixture(scope="module")
def opened(browser, lab):
    with explorer_page(browser, lab, "stepper.ipynb", SOURCE) as page:
        yield page


@pytest.fixture
def stepper(opened):
    opened.set(**START)
    return opened


def numbers(stepper, caption):
    """What stands in the table with this caption."""
    table = stepper.root.locator("table", has_text=caption)
    return table.locator("td").all_inner_texts()


def test_the_page_shows_the_25_products_that_python_forms(stepper):
    products = numbers(stepper, "25 products")
    assert len(products) == 25
    window = "digits[0, 15:20, 19:24].double()"
    wanted = stepper.kernel(f"({window} * explorer.kernel).flatten().tolist()")
    assert [float(text) for text in products] == pytest.approx(wanted, abs=0.00501)
    total = stepper.kernel(f"f'{{({window} * explorer.kernel).sum():.2f}}'")
    stepper.says(f"25 products add up to {total}; with the bias 0.50")


def test_arrow_keys_move_the_window_on_the_digit_and_stop_at_the_border(stepper):
    cells = stepper.notebook.count_cells()
    stepper.canvas("The digit").focus()
    stepper.press("ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp")
    stepper.says("Row 14, column 21: 25 products")
    assert stepper.kernel(PLACE) == [14, 21]
    stepper.press("Shift+ArrowLeft", *["Shift+ArrowDown"] * 4)
    stepper.says("Row 27, column 16: 25 products")
    assert stepper.kernel(PLACE) == [27, 16]
    assert stepper.notebook.count_cells() == cells, "JupyterLab took no key"


def test_arrow_keys_move_on_the_map_too(stepper):
    stepper.canvas("The map").focus()
    stepper.press("ArrowUp", "Shift+ArrowLeft")
    stepper.says("Row 14, column 14: 25 products")
    assert stepper.kernel(PLACE) == [14, 14]


def test_the_mouse_sets_the_middle_of_the_window_and_drags_it(stepper):
    stepper.click("The digit", 10.5 * CELL, 6.5 * CELL)
    stepper.says("Row 4, column 8: 25 products")
    assert stepper.kernel(PLACE) == [4, 8]
    box = stepper.canvas("The digit").bounding_box()
    mouse = stepper.page.mouse
    mouse.move(box["x"] + 10.5 * CELL, box["y"] + 6.5 * CELL)
    mouse.down()
    mouse.move(box["x"] + 20.5 * CELL, box["y"] + 12.5 * CELL, steps=6)
    mouse.up()
    stepper.says("Row 10, column 18: 25 products")
    mouse.move(box["x"] + 3, box["y"] + 3)
    assert stepper.kernel(PLACE) == [10, 18], "the button is up: nothing is dragged"


def test_a_click_on_the_map_chooses_that_unit(stepper):
    stepper.click("The map", 3.5 * CELL, 20.5 * CELL)
    stepper.says("Row 20, column 3: 25 products")
    assert stepper.kernel(PLACE) == [20, 3]


def test_a_weight_is_typed_or_stepped_by_keys_and_the_products_follow(stepper):
    weight = stepper.root.get_by_label("weight, row 2, column 4")
    weight.fill("-2")
    seen = float(numbers(stepper, "window")[14])
    stepper.page.wait_for_function(
        "(wanted) => Math.abs(Number(document.querySelectorAll('.numbers')[2]"
        ".querySelectorAll('td')[14].textContent) - wanted) < 0.02",
        arg=-2 * seen,
    )
    assert stepper.kernel("explorer.kernel[2, 4].item()") == -2
    weight.press("ArrowUp")
    stepper.page.wait_for_function("(field) => field.value === '-1.9'", arg=weight.element_handle())
    stepper.set(row=3)
    assert stepper.kernel("round(explorer.weights[14], 6)") == -1.9


def test_what_is_half_typed_is_neither_sent_nor_taken_away(stepper):
    weight = stepper.root.get_by_label("weight, row 0, column 0")
    weight.fill("")
    stepper.set(row=7)
    assert weight.input_value() == ""
    assert stepper.kernel("explorer.weights[0]") == -0.1
    weight.fill("0.25")
    stepper.canvas("The digit").focus()
    stepper.press("ArrowUp")
    stepper.says("Row 6,")
    assert stepper.kernel("explorer.weights[0]") == 0.25


def test_the_bias_is_typed_and_the_first_kernel_comes_back(stepper):
    stepper.root.get_by_label("Bias").fill("-1.5")
    stepper.says("with the bias -1.50 that makes")
    stepper.root.get_by_label("Bias").fill("-150")
    stepper.says("with the bias -99.00 that makes")
    stepper.root.get_by_label("weight, row 0, column 0").fill("3")
    stepper.root.get_by_role("button", name="First kernel and bias").press("Enter")
    stepper.says("with the bias 0.50 that makes")
    assert stepper.kernel("[explorer.bias, *explorer.weights]") == [0.5, *START["weights"]]
    assert stepper.root.get_by_label("weight, row 0, column 0").input_value() == "-0.1"


def test_another_digit_is_chosen_by_mouse_or_by_keys(stepper):
    before = numbers(stepper, "window")
    chooser = stepper.root.get_by_label("Digit", exact=True)
    chooser.select_option(label="three")
    stepper.page.wait_for_function(
        "(old) => document.querySelector('.numbers td').textContent !== old", arg=before[0]
    )
    assert stepper.kernel("explorer.digit") == 2
    window = stepper.kernel("digits[2, 15:20, 19:24].flatten().tolist()")
    assert [float(text) for text in numbers(stepper, "window")] == pytest.approx(
        window, abs=0.00501
    )
    chooser.focus()
    stepper.press("ArrowUp", "ArrowUp")
    stepper.page.wait_for_function(
        "(old) => document.querySelector('.numbers td').textContent === old", arg=before[0]
    )
    assert stepper.kernel("explorer.digit") == 0


def test_every_control_has_a_name_and_shows_the_focus(stepper):
    names = stepper.stops()
    assert names[:3] == ["Digit", "Bias", "First kernel and bias"]
    assert [name.partition(":")[0] for name in names[3:5]] == ["The digit", "The map"]
    assert names[5:] == [f"weight, row {r}, column {c}" for r in range(5) for c in range(5)]


def test_running_the_cell_again_keeps_what_was_set(stepper):
    stepper.set(row=3, column=4, digit=1, bias=-0.25, weights=[0.2] * 25)
    stepper.survives_running_again(
        "[explorer.row, explorer.column, explorer.digit, explorer.bias, *explorer.weights]"
    )
    stepper.canvas("The digit").focus()
    stepper.press("ArrowDown")
    stepper.says("Row 4, column 4: 25 products")


def test_it_is_readable_in_the_dark_theme(stepper, tmp_path):
    parts = ("figcaption", "caption", ".note", "label", "button", "select", "td", "td input")
    stepper.readable_in_the_dark(tmp_path / "dark.png", *parts)
