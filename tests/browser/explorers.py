"""What all explorers have to stand in a browser, whatever they show."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

from harness import NotebookPage, notebook_page

EXPLORER = ".lenet-explorer"
# Everything that the Tab key stops at, in its order, with the name that a screen reader speaks and
# whether one sees where the focus is. `:focus-visible` holds after a key, not after a script.
STOPS = """() => {
  const at = document.activeElement;
  if (!at.closest(".lenet-explorer")) return null;
  const label = at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent;
  return [label, getComputedStyle(at).outlineStyle];
}"""


@contextlib.contextmanager
def explorer_page(browser, lab, file: str, *sources: str) -> Iterator[ExplorerPage]:
    """A scratch notebook whose last cell shows an explorer called `explorer`."""
    with notebook_page(browser, lab) as notebook:
        cells = notebook.open_and_run(lab.write(file, *sources))
        assert [cell["errors"] for cell in cells] == [[]] * len(sources)
        notebook.page.locator(EXPLORER).wait_for()
        yield ExplorerPage(notebook)
        assert notebook.errors == [], "said in the browser's console"


class ExplorerPage:
    """An explorer on a page, and its other half in the kernel."""

    def __init__(self, notebook: NotebookPage) -> None:
        self.notebook, self.page = notebook, notebook.page
        self.keys = notebook.page.keyboard
        self.root = notebook.page.locator(EXPLORER)

    def set(self, **settings: object) -> None:
        """Set the explorer from Python, and wait until the page says what Python says."""
        pairs = json.loads(json.dumps(settings))
        self.notebook.evaluate(f"[setattr(explorer, *pair) for pair in {list(pairs.items())}]")
        self.settled()

    def settled(self) -> None:
        """Wait until the page shows the words that the kernel has now."""
        self.says(eval(self.notebook.evaluate("explorer.words")))

    def says(self, text: str) -> None:
        """Wait for a sentence of the explorer."""
        self.root.locator(".words", has_text=text).wait_for(timeout=30_000)

    def kernel(self, expression: str) -> object:
        """An expression's value in the kernel: numbers, texts and lists of them."""
        return eval(self.notebook.evaluate(expression))

    def canvas(self, label: str):
        """The canvas whose label begins with these words."""
        return self.root.locator(f"canvas[aria-label^='{label}']")

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, where the focus is."""
        for key in keys:
            self.keys.press(key)

    def click(self, label: str, x: float, y: float) -> None:
        """Click a canvas at a point in CSS pixels of its own."""
        self.canvas(label).click(position={"x": x + 1, "y": y + 1})  # 1: its border

    def stops(self) -> list[str]:
        """Tab through the explorer from its first control; gives the names of all stops."""
        self.root.locator(
            "select, input:not([type=radio]), input:checked, canvas[tabindex], button"
        ).first.focus()
        self.press("Tab", "Shift+Tab")
        names = []
        while (stop := self.page.evaluate(STOPS)) is not None:
            name, outline = stop
            assert name.strip(), "a control without a name"
            assert outline == "solid", f"{name}: one must see where the focus is"
            names.append(name)
            self.press("Tab")
        return names

    def survives_running_again(self, expression: str) -> None:
        """Run the cells again: one explorer, and what was set is still set."""
        before = self.kernel(expression)
        said = self.root.locator(".words").inner_text()
        self.notebook.run_all()
        self.page.wait_for_function(
            f"() => document.querySelectorAll('{EXPLORER}').length === 1", timeout=30_000
        )
        self.says(said)
        assert self.kernel(expression) == before

    def readable_in_the_dark(self, path, *parts: str) -> None:
        """Change the theme: every text keeps its contrast. A screenshot is left to look at."""
        with self.notebook.dark_theme():
            self.root.screenshot(path=path)
            for part in (".words", *parts):
                assert self.notebook.contrast(f"{EXPLORER} {part}") >= 4.5, part
