"""Another model takes over in the middle of a stream, without a broker: whose each batch is."""

from __future__ import annotations

import gc
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from consumer.batch import Rules
from consumer.breaker import Breaker, BreakerRules
from consumer.broker.producer import Letters
from consumer.circuit import Circuit
from consumer.encode import ResultStyle
from consumer.gather import Bounds, Gatherer
from consumer.label import LabelRule
from consumer.labeller import Labeller
from consumer.limits import Limits
from consumer.loop import Loop, Parts
from consumer.monitoring.health import Health
from consumer.monitoring.metrics import Metrics
from consumer.renewal import Following
from consumer.scoring.scorer import Logits
from consumer.suspicion import Suspicion
from tests.doubles import Clock, ConstantScorer, record, small_tokeniser, tweet_record
from tests.test_loop import SIZE, Publisher, Quiet, Topic

ROUNDS = 6
TEXT = "good day so good"  # six word pieces


class Guarded(ConstantScorer):
    """Must not be asked once it is closed; notes how long the texts were."""

    def __init__(self, logit: float) -> None:
        super().__init__(logit)
        self.lengths: set[int] = set()
        self.closed = 0

    def logits(self, ids: Sequence[Sequence[int]]) -> Logits:
        """As long as it is open."""
        assert not self.closed, "asked after it was closed"
        self.lengths |= {len(text) for text in ids}
        time.sleep(0.002)
        return super().logits(ids)

    def close(self) -> None:
        """For good."""
        self.closed += 1


