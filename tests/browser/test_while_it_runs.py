"""What moves on the page while a cell runs, and what is left when it ends."""

import pytest

pytestmark = pytest.mark.browser

BAR = """
from lenet_course.progress import progress
with progress(total=4, label="epoch 1") as bar:
    for step in range(4):
        bar.update(1, text="loss 0.31")
"""
PICTURES = """
import io
from PIL import Image
from lenet_course.widgets import LivePicture

def png(grey):
    file = io.BytesIO()
    Image.new("L", (40, 30), grey).save(file, "png")
    return file.getvalue()

with LivePicture("A curve.") as live:
    for grey in (250, 120, 30):
        live.show(png(grey))
"""


def test_a_progress_bar_fills_and_shows_its_text(notebook, lab):
    notebook.open_and_run(lab.write("bar.ipynb", BAR))
    output = notebook.page.locator(".jp-Cell-outputArea")
    output.get_by_text("4/4").wait_for()
    said = output.inner_text().replace("\u2007", " ")  # tqdm's blanks are as wide as a figure
    assert "epoch 1: 100%" in said and "loss 0.31" in said
    assert "stands here" not in said, "the sentence is for pages without widgets"


def test_the_last_live_picture_stays_on_the_page_alone(notebook, lab):
    for _ in range(2):
        notebook.open_and_run(lab.write("live.ipynb", PICTURES))
        pictures = notebook.page.locator(".jp-Cell-outputArea img")
        pictures.first.wait_for()
        notebook.page.wait_for_function(
            "() => document.querySelectorAll('.jp-Cell-outputArea img').length === 1"
        )
        assert pictures.evaluate("(image) => [image.naturalWidth, image.naturalHeight]") == [40, 30]
