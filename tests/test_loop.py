"""The order of effects, without a broker: what is published when, and what is dropped."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import Any, cast

import pytest

from consumer.batch import Rules, prepare
from consumer.broker.faults import PublishFailedError
from consumer.broker.producer import Letters
from consumer.encode import ResultStyle
from consumer.gather import Bounds, Gatherer
from consumer.label import LabelRule
from consumer.limits import Limits
from consumer.loop import Loop, Parts
from consumer.monitoring.health import Health
from consumer.monitoring.metrics import Metrics
from tests.doubles import Clock, ConstantScorer, Poll, small_tokeniser, tweet_record

SIZE = 4


class Topic:
    """An input topic of good tweets; polls give what is asked for, from the committed position on."""

    def __init__(self, limits: Limits, count: int) -> None:
        self.records = [tweet_record("good", offset) for offset in range(count)]
        self.position = self.done = self.rewinds = 0
        self.moves: deque[int] = deque()  # polls, counted, at which partitions moved
        self.waits: list[float] = []  # seconds each poll may wait
        self._limits = limits

    @property
    def polls(self) -> int:
        """How often it was polled."""
        return len(self.waits)

    def poll(self, wait_seconds: float, max_records: int) -> Poll:
        """The next records; the end of the topic ends the run."""
        self.waits.append(wait_seconds)
        if self.moves and self.moves[0] == self.polls:
            self.moves.popleft()
            self.rewind()
            return Poll(moved=True)
        found = tuple(self.records[self.position : self.position + max_records])
        self.position += len(found)
        if not found and self.done == len(self.records):
            self._limits.stop()
        return Poll(found, group=f"poll {self.polls}")

    def rewind(self) -> None:
        """Back to the committed position."""
        self.rewinds += 1
        self.position = self.done

    def committed(self, offsets: Any) -> int:
        """Note a commit."""
        (position,) = offsets.values()
        count = position.offset - self.done
        self.done = int(position.offset)
        return int(count)

    def covered(self, _offsets: Any) -> int:
        """Nothing is ever in doubt here."""
        return 0

    def is_committed(self, _offsets: Any) -> bool:
        """Nor committed unseen."""
        return False

    def take_assigned(self) -> bool:
        """No news."""
        return False

    def states(self) -> list[Any]:
        """No lag."""
        return []


class Publisher:
    """Records what is published; fails where it is told to."""

    def __init__(self, topic: Topic, failures: set[int]) -> None:
        self.batches: list[list[int]] = []
        self.polls: list[int] = []  # polls there had been before each
        self._topic = topic
        self.groups: list[str] = []
        self.started = self._calls = 0
        self._failures = failures

    def start(self) -> None:
        """A new producer."""
        self.started += 1

    def publish(self, letters: Letters, _offsets: Any, group: str, _alone: Any) -> None:
        """One transaction."""
        self._calls += 1
        if self._calls in self._failures:
            raise PublishFailedError(OSError("away"))
        self.batches.append([message.source.offset for message in letters.results])
        self.groups.append(group)
        self.polls.append(self._topic.polls)


class Quiet:
    """A broker that is always there."""

    def heard(self) -> None:
        """It is."""

    def check(self) -> None:
        """It is still."""


def run(
    tmp_path: Path,
    count: int,
    failures: set[int] | None = None,
    moves: tuple[int, ...] = (),
    limit: int | None = None,
) -> tuple[Topic, Publisher]:
    """Run the loop over so many tweets, up to the limit."""
    limits = Limits(time.monotonic, limit or count)
    topic, scorer = Topic(limits, count), ConstantScorer()
    publisher = Publisher(topic, failures or set())
    topic.moves.extend(moves)
    rules = Rules(small_tokeniser(tmp_path))
    bounds = Bounds(messages=SIZE, tokens=10_000, wait_seconds=0.0)
    gatherer = Gatherer(topic, lambda records, watch: prepare(records, rules, watch), bounds, Clock())
    parts = Parts(
        cast("Any", topic),
        gatherer,
        scorer,
        cast("Any", publisher),
        cast("Any", Quiet()),
        Metrics(),
        Health(),
    )
    Loop(parts, LabelRule(), ResultStyle("m", "1"), "g", limits, lambda _: None).run()
    return topic, publisher


@pytest.mark.parametrize("count", [1, SIZE, SIZE + 1, 5 * SIZE, 5 * SIZE + 3])
def test_every_record_is_published_once_in_order(tmp_path: Path, count: int) -> None:
    """With a backlog or without, each record is in one transaction, in order; the limit is met exactly."""
    topic, publisher = run(tmp_path, count)
    assert [offset for batch in publisher.batches for offset in batch] == list(range(count))
    assert topic.done == count


def test_a_batch_is_committed_with_the_snapshot_of_its_own_poll(tmp_path: Path) -> None:
    """Gathering the next batch meanwhile does not lend its group snapshot to the one before."""
    _, publisher = run(tmp_path, 3 * SIZE)
    assert publisher.groups == ["poll 1", "poll 2", "poll 3"]


def test_a_failed_batch_takes_the_one_behind_it_along(tmp_path: Path) -> None:
    """What was polled behind a batch that failed is read again after it, never published before it."""
    topic, publisher = run(tmp_path, 5 * SIZE, failures={2})
    assert [offset for batch in publisher.batches for offset in batch] == list(range(5 * SIZE))
    assert topic.rewinds == 1
    assert publisher.started == 2  # a new producer after the failure


def test_partitions_that_move_void_the_batch_in_hand(tmp_path: Path) -> None:
    """A batch that was being scored when partitions moved is not published: another may own it by now."""
    topic, publisher = run(tmp_path, 3 * SIZE, moves=(2,))
    assert topic.rewinds == 1
    assert [offset for batch in publisher.batches for offset in batch] == list(range(3 * SIZE))
    assert publisher.groups[0] == "poll 3"  # not poll 1, whose batch was void


def test_a_lone_record_does_not_wait_for_the_next(tmp_path: Path) -> None:
    """Without a backlog a batch is published before anything else is polled for."""
    _, publisher = run(tmp_path, 1, limit=2)
    assert publisher.batches == [[0]]
    assert publisher.polls == [2]  # one brought it, one brought no company


def test_a_batch_in_hand_does_not_wait_for_records(tmp_path: Path) -> None:
    """While a batch is being scored the next is gathered from what is there, without waiting for more."""
    topic, _ = run(tmp_path, 3 * SIZE, limit=3 * SIZE)
    assert topic.waits[0] > 0
    assert topic.waits[1:] == [0.0] * (topic.polls - 1)


def test_a_limit_counts_what_is_in_hand(tmp_path: Path) -> None:
    """With more records than the limit allows, exactly the limit is committed."""
    topic, publisher = run(tmp_path, 5 * SIZE, limit=2 * SIZE + 1)
    assert topic.done == 2 * SIZE + 1
    assert sum(map(len, publisher.batches)) == 2 * SIZE + 1
