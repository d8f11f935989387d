"""The training monitor under a real mouse and real keys, while a cell runs."""

import re

import pytest
from explorers import explorer_page

pytestmark = pytest.mark.browser

SOURCE = """
import time
import torch
from lenet_course.data import Split
from lenet_course.widgets import TrainingMonitor
explorer = TrainingMonitor(name="test")
explorer
"""
TRAIN = """
torch.manual_seed(0)
model = torch.nn.Linear(4, 10)
digits = Split(torch.randint(256, (640, 2, 2), dtype=torch.uint8), torch.arange(640) % 10)

def prepare(images):
    time.sleep(0.002)  # a network that takes its time
    return images.flatten(1).float() / 255

def learn(**how):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return explorer.fit(model, digits, digits[:10], prepare=prepare, optimizer=optimizer, **how)

history = learn(epochs=3)
"""
# Run with the others it is short; run again, alone, it would take hours.
LONG = """
if "opened" in globals():
    history = learn(epochs=100_000)
opened = True
"""
NO_SUBSHELLS = "() => { jupyterapp.serviceManager.kernels.commsOverSubshells = 'disabled'; }"
WAITS = "The buttons are not heard while the cell runs"


@pytest.fixture(scope="module")
def monitor(browser, lab):
    with explorer_page(browser, lab, "monitor.ipynb", SOURCE, TRAIN, LONG) as page:
        yield page


@pytest.fixture
def replayed(monitor):
    """The monitor after a run of three passes."""
    if monitor.kernel("explorer.shown['total']") != 30:
        monitor.notebook.start_cell(1)
        monitor.says(": ended after step 30 of 30.")
        assert ended(monitor) == [None, 30, 30]
    monitor.set(upto=3)
    return monitor


def button(monitor, name):
    return monitor.root.get_by_role("button", name=name, exact=True)


def start(monitor):
    """Begin a run that would take hours, and wait until it trains."""
    number = monitor.kernel("explorer._run") + 1
    monitor.notebook.start_cell(2)
    monitor.says(f"Run {number}: training")
    return number


def step_told(monitor, text):
    """Wait for words about a step; gives its number."""
    monitor.says(text)
    said = monitor.root.locator(".words", has_text=text).inner_text()
    return int(re.search(r"step ([\d,]+) of", said)[1].replace(",", ""))


def ended(monitor):
    """The run's end in the kernel, once its cell has ended without an error."""
    assert monitor.notebook.finish_cell()[2]["errors"] == []
    return monitor.kernel("[history.stopped, history.steps, len(history.losses)]")


def test_pause_holds_a_run_between_two_steps_go_on_and_stop_are_heard_while_the_cell_runs(monitor):
    number = start(monitor)
    button(monitor, "Pause").click()
    held = step_told(monitor, f"Run {number}: paused after step")
    line = f"step {held} of 1000000"
    monitor.root.locator(".note", has_text=line).wait_for()
    monitor.page.wait_for_timeout(600)
    assert line in monitor.root.locator(".note", has_text="step").first.inner_text()
    button(monitor, "Go on").click()
    monitor.says(f"Run {number}: training")
    button(monitor, "Stop").click()
    steps = step_told(monitor, f"Run {number}: stopped after step")
    assert steps > held
    assert ended(monitor) == ["interrupted", steps, steps]


def test_stop_ends_a_paused_run_where_it_is_by_keys(monitor):
    number = start(monitor)
    button(monitor, "Pause").focus()
    monitor.press("Enter")
    held = step_told(monitor, f"Run {number}: paused after step")
    button(monitor, "Stop").focus()
    monitor.press("Space")
    assert step_told(monitor, f"Run {number}: stopped after step") == held
    assert ended(monitor) == ["interrupted", held, held]


def test_the_kernels_own_stop_button_ends_a_paused_run_where_it_is(monitor):
    number = start(monitor)
    button(monitor, "Pause").click()
    held = step_told(monitor, f"Run {number}: paused after step")
    monitor.page.evaluate("() => jupyterapp.commands.execute('notebook:interrupt-kernel')")
    assert step_told(monitor, f"Run {number}: stopped after step") == held
    assert ended(monitor) == ["interrupted", held, held]


def test_where_presses_wait_the_page_says_so_and_the_kernels_stop_button_works(browser, lab):
    with explorer_page(browser, lab, "deaf.ipynb", SOURCE, TRAIN, LONG) as monitor:
        monitor.page.evaluate(NO_SUBSHELLS)
        monitor.notebook.start_cell(2)
        waits = monitor.root.get_by_text(WAITS)
        waits.wait_for()
        button(monitor, "Pause").click()
        monitor.page.evaluate("() => jupyterapp.commands.execute('notebook:interrupt-kernel')")
        steps = step_told(monitor, "Run 2: stopped after step")
        assert ended(monitor) == ["interrupted", steps, steps]
        waits.wait_for(state="hidden")
        monitor.notebook.start_cell(1)  # the press of before comes too late for this run
        monitor.says("Run 3: ended after step 30 of 30.")
        assert ended(monitor) == [None, 30, 30]


def test_the_replay_goes_over_figure_5_pass_by_pass(replayed):
    replayed.says("Pass 3: yours, training")
    replayed.root.get_by_label("up to pass").focus()
    replayed.press("ArrowLeft", "ArrowLeft")
    replayed.says("Pass 1: yours, training")
    replayed.says("in 1998 training 4.89%, test 2.65%, read off figure 5 to about 0.03 points.")
    assert replayed.kernel("[explorer.upto, len(explorer.shown['ours']['training'])]") == [1, 1]
    button(replayed, "Replay").click()
    button(replayed, "Halt").wait_for()
    replayed.says("Pass 3: yours, training")
    button(replayed, "Replay").wait_for()
    assert replayed.kernel("explorer.upto") == 3


def test_every_control_has_a_name_and_shows_the_focus(replayed):
    replayed.root.get_by_label("up to pass").focus()
    assert [name.strip() for name in replayed.stops()] == ["up to pass", "Replay"]


def test_running_the_cells_again_keeps_the_run_and_counts_on(replayed):
    before = replayed.kernel("explorer._run")
    replayed.notebook.start_cell(0)
    assert replayed.notebook.finish_cell()[0]["errors"] == []
    replayed.page.wait_for_function(
        "() => document.querySelectorAll('.lenet-explorer').length === 1"
    )
    replayed.says(f"Run {before}: ended after step 30 of 30.")
    replayed.notebook.start_cell(1)
    replayed.says(f"Run {before + 1}: ended after step 30 of 30.")
    assert ended(replayed) == [None, 30, 30]


def test_it_is_readable_in_the_dark_theme(replayed, tmp_path):
    replayed.readable_in_the_dark(tmp_path / "dark.png", ".note", "figcaption", "button:enabled")
