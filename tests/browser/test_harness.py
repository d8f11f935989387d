"""The harness itself: it notices what it is there to notice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.browser
def test_an_error_in_a_cell_is_noticed(notebook, lab):
    cells = notebook.open_and_run(lab.write("error.ipynb", "1 + 1", "1 / 0", "2 + 2"))
    assert [cell["errors"] for cell in cells] == [[], ["ZeroDivisionError: division by zero"], []]
    assert [cell["count"] for cell in cells] == [1, 2, None], "Run All stops there"


@pytest.mark.browser
def test_a_request_to_another_machine_is_noticed(notebook, lab):
    notebook.open_and_run(lab.write("one.ipynb", "1"))
    assert notebook.foreign == []
    notebook.page.evaluate("() => fetch('http://elsewhere.invalid/script.js').catch(() => null)")
    assert notebook.foreign == ["http://elsewhere.invalid/script.js"]
    notebook.foreign.clear()


@pytest.mark.parametrize(("required", "wanted"), [("", "skipped"), ("required", "error")])
def test_without_a_browser_it_is_said_what_was_not_tested(required, wanted, tmp_path):
    environment = {**os.environ, "PATH": str(tmp_path), "LENET_COURSE_BROWSER": required}
    environment.pop("LENET_COURSE_CHROMIUM", None)
    options = ["-rsE", "-p", "no:cacheprovider", "-k", "error_in_a_cell"]
    command = [sys.executable, "-m", "pytest", *options, str(HERE / "test_harness.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert f"1 {wanted}" in done.stdout, done.stdout
    assert "Not tested: the chapters and widgets in a browser" in done.stdout
