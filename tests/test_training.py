"""fit takes the steps it is asked for and records them; evaluate looks and changes nothing."""

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from itertools import chain

import pytest
import torch
from torch import nn
from torch.nn import functional

from lenet_course import data, networks, training
from lenet_course.data import Split
from lenet_course.interrupts import StopRequest
from lenet_course.training import Evaluation, TrainingError, evaluate, fit

NETWORK = networks.FAMILY["relu-avg"]


def digits(count, seed=0, side=28):
    """Noise with labels: enough wherever it does not matter what is learned."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (count, side, side), dtype=torch.uint8, generator=generator)
    return Split(images, torch.randint(10, (count,), generator=generator))


def prepare(images):
    return images.flatten(1).float() / 255


def perceptron(side=28, seed=0):
    """The smallest network: fast, and its gradient can be written down."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(side * side, 10))


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()]).clone()


def train(model=None, split=None, *others, rate=0.01, **settings):
    """Fit the smallest network to a little noise."""
    model = model or perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    if split is None:
        split = digits(25)
    return fit(model, split, *others, **{"prepare": prepare, "optimizer": optimizer} | settings)


# Means, and what evaluate leaves alone


@pytest.mark.parametrize("batch_size", [1, 4, 7, 10, 1000])
def test_an_evaluation_does_not_depend_on_the_batch_size(batch_size):
    model, split = perceptron(), digits(10)
    result = evaluate(model, split, prepare=prepare, batch_size=batch_size)
    outputs = model(prepare(split.images))
    assert result.count == 10
    assert result.loss == pytest.approx(functional.cross_entropy(outputs, split.labels).item())
    assert torch.equal(result.predictions, outputs.argmax(1))
    assert result.errors == (outputs.argmax(1) != split.labels).sum()


def test_a_smaller_last_batch_does_not_weigh_more_in_the_training_loss():
    split = digits(10)
    history = train(split=split, rate=0.0, batch_size=4, shuffle=False)
    losses = training.cross_entropy(perceptron()(prepare(split.images)), split.labels)
    assert history.losses == pytest.approx([b.mean().item() for b in losses.split(4)])
    assert history.epochs[0].train_loss == pytest.approx(losses.mean().item())
    assert history.epochs[0].train_loss != pytest.approx(sum(history.losses) / 3, rel=1e-4)


def test_the_training_error_is_a_mean_over_digits():
    split = digits(10)
    history = train(split=split, rate=0.0, batch_size=4)
    wrong = perceptron()(prepare(split.images)).argmax(1) != split.labels
    assert history.epochs[0].train_error == pytest.approx(wrong.float().mean().item())


def test_evaluate_changes_neither_weights_nor_random_state():
    model = networks.build("wide-dropout", seed=0)
    before, state = weights(model), torch.get_rng_state()
    evaluate(model, digits(4), prepare=networks.FAMILY["wide-dropout"].prepare)
    assert torch.equal(weights(model), before)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("training_mode", [True, False])
def test_evaluate_leaves_every_layer_in_the_mode_it_was_in(training_mode):
    model = nn.Sequential(nn.Dropout(), nn.Linear(784, 10), nn.Dropout()).train(training_mode)
    model[0].eval()
    evaluate(model, digits(4), prepare=prepare)
    assert [layer.training for layer in model] == [False, training_mode, training_mode]
    assert model.training is training_mode


def test_evaluate_leaves_the_mode_when_it_fails():
    model = perceptron().train()

    def fail(outputs):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        evaluate(model, digits(4), prepare=prepare, decide=fail)
    assert model.training


def test_evaluate_switches_dropout_off():
    model = nn.Sequential(nn.Dropout(0.9), nn.Linear(784, 10))
    one, two = (evaluate(model, digits(50), prepare=prepare).loss for _ in range(2))
    assert one == two


def test_evaluate_reads_distances_by_the_networks_own_rule():
    network = networks.FAMILY["lenet5-1998"]
    model, split = networks.build(network, seed=0), digits(6)
    result = evaluate(
        model, split, prepare=network.prepare, loss=network.loss, decide=network.decide
    )
    assert torch.equal(result.predictions, model(network.prepare(split.images)).argmin(1))


