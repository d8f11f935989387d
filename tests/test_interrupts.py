"""The first interrupt is a request, the second one ends it; afterwards everything is as before."""

import signal
import threading

import pytest

from lenet_course.interrupts import StopRequest, stop_between_steps


@pytest.fixture(autouse=True)
def handler_of_before():
    """Whatever a test does, the handler is Python's own, before and after."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_nothing_is_asked_until_someone_interrupts():
    with stop_between_steps() as request:
        assert not request.asked


def test_an_interrupt_is_noted_and_the_work_goes_on():
    done = []
    with stop_between_steps() as request:
        for step in range(3):
            if step == 1:
                signal.raise_signal(signal.SIGINT)
            done.append(request.asked)
    assert done == [False, True, True]


def test_a_second_interrupt_ends_the_work_at_once(handler_of_before):
    with pytest.raises(KeyboardInterrupt), stop_between_steps():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is handler_of_before


def test_the_handler_of_before_comes_back(handler_of_before):
    with stop_between_steps():
        assert signal.getsignal(signal.SIGINT) is not handler_of_before
    assert signal.getsignal(signal.SIGINT) is handler_of_before


def test_the_handler_of_before_comes_back_after_an_error(handler_of_before):
    with pytest.raises(ZeroDivisionError), stop_between_steps():
        _ = 1 / 0
    assert signal.getsignal(signal.SIGINT) is handler_of_before


def test_one_within_another_leaves_the_outer_one_in_charge():
    with stop_between_steps() as outer:
        with stop_between_steps() as inner:
            signal.raise_signal(signal.SIGINT)
        assert (inner.asked, outer.asked) == (True, False)
        signal.raise_signal(signal.SIGINT)
        assert outer.asked


def test_outside_the_main_thread_nothing_changes(handler_of_before):
    found = []

    def work():
        with stop_between_steps() as request:
            found.append((request.asked, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(False, handler_of_before)]


def test_a_request_that_someone_else_holds_is_noted_in_as_well():
    own = StopRequest()
    with stop_between_steps(own) as request:
        assert request is own
        signal.raise_signal(signal.SIGINT)
    assert own.asked and own.number == signal.SIGINT


def test_who_is_not_paused_or_is_to_stop_does_not_wait():
    StopRequest().wait()
    StopRequest(asked=True, paused=True).wait()


def test_paused_work_waits_until_another_thread_lets_it_go_on():
    request = StopRequest(paused=True)
    timer = threading.Timer(0.1, lambda: setattr(request, "paused", False))
    timer.start()
    request.wait()
    assert not timer.is_alive() and not request.asked


def test_an_interrupt_ends_a_pause():
    with stop_between_steps(StopRequest(paused=True)) as request:
        threading.Timer(0.1, lambda: signal.raise_signal(signal.SIGINT)).start()
        request.wait()
    assert request.asked and request.paused
