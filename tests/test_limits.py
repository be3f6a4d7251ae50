"""When a run ends."""

from __future__ import annotations

import pytest

from consumer.limits import Limits
from tests.doubles import Clock


def test_without_limits_only_a_stop_ends_it() -> None:
    """A service runs for ever."""
    clock = Clock()
    limits = Limits(clock)
    clock.pass_seconds(1e9)
    limits.committed(1_000_000)
    assert not limits.reached()
    assert limits.room() is None
    limits.stop()
    assert limits.reached()
    assert limits.stopping()


def test_ends_when_exactly_so_many_are_committed() -> None:
    """``--max-messages``: what is committed counts, not what was read."""
    limits = Limits(Clock(), max_messages=5)
    limits.committed(3)
    assert (limits.room(), limits.reached()) == (2, False)
    limits.committed(2)
    assert (limits.room(), limits.reached()) == (0, True)
    assert not limits.stopping()


def test_ends_when_nothing_was_committed_for_so_long() -> None:
    """``--until-idle``: each commit starts the wait anew."""
    clock = Clock()
    limits = Limits(clock, until_idle_seconds=10)
    clock.pass_seconds(9)
    limits.committed(1)
    clock.pass_seconds(9)
    assert not limits.reached()
    clock.pass_seconds(1)
    assert limits.reached()


@pytest.mark.parametrize(("seconds", "long_enough"), [(4.9, False), (5.0, True)])
def test_a_stop_is_remembered_from_the_first_signal(seconds: float, long_enough: bool) -> None:  # noqa: FBT001 - a column
    """A second signal does not lengthen the patience with a commit under way."""
    clock = Clock()
    limits = Limits(clock)
    assert not limits.stopping_for(0)
    limits.stop()
    clock.pass_seconds(3)
    limits.stop()
    clock.pass_seconds(seconds - 3)
    assert limits.stopping_for(5) is long_enough


def test_a_stop_ends_a_wait() -> None:
    """A pause between attempts does not keep a signal waiting (an hour would run into the test's timeout)."""
    limits = Limits(Clock())
    limits.stop()
    limits.wait(3600)


def test_a_slow_start_is_not_idleness() -> None:
    """``--until-idle`` counts from the first assignment on: a long load of the model ends nothing."""
    clock = Clock()
    limits = Limits(clock, until_idle_seconds=1)
    clock.pass_seconds(3600)
    assert not limits.reached()
    limits.busy()
    assert not limits.reached()
    clock.pass_seconds(1)
    assert limits.reached()