# The interval


@pytest.mark.parametrize(
    ("errors", "count", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (95, 10_000, 0.00778, 0.01160),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(errors, count, low, high):
    found = Evaluation(count, errors, 0.0, torch.zeros(count)).interval
    assert found == pytest.approx((low, high), abs=5e-5)


def test_the_interval_holds_the_error_and_stays_between_0_and_1():
    for errors in range(21):
        result = Evaluation(20, errors, 0.0, torch.zeros(20))
        low, high = result.interval
        assert 0 <= low <= result.error + 1e-12
        assert result.error - 1e-12 <= high <= 1


def test_an_evaluation_reads_as_a_sentence():
    text = str(Evaluation(10_000, 95, 0.03, torch.zeros(10_000)))
    assert text == "95 of 10,000 wrong: 0.95% (95% interval 0.78% to 1.16%)"
    assert Evaluation(10_000, 95, 0.03, torch.zeros(10_000)).accuracy == pytest.approx(0.9905)


# What a step is


def test_a_step_goes_down_the_gradient_of_the_mean_loss():
    model, split = perceptron(), digits(8)
    start = weights(model)
    functional.cross_entropy(model(prepare(split.images)), split.labels).backward()
    gradient = torch.cat([p.grad.flatten() for p in model.parameters()])
    train(model, split, rate=0.5, batch_size=8)
    torch.testing.assert_close(weights(model), start - 0.5 * gradient)


def test_a_summed_loss_is_a_mean_loss_with_a_rate_times_the_batch():
    split = digits(24)
    summed, mean = perceptron(), perceptron()
    one = train(summed, split, rate=0.001, batch_size=8, reduction="sum")
    two = train(mean, split, rate=0.008, batch_size=8)
    torch.testing.assert_close(weights(summed), weights(mean))
    assert one.losses == pytest.approx(two.losses)  # what is recorded is a mean either way


def test_a_loss_is_recorded_before_its_step_is_taken():
    split = digits(8)
    history = train(split=split, rate=0.001, batch_size=8, epochs=2)
    first = functional.cross_entropy(perceptron()(prepare(split.images)), split.labels).item()
    assert history.losses[0] == pytest.approx(first)
    assert history.losses[1] < first


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ({}, 4),
        ({"epochs": 3}, 12),
        ({"max_steps": 3}, 3),
        ({"epochs": 3, "max_steps": 6}, 6),
        ({"epochs": 3, "max_steps": 8}, 8),
        ({"epochs": 2, "max_steps": 100}, 8),
        ({"batch_size": 100}, 1),
    ],
)
def test_exactly_the_steps_asked_for_are_taken(settings, steps):
    history = train(split=digits(25), **{"batch_size": 8} | settings)
    assert history.steps == len(history.losses) == steps
    assert sum(epoch.steps for epoch in history.epochs) == steps
    assert history.stopped is None


def test_a_run_that_ends_within_a_pass_records_the_part_that_was_run():
    history = train(split=digits(25), batch_size=10, epochs=3, max_steps=5)
    rows = [(epoch.number, epoch.steps, epoch.digits) for epoch in history.epochs]
    assert rows == [(1, 3, 25), (2, 2, 20)]


def test_a_network_in_evaluation_mode_is_trained_in_training_mode():
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(784, 10)).eval()
    train(model)
    assert model.training


# Order


def orders(**settings):
    """Train on 20 digits, and give the order in which each epoch shows them."""
    split = digits(20)
    split.images[:, 0, 0] = torch.arange(20, dtype=torch.uint8)
    seen = []

    def note(images):
        if torch.is_grad_enabled():
            seen.append(images[:, 0, 0].tolist())
        return prepare(images)

    train(split=split, batch_size=8, prepare=note, **settings)
    shown = list(chain(*seen))
    return [shown[start : start + 20] for start in range(0, len(shown), 20)]