class Line:
    """Models that take over one after the other, each once so many batches are published."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._due: deque[tuple[int, Following]] = deque()
        self.adopted: list[tuple[str, int]] = []  # which, and how many batches there were before it

    def add(self, after: int, name: str, labeller: Labeller) -> None:
        """One more."""

        def adopt() -> None:
            self.adopted.append((name, len(self._publisher.batches)))

        self._due.append((after, Following(name, labeller, adopt)))

    @property
    def ready(self) -> bool:
        """Whether the next one is due."""
        return bool(self._due) and len(self._publisher.batches) >= self._due[0][0]

    def take(self) -> Following | None:
        """The next one."""
        return self._due.popleft()[1] if self.ready else None

    def close(self) -> None:
        """Nothing looks."""


class Versions(Publisher):
    """Also notes which model each result names, and the probability."""

    def __init__(self, topic: Topic, failures: set[int]) -> None:
        super().__init__(topic, failures)
        self.told: list[set[tuple[bytes | None, bytes]]] = []

    def publish(
        self, letters: Letters, offsets: Any, group: str, alone: Any, sent: Callable[[], object]
    ) -> None:
        """One transaction."""
        super().publish(letters, offsets, group, alone, sent)
        self.told.append(
            {
                (dict(m.headers)["sentiment-model-version"], _probability(m.value or b""))
                for m in letters.results
            }
        )


def _probability(value: bytes) -> bytes:
    return value.split(b'"probability":')[1].split(b",")[0]


class Stream:
    """A loop over many tweets, and models that follow each other."""

    def __init__(self, tmp_path: Path, failures: set[int] | None = None, bad: int = 0) -> None:
        self.limits = Limits(time.monotonic, ROUNDS * SIZE)
        self.topic = Topic(self.limits, ROUNDS * SIZE)
        self.topic.records = [tweet_record(TEXT, n) for n in range(ROUNDS * SIZE)]
        self.topic.records[:bad] = [record(b"no json", n) for n in range(bad)]
        self.publisher = Versions(self.topic, failures or set())
        self.line = Line(self.publisher)
        self._tmp_path = tmp_path

    def model(self, version: str, logit: float, max_length: int) -> Labeller:
        """One that can be told by its version, its probability and its length."""
        rules = Rules(small_tokeniser(self._tmp_path, max_length), LabelRule())
        return Labeller(rules, Guarded(logit), ResultStyle("m", version))

    def run(self, first: Labeller, breaker: Breaker | None = None, in_one_poll: int = SIZE) -> None:
        """Until all is published."""
        metrics, health = Metrics(), Health()
        bounds = Bounds(SIZE, 10_000, 0.0)
        gatherer = Gatherer(self.topic, first.prepare, bounds, Clock())
        if in_one_poll != SIZE:
            _polling(self.topic, in_one_poll)
        circuit = Circuit(breaker or Breaker(BreakerRules(), time.monotonic), health, metrics)
        parts = Parts(
            cast("Any", self.topic),
            gatherer,
            cast("Any", self.publisher),
            cast("Any", Quiet()),
            metrics,
            health,
            circuit,
            Suspicion(self._tmp_path / "scoring.json"),
            renewal=cast("Any", self.line),
        )
        self.loop = Loop(parts, first, "g", self.limits, lambda _: None)
        self.loop.run()


def _polling(topic: Topic, count: int) -> None:
    """More than a batch in one poll, so that some waits prepared for the next."""
    poll = topic.poll

    def more(wait_seconds: float, max_records: int) -> Any:
        return poll(wait_seconds, max(count, max_records))

    topic.poll = more  # type: ignore[method-assign] # a stand-in bent further


SAYS = {b"1": b"0.880797", b"2": b"0.268941", b"3": b"0.731059"}


@pytest.fixture
def stream(tmp_path: Path) -> Stream:
    """Without failures."""
    return Stream(tmp_path)


def test_a_batch_is_whole_by_one_model(stream: Stream) -> None:
    """Scored and named by the same; those before the switch by the old one, in hand or not."""
    first, second, third = (stream.model(*facts) for facts in (("1", 2.0, 32), ("2", -1.0, 4), ("3", 1.0, 5)))
    stream.line.add(2, "second", second)
    stream.line.add(4, "third", third)
    stream.run(first)
    assert [len(told) for told in stream.publisher.told] == [1] * ROUNDS
    told = [next(iter(each)) for each in stream.publisher.told]
    assert all(SAYS[version or b""] == probability for version, probability in told)
    versions = [int(version or b"") for version, _ in told]
    assert versions == sorted(versions)
    assert set(versions) == {1, 2, 3}
    assert stream.line.adopted == [("second", versions.count(1)), ("third", ROUNDS - versions.count(3))]
    assert [offset for batch in stream.publisher.batches for offset in batch] == list(range(ROUNDS * SIZE))


@pytest.mark.parametrize("in_one_poll", [SIZE, 3 * SIZE - 1])
def test_what_waits_prepared_is_prepared_anew(stream: Stream, in_one_poll: int) -> None:
    """Word pieces of one model's tokeniser never come before another's scorer."""
    first, second = stream.model("1", 2.0, 32), stream.model("2", -1.0, 4)
    stream.line.add(1, "second", second)
    stream.run(first, in_one_poll=in_one_poll)
    assert cast("Guarded", first.scorer).lengths == {6}
    assert cast("Guarded", second.scorer).lengths == {4}


def test_a_failure_in_the_switch_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """The batch in hand fails as the model is switched: it is read again and answered by the new one."""
    stream = Stream(tmp_path, failures={2, 3})
    stream.line.add(1, "second", stream.model("2", -1.0, 4))
    stream.run(stream.model("1", 2.0, 32))
    assert [offset for batch in stream.publisher.batches for offset in batch] == list(range(ROUNDS * SIZE))
    assert stream.publisher.told[-1] == {(b"2", SAYS[b"2"])}


def test_the_old_one_is_closed_once_it_is_done_and_freed(stream: Stream) -> None:
    """Not while it may still score, and nothing holds it any more; the last one goes with the loop."""
    first, second = stream.model("1", 2.0, 32), stream.model("2", -1.0, 4)
    old, new = weakref.ref(first.scorer), cast("Guarded", second.scorer)
    tokeniser = weakref.ref(first.rules.tokeniser)
    closed: list[int] = []
    cast("Any", first.scorer).close = lambda: closed.append(1)
    stream.line.add(1, "second", second)
    stream.run(first)
    assert closed == [1]
    assert new.closed == 0
    del first
    gc.collect()
    assert old() is None
    assert tokeniser() is None
    stream.topic.close = stream.publisher.close = lambda *_: None  # type: ignore[attr-defined] # no connection
    stream.loop.close(1.0)
    assert new.closed == 1


def test_a_model_comes_also_while_the_breaker_holds(tmp_path: Path) -> None:
    """It may be the cure."""
    stream = Stream(tmp_path, bad=2 * SIZE)
    clock = Clock()
    breaker = Breaker(BreakerRules(ratio=0.5, window=100, least=2 * SIZE, pause_seconds=30), clock)
    seen: list[int] = []

    def look() -> None:
        seen.append(len(stream.line.adopted))
        if len(seen) == 3:
            stream.limits.stop()

    stream.topic.on_hold = look
    stream.line.add(2, "second", stream.model("2", -1.0, 4))
    stream.run(stream.model("1", 2.0, 32), breaker)
    assert seen == [1, 1, 1]
    assert len(stream.publisher.batches) == 2


def test_a_limit_that_the_batch_in_hand_reaches_ends_the_run(tmp_path: Path) -> None:
    """Nothing is polled for behind it."""
    stream = Stream(tmp_path)
    stream.topic.records *= 2
    stream.line.add(ROUNDS - 1, "second", stream.model("2", -1.0, 4))
    stream.run(stream.model("1", 2.0, 32))
    assert stream.topic.done == ROUNDS * SIZE
    assert max(stream.topic.position, stream.topic.done) == ROUNDS * SIZE
