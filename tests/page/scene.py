"""A replica in this process, fed by hand: the real metrics, monitor and server, and a clock to turn."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from consumer.breaker import State
from consumer.http.app import create_app
from consumer.http.server import Server
from consumer.label import LabelRule, confidence
from consumer.monitoring.drift.judge import Standards, judge
from consumer.monitoring.drift.tally import Tally
from consumer.monitoring.health import Health
from consumer.monitoring.live.history import SAMPLE_SECONDS
from consumer.monitoring.live.latest import Latest
from consumer.monitoring.live.live import Live
from consumer.monitoring.metrics import Metrics
from consumer.records import Outcome, Reason, Record, Reject, Result, Stage, Tweet
from consumer.signals import CONFIDENCE_BINS, SCORE_BINS, WATCHED, count
from tests.doubles import Clock

RULE = LabelRule()
TEXT = "What a <b>lovely</b> morning &amp; so"
STANDARDS = Standards(0.01, 0.05, 1_000)
TWEETS = 5_000


class Scene:
    """Serves while its ``with`` lasts."""

    def __init__(self, latest: Latest | None = None) -> None:
        self.metrics, self.health, self.clock = Metrics(CollectorRegistry()), Health(), Clock()
        self.latest = latest
        self.topic, self.group, self.text = "tweets", "a-group", TEXT
        self._chance = random.Random(5)
        self.live = Live(self.metrics, self.health, STANDARDS.least_tweets, latest, self.clock)
        self.app: FastAPI = create_app(self.health, self.metrics, live=self.live)
        self._server = Server(self.app, "127.0.0.1", 0)
        self._offset = 0

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.stop()

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self._server.port}/"

    def vanish(self) -> int:
        """End, as seen from outside; returns the port."""
        port = self._server.port
        self._server.stop()
        return port

    def come_back(self, port: int) -> None:
        """At the same address."""
        self._server = Server(self.app, "127.0.0.1", port)
        self._server.start()

    def join(self, partitions: int = 3, *, reference: bool = True) -> None:
        """Get ready, with partitions; the model has a reference, or none."""
        self.metrics.model(
            "words", "7", scorer="openvino", cleaning_version="2", threshold=0.5, max_length=128
        )
        self.metrics.consumer(self.group, self.topic)
        if reference:
            self._refer()
        self.health.model_warm()
        self.health.joined()
        self.health.broker_answers(answers=True)
        self.metrics.rebalanced()
        self.metrics.breaker(State.CLOSED, 0.0)
        self.metrics.assigned((self.topic, number) for number in range(partitions))
        for number in range(partitions):
            self.metrics.lag.update((self.topic, number), 0, 0, None)

    def _refer(self) -> None:
        reference = [self._score(0.5) for _ in range(TWEETS)]
        sure = [max(p, 1 - p) for p in reference]
        self.metrics.reference(
            {
                "score": (SCORE_BINS, count(reference, SCORE_BINS)),
                "confidence": (CONFIDENCE_BINS, count(sure, CONFIDENCE_BINS)),
            }
        )

    def wait(self, partition: int, records: int, seconds: float) -> None:
        """So many records wait in a partition, the oldest for so long."""
        oldest = int((time.time() - seconds) * 1000)
        self.metrics.lag.update((self.topic, partition), 4_000 + records, 4_000, oldest)

    def commit(self, scores: Sequence[float], dead: int = 0, seconds: float = 0.05) -> None:
        """A batch with these probabilities, and so many dead letters."""
        results = tuple(map(self._result, scores))
        rejects = tuple(
            Reject(self._record(), Stage.PARSE, Reason.INVALID_JSON, "not JSON") for _ in range(dead)
        )
        self.metrics.batch_committed(
            Outcome(results, rejects, (), {"score": 0.01}, padded_tokens=8 * len(scores)),
            consumed=len(scores) + dead,
            close_reason="messages",
            end_to_end_seconds=[seconds * math.exp(self._chance.gauss(0, 0.5)) for _ in scores],
            committed_at=time.time(),
        )
        if self.latest:
            self.latest.committed(results, time.time())

    def stream(self, steps: int, per_step: int, positive: float = 0.5, dead: int = 0) -> None:
        """So many samples of the history, each with so many results."""
        for step in range(steps):
            share = positive + 0.08 * math.sin(step / 9)
            self.commit([self._score(share) for _ in range(per_step + self._chance.randrange(9))], dead)
            self.clock.pass_seconds(SAMPLE_SECONDS)
            self.live.sample()

    def drift(self, positive: float) -> None:
        """A judged window with that share of positives, against a reference of halves."""
        window = Tally(TWEETS, dict.fromkeys(WATCHED, split(positive)), TWEETS, 0.86 * TWEETS)
        mild = Tally(TWEETS, dict.fromkeys(WATCHED, split(0.51)), TWEETS, 0.86 * TWEETS)
        counts = {
            name: (window if name in ("score", "confidence", "positive_share") else mild).counts[name]
            for name in WATCHED
        }
        reference = dict.fromkeys(WATCHED, split(0.5))
        found = judge(Tally(TWEETS, counts, TWEETS, 0.86 * TWEETS), reference, STANDARDS)
        self.metrics.drift(found, STANDARDS.smallest_psi)

    def _score(self, positive: float) -> float:
        sure = self._chance.betavariate(4, 0.9) / 2 + 0.5
        return sure if self._chance.random() < positive else 1 - sure

    def _result(self, probability: float) -> Result:
        label = RULE.label(probability)
        return Result(
            self._record(),
            Tweet("1", self.text),
            label,
            probability,
            confidence(label, probability),
            0.5,
            8,
            False,
        )

    def _record(self) -> Record:
        self._offset += 1
        return Record(self.topic, self._offset % 3, self._offset // 3, 1_000, None, b"{}")


def split(positive: float) -> Any:
    """Counts of no and of yes."""
    yes = round(positive * TWEETS)
    return np.array([TWEETS - yes, yes])


def quiet(scene: Scene) -> None:
    """Ready, and nothing comes."""
    scene.join()


def running(scene: Scene) -> None:
    """A quarter of an hour of tweets, all as it should be."""
    scene.join()
    scene.stream(160, 40)
    scene.commit([0.9], dead=1)
    scene.drift(0.51)


def alarmed(scene: Scene) -> None:
    """Drift, and a circuit breaker that opened."""
    scene.join()
    scene.stream(120, 40)
    scene.stream(40, 40, positive=0.75, dead=12)
    scene.drift(0.75)
    scene.metrics.breaker(State.OPEN, 0.5)
    scene.health.pause(
        "the circuit breaker is open: 500 of the last 1000 records were dead-lettered; "
        "a few are tried after 30 s"
    )
    for number in range(3):
        scene.wait(number, 1_000 + 31 * number, seconds=42)


def starting(scene: Scene) -> None:
    """The model is being loaded."""


def without_reference(scene: Scene) -> None:
    """Tweets of a model that came without one."""
    scene.join(reference=False)
    scene.stream(20, 40)
    found = judge(Tally(TWEETS, {}, TWEETS, 0.86 * TWEETS), {}, STANDARDS)
    scene.metrics.drift(found, STANDARDS.smallest_psi)


def long_words(scene: Scene) -> None:
    """Names and texts without a place to break them."""
    scene.topic, scene.group, scene.text = "tweets." * 20, "group_" * 20, "o" * 280
    alarmed(scene)
    scene.metrics.breaker(State.CLOSED, 0)
    scene.health.resume()
    scene.health.broker_answers(answers=False, reason="no answer of " + "kafka-0.kafka.svc." * 5 + ":9092")


STATES = {
    "starting": starting,
    "quiet": quiet,
    "running": running,
    "alarmed": alarmed,
    "without_reference": without_reference,
    "long_words": long_words,
}