def test_each_epoch_shows_every_digit_once_in_a_new_order():
    first, second = orders(epochs=2)
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second


def test_the_order_depends_on_the_seed_and_the_epoch_alone():
    torch.manual_seed(1)
    one = orders(epochs=3, seed=5)
    torch.manual_seed(2)
    assert orders(epochs=3, seed=5) == one
    assert orders(epochs=1, seed=5)[0] == one[0]
    assert orders(epochs=3, seed=6) != one


def test_without_shuffling_the_digits_come_as_they_are_stored():
    assert orders(epochs=2, shuffle=False) == [list(range(20))] * 2


def test_training_leaves_the_global_random_state_alone():
    model = perceptron()
    before = torch.get_rng_state()
    train(model, digits(20), digits(5))
    assert torch.equal(torch.get_rng_state(), before)


# Validation


def test_each_epoch_ends_with_a_validation():
    history = train(perceptron(), digits(20), digits(6, seed=1), batch_size=10, epochs=3)
    assert [(row.step, row.epoch) for row in history.validations] == [(2, 1), (4, 2), (6, 3)]


def test_the_last_validation_is_of_the_network_as_it_is_handed_back():
    model, validation = perceptron(), digits(6, seed=1)
    history = train(model, digits(20), validation)
    result = evaluate(model, validation, prepare=prepare)
    assert history.validations[-1].loss == result.loss
    assert history.validations[-1].error == result.error


def test_validation_can_come_every_so_many_steps():
    settings = {"batch_size": 5, "epochs": 2, "validate_every": 3}
    history = train(perceptron(), digits(20), digits(6, seed=1), **settings)
    assert [(row.step, row.epoch) for row in history.validations] == [(3, 1), (6, 2)]


def test_without_validation_digits_there_are_no_validations():
    assert train(epochs=2).validations == []


def test_validating_changes_nothing_in_the_training():
    alone, judged = perceptron(), perceptron()
    train(alone, digits(20))
    train(judged, digits(20), digits(6, seed=1), validate_every=1)
    assert torch.equal(weights(alone), weights(judged))


def test_validation_reads_the_validation_digits_only_and_training_the_others_only():
    train_split, validation = digits(10), digits(10, seed=1)
    train_split.images[:, 0, 0], validation.images[:, 0, 0] = 1, 2
    seen = {True: set(), False: set()}

    def note(images):
        seen[torch.is_grad_enabled()].update(images[:, 0, 0].tolist())
        return prepare(images)

    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    fit(model, train_split, prepare=note, optimizer=optimizer)
    assert seen[True] == {1}
    seen[True].clear()
    seen[False].clear()
    fit(model, train_split, validation, prepare=note, optimizer=optimizer)
    assert seen[True] == {1}
    assert 2 in seen[False]


# Learning rates


def test_the_scheduler_is_stepped_once_a_step_and_its_rate_is_used():
    model, split = perceptron(), digits(40)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.0 if step else 0.1)
    train(model, split, optimizer=optimizer, scheduler=scheduler, batch_size=10)
    once = perceptron()
    train(once, split, rate=0.1, batch_size=10, max_steps=1)
    assert scheduler.last_epoch == 4
    assert torch.equal(weights(model), weights(once))


def test_a_schedule_that_is_used_up_is_told_before_the_run_starts():
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=3)
    settings = {"prepare": prepare, "optimizer": optimizer, "scheduler": schedule}
    fit(model, digits(30), batch_size=10, **settings)
    before = weights(model)
    with pytest.raises(TrainingError, match=r"made for 3 steps\. 3 are taken.*build the network"):
        fit(model, digits(30), batch_size=10, **settings)
    assert torch.equal(weights(model), before)


def test_an_epoch_records_the_rate_that_its_last_step_was_taken_with():
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1)
    settings = {"batch_size": 10, "epochs": 3, "optimizer": optimizer, "scheduler": scheduler}
    history = train(model, digits(20), **settings)
    rates = [epoch.learning_rate for epoch in history.epochs]
    assert rates == pytest.approx([1.0, 0.1, 0.01])


# Watching


