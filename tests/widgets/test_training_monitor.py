"""The training monitor shows what fit does, holds it between two steps, and changes nothing."""

import signal
import threading
import time

import pytest
import torch

from lenet_course import training
from lenet_course.back_to_1998 import paper
from lenet_course.data import Split
from lenet_course.figures import passes
from lenet_course.history import Epoch, History, Validation
from lenet_course.training import TrainingError
from lenet_course.widgets import TrainingMonitor

SECONDS = 30  # a press that is not heard by then never will be


def digits(count, seed=0):
    noise = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (count, 4, 4), dtype=torch.uint8, generator=noise)
    return Split(images, torch.randint(10, (count,), generator=noise))


def prepare(images):
    return images.flatten(1).float() / 255


def new_model():
    torch.manual_seed(0)
    return torch.nn.Linear(16, 10)


def learn(fit, model, epochs=3, **how):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    plan = {"prepare": prepare, "optimizer": optimizer, "epochs": epochs, "batch_size": 10}
    return fit(model, digits(100), digits(20, seed=1), **plan | how)


@pytest.fixture
def monitor():
    made = TrainingMonitor()
    yield made
    made.close()


def press(monitor, what, run=1):
    """As the page does it."""
    monitor._handle_custom_msg({"press": what, "run": run}, [])


def in_a_thread(monitor, work):
    """Do something beside the run, as a button's handler does; gives what to wait for."""

    def work_or_stop():
        try:
            work()
        except BaseException:
            monitor.stop()  # or the run would stay paused
            raise

    thread = threading.Thread(target=work_or_stop)
    thread.start()
    return thread


def once(work):
    """A watch that does something when it is first called, and then no more."""
    left = [work]
    return lambda history: left.pop()() if left else None


def until(condition):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_fit_takes_the_steps_of_training_fit_and_gives_its_history(monitor):
    watched, plain = new_model(), new_model()
    assert learn(monitor.fit, watched) == learn(training.fit, plain)
    assert torch.equal(watched.weight, plain.weight)
    assert monitor.words == "Run 1: ended after step 30 of 30."


def test_before_a_run_there_is_the_paper_alone(monitor):
    assert monitor.shown["paper"]["test"][:2] == [[1, 2.65], [2, 2.24]]
    assert len(monitor.shown["paper"]["training"]) == 21
    assert monitor.shown["losses"] == [] == monitor.shown["ours"]["training"]
    assert monitor.words == "No run yet: run the cell that trains."


def test_the_errors_of_the_page_are_those_of_the_history(monitor):
    history = learn(monitor.fit, new_model())
    wanted = [
        [row.number, pytest.approx(100 * row.train_error, abs=1e-4)] for row in history.epochs
    ]
    assert monitor.shown["ours"]["training"] == wanted
    judged = [[row.epoch, pytest.approx(100 * row.error)] for row in history.validations]
    assert monitor.shown["ours"]["validation"] == judged


def test_a_pause_holds_the_run_and_changes_none_of_its_numbers(monitor):
    held, model, plain = [], new_model(), new_model()

    def pause_a_while():
        until(lambda: monitor.shown["state"] == "paused")
        held.append((monitor.shown["steps"], monitor.words))
        time.sleep(0.2)
        held.append((monitor.shown["steps"], monitor.words))
        press(monitor, "go on")

    thread = in_a_thread(monitor, pause_a_while)
    history = learn(monitor.fit, model, watch=once(lambda: press(monitor, "pause")), max_steps=25)
    thread.join()
    assert held[0] == held[1]
    assert held[0][0] == 10
    assert held[0][1].startswith("Run 1: paused after step 10 of 25")
    assert history == learn(training.fit, plain, max_steps=25)
    assert torch.equal(model.weight, plain.weight)


@pytest.mark.parametrize("presses", [["stop"], ["pause", "stop"]])
def test_stop_leaves_the_history_and_the_weights_of_as_many_steps(monitor, presses):
    stopped, plain = new_model(), new_model()
    watch = once(lambda: [press(monitor, one) for one in presses])
    history = learn(monitor.fit, stopped, watch=watch)
    assert history.stopped == "interrupted"
    assert history.steps == len(history.losses) == sum(row.steps for row in history.epochs)
    learn(training.fit, plain, max_steps=history.steps)
    assert torch.equal(stopped.weight, plain.weight)
    told = f"Run 1: stopped after step {history.steps} of 30. Weights and history are whole"
    assert monitor.words.startswith(told)


def test_an_interrupt_ends_a_paused_run_where_it_is(monitor):
    def interrupt():
        until(lambda: monitor.shown["state"] == "paused")
        signal.raise_signal(signal.SIGINT)  # Python handles it in the main thread

    thread = in_a_thread(monitor, interrupt)
    history = learn(monitor.fit, new_model(), watch=once(lambda: press(monitor, "pause")))
    thread.join()
    assert (history.stopped, history.steps) == ("interrupted", 10)


def test_a_press_that_was_meant_for_an_earlier_run_does_nothing(monitor):
    learn(monitor.fit, new_model())
    press(monitor, "stop", run=1)
    late = learn(monitor.fit, new_model(), watch=lambda history: press(monitor, "stop", run=1))
    assert late.stopped is None
    assert monitor.words == "Run 2: ended after step 30 of 30."


