"""The order of effects, without a broker: what is published when, and what is dropped."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, cast

import pytest

from consumer.batch import Rules
from consumer.breaker import PROBE_RECORDS, Breaker, BreakerRules
from consumer.broker.faults import PublishFailedError
from consumer.broker.producer import Letters
from consumer.circuit import Circuit
from consumer.encode import ResultStyle
from consumer.gather import Bounds, Gatherer
from consumer.labeller import Labeller
from consumer.limits import Limits
from consumer.loop import Loop, Parts
from consumer.monitoring.health import Health
from consumer.monitoring.metrics import Metrics
from consumer.suspicion import Suspicion
from tests.doubles import Clock, ConstantScorer, Poll, record, small_tokeniser, tweet_record

SIZE = 4
BOUNDS = Bounds(messages=SIZE, tokens=10_000, wait_seconds=0.0)


class Topic:
    """An input topic of good tweets; polls give what is asked for, from the committed position on."""

    def __init__(self, limits: Limits, count: int) -> None:
        self.records = [tweet_record("good", offset) for offset in range(count)]
        self.position = self.done = self.rewinds = 0
        self.membership: deque[bool] = deque()  # poll by poll, where it is not always a member
        self.moves: deque[int] = deque()  # polls, counted, at which partitions moved
        self.on_hold: Callable[[], object] = lambda: None
        self.fault = ""
        self.held: list[int] = []  # what was committed at each hold
        self.waits: list[float] = []  # seconds each poll may wait
        self._limits = limits
        self.assigned = self._count = 0  # partitions, where a rebalance gave some

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

    def hold(self, _wait_seconds: float) -> None:
        """Nothing is read; the next poll goes on at what is committed."""
        self.held.append(self.done)
        self.position = self.done
        self.on_hold()

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

    def is_member(self) -> bool:
        """Whether the group has it, at this poll."""
        return self.membership.popleft() if self.membership else True

    def is_reading(self) -> bool:
        """From the committed position."""
        return True

    def trouble(self) -> str:
        """What is wrong with what is read."""
        return self.fault

    def take_assigned(self) -> bool:
        """Whether there is news of them."""
        told, self.assigned = self.assigned, 0
        self._count = told
        return bool(told)

    def partitions(self) -> int:
        """How many there were in the news."""
        return self._count

    def states(self) -> list[Any]:
        """No lag."""
        return []


class Publisher:
    """Records what is published; fails where it is told to."""

    def __init__(self, topic: Topic, failures: set[int]) -> None:
        self.batches: list[list[int]] = []
        self.dead: list[list[int]] = []
        self.polls: list[int] = []  # polls there had been before each
        self._topic = topic
        self.groups: list[str] = []
        self.started = self._calls = 0
        self._failures = failures

    def start(self) -> None:
        """A new producer."""
        self.started += 1

    def publish(
        self, letters: Letters, _offsets: Any, group: str, _alone: Any, sent: Callable[[], object]
    ) -> None:
        """One transaction."""
        self._calls += 1
        if self._calls in self._failures:
            raise PublishFailedError(OSError("away"))
        sent()
        self.batches.append([message.source.offset for message in letters.results])
        self.dead.append([message.source.offset for message in letters.dead])
        self.groups.append(group)
        self.polls.append(self._topic.polls)


class Quiet:
    """A broker that is always there."""

    def heard(self) -> None:
        """It is."""

    def check(self) -> bool:
        """It is still."""
        return True


def run(
    tmp_path: Path,
    count: int,
    failures: set[int] | None = None,
    moves: tuple[int, ...] = (),
    limit: int | None = None,
) -> tuple[Topic, Publisher]:
    """Run the loop over so many tweets, up to the limit."""
    limits = Limits(time.monotonic, limit or count)
    topic = Topic(limits, count)
    publisher = Publisher(topic, failures or set())
    topic.moves.extend(moves)
    run_loop(tmp_path, limits, topic, publisher, Breaker(BreakerRules(), time.monotonic))
    return topic, publisher


def run_loop(
    tmp_path: Path,
    limits: Limits,
    topic: Topic,
    publisher: Publisher,
    breaker: Breaker,
    health: Health | None = None,
    bounds: Bounds = BOUNDS,
    pause: Callable[[float], object] = lambda _: None,
    scorer: ConstantScorer | None = None,
    turn: Callable[[], AbstractContextManager[object]] = nullcontext,
    presence: object = None,
) -> None:
    """Run a loop of these parts."""
    labeller = Labeller(Rules(small_tokeniser(tmp_path)), scorer or ConstantScorer(), ResultStyle("m", "1"))
    gatherer = Gatherer(topic, labeller.prepare, bounds, Clock())
    metrics, health = Metrics(), health or Health()
    parts = Parts(
        cast("Any", topic),
        gatherer,
        cast("Any", publisher),
        cast("Any", presence or Quiet()),
        metrics,
        health,
        Circuit(breaker, health, metrics),
        Suspicion(tmp_path / "scoring.json"),
        turn=turn,
    )
    Loop(parts, labeller, "g", limits, pause).run()


def test_an_assignment_is_told_with_its_number(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Also before a position of it is known."""
    limits = Limits(time.monotonic, SIZE)
    topic = Topic(limits, SIZE)
    topic.assigned = 3
    with caplog.at_level("INFO"):
        run_loop(tmp_path, limits, topic, Publisher(topic, set()), Breaker(BreakerRules(), time.monotonic))
    (told,) = [r for r in caplog.records if r.message == "partitions_assigned"]
    assert vars(told)["fields"]["partitions"] == 3


