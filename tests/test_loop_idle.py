"""`--until-idle`: what ends a run is an input that was read to its end, not one that cannot be read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from consumer.breaker import Breaker, BreakerRules
from consumer.limits import Limits
from tests.doubles import Clock, Poll
from tests.test_loop import SIZE, Publisher, Topic, run_loop

IDLE_SECONDS, AWAY_SECONDS = 5.0, 12.0


class Late(Topic):
    """Polls bring nothing for ``AWAY_SECONDS``; ``missing`` says why."""

    def __init__(self, limits: Limits, clock: Clock, missing: str) -> None:
        super().__init__(limits, SIZE)
        self._clock, self._missing = clock, missing
        self._back_at = clock() + AWAY_SECONDS
        self.assigned = 1

    def _lacks(self, what: str) -> bool:
        return self._missing == what and self._clock() < self._back_at

    def poll(self, wait_seconds: float, max_records: int) -> Poll:
        """Nothing, for as long as it may wait; then what there is."""
        if self._clock() >= self._back_at:
            return super().poll(wait_seconds, max_records)
        self._clock.pass_seconds(wait_seconds)
        return Poll()

    def is_member(self) -> bool:
        """Not where that is what is missing."""
        return not self._lacks("group")

    def is_reading(self) -> bool:
        """Not where a position is what is missing."""
        return not self._lacks("positions")

    def heard(self) -> None:
        """The broker answered something."""

    def check(self) -> bool:
        """Whether the broker is there."""
        return not self._lacks("broker")


@pytest.mark.parametrize(
    ("missing", "done"), [("broker", SIZE), ("group", SIZE), ("positions", SIZE), ("nothing", 0)]
)
def test_what_cannot_be_read_is_no_idle_topic(tmp_path: Path, missing: str, done: int) -> None:
    """It is read once it can be; where nothing is missing, the topic is idle, and the run ends."""
    clock = Clock()
    limits = Limits(clock, until_idle_seconds=IDLE_SECONDS)
    topic = Late(limits, clock, missing)
    breaker = Breaker(BreakerRules(), clock)
    run_loop(tmp_path, limits, topic, Publisher(topic, set()), breaker, presence=topic)
    assert topic.done == done
    assert limits.stopping() is bool(done)  # else it ended by its limit


def test_a_batch_that_cannot_be_published_is_no_idle_topic(tmp_path: Path) -> None:
    """However long each try and the pause behind it take, it is tried again."""
    clock = Clock()
    limits = Limits(clock, until_idle_seconds=IDLE_SECONDS)
    topic = Topic(limits, SIZE)
    publisher = Publisher(topic, failures={1, 2, 3})
    breaker = Breaker(BreakerRules(), time.monotonic)
    run_loop(
        tmp_path, limits, topic, publisher, breaker, pause=lambda _: clock.pass_seconds(IDLE_SECONDS + 1)
    )
    assert topic.done == SIZE
