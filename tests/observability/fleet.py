"""Replicas in this process: the real metrics behind the real HTTP server, fed by hand with known scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from prometheus_client import CollectorRegistry

from consumer.comparable import Spread
from consumer.http.app import create_app
from consumer.http.server import Server
from consumer.label import LabelRule, confidence
from consumer.monitoring.health import Health
from consumer.monitoring.metrics import Metrics
from consumer.records import Outcome, Record, Result, Tweet

RULE = LabelRule()


class Member:
    """One replica of a group."""

    def __init__(self, group: str, reference: dict[str, Spread]) -> None:
        self._group, self._reference = group, reference
        self._start(0)

    def _start(self, port: int) -> None:
        self._metrics = Metrics(CollectorRegistry())
        self._metrics.consumer(self._group, "tweets")
        self._metrics.reference(self._reference)
        self._server = Server(create_app(Health(), self._metrics), "127.0.0.1", port)
        self._server.start()
        self.port = self._server.port

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.stop()

    @property
    def target(self) -> str:
        """Where it is scraped."""
        return f"127.0.0.1:{self.port}"

    def restart(self) -> None:
        """Come back at the same address with all counters at zero."""
        self._server.stop()
        self._start(self.port)

    def commit(self, scores: Sequence[float]) -> None:
        """Count a batch of results with these probabilities."""
        outcome = Outcome(tuple(map(result, scores)), (), (), {"score": 0.01}, padded_tokens=8 * len(scores))
        self._metrics.batch_committed(
            outcome,
            consumed=len(scores),
            close_reason="messages",
            end_to_end_seconds=[0.05] * len(scores),
            committed_at=1_700_000_000.0,
        )


def result(probability: float) -> Result:
    """A labelled record with this probability."""
    label = RULE.label(probability)
    record = Record("tweets", 0, 0, 1_000, None, b"{}")
    tweet = Tweet("1", "a sunny day")
    return Result(record, tweet, label, probability, confidence(label, probability), 0.5, 8, truncated=False)