def test_whoever_watches_sees_the_history_every_50_steps_and_after_each_epoch():
    seen = []

    def watch(history):
        seen.append((history.steps, len(history.epochs), len(history.validations)))

    train(perceptron(), digits(120), digits(5, seed=1), batch_size=1, epochs=2, watch=watch)
    assert seen == [
        (50, 0, 0),
        (100, 0, 0),
        (120, 1, 1),
        (150, 1, 1),
        (200, 1, 1),
        (240, 2, 2),
    ]


def test_a_watcher_sees_the_whole_record_in_the_end_even_when_steps_divide_by_50():
    last = {}
    history = train(
        perceptron(),
        digits(100),
        digits(5, seed=1),
        batch_size=1,
        watch=lambda history: last.update(steps=history.steps, rows=len(history.validations)),
    )
    assert last == {"steps": 100, "rows": 1}
    assert history.steps == 100


def test_the_result_does_not_depend_on_whether_anybody_looks(monkeypatch):
    shown = []

    class Bar:
        def update(self, n, text):
            shown.append((n, text))

    @contextmanager
    def bar(total, label):
        yield Bar()

    quiet, watched = perceptron(), perceptron()
    plain = train(quiet, digits(60), batch_size=1)
    monkeypatch.setattr(training, "progress", bar)
    monkeypatch.setattr(training, "STEPS_BETWEEN_LOOKS", 7)
    looked_at = train(watched, digits(60), batch_size=1, watch=lambda history: None)
    assert torch.equal(weights(quiet), weights(watched))
    assert looked_at == plain
    assert sum(n for n, _ in shown) == 60
    assert shown[-1][1] == f"loss {plain.losses[-1]:.4f}"


# Stopping early


def interrupting_after(steps, times=1):
    """Prepare digits, and interrupt within the step of that number."""
    taken = []

    def prepare_and_interrupt(images):
        if torch.is_grad_enabled():
            taken.append(len(images))
            if len(taken) == steps:
                for _ in range(times):
                    signal.raise_signal(signal.SIGINT)
        return prepare(images)

    return prepare_and_interrupt


def test_an_interrupt_stops_at_the_end_of_its_step_with_the_history_whole():
    model, same = perceptron(), perceptron()
    settings = {"batch_size": 5, "epochs": 2}
    history = train(model, digits(50), prepare=interrupting_after(7), **settings)
    assert history.stopped == "interrupted"
    assert history.steps == len(history.losses) == 7
    assert [(epoch.steps, epoch.digits) for epoch in history.epochs] == [(7, 35)]
    uninterrupted = train(same, digits(50), max_steps=7, **settings)
    assert torch.equal(weights(model), weights(same))
    assert history.losses == uninterrupted.losses


def test_an_interrupt_while_watching_stops_after_that_step():
    def interrupt(history):
        if not history.epochs:
            signal.raise_signal(signal.SIGINT)

    history = train(split=digits(200), batch_size=1, watch=interrupt)
    assert (history.stopped, history.steps) == ("interrupted", 50)


def test_a_request_that_someone_else_holds_ends_the_run_between_two_steps():
    request = StopRequest()
    settings = {"batch_size": 1, "watch": lambda history: setattr(request, "asked", True)}
    history = train(split=digits(200), request=request, **settings)
    assert (history.stopped, history.steps, len(history.losses)) == ("interrupted", 50, 50)


class Waited(StopRequest):
    """A pause that ends at once, and counts what was seen of the run before it."""

    def wait(self):
        self.seen = (self.last.steps, len(self.last.losses))
        self.paused = False


def test_whoever_watches_sees_every_step_before_a_pause_and_the_numbers_stay_the_same():
    request, paused, plain = Waited(), perceptron(), perceptron()

    def watch(history):
        request.last = history

    def prepare_and_pause(images):
        request.paused = request.paused or len(request.taken) == 6
        request.taken.append(len(images))
        return prepare(images)

    request.taken = []
    settings = {"batch_size": 5, "epochs": 2}
    how = {"watch": watch, "prepare": prepare_and_pause, "request": request}
    history = train(paused, digits(50), **settings, **how)
    assert request.seen == (6, 6), "one look before the first step, six steps"
    assert history == train(plain, digits(50), **settings)
    assert torch.equal(weights(paused), weights(plain))


