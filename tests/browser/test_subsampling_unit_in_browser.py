"""The subsampling unit under a real mouse and real keys."""

import re

import pytest
from explorers import explorer_page

pytestmark = pytest.mark.browser

UNIT = 10  # CSS pixels
SOURCE = """
import torch
from lenet_course.widgets import SubsamplingUnit
torch.manual_seed(0)
explorer = SubsamplingUnit(torch.randn(28, 28) / 2, 0.1, 0, row=11, column=5, name="test")
explorer
"""
START = {"coefficient": 0.1, "bias": 0, "row": 11, "column": 5}
SET = "[round(explorer.coefficient, 6), explorer.bias]"
PLACE = "[explorer.row, explorer.column]"


@pytest.fixture(scope="module")
def opened(browser, lab):
    with explorer_page(browser, lab, "unit.ipynb", SOURCE) as page:
        yield page


@pytest.fixture
def unit(opened):
    opened.set(**START)
    return opened


def fires_at(unit):
    """How many units of the map of 1998 are drawn orange, by the pixel in their middle's corner."""
    return unit.page.evaluate(
        """(cell) => {
          const canvas = document.querySelector("canvas[aria-label^='unit of 1998']");
          const pen = canvas.getContext("2d"), scale = canvas.width / canvas.clientWidth;
          let orange = 0;
          for (let row = 0; row < 14; row++) for (let column = 0; column < 14; column++) {
            const [x, y] = [column, row].map((at) => Math.round((at * cell + 3) * scale));
            const [red, , blue] = pen.getImageData(x, y, 1, 1).data;
            orange += red > blue;
          }
          return orange;
        }""",
        UNIT,
    )


def test_sliders_are_moved_by_keys(unit):
    cells = unit.notebook.count_cells()
    unit.root.get_by_label("coefficient").focus()
    unit.press("ArrowRight", "ArrowUp", "ArrowRight")
    unit.says("The unit of 1998: 0.4 ×")
    unit.press("Tab", "ArrowLeft", "ArrowDown", "ArrowDown")
    unit.says("- 1.5 =")
    assert unit.kernel(SET) == [0.4, -1.5]
    assert unit.root.locator("output").all_inner_texts() == ["0.4", "-1.5"]
    unit.press("End")
    unit.says("+ 15.0 =")
    assert unit.kernel(SET) == [0.4, 15]
    assert unit.notebook.count_cells() == cells, "JupyterLab took no key"


def test_sliders_are_moved_by_mouse(unit):
    slider = unit.root.get_by_label("bias")
    box = slider.bounding_box()
    slider.click(position={"x": box["width"] * 0.25, "y": box["height"] / 2})
    unit.page.wait_for_function(
        "() => Number(document.querySelectorAll('.lenet-explorer output')[1].textContent) < -6"
    )
    unit.settled()
    bias = unit.kernel("explorer.bias")
    assert -9 <= bias <= -6
    unit.says(f"- {-bias:.1f} =")


def test_buttons_go_from_blur_to_noisy_or_and_the_map_follows(unit):
    unit.root.get_by_role("button", name="Noisy or").click()
    unit.says("The unit of 1998: 5.0 ×")
    unit.says("add up to more than 0.50")
    assert unit.kernel(SET) == [5, -2.5]
    wanted = "(torch.nn.functional.avg_pool2d(torch.tensor([explorer.shown['map']]), 2) * 4 > 0.5)"
    frame = 1  # the framed unit may be hidden behind its frame
    assert abs(fires_at(unit) - unit.kernel(f"int({wanted}.sum())")) <= frame
    unit.root.get_by_role("button", name="Noisy and").press("Enter")
    unit.says("add up to more than 2.00")
    assert unit.kernel(SET) == [5, -10]
    unit.root.get_by_role("button", name="Blur").press(" ")
    unit.says("add up to more than 0.00")
    assert unit.kernel(SET) == [0.1, 0]


def test_the_page_counts_what_the_kernel_counts(unit):
    unit.set(coefficient=2, bias=-1)
    said = unit.root.locator(".words").inner_text()
    counts = re.search(r"at (\d+) of the (\d+) units .* and at (\d+) that", said).groups()
    fires, good = (
        "(torch.tensor(explorer._map).unfold(0, 2, 2).unfold(1, 2, 2).sum((2, 3)) > 0.5)",
        "(torch.nn.functional.max_pool2d(explorer._map[None], 2)[0] > 0.5)",
    )
    wanted = f"[int(x.sum()) for x in ({fires} & {good}, {good}, {fires} & ~{good})]"
    assert [int(count) for count in counts] == unit.kernel(wanted)


@pytest.mark.parametrize("panel", ["C1", "unit of 1998", "average", "sum", "maximum"])
def test_a_unit_is_chosen_on_every_map_by_click_and_by_keys(unit, panel):
    unit.click(f"{panel}: chooses", 3.5 * UNIT, 8.5 * UNIT)
    unit.says("Row 8, column 3 of S2")
    unit.press("ArrowDown", "Shift+ArrowRight")
    unit.says("Row 9, column 8 of S2")
    assert unit.kernel(PLACE) == [9, 8]
    four = unit.kernel("explorer._map[18:20, 16:18].flatten().tolist()")
    unit.says(", ".join(f"{value:.2f}" for value in four))


def test_every_control_has_a_name_and_shows_the_focus(unit):
    names = [name.partition(":")[0] for name in unit.stops()]
    maps = ["C1", "unit of 1998", "average", "sum", "maximum"]
    assert names == ["coefficient", "bias", "Blur", "Noisy or", "Noisy and", *maps]


def test_running_the_cell_again_keeps_what_was_set(unit):
    unit.set(coefficient=2.5, bias=-7.5, row=3, column=4)
    unit.survives_running_again("[explorer.coefficient, explorer.bias, explorer.row]")
    unit.root.get_by_label("bias").press("ArrowRight")
    unit.says("- 7.0 =")


def test_it_is_readable_in_the_dark_theme(unit, tmp_path):
    parts = ("figcaption", ".note", "label", "output", "button")
    unit.readable_in_the_dark(tmp_path / "dark.png", *parts)
