"""A run's record: empty at first, then a line for each epoch."""

from lenet_course.history import Epoch, History, Validation


def epoch(number):
    return Epoch(number, steps=2, digits=100, train_loss=0.5, train_error=0.25, learning_rate=0.1)


def test_a_new_history_is_empty_and_says_so():
    history = History()
    assert (history.losses, history.epochs, history.validations) == ([], [], [])
    assert history.steps == 0
    assert history.stopped is None
    assert str(history) == "nothing trained yet"


def test_two_histories_share_nothing():
    History().losses.append(1.0)
    assert History().losses == []


def test_a_step_is_a_loss():
    assert History(losses=[2.3, 2.1, 1.9]).steps == 3


def test_an_epoch_is_a_line():
    assert str(History([1.0], [epoch(1)])) == (
        "epoch 1, 2 steps: training loss 0.5000, error 25.00%"
    )


def test_a_validation_stands_beside_its_epoch():
    validations = [Validation(2, 1, 0.4, 0.2), Validation(4, 2, 0.3, 0.1)]
    lines = str(History([1.0] * 4, [epoch(1), epoch(2)], validations)).splitlines()
    assert lines[0].endswith("; validation error 20.00%")
    assert lines[1].endswith("; validation error 10.00%")


def test_of_several_validations_within_an_epoch_the_last_is_shown():
    validations = [Validation(10, 1, 0.4, 0.2), Validation(20, 1, 0.3, 0.1)]
    assert "10.00%" in str(History([1.0] * 20, [epoch(1)], validations))


def test_a_run_that_stopped_early_says_why_and_where():
    text = str(History([1.0] * 1200, [epoch(1)], stopped="interrupted"))
    assert text.splitlines()[-1] == "interrupted after 1,200 steps"