def test_a_pause_asked_for_in_the_last_step_is_too_late():
    request = StopRequest(paused=True)
    assert train(split=digits(10), batch_size=10, request=request).steps == 1


def test_several_processes_take_no_request_of_ones_own(monkeypatch):
    class Two(training.processes.OneProcess):
        size = 2

    monkeypatch.setattr(training.processes, "current", Two)
    with pytest.raises(TrainingError, match="would pause one of 2 processes"):
        train(request=StopRequest())


def test_a_second_interrupt_ends_the_run_at_once():
    with pytest.raises(KeyboardInterrupt):
        train(split=digits(50), batch_size=5, prepare=interrupting_after(3, times=2))


@pytest.mark.parametrize("after", [7, None])
def test_the_handler_of_before_comes_back(after):
    before = signal.getsignal(signal.SIGINT)
    train(split=digits(50), batch_size=5, prepare=interrupting_after(after))
    assert signal.getsignal(signal.SIGINT) is before


def test_a_run_that_was_done_anyway_is_not_called_interrupted():
    history = train(split=digits(20), batch_size=5, prepare=interrupting_after(4))
    assert (history.stopped, history.steps) == (None, 4)


def test_an_interrupt_during_validation_stops_the_run_after_it():
    def interrupt(images):
        if len(images) == 3:
            signal.raise_signal(signal.SIGINT)
        return prepare(images)

    history = train(perceptron(), digits(20), digits(3), prepare=interrupt, batch_size=5, epochs=9)
    assert (history.stopped, history.steps, len(history.validations)) == ("interrupted", 4, 1)


@pytest.mark.skipif(os.name == "nt", reason="Windows delivers no SIGINT to one process")
def test_ctrl_c_in_a_real_process_prints_the_history_and_leaves_cleanly():
    program = textwrap.dedent("""
        import os, signal, threading, torch
        from torch import nn
        from lenet_course.data import Split
        from lenet_course.training import fit
        before = signal.getsignal(signal.SIGINT)  # ignored, where a shell runs in the background
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        digits = Split(torch.zeros(64, 28, 28, dtype=torch.uint8), torch.zeros(64).long())
        timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
        history = fit(
            model,
            digits,
            prepare=lambda images: images.float(),
            optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
            batch_size=1,
            epochs=1_000_000,
            watch=lambda history: timer.is_alive() or len(history.epochs) != 1 or timer.start(),
        )
        print(history.stopped, history.steps == sum(epoch.steps for epoch in history.epochs) > 0)
        print(signal.getsignal(signal.SIGINT) is before)
    """)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("interrupted True\nTrue\n", "")


def test_a_run_that_diverges_stops_and_says_so():
    history = train(split=digits(300), batch_size=1, rate=1e38, epochs=5)
    assert history.stopped == "diverged"
    assert history.steps <= 2 * training.STEPS_BETWEEN_LOOKS
    assert str(history).splitlines()[-1] == f"diverged after {history.steps} steps"


def test_one_infinite_loss_is_enough_even_when_later_ones_are_finite():
    calls = []

    def loss(outputs, labels):
        calls.append(1)
        spoiled = torch.inf if len(calls) == 5 else 0.0
        return training.cross_entropy(outputs, labels) + spoiled

    history = train(split=digits(200), batch_size=1, rate=0.0, loss=loss)
    assert (history.stopped, history.steps) == ("diverged", 50)


