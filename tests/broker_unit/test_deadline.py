"""Calls without a time limit of their own get one."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from consumer.broker import deadline
from consumer.broker.deadline import Deadline
from consumer.errors import BrokerGoneError, StoppedWaitingError
from tests.broker_unit.client import Stuck


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    """A call that hangs."""
    call = Stuck()
    yield call
    call.let_go()


def test_a_call_that_ends_is_done_when_it_returns() -> None:
    """What comes next may rely on its effect."""
    done: list[int] = []
    Deadline(60).call("it", lambda: done.append(1))
    assert done == [1]


@pytest.mark.parametrize("error", [OSError("x"), TypeError("y"), KeyboardInterrupt()])
def test_what_the_call_raises_comes_out(error: BaseException) -> None:
    """Whatever it is, as the same object: who sorts errors must see it."""

    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        Deadline(60).call("it", fail)
    assert caught.value is error


def test_past_the_deadline_the_broker_is_gone(stuck: Stuck) -> None:
    """Exit 4, naming the call."""
    with pytest.raises(BrokerGoneError, match="commit_transaction") as caught:
        Deadline(0).call("commit_transaction", stuck)
    assert caught.value.exit_code == 4


def test_a_stop_ends_the_waiting(stuck: Stuck) -> None:
    """A signal is not kept waiting for a broker that is away; that is a clean end."""
    with pytest.raises(StoppedWaitingError) as caught:
        Deadline(3600, give_up=stuck.entered.is_set).call("it", stuck)
    assert caught.value.exit_code == 0


def test_a_late_call_is_told_of_while_it_lasts(stuck: Stuck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever watches the loop learns that it hangs on the broker, before the deadline."""
    monkeypatch.setattr(deadline, "_LATE_SECONDS", 0.0)
    told = threading.Event()
    with pytest.raises(StoppedWaitingError):
        Deadline(3600, give_up=told.is_set, late=told.set).call("it", stuck)


def test_a_call_in_time_is_told_to_nobody() -> None:
    """Most calls take milliseconds."""
    told = threading.Event()
    Deadline(60, late=told.set).call("it", lambda: None)
    assert not told.is_set()


def test_a_stuck_call_does_not_keep_the_process_alive(stuck: Stuck) -> None:
    """Its thread is a daemon: the process can end around it."""
    with pytest.raises(BrokerGoneError):
        Deadline(0).call("hanging", stuck)
    assert [t.daemon for t in threading.enumerate() if t.name.startswith("hanging")] == [True]
