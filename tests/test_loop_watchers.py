"""Who hears of a batch: every watcher, once, and only when it is committed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from consumer.batch import Rules
from consumer.breaker import Breaker, BreakerRules
from consumer.circuit import Circuit
from consumer.encode import ResultStyle
from consumer.gather import Gatherer
from consumer.labeller import Labeller
from consumer.limits import Limits
from consumer.loop import Loop, Parts
from consumer.monitoring.health import Health
from consumer.monitoring.metrics import Metrics
from consumer.records import Result
from consumer.suspicion import Suspicion
from tests.doubles import Clock, ConstantScorer, small_tokeniser
from tests.test_loop import BOUNDS, Publisher, Quiet, Topic

COUNT = 40


class Ear:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.pieces: set[int] = set()
        self.idle = self.closed = 0

    def committed(self, results: Sequence[Result], at: float) -> None:
        """Offsets and how many word pieces came with them."""
        assert at > 1_700_000_000
        self.heard += [result.record.offset for result in results]
        self.pieces |= {len(result.pieces) for result in results}

    def passed(self, _at: float) -> None:
        """Nothing came."""
        self.idle += 1

    def close(self) -> None:
        """The end."""
        self.closed += 1


def test_each_committed_result_is_heard_of_once(tmp_path: Path) -> None:
    """Also where batches are given up and read again; with word pieces, in order; and at the end a close."""
    limits = Limits(time.monotonic, None)
    topic = Topic(limits, COUNT)
    publisher = Publisher(topic, failures={2, 3, 5})
    labeller = Labeller(Rules(small_tokeniser(tmp_path)), ConstantScorer(), ResultStyle("m", "1"))
    metrics, health, ear = Metrics(), Health(), Ear()
    parts = Parts(
        cast("Any", topic),
        Gatherer(topic, labeller.prepare, BOUNDS, Clock()),
        cast("Any", publisher),
        cast("Any", Quiet()),
        metrics,
        health,
        Circuit(Breaker(BreakerRules(), time.monotonic), health, metrics),
        Suspicion(tmp_path / "scoring.json"),
        watchers=(ear,),
    )
    loop = Loop(parts, labeller, "g", limits, lambda _: None)
    loop.run()
    assert publisher._calls > len(publisher.batches)  # some were given up
    assert ear.heard == list(range(COUNT))
    assert ear.pieces == {3}  # [CLS] good [SEP]
    assert ear.idle
    topic.close = publisher.close = lambda *_: None  # type: ignore[attr-defined] # a stand-in has no connection
    loop.close(1.0)
    assert ear.closed == 1
