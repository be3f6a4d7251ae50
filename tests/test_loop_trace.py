"""What the loop tells of a batch: to whoever traces, and in the log, under one id."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from consumer.batch import Rules
from consumer.breaker import Breaker, BreakerRules
from consumer.broker.producer import Letters
from consumer.circuit import Circuit
from consumer.encode import ResultStyle
from consumer.gather import Gatherer
from consumer.labeller import Labeller
from consumer.limits import Limits
from consumer.loop import Loop, Parts
from consumer.monitoring.batch_trace import BatchStory
from consumer.monitoring.health import Health
from consumer.monitoring.metrics import Metrics
from consumer.suspicion import Suspicion
from tests.doubles import Clock, ConstantScorer, record, small_tokeniser
from tests.test_loop import BOUNDS, SIZE, Publisher, Quiet, Topic

BATCHES = 5
WAY = ["poll", "parse", "clean", "tokenise", "score", "label", "encode", "publish", "commit"]


class Trace:
    """Keeps the stories it hears."""

    def __init__(self) -> None:
        self.stories: list[BatchStory] = []
        self.closed = False

    def over(self, story: BatchStory) -> None:
        """A batch is committed or given up."""
        self.stories.append(story)

    def close(self) -> None:
        """The stream ends."""
        self.closed = True


class Commitless(Publisher):
    """Sends everything, and fails at the commit where it is told to."""

    def publish(
        self, letters: Letters, offsets: Any, group: str, alone: Any, sent: Callable[[], object]
    ) -> None:
        """One transaction."""
        if self._calls + 1 in self._failures:
            sent()
        super().publish(letters, offsets, group, alone, sent)


class Run:
    """A loop over five batches that is run to its end, the second of them given up once."""

    def __init__(self, folder: Path, publisher: type[Publisher] = Publisher, *, traced: bool = True) -> None:
        limits = Limits(time.monotonic, BATCHES * SIZE)
        self.topic, self.trace = Topic(limits, BATCHES * SIZE), Trace()
        self.topic.records[0] = record(b"no json", 0)
        self._publisher = publisher(self.topic, {2})
        labeller = Labeller(Rules(small_tokeniser(folder)), ConstantScorer(), ResultStyle("m", "1"))
        metrics, health = Metrics(), Health()
        parts = Parts(
            cast("Any", self.topic),
            Gatherer(self.topic, labeller.prepare, BOUNDS, Clock()),
            cast("Any", self._publisher),
            cast("Any", Quiet()),
            metrics,
            health,
            Circuit(Breaker(BreakerRules(), time.monotonic), health, metrics),
            Suspicion(folder / "scoring.json"),
            self.trace if traced else None,
        )
        self.loop = Loop(parts, labeller, "g", limits, lambda _: None)
        self.loop.run()

    def close(self) -> None:
        """The stream ends."""
        self.topic.close = self._publisher.close = lambda *_: None  # type: ignore[attr-defined] # no connection
        self.loop.close(1.0)


def said(caplog: pytest.LogCaptureFixture, name: str) -> list[dict[str, Any]]:
    """The fields of every event of this name."""
    return [vars(line)["fields"] for line in caplog.records if line.message == name]


def test_every_batch_is_told_once_with_the_way_it_went(tmp_path: Path) -> None:
    """Committed ones from their first poll to the commit, each visit after the one before."""
    told = Run(tmp_path).trace.stories
    committed = [story for story in told if not story.error]
    offsets = [record.offset for story in committed for record in story.records]
    assert offsets == list(range(BATCHES * SIZE))
    assert [(s.scored, s.dead_lettered, s.skipped) for s in committed] == [(3, 1, 0), *[(4, 0, 0)] * 4]
    for story in committed:
        stages = [visit.stage for visit in story.visits]
        assert list(dict.fromkeys(stages)) == WAY
        assert stages[-5:] == WAY[-5:]


@pytest.mark.parametrize(("publisher", "failed"), [(Publisher, "publish"), (Commitless, "commit")])
def test_a_batch_that_is_given_up_is_told_with_where_and_why(
    tmp_path: Path, publisher: type[Publisher], failed: str
) -> None:
    """The last stage it was in is the one that failed; it is told again when it is committed."""
    told = Run(tmp_path, publisher).trace.stories
    (lost,) = [story for story in told if story.error]
    assert (lost.error, lost.visits[-1].stage) == ("publish", failed)
    assert [story.id for story in told].count(lost.id) == 1


def test_log_and_trace_call_a_batch_by_one_id(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No two batches share one, in this run or the next; the log counts what became of the records."""
    with caplog.at_level("DEBUG", "consumer"):
        told = Run(tmp_path).trace.stories
    lines = said(caplog, "batch_committed")
    assert [line["batch"] for line in lines] == [story.id for story in told if not story.error]
    assert [line["batch"] for line in said(caplog, "batch_abandoned")] == [s.id for s in told if s.error]
    assert [line["dead_lettered"] for line in lines] == [1, 0, 0, 0, 0]
    ids = [story.id for run in (told, Run(tmp_path).trace.stories) for story in run]
    assert len(set(ids)) == len(ids) == 2 * (BATCHES + 1)


def test_nobody_has_to_trace(tmp_path: Path) -> None:
    """Off is the default; all is committed, and the end is an end."""
    run = Run(tmp_path, traced=False)
    run.close()
    assert run.topic.done == BATCHES * SIZE
    assert run.trace.stories == []


def test_the_end_of_the_stream_is_told(tmp_path: Path) -> None:
    """What is still on its way is sent then."""
    run = Run(tmp_path)
    assert not run.trace.closed
    run.close()
    assert run.trace.closed
