"""The pacer, with a clock that only moves when told to."""

from __future__ import annotations

import pytest

from producer_sim.pace import Pacer


class Clock:
    """Monotonic seconds; sleeping moves them on, a little late, as real sleeps do."""

    def __init__(self, oversleep_seconds: float = 0.0) -> None:
        self.now = 1_000.0
        self.oversleep_seconds = oversleep_seconds

    def __call__(self) -> float:
        """The time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let that long pass."""
        assert seconds > 0
        self.now += seconds + self.oversleep_seconds


def _pacer(clock: Clock, rate: float, max_catch_up_seconds: float = 2.0) -> Pacer:
    return Pacer(rate, clock=clock, sleep=clock.sleep, max_catch_up_seconds=max_catch_up_seconds)


def test_small_delays_do_not_add_up() -> None:
    """A thousand sleeps that are each 3 ms late still give the asked-for rate."""
    clock = Clock(oversleep_seconds=0.003)
    pacer = _pacer(clock, rate=100)
    for _ in range(1_001):
        pacer.wait()
    assert clock.now - 1_000.0 == pytest.approx(10.0, abs=0.01)


def test_after_a_delay_the_late_ones_follow_at_once() -> None:
    """Half a second lost is caught up without a sleep, and told."""
    clock = Clock()
    pacer = _pacer(clock, rate=10)
    pacer.wait()
    clock.now += 0.5
    before = clock.now
    stands_at = [pacer.wait() for _ in range(5)]
    assert clock.now == before
    assert stands_at == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert pacer.max_behind_seconds == pytest.approx(0.4)
    assert pacer.given_up_seconds == 0
    pacer.wait()
    assert clock.now == pytest.approx(1_000.6)


def test_catching_up_is_bounded_and_what_was_given_up_is_told() -> None:
    """After a minute's stall only two seconds' worth come in a rush; the rest of the schedule moves back."""
    clock = Clock()
    pacer = _pacer(clock, rate=10)
    pacer.wait()
    clock.now += 60
    before = clock.now
    rush = 0
    while clock.now == before:
        pacer.wait()
        rush += clock.now == before
    assert rush == pytest.approx(20, abs=1)
    assert pacer.given_up_seconds == pytest.approx(57.9)
    assert pacer.max_behind_seconds == pytest.approx(59.9)


def test_rate_zero_never_waits() -> None:
    """As fast as it goes: no sleep, and the stream's time is the clock's."""
    clock = Clock()
    pacer = _pacer(clock, rate=0)
    clock.now += 3
    assert pacer.wait() == 3
    assert clock.now == 1_003
