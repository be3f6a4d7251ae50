"""A fault strikes or says that it did not; what strikes is counted by what it did."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.fleet import Fleet
from tests.doubles import Clock

WORKS = """
import signal, sys, time
stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1) if not stop else sys.exit(143))
signal.signal(signal.SIGUSR1, lambda *_: None)
print('"partitions_assigned"', flush=True)
while not stop:
    time.sleep(0.02)
time.sleep(0.3)
"""
STARTS = "import time; time.sleep(600)"  # and never comes to work


@pytest.fixture
def clock() -> Clock:
    """At nought."""
    return Clock(0.0)


@pytest.fixture
def fleet(tmp_path: Path, clock: Clock) -> Iterator[Fleet]:
    """One replica at work, and a place for one that joins."""
    made = Fleet(1, {}, tmp_path, clock, [sys.executable, "-c", WORKS])
    made.tend()
    _wait(lambda: made.places[0].works)
    yield made
    made.stop()


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def _ended(fleet: Fleet, number: int) -> None:
    _wait(lambda: not fleet.places[number].runs)
    fleet.tend()


def test_two_kills_at_one_moment_are_one(fleet: Fleet) -> None:
    """The second finds nobody, so that a hundred kills are a hundred deaths."""
    assert fleet.kill(0, 5.0)
    assert not fleet.kill(0, 5.0)
    fleet.tend()
    assert fleet.exits == {-signal.SIGKILL: 1}


def test_a_kill_that_came_too_late_is_none(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is already ending has its exit status: it counts as what it is."""
    process = fleet.places[0].process
    assert process is not None
    fleet.terminate(0)
    monkeypatch.setattr(process, "poll", lambda: None)  # it was seen before it ended
    monkeypatch.setattr(process, "send_signal", lambda _signal: None)
    assert not fleet.kill(0, 5.0)
    monkeypatch.undo()
    fleet.tend()
    assert fleet.exits == {0: 1}


def test_who_is_killed_comes_back_when_it_is_due(fleet: Fleet, clock: Clock) -> None:
    """Not before."""
    fleet.kill(0, 5.0)
    fleet.tend()
    assert not fleet.places[0].runs
    clock.now = 5.0
    fleet.tend()
    _wait(lambda: fleet.places[0].works)
    assert fleet.places[0].starts == 2


def test_one_that_is_told_to_end_is_told_once(fleet: Fleet) -> None:
    """A second signal would end it out of order; it is not frozen nor stalled either."""
    assert fleet.terminate(0)
    assert not fleet.terminate(0)
    assert not fleet.freeze(0)
    assert not fleet.stall(0)
    _ended(fleet, 0)
    assert (fleet.exits, fleet.unexpected) == ({0: 1}, [])


def test_a_frozen_one_can_be_killed_but_not_told(fleet: Fleet) -> None:
    """A zombie dies only by SIGKILL."""
    assert fleet.freeze(0)
    assert not fleet.terminate(0)
    assert fleet.kill(0, 5.0)


def test_one_that_is_only_starting_is_not_signalled(tmp_path: Path, clock: Clock) -> None:
    """Without its handlers SIGTERM and SIGUSR1 would kill it; SIGKILL strikes it only where that is meant."""
    fleet = Fleet(1, {}, tmp_path, clock, [sys.executable, "-c", STARTS])
    fleet.tend()
    try:
        assert not fleet.terminate(0)
        assert not fleet.stall(0)
        assert not fleet.freeze(0)
        assert not fleet.kill(0, 5.0)
    finally:
        assert fleet.kill(0, 5.0, also_starting=True)


def test_one_that_joins_leaves_for_good(fleet: Fleet, clock: Clock) -> None:
    """Its place is empty before and after."""
    assert fleet.join(1)
    fleet.tend()
    assert not fleet.join(1)
    _wait(lambda: fleet.places[1].works)
    fleet.terminate(1)
    _ended(fleet, 1)
    clock.now = 1e9
    fleet.tend()
    assert not fleet.places[1].runs


def test_an_end_nobody_asked_for_is_noted(tmp_path: Path, clock: Clock) -> None:
    """A replica that ends by itself makes the run not clean."""
    fleet = Fleet(1, {}, tmp_path, clock, [sys.executable, "-c", "raise SystemExit(3)"])
    fleet.tend()
    _ended(fleet, 0)
    assert "ended with 3" in fleet.unexpected[0]
    fleet.stop()
