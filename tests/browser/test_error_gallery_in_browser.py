"""The gallery of errors under a real mouse and real keys."""

import pytest
from explorers import explorer_page

pytestmark = pytest.mark.browser

SOURCE = """
import torch
from lenet_course import figure_8, networks
from lenet_course.data import Split
from lenet_course.widgets import ErrorGallery
network = networks.find("lenet5-1998")
model = networks.build(network, seed=0)
noise = torch.Generator().manual_seed(0)
labels = torch.zeros(10_000, dtype=torch.long)
images = torch.zeros(10_000, 28, 28, dtype=torch.uint8)
theirs = {one.index: one.answer for one in figure_8.mistakes()}
for one in figure_8.mistakes():
    labels[one.index] = one.label
    images[one.index] = torch.randint(256, (28, 28), generator=noise)
yours = {247: 6, 1232: 7, 5: 3}
mistakes = {"LeNet-5 of 1998": theirs, "your network": yours}
explorer = ErrorGallery(Split(images, labels), mistakes, model, network.prepare, name="test")
explorer
"""
START = {"whose": "LeNet-5 of 1998", "true": -1, "given": -1, "chosen": 247}
ALL_THEIRS = "82 of 82 shown: read wrongly by LeNet-5 of 1998."


@pytest.fixture(scope="module")
def opened(browser, lab):
    with explorer_page(browser, lab, "gallery.ipynb", SOURCE) as page:
        yield page


@pytest.fixture
def gallery(opened):
    opened.set(**START)
    opened.says(f"{ALL_THEIRS} Digit number 247 is a 4:")
    return opened


def options(gallery):
    return gallery.root.locator(".gallery [role=option]")  # those of the fields are options too


def option(gallery, name):
    return gallery.root.get_by_role("option", name=name, exact=True)


def field(gallery, name):
    return gallery.root.get_by_label(name, exact=True)


def test_all_82_are_shown_and_the_chosen_one_is_marked(gallery):
    assert options(gallery).count() == 82
    chosen = gallery.root.locator("[role=option][aria-selected=true]")
    assert chosen.get_attribute("aria-label") == "number 247, 4 read as 6"


def test_three_fields_filter_and_the_words_count(gallery):
    field(gallery, "Digit").select_option("9")
    gallery.says("16 of 82 shown: read wrongly by LeNet-5 of 1998, digit 9.")
    field(gallery, "Read as").select_option("4")
    gallery.says("8 of 82 shown: read wrongly by LeNet-5 of 1998, digit 9, read as 4.")
    assert options(gallery).count() == len(gallery.kernel("explorer.listed")) == 8
    assert gallery.kernel("[explorer.true, explorer.given]") == [9, 4]
    field(gallery, "Read wrongly by").select_option("your network")
    gallery.says("0 of 3 shown: read wrongly by your network, digit 9, read as 4.")
    assert options(gallery).count() == 0


def test_the_fields_obey_keys(gallery):
    cells = gallery.notebook.count_cells()
    field(gallery, "Digit").focus()
    gallery.press("ArrowDown", "ArrowDown")
    gallery.says("2 of 82 shown: read wrongly by LeNet-5 of 1998, digit 1.")
    assert gallery.kernel("explorer.true") == 1
    assert gallery.notebook.count_cells() == cells, "JupyterLab took no key"


def test_the_common_mistakes_show_both_answers(gallery):
    field(gallery, "Read wrongly by").select_option("LeNet-5 of 1998 and your network")
    gallery.says("2 of 2 shown: read wrongly by LeNet-5 of 1998 and your network.")
    assert options(gallery).all_inner_texts() == ["4→6", "9→4/7"]
    option(gallery, "number 1232, 9 read as 4/7").click()
    gallery.says("Digit number 1232 is a 9: LeNet-5 of 1998 says 4; your network says 7.")


def test_a_click_shows_every_layers_view(gallery):
    option(gallery, "number 926, 2 read as 8").click()
    gallery.says("Digit number 926 is a 2: LeNet-5 of 1998 says 8; your network says 2, rightly.")
    assert gallery.kernel("explorer.chosen") == 926
    views = gallery.root.locator(".layer canvas").all()
    assert [view.get_attribute("aria-label") for view in views] == [
        "input: 1 map of 32×32",
        "C1: 6 maps of 28×28",
        "S2: 6 maps of 14×14",
        "C3: 16 maps of 10×10",
        "S4: 16 maps of 5×5",
        "C5: 120 units",
        "F6: 84 units, drawn as 7 by 12",
    ]
    outputs = [float(text) for text in gallery.root.locator(".layer td").all_inner_texts()]
    wanted = gallery.kernel("model(network.prepare(images[926:927]))[0].tolist()")
    assert outputs == pytest.approx(wanted, abs=0.0051)


def test_arrow_keys_go_through_the_pictures_and_enter_chooses(gallery):
    cells = gallery.notebook.count_cells()
    option(gallery, "number 247, 4 read as 6").focus()
    gallery.press("ArrowRight", "ArrowRight", "Enter")
    gallery.says("Digit number 582 is a 8:")
    gallery.press("ArrowLeft", "Space")
    gallery.says("Digit number 449 is a 3:")
    gallery.press("End", "Enter")
    gallery.says("Digit number 9904 is a 2:")
    gallery.press("Home", "ArrowDown", "ArrowUp", "Enter")
    gallery.says("Digit number 247 is a 4:")
    assert gallery.kernel("explorer.chosen") == 247
    assert gallery.notebook.count_cells() == cells, "JupyterLab took no key"


def test_the_picture_on_the_page_is_the_kernels(gallery):
    grey = gallery.root.locator("[role=option] canvas").first.evaluate(
        "(canvas) => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data]"
    )[::4]
    assert [255 - value for value in grey] == gallery.kernel("images[247].flatten().tolist()")


def test_every_control_has_a_name_and_shows_the_focus(gallery):
    names = gallery.stops()
    assert [name.strip() for name in names] == [
        *("Read wrongly by", "Digit", "Read as"),
        "number 247, 4 read as 6",  # one stop; arrow keys go through the others
    ]


def test_running_the_cell_again_keeps_what_was_set(gallery):
    gallery.set(true=9, given=4, chosen=2414)
    gallery.survives_running_again("[explorer.true, explorer.given, explorer.chosen]")
    assert options(gallery).count() == 8


def test_it_is_readable_in_the_dark_theme(gallery, tmp_path):
    parts = ("label", "[role=option] span", ".layer .name", ".layer .note", ".layer th")
    gallery.readable_in_the_dark(tmp_path / "dark.png", *parts)