# What cannot start


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"epochs": 0}, "epochs=0"),
        ({"epochs": 1.5}, "epochs=1.5"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"max_steps": 0}, "max_steps=0"),
        ({"validate_every": 0}, "validate_every=0"),
        ({"reduction": "median"}, 'Use "mean" or "sum"'),
        ({"reduction": "none"}, "reduction='none'"),
        ({"loss": functional.cross_entropy}, r"shape \(\) for one digit.*reduction=\"none\""),
        ({"decide": torch.argmax}, r"decide gives shape \(\) for one digit.*argmax\(dim=1\)"),
        ({"split": digits(0)}, "no digits"),
        ({"prepare": lambda images: images.float()[:, :, :20]}, r"cannot take .*\(1, 28, 20\)"),
    ],
)
def test_a_run_that_cannot_start_says_what_to_change(settings, words):
    model = perceptron()
    before = weights(model)
    with pytest.raises(TrainingError, match=words):
        train(model, **settings)
    assert torch.equal(weights(model), before)


def test_an_optimizer_of_another_model_is_refused():
    other = torch.optim.SGD(perceptron(seed=1).parameters(), lr=0.1)
    with pytest.raises(TrainingError, match="none of this model's parameters"):
        train(optimizer=other)


def test_a_scheduler_of_another_optimizer_is_refused():
    other = torch.optim.SGD(perceptron().parameters(), lr=0.1)
    with pytest.raises(TrainingError, match="another optimizer"):
        train(scheduler=torch.optim.lr_scheduler.StepLR(other, 1))


def test_a_model_with_too_few_outputs_is_refused():
    model = nn.Sequential(nn.Linear(784, 5))
    split = Split(digits(3).images, torch.tensor([0, 9, 1]))
    with pytest.raises(TrainingError, match=r"labels go up to 9.*\(N, 10\)"):
        train(model, split)
    with pytest.raises(TrainingError, match="labels go up to 9"):
        evaluate(model, split, prepare=prepare)


def test_validation_digits_that_do_not_fit_are_told_before_an_epoch_is_spent():
    model = perceptron()
    before = weights(model)
    with pytest.raises(TrainingError, match="no digits"):
        train(model, digits(20), digits(0))
    assert torch.equal(weights(model), before)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"batch_size": 0}, "batch_size=0"),
        ({"loss": functional.cross_entropy}, "one number a digit"),
        ({"decide": torch.argmax}, "one answer a digit"),
        ({"prepare": lambda images: images.float()}, "cannot take"),
    ],
)
def test_an_evaluation_that_cannot_start_says_what_to_change(settings, words):
    with pytest.raises(TrainingError, match=words):
        evaluate(perceptron(), digits(3), **{"prepare": prepare} | settings)


def test_the_network_of_32_pixels_is_told_when_it_is_prepared_for_28():
    model = networks.build("relu-max", seed=0)
    with pytest.raises(TrainingError, match=r"input of \(1, 1, 28, 28\).*prepare of the network"):
        evaluate(model, digits(2), prepare=NETWORK.prepare)


def test_a_training_error_is_a_value_error():
    assert issubclass(TrainingError, ValueError)


# Real digits


@pytest.fixture(scope="module")
def real():
    return data.load()


def learn(real, name, optimizer, **settings):
    network = networks.FAMILY[name]
    model = networks.build(network, seed=0)
    reading = {"prepare": network.prepare, "loss": network.loss, "decide": network.decide}
    fit(model, real.train[:500], optimizer=optimizer(model.parameters()), **reading, **settings)
    return evaluate(model, real.test[:500], **reading)


def test_500_real_digits_teach_a_network_to_read_most_others(real):
    result = learn(
        real,
        "relu-avg",
        lambda parameters: torch.optim.Adam(parameters, lr=3e-3),
        epochs=6,
        batch_size=25,
    )
    assert result.error < 0.25


def test_500_real_digits_teach_the_network_of_1998_as_well(real):
    result = learn(
        real,
        "lenet5-1998",
        lambda parameters: torch.optim.Adam(parameters, lr=2e-3),
        epochs=4,
        batch_size=25,
    )
    assert result.error < 0.25


def test_the_same_run_twice_gives_the_same_network(real):
    def once():
        return learn(real, "relu-avg", lambda p: torch.optim.SGD(p, lr=0.05), max_steps=5)

    one, two = once(), once()
    assert one.loss == two.loss
    assert torch.equal(one.predictions, two.predictions)
