"""A JupyterLab of our own, and how a notebook is opened and run in it without losing the run.

Clicking "Run All" loses the run in some fresh kernels. So the document is opened through
JupyterLab's own commands, its kernel answers once, and only then all cells are run and their counts
read.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell stays in the page
}
OPEN = """async (path) => {
  const app = window.jupyterapp;
  await app.restored;
  const panel = await app.commands.execute("docmanager:open", { path, factory: "Notebook" });
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.requestExecute({ code: "" }).done;
  await app.commands.execute("notebook:clear-all-cell-outputs");
  window.lenetPanel = panel;
}"""
RUN = """() => {
  window.lenetDone = false;
  const finish = () => { window.lenetDone = true; };
  window.jupyterapp.commands.execute("notebook:run-all-cells").then(finish, finish);
}"""
RUN_CELL = """(number) => {
  window.lenetDone = false;
  window.lenetPanel.content.activeCellIndex = number;
  const finish = () => { window.lenetDone = true; };
  window.jupyterapp.commands.execute("notebook:run-cell").then(finish, finish);
}"""
CELLS = """() => [...window.lenetPanel.content.model.cells]
  .filter((cell) => cell.type === "code" && cell.sharedModel.source.trim())
  .map((cell) => ({
    source: cell.sharedModel.source,
    count: cell.executionCount,
    errors: cell.outputs.toJSON().filter((output) => output.output_type === "error")
      .map((output) => `${output.ename}: ${output.evalue}`),
  }))"""
COLOURS = """(element) => {
  const colour = getComputedStyle(element).color;
  let behind = "rgba(0, 0, 0, 0)";
  for (let at = element; at && /, 0\\)$|transparent/.test(behind); at = at.parentElement)
    behind = getComputedStyle(at).backgroundColor;
  return [colour, behind].map((text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number));
}"""
THEMED = """() => {
  const colour = getComputedStyle(document.querySelector(".jp-Notebook")).backgroundColor;
  const paper = Number(colour.match(/[0-9]+/)[0]);
  return (WANTED) && !document.querySelector("#jupyterlab-splash");
}"""
STROKE = """async ([x, watched]) => {
  const canvas = document.querySelector(".lenet-pad canvas");
  const box = canvas.getBoundingClientRect();
  const fire = (type) => canvas.dispatchEvent(new PointerEvent(type, {
    clientX: box.left + x, clientY: box.top + 140, button: 0, pointerId: 1 }));
  canvas.setPointerCapture = () => {}; // there is no such pointer in truth
  const changed = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("nothing new within twenty seconds")), 20000);
    new MutationObserver(resolve).observe(
      document.querySelector(watched), { childList: true, subtree: true });
  });
  const start = performance.now();
  fire("pointerdown");
  fire("pointerup");
  await changed;
  return performance.now() - start;
}"""
EVALUATE = """async (expression) => {
  const kernel = window.lenetPanel.sessionContext.session.kernel;
  const reply = await kernel.requestExecute(
    { code: "", user_expressions: { value: expression }, store_history: false }).done;
  const value = reply.content.user_expressions.value;
  return value.status === "ok" ? value.data["text/plain"] : `${value.ename}: ${value.evalue}`;
}"""


def find_browser() -> str | None:
    """Chromium or Chrome: LENET_COURSE_CHROMIUM, or what is on the path or in its usual place."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    usual = (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    )
    found = [os.environ.get("LENET_COURSE_CHROMIUM"), *map(shutil.which, names)]
    found += [path for path in usual if Path(path).exists()]
    return next(filter(None, found), None)


class Lab:
    """A JupyterLab server on a free port of this machine, its root a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.log = folder / "server.log"
        self.token = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self._process = self._start(folder)
        self._wait()

    def _start(self, folder: Path) -> subprocess.Popen:
        for name, content in SETTINGS.items():
            path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content), encoding="utf-8")
        own = {
            "JUPYTER_CONFIG_DIR": folder / "config",
            "JUPYTER_DATA_DIR": folder / "data",
            "JUPYTER_RUNTIME_DIR": folder / "runtime",
            "JUPYTERLAB_SETTINGS_DIR": folder / "settings",
            "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces",
            "IPYTHONDIR": folder / "ipython",
        }
        options = [
            *("--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0"),
            f"--ServerApp.port={self.address.rpartition(':')[2]}",
            f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={self.token}",
            *("--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"),
        ]
        if getattr(os, "geteuid", lambda: 1)() == 0:
            options.append("--allow-root")
        return subprocess.Popen(
            [sys.executable, "-m", "jupyter", "lab", *options],
            env={**os.environ, **{name: str(path) for name, path in own.items()}},
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            cwd=self.root,
        )

    def _wait(self) -> None:
        end = time.monotonic() + 180
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.address}/api?token={self.token}", timeout=5).close()
                return
            time.sleep(0.2)
        self.stop()
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        """End the server, and with it its kernels."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def write(self, name: str, *sources: str) -> str:
        """A scratch notebook of code cells; gives its path for `open_and_run`."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, self.root / name)
        return name


@contextlib.contextmanager
def notebook_page(browser, lab: Lab) -> Iterator[NotebookPage]:
    """A fresh page to open a notebook in. Afterwards no request may have left this machine."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(60_000)  # a busy machine may be slow, which is no mistake
    page = NotebookPage(context.new_page(), lab)
    try:
        yield page
    finally:
        page.close()
        context.close()
    assert page.foreign == [], "requests that left this machine"


