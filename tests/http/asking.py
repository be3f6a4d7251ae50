"""A real server with a desk behind it; what scores, and how much may wait, is the test's to say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from prometheus_client import CollectorRegistry

from consumer.batch import Rules
from consumer.encode import ResultStyle
from consumer.http.app import create_app
from consumer.http.scoring.desk import Bounds, Desk, Means
from consumer.http.scoring.routes import Scoring
from consumer.http.server import Server
from consumer.label import LabelRule
from consumer.monitoring.health import Health
from consumer.monitoring.metrics import Metrics
from consumer.scoring.scorer import Logits, Scorer
from consumer.turns import Turns
from tests.doubles import ConstantScorer, small_tokeniser

WAIT_SECONDS = 60.0  # for a busy machine; nothing waits longer than it must
BOUNDS = Bounds(queue_texts=8, turn_tokens=64, patience_seconds=WAIT_SECONDS)
MAX_TEXTS = 4


class GatedScorer(ConstantScorer):
    """Answers when it may; remembers how many tokens each call had."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may = threading.Event(), threading.Event()
        self.tokens: list[int] = []

    def logits(self, ids: Sequence[Sequence[int]]) -> Logits:
        """The logit, once the gate is open."""
        self.asked.set()
        assert self.may.wait(WAIT_SECONDS)
        self.tokens.append(sum(map(len, ids)))
        return super().logits(ids)


@dataclass
class Served:
    """The parts that a test looks at."""

    client: httpx.Client
    desk: Desk
    metrics: Metrics
    server: Server
    means: Means

    def predict(self, *texts: object) -> httpx.Response:
        """Ask for some."""
        return self.client.post("/predict", json={"texts": texts})

    def tweet(self, text: object) -> httpx.Response:
        """Ask as the original's front end does."""
        return self.client.post("/tweet", json={"text": text})


@contextmanager
def served(
    folder: Path,
    scorer: Scorer,
    *,
    bounds: Bounds = BOUNDS,
    rule: LabelRule | None = None,
    origins: Sequence[str] = (),
    opened: bool = True,
) -> Iterator[Served]:
    """It serves on a free port."""
    metrics = Metrics(CollectorRegistry())
    desk = Desk(bounds, metrics.http_waiting)
    rules = Rules(small_tokeniser(folder), rule or LabelRule())
    means = Means(rules, ResultStyle("toy", "1"), scorer, Turns().take)
    health = Health(stream=False)
    health.model_warm()
    scoring = Scoring(desk, metrics, MAX_TEXTS, origins)
    server = Server(create_app(health, metrics, scoring), "127.0.0.1", 0)
    server.start()
    if opened:
        desk.open(means)
    address = f"http://127.0.0.1:{server.port}"
    try:
        with httpx.Client(base_url=address, timeout=WAIT_SECONDS, trust_env=False) as client:
            yield Served(client, desk, metrics, server, means)
    finally:
        if isinstance(scorer, GatedScorer):
            scorer.may.set()
        desk.close()
        server.stop()


def at_once(
    count: int, ask: Callable[[], httpx.Response]
) -> tuple[list[threading.Thread], list[httpx.Response]]:
    """So many who ask at the same time, and the list where their answers will be."""
    answers: list[httpx.Response] = []
    askers = [threading.Thread(target=lambda: answers.append(ask()), daemon=True) for _ in range(count)]
    for asker in askers:
        asker.start()
    return askers, answers
