"""A notebook that somebody sent, opened and not run: JupyterLab distrusts it, and shows it all."""

import shutil
from pathlib import Path

import nbformat
import pytest
from harness import notebook_page

CHAPTERS = Path(__file__).parents[2] / "chapters"
NAMES = sorted(path.stem for path in CHAPTERS.glob("*.ipynb"))
EVERYDAY = "05_many_maps"

pytestmark = pytest.mark.browser

SHOW = """async (path) => {
  const app = window.jupyterapp;
  await app.restored;
  const panel = await app.commands.execute("docmanager:open", { path, factory: "Notebook" });
  await panel.context.ready;
  window.lenetPanel = panel;
  return [...panel.content.model.cells].filter((cell) => cell.type === "code")
    .map((cell) => cell.trusted);
}"""
PICTURES = """() => [...document.querySelectorAll(".jp-OutputArea-output img, .jp-OutputArea svg")]
  .filter((each) => each.complete !== false && each.getBoundingClientRect().width > 100).length"""


def pictures(notebook):
    """How many of a notebook's outputs are pictures."""
    kinds = {"image/png", "image/svg+xml", "image/gif"}
    return sum(
        bool(kinds & set(output.get("data", {})))
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name == EVERYDAY else pytest.mark.long) for name in NAMES],
)
def test_a_notebook_that_nobody_trusts_shows_every_picture(browser, lab, name):
    path = f"untrusted_{name}.ipynb"
    shutil.copyfile(CHAPTERS / f"{name}.ipynb", lab.root / path)
    wanted = pictures(nbformat.read(CHAPTERS / f"{name}.ipynb", as_version=4))
    assert wanted > 2
    with notebook_page(browser, lab) as notebook:
        page = notebook.page
        page.goto(f"{lab.address}/lab?token={lab.token}&reset")
        page.wait_for_function("() => window.jupyterapp", timeout=180_000)
        trusted = page.evaluate(SHOW, path)
        page.wait_for_function(f"() => ({PICTURES})() >= {wanted}")
        assert page.evaluate(PICTURES) == wanted
    assert not any(trusted) and len(trusted) > 5