def test_without_a_run_nothing_can_be_paused(monitor):
    monitor.pause()
    assert learn(monitor.fit, new_model()).stopped is None


def test_the_page_is_told_that_it_was_heard(monitor, monkeypatch):
    answers = []
    monkeypatch.setattr(monitor, "send", answers.append)
    learn(monitor.fit, new_model(), epochs=1, watch=lambda history: press(monitor, "listen"))
    assert answers == [{"heard": 1}]


def test_messages_are_left_to_the_thread_that_the_page_chose(monitor):
    if hasattr(type(monitor.comm), "_reply_subshell_for"):
        assert monitor.comm._reply_subshell_for is None


def test_calling_again_goes_on_with_the_weights(monitor):
    model, whole = new_model(), new_model()
    for _ in range(2):
        learn(monitor.fit, model, epochs=1, shuffle=False)
    learn(training.fit, whole, epochs=2, shuffle=False)
    assert torch.allclose(model.weight, whole.weight)
    assert monitor.shown["run"] == 2


@pytest.mark.parametrize("size", [-1, 0, "64"])
def test_an_error_is_not_swallowed_and_is_told(monitor, size):
    with pytest.raises(TrainingError, match="whole number of at least 1"):
        learn(monitor.fit, new_model(), batch_size=size)
    assert monitor.words.startswith("Run 1: broken off by an error")


def test_a_loss_that_is_no_number_is_told_and_not_drawn(monitor):
    history = learn(monitor.fit, new_model(), loss=lambda out, labels: out.sum(1) * float("nan"))
    assert history.stopped == "diverged"
    assert monitor.shown["losses"] == []
    assert "the loss is no longer a number" in monitor.words


def test_a_long_run_sends_no_more_points_than_a_short_one(monitor):
    monitor._history = History(losses=[1.0] * 100_000 + [3.0] * 25)
    monitor._show("ended")
    points = monitor.shown["losses"]
    assert len(points) == 200
    assert points[0] == [1, 1.0] and points[-1] == [100_025, 3.0]


def replayed(monitor):
    """Two passes and a part of a third, judged each."""
    rows = [
        Epoch(n, steps, 10 * steps, 1.0, n / 50, 0.1) for n, steps in ((1, 10), (2, 10), (3, 4))
    ]
    judged = [Validation(step, n, 1.0, n / 100) for n, step in ((1, 10), (2, 20), (3, 24))]
    monitor._history = History([1.0] * 24, rows, judged, "interrupted")
    monitor._plan = type(monitor._plan)(digits=100, steps_a_pass=10, passes=3, steps=30)
    monitor._show("interrupted")
    return monitor


def test_the_replay_draws_no_pass_beyond_the_chosen_one(monitor):
    replayed(monitor).upto = 1
    assert monitor.shown["ours"] == {"training": [[1, 2.0]], "validation": [[1, 1.0]]}
    monitor.upto = 3
    assert monitor.shown["ours"]["training"] == [[1, 2.0], [2, 4.0], [2.4, 6.0]]
    monitor.upto = 99
    assert monitor.upto == 3


def test_the_words_of_a_pass_name_both_runs_and_the_resolution(monitor):
    assert replayed(monitor).at_pass(2) == (
        "Pass 2: yours, training 4.00% during the pass, validation 2.00% after it; in 1998 "
        "training 3.05%, test 2.24%, read off figure 5 to about 0.03 points. A pass of yours has "
        "100 digits, one of 1998 60,000."
    )
    assert "Pass 3, cut after 4 of 10 steps: yours" in monitor.at_pass(3)
    assert monitor.at_pass(22) == "Pass 22: figure 5 ends at pass 21."


def test_what_was_run_is_still_there_when_the_cell_runs_again():
    first = TrainingMonitor(name="test")
    learn(first.fit, new_model())
    first.upto = 2
    second = TrainingMonitor(name="test")
    assert second.words == "Run 1: ended after step 30 of 30."
    assert second.upto == 2 and second.shown["ours"] == first.shown["ours"]
    assert first.comm is None, "the earlier one is closed"
    learn(second.fit, new_model())
    assert second.words.startswith("Run 2: ended")
    second.close()
    assert TrainingMonitor(name="test").shown["run"] == 0


def test_a_page_without_widgets_gets_curves_their_numbers_and_a_sentence_that_stays(monitor):
    before = monitor._repr_mimebundle_()[0]["text/plain"]
    learn(monitor.fit, new_model())
    data, metadata = monitor._repr_mimebundle_()
    assert data["text/plain"] == before
    assert data["image/png"][:4] == b"\x89PNG"
    told = metadata["image/png"]["alt"]
    assert "Loss against step, from" in told and "training" in told and "0.96% at 21" in told


def test_an_error_of_zero_has_a_place_on_the_scale():
    shown = passes([], {"training": [(1, 0.0)]}, {"test": [(1, paper.FIGURE_5_TEST[0])]})
    assert "training 0.00% at 1" in str(shown) and "no step yet" in str(shown)