@pytest.mark.parametrize(("last", "reason"), [(True, ""), (False, "the consumer group was left")])
def test_whether_it_is_a_member_is_told_at_every_poll(tmp_path: Path, *, last: bool, reason: str) -> None:
    """Who was put out of the group, and is not taken back, does not go on being called ready."""
    limits, health = Limits(time.monotonic, 3 * SIZE), Health(left_after_seconds=0)
    topic = Topic(limits, 3 * SIZE)
    topic.membership.extend([True, False, last])
    publisher = Publisher(topic, set())
    run_loop(tmp_path, limits, topic, publisher, Breaker(BreakerRules(), time.monotonic), health)
    assert not topic.membership
    missing = health.ready().reason
    assert "group" not in missing if last else reason in missing


def test_an_input_that_cannot_be_read_makes_unready_not_dead(tmp_path: Path) -> None:
    """A restart would not cure it, and other partitions may be read: the operator reads why."""
    limits, health = Limits(time.monotonic, SIZE), Health()
    topic = Topic(limits, SIZE)
    topic.fault = "CorruptRecordError"
    breaker = Breaker(BreakerRules(), time.monotonic)
    run_loop(tmp_path, limits, topic, Publisher(topic, set()), breaker, health)
    assert "CorruptRecordError" in health.ready().reason
    assert health.live().ok
    assert topic.done == SIZE


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


class Noted(ConstantScorer):
    """Remembers whether a batch was noted as being scored."""

    def __init__(self, note: Path) -> None:
        super().__init__()
        self._note = note
        self.noted: list[bool] = []

    def logits(self, ids: Any) -> Any:
        """The logit."""
        self.noted.append(self._note.exists())
        return super().logits(ids)


def test_a_batch_that_waits_for_its_turn_is_not_yet_suspect(tmp_path: Path) -> None:
    """What ends the process in another's turn is not the fault of the records that wait behind it."""
    note = tmp_path / "scoring.json"
    scorer, before = Noted(note), list[bool]()

    @contextmanager
    def turn() -> Iterator[None]:
        before.append(note.exists())  # here another's text may end the process
        yield

    limits = Limits(time.monotonic, 3 * SIZE)
    topic = Topic(limits, 3 * SIZE)
    breaker = Breaker(BreakerRules(), time.monotonic)
    run_loop(tmp_path, limits, topic, Publisher(topic, set()), breaker, scorer=scorer, turn=turn)
    assert (before, scorer.noted) == ([False] * 3, [True] * 3)


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


class Garbage:
    """A topic of garbage, of which good tweets follow, and a breaker with a clock that is turned by hand."""

    def __init__(self, tmp_path: Path, bad: int, good: int) -> None:
        self.clock, self.health = Clock(), Health()
        self.limits = Limits(self.clock, bad + good, until_idle_seconds=60.0)
        self.topic = Topic(self.limits, bad + good)
        self.topic.records[:bad] = [record(b"no json", offset) for offset in range(bad)]
        self.publisher = Publisher(self.topic, set())
        self._tmp_path = tmp_path

    def run(self, on_hold: Callable[[], object], bounds: Bounds = BOUNDS) -> None:
        """Run the loop; ``on_hold`` is called each time it holds still."""
        self.topic.on_hold = on_hold
        rules = BreakerRules(ratio=0.5, window=100, least=2 * SIZE, pause_seconds=30)
        breaker = Breaker(rules, self.clock)
        run_loop(self._tmp_path, self.limits, self.topic, self.publisher, breaker, self.health, bounds)


