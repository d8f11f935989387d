"""One browser and one JupyterLab for all browser tests; a fresh page for each."""

import os
import shutil
from pathlib import Path

import pytest

pytest.register_assert_rewrite("explorers", "harness")  # or their asserts would say nothing

from harness import FLAGS, Lab, find_browser, notebook_page  # noqa: E402

CHAPTERS = Path(__file__).parents[2] / "chapters"


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium or Chrome; without one the test is skipped, or fails where required."""
    path = find_browser()
    if path is None:
        said = (
            "Not tested: the chapters and widgets in a browser, for neither Chromium nor Chrome "
            "was found. Install one, or name it in LENET_COURSE_CHROMIUM."
        )
        (pytest.fail if os.environ.get("LENET_COURSE_BROWSER") == "required" else pytest.skip)(said)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def lab(browser, tmp_path_factory):
    """JupyterLab on copies of the chapters, so that nothing in the repository is written."""
    running = Lab(tmp_path_factory.mktemp("lab"))
    shutil.copytree(CHAPTERS, running.root / "chapters")
    yield running
    running.stop()


@pytest.fixture
def notebook(browser, lab):
    """A page of its own for one test."""
    with notebook_page(browser, lab) as page:
        yield page
