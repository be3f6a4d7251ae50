"""A silent broker: asked, reported, and at last given up."""

from __future__ import annotations

import pytest

from consumer.errors import BrokerGoneError
from consumer.presence import Presence
from tests.doubles import Clock


class Broker:
    """Answers or not, and what was said of it."""

    def __init__(self) -> None:
        self.there = True
        self.asked = 0
        self.reports: list[bool] = []

    def ask(self, timeout_seconds: float) -> bool:
        """A question with a time limit."""
        assert timeout_seconds > 0
        self.asked += 1
        return self.there


@pytest.fixture
def broker() -> Broker:
    """A broker that is there."""
    return Broker()


@pytest.fixture
def clock() -> Clock:
    """Time that passes when told to."""
    return Clock()


@pytest.fixture
def presence(broker: Broker, clock: Clock) -> Presence:
    """The broker may be silent for a minute."""
    return Presence(broker.ask, broker.reports.append, 60, clock)


def test_a_busy_stream_asks_nothing(presence: Presence, broker: Broker, clock: Clock) -> None:
    """Each commit is an answer."""
    for _ in range(5):
        clock.pass_seconds(0.9)
        presence.heard()
        presence.check()
    assert broker.asked == 0


def test_a_quiet_stream_asks_now_and_then(presence: Presence, broker: Broker, clock: Clock) -> None:
    """About once a second, however often it looks."""
    for _ in range(30):
        clock.pass_seconds(0.1)
        presence.check()
    assert 2 <= broker.asked <= 3
    assert broker.reports[-1] is True


def test_silence_is_reported_at_once_and_ends_the_process_in_time(
    presence: Presence, broker: Broker, clock: Clock
) -> None:
    """Not ready while the broker is away; exit 4 after the time set, not before."""
    assert presence.check()
    broker.there = False
    clock.pass_seconds(30)
    assert not presence.check()
    assert broker.reports == [False]
    clock.pass_seconds(29)
    presence.check()
    clock.pass_seconds(1)
    with pytest.raises(BrokerGoneError, match="BROKER_TIMEOUT_SECONDS") as caught:
        presence.check()
    assert caught.value.exit_code == 4


def test_one_answer_starts_the_time_anew(presence: Presence, broker: Broker, clock: Clock) -> None:
    """A broker that restarts is not held against it later."""
    broker.there = False
    clock.pass_seconds(59)
    presence.check()
    broker.there = True
    assert presence.check()
    assert broker.reports == [False, True]
    broker.there = False
    clock.pass_seconds(59)
    presence.check()