def test_nothing_is_published_behind_the_batch_that_opens_the_breaker(tmp_path: Path) -> None:
    """Neither the batch that was being scored meanwhile nor what was gathered behind it."""
    topic = Garbage(tmp_path, 10 * SIZE, 0)
    topic.run(topic.limits.stop)
    assert topic.publisher.dead == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert topic.topic.held == [2 * SIZE]


def test_an_open_breaker_makes_unready_not_dead_and_a_stop_ends_it_at_once(tmp_path: Path) -> None:
    """The supervisor leaves it alone; the operator reads why."""
    topic = Garbage(tmp_path, 10 * SIZE, 0)
    seen: list[str] = []

    def look() -> None:
        assert topic.health.live().ok
        seen.append(topic.health.ready().reason)
        topic.limits.stop()

    topic.run(look)
    (reason,) = seen
    assert "breaker is open: 8 of the last 8 records" in reason


def test_a_pause_is_no_idle_topic(tmp_path: Path) -> None:
    """`--until-idle` does not take a pause for the end of the input."""
    topic = Garbage(tmp_path, 2 * SIZE, 5 * PROBE_RECORDS)
    topic.run(lambda: topic.clock.pass_seconds(29))
    assert topic.topic.done == 2 * SIZE + 5 * PROBE_RECORDS


def test_while_half_open_one_small_batch_is_judged_at_a_time(tmp_path: Path) -> None:
    """A probe that fails costs a few records, in order, and then it holds again; a good one closes."""
    topic = Garbage(tmp_path, 2 * SIZE + 3, 10 * PROBE_RECORDS)
    topic.run(lambda: topic.clock.pass_seconds(1_000))
    assert topic.publisher.dead[:4] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10], []]
    done = [sorted(r + d) for r, d in zip(topic.publisher.batches, topic.publisher.dead, strict=True)]
    assert [offset for batch in done for offset in batch] == list(range(topic.topic.done))
    assert topic.topic.held == [2 * SIZE]
    assert topic.topic.done == len(topic.topic.records)


def test_a_probe_is_small_however_large_batches_are(tmp_path: Path) -> None:
    """Twenty records, not the hundred that are there."""
    topic = Garbage(tmp_path, 1_000, 0)
    topic.run(
        lambda: topic.limits.stop() if len(topic.topic.held) == 3 else topic.clock.pass_seconds(1_000),
        Bounds(messages=100, tokens=10_000, wait_seconds=0.0),
    )
    assert [len(dead) for dead in topic.publisher.dead] == [100, PROBE_RECORDS, PROBE_RECORDS]


def test_what_was_polled_and_not_yet_published_is_read_again_once(tmp_path: Path) -> None:
    """Left over from a full batch when the breaker opened: kept in memory, it would be there twice."""
    topic = Garbage(tmp_path, 0, 40)
    for offset in range(40):
        if offset % 4 < 3:
            topic.topic.records[offset] = record(b"no json", offset)
    topic.topic.records[3] = tweet_record("good good good", 3)
    topic.topic.records[7] = tweet_record("good", 7)
    one_tweet = Bounds(messages=7, tokens=8, wait_seconds=0.0)
    topic.run(lambda: topic.clock.pass_seconds(1_000), one_tweet)
    done = [sorted(r + d) for r, d in zip(topic.publisher.batches, topic.publisher.dead, strict=True)]
    assert topic.topic.held
    assert [offset for batch in done for offset in batch] == list(range(40))


def test_a_topic_full_of_garbage_is_not_emptied(tmp_path: Path) -> None:
    """Each pause costs half a probe; the pauses grow."""
    topic = Garbage(tmp_path, 1_000, 0)
    topic.run(lambda: topic.limits.stop() if len(topic.topic.held) == 100 else topic.clock.pass_seconds(10))
    lost = [after - before for before, after in zip(topic.topic.held, topic.topic.held[1:], strict=False)]
    assert set(lost) <= {0, PROBE_RECORDS // 2 // SIZE * SIZE + SIZE}
    assert topic.topic.done < 2 * SIZE + 10 * PROBE_RECORDS
