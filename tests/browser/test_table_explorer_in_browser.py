"""The explorer of Table I under a real mouse and real keys."""

import pytest
from explorers import explorer_page

from lenet_course.layers import TABLE_I

pytestmark = pytest.mark.browser

UNIT = 12  # CSS pixels of a unit of C3's map
SOURCE = """
import torch
from lenet_course.widgets import TableExplorer
torch.manual_seed(0)
maps, kernels, biases = torch.randn(6, 14, 14), torch.randn(16, 6, 5, 5), torch.randn(16)
titles = ["upper", "right", "left", "lower", "falling", "rising"]
explorer = TableExplorer(maps, kernels, biases, titles, number=4, row=2, column=6, name="test")
explorer
"""
START = {"number": 4, "full": False, "row": 2, "column": 6}


@pytest.fixture(scope="module")
def opened(browser, lab):
    with explorer_page(browser, lab, "table.ipynb", SOURCE) as page:
        yield page


@pytest.fixture
def explorer(opened):
    opened.set(**START)
    return opened


def choice(explorer, number):
    return explorer.root.get_by_role("radio", name=f"map {number} of C3 reads")


def marks(explorer):
    """The pairs that are marked in the table on the page: for each map of C3, those it reads."""
    rows = explorer.root.locator(".links tbody tr").all()
    cells = [row.locator("td").all_inner_texts() for row in rows]
    return tuple(
        tuple(source for source in range(6) if cells[source][output] == "×") for output in range(16)
    )


def pictures(explorer, kind):
    """The titles of the pictures of one kind that can be seen."""
    seen = explorer.root.locator(f"canvas[aria-label^='{kind}, ']:visible").all()
    return [canvas.get_attribute("aria-label").partition(", ")[2] for canvas in seen]


def test_the_table_on_the_page_is_table_i(explorer):
    assert marks(explorer) == TABLE_I
    assert choice(explorer, 4).is_checked()
    assert choice(explorer, 4).get_attribute("aria-label") == "map 4 of C3 reads 0, 4, 5"


def test_a_click_on_a_column_shows_what_that_map_reads(explorer):
    explorer.root.locator(".links tbody tr").nth(2).locator("td").nth(9).click()
    explorer.says("Map 9 of C3 reads 4 maps of S2.")
    assert explorer.kernel("explorer.number") == 9
    assert choice(explorer, 9).is_checked()
    for kind in ("map of S2", "× kernel", "= partial sum"):
        assert pictures(explorer, kind) == ["upper", "lower", "falling", "rising"]


def test_the_head_of_a_column_can_be_clicked_too(explorer):
    choice(explorer, 15).click()
    explorer.says("Map 15 of C3 reads 6 maps of S2.")
    assert explorer.kernel("explorer.number") == 15


def test_arrow_keys_go_through_the_maps(explorer):
    cells = explorer.notebook.count_cells()
    choice(explorer, 4).focus()
    explorer.press("ArrowRight", "ArrowRight")
    explorer.says("Map 6 of C3 reads 4 maps of S2.")
    assert explorer.kernel("explorer.number") == 6
    explorer.press("ArrowLeft")
    explorer.says("Map 5 of C3 reads 3 maps of S2.")
    assert explorer.kernel("explorer.number") == 5
    assert explorer.notebook.count_cells() == cells, "JupyterLab took no key"


def test_the_partial_sums_of_the_page_add_up_to_pythons_unit(explorer):
    parts = explorer.root.locator(".steps tr").nth(3).locator(".note:visible").all_inner_texts()
    wanted = explorer.kernel(
        "[(maps[s, 2:7, 6:11] * kernels[4, s]).sum().item() for s in (0, 4, 5)]"
    )
    assert [float(part) for part in parts] == pytest.approx(wanted, abs=0.00501)
    unit = sum(wanted) + explorer.kernel("biases[4].item()")
    assert explorer.kernel("explorer.unit") == pytest.approx(unit, abs=1e-4)
    explorer.says(f"its bias, makes {unit:.2f}.")


def test_the_full_connection_is_switched_on_and_off_by_mouse(explorer):
    kinds = explorer.root.locator(".costs label")
    assert "= 1,516 parameters" in kinds.nth(0).inner_text()
    assert "= 2,416 parameters" in kinds.nth(1).inner_text()
    kinds.nth(1).click()
    explorer.says("Map 4 of C3 reads 6 maps of S2.")
    assert explorer.kernel("[explorer.full, explorer.parameters]") == [True, 2_416]
    assert marks(explorer) == ((0, 1, 2, 3, 4, 5),) * 16
    assert len(pictures(explorer, "× kernel")) == 6
    kinds.nth(0).click()
    explorer.says("Map 4 of C3 reads 3 maps of S2.")
    assert explorer.kernel("[explorer.full, explorer.parameters]") == [False, 1_516]
    assert marks(explorer) == TABLE_I


def test_the_full_connection_is_switched_on_by_keys(explorer):
    explorer.root.get_by_role("radio", name="Table I").focus()
    explorer.press("ArrowDown")
    explorer.says("Map 4 of C3 reads 6 maps of S2.")
    assert explorer.kernel("explorer.full") is True


def test_a_unit_is_chosen_by_click_and_by_arrow_keys(explorer):
    explorer.click("The map of C3", 3.5 * UNIT, 8.5 * UNIT)
    explorer.says("Row 8, column 3:")
    explorer.press("ArrowUp", "Shift+ArrowRight", "Shift+ArrowRight")
    explorer.says("Row 7, column 9:")
    assert explorer.kernel("[explorer.row, explorer.column]") == [7, 9]


def test_every_control_has_a_name_and_shows_the_focus(explorer):
    names = explorer.stops()
    assert names[0] == "map 4 of C3 reads 0, 4, 5"  # one stop; arrow keys go through the others
    assert [name.partition(":")[0].strip() for name in names[1:]] == ["Table I", "The map of C3"]


def test_running_the_cell_again_keeps_what_was_set(explorer):
    explorer.set(number=12, full=True, row=9, column=1)
    explorer.survives_running_again(
        "[explorer.number, explorer.full, explorer.row, explorer.column]"
    )
    choice(explorer, 3).click()
    explorer.says("Map 3 of C3 reads 6 maps of S2. Row 9, column 1:")


def test_it_is_readable_in_the_dark_theme(explorer, tmp_path):
    parts = (".links caption", ".links th", ".links td", ".costs label", ".steps th", ".note")
    explorer.readable_in_the_dark(tmp_path / "dark.png", *parts)