class NotebookPage:
    """One browser page with one notebook in it."""

    def __init__(self, page, lab: Lab) -> None:
        self.page, self.lab = page, lab
        self.foreign: list[str] = []
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._listen)
        page.on("request", lambda request: self._note(request.url))
        page.on("websocket", lambda websocket: self._note(websocket.url))

    def _note(self, url: str) -> None:
        if not url.startswith(("data:", "blob:", self.lab.address, "ws" + self.lab.address[4:])):
            self.foreign.append(url)

    def _listen(self, message) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def open_and_run(self, path: str, timeout: float = 1200) -> list[dict]:
        """Open a notebook of the lab's root and run every cell; gives each code cell's state.

        Each is {"source", "count", "errors"}; timeout is in seconds.
        """
        self.page.goto(f"{self.lab.address}/lab?token={self.lab.token}&reset")
        self.page.wait_for_function("() => window.jupyterapp", timeout=180_000)
        self.page.evaluate(OPEN, path)
        return self.run_all(timeout)

    def run_all(self, timeout: float = 1200) -> list[dict]:
        """Run every cell of the open notebook, again or for the first time."""
        self.page.evaluate(RUN)
        self.page.wait_for_function("() => window.lenetDone", timeout=timeout * 1000)
        return self.page.evaluate(CELLS)

    def start_cell(self, number: int) -> None:
        """Run one cell, counted from 0, and do not wait for it."""
        self.page.evaluate(RUN_CELL, number)

    def finish_cell(self, timeout: float = 60) -> list[dict]:
        """Wait for the cell that was started; gives each code cell's state. In seconds."""
        self.page.wait_for_function("() => window.lenetDone", timeout=timeout * 1000)
        return self.page.evaluate(CELLS)

    def evaluate(self, expression: str) -> str:
        """The repr of an expression in the notebook's kernel."""
        return self.page.evaluate(EVALUATE, expression)

    def count_cells(self) -> int:
        """How many cells the notebook has: a key that JupyterLab took may have made one."""
        return self.page.locator(".jp-Notebook .jp-Cell").count()

    @contextlib.contextmanager
    def dark_theme(self) -> Iterator[None]:
        """JupyterLab's dark theme for a while, then the light one again."""
        self._change_theme("JupyterLab Dark", "paper < 60")
        yield
        self._change_theme("JupyterLab Light", "paper > 200")

    def _change_theme(self, theme: str, wanted: str) -> None:
        self.page.evaluate(
            "(theme) => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme
        )
        self.page.wait_for_function(THEMED.replace("WANTED", wanted))

    def contrast(self, selector: str) -> float:
        """The contrast ratio of a text with what is behind it, as WCAG defines it."""
        colours = self.page.locator(selector).first.evaluate(COLOURS)
        dark, light = sorted(map(luminance, colours))
        return (light + 0.05) / (dark + 0.05)

    def draw(self, *places: tuple[float, float], within: str = "", by: str = "mouse") -> None:
        """A stroke on the drawing pad, through places in CSS pixels of the pad.

        within: says which pad is meant, where a page has two.
        by: "mouse", "pen" or "finger".
        """
        canvas = self.page.locator(f"{within} .lenet-pad canvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        first, *rest = [(box["x"] + x, box["y"] + y) for x, y in places]
        spots = [first, *between(first, rest)]
        if by == "mouse":
            self._draw_by_mouse(spots)
        else:
            self._draw_by_other(spots, by)

    def _draw_by_mouse(self, spots: list[tuple[float, float]]) -> None:
        self.page.mouse.move(*spots[0])
        self.page.mouse.down()
        for spot in spots[1:]:
            self.page.mouse.move(*spot)
        self.page.mouse.up()

    def _draw_by_other(self, spots: list[tuple[float, float]], tool: str) -> None:
        """Playwright has no pen and lets no finger move: the browser's own protocol does."""
        protocol = self.page.context.new_cdp_session(self.page)

        def pen(kind: str, x: float, y: float) -> None:
            event = {"type": f"mouse{kind}", "x": x, "y": y, "pointerType": "pen"}
            event |= {"button": "left", "buttons": 0 if kind == "Released" else 1, "clickCount": 1}
            protocol.send("Input.dispatchMouseEvent", event)

        def finger(kind: str, x: float, y: float) -> None:
            name = {"Pressed": "touchStart", "Moved": "touchMove", "Released": "touchEnd"}[kind]
            points = [] if kind == "Released" else [{"x": x, "y": y}]
            protocol.send("Input.dispatchTouchEvent", {"type": name, "touchPoints": points})

        send = {"pen": pen, "finger": finger}[tool]
        send("Pressed", *spots[0])
        for spot in spots[1:]:
            send("Moved", *spot)
        send("Released", *spots[-1])
        protocol.detach()

    def time_strokes(self, watched: str) -> float:
        """The median time, in ms, from a dot on the pad to a change within `watched`.

        Twenty dots in a row, from x = 120 to 25, which has to be empty: each has to be new ink.
        """
        places = range(120, 20, -5)
        return statistics.median(self.page.evaluate(STROKE, [x, watched]) for x in places)

    def close(self) -> None:
        """End the kernel and close the page."""
        with contextlib.suppress(Exception):
            self.page.evaluate("() => window.lenetPanel.sessionContext.shutdown()")
        self.page.close()


def between(
    start: tuple[float, float], stops: list[tuple[float, float]], steps: int = 8
) -> Iterator[tuple[float, float]]:
    """The places on the way from stop to stop, each way in `steps` steps."""
    for stop in stops:
        for step in range(1, steps + 1):
            yield tuple(a + (b - a) * step / steps for a, b in zip(start, stop, strict=True))
        start = stop


def luminance(rgb: list[float]) -> float:
    """How bright a colour is, from 0 to 1, as WCAG defines it."""
    linear = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
        for c in (value / 255 for value in rgb)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
