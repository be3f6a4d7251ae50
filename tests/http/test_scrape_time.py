"""A scrape is answered while the loop is busy."""

from __future__ import annotations

import statistics
import threading
import time
import urllib.request

from prometheus_client import CollectorRegistry

from consumer.clean import clean
from consumer.http.app import create_app
from consumer.http.server import Server
from consumer.label import LabelRule, confidence
from consumer.monitoring.health import Health
from consumer.monitoring.metrics import Metrics
from consumer.records import Outcome, Record, Result, Tweet

SCRAPES, LONG_BATCH, MOST_SECONDS = 30, 4_096, 0.1
TEXT = "@someone so happy today :) https://example.com/x #sunny " * 3


def long_batch() -> Outcome:
    """As large as a batch may be asked to be."""
    rule, found = LabelRule(), []
    for n in range(LONG_BATCH):
        p = n / LONG_BATCH
        label = rule.label(p)
        record = Record("tweets", 0, n, 1_000, None, b"{}")
        found.append(Result(record, Tweet(str(n), TEXT), label, p, confidence(label, p), 0.5, 20, False))
    return Outcome(tuple(found), (), (), {"score": 5.0}, 30 * LONG_BATCH)


def test_a_scrape_during_a_long_batch_is_quick() -> None:
    """While a batch of seconds is worked on in Python, half the scrapes take less than 100 ms.

    Where the machine is so busy that idle scrapes are slow too, no more than ten times as long as those.
    """
    metrics, batch, done = Metrics(CollectorRegistry()), long_batch(), threading.Event()

    def work() -> None:
        while not done.is_set():
            for result in batch.results:
                if not done.is_set():
                    clean(result.tweet.text)
            metrics.batch_committed(
                batch,
                consumed=LONG_BATCH,
                close_reason="messages",
                end_to_end_seconds=[0.1] * LONG_BATCH,
                committed_at=1.0,
            )

    server = Server(create_app(Health(), metrics), "127.0.0.1", 0)
    server.start()
    address = f"http://127.0.0.1:{server.port}/metrics"
    worker = threading.Thread(target=work)
    try:
        idle = statistics.median(timed(address) for _ in range(SCRAPES))
        worker.start()
        busy = statistics.median(timed(address) for _ in range(SCRAPES))
        assert worker.is_alive()
    finally:
        done.set()
        worker.join()
        server.stop()
    assert busy < max(MOST_SECONDS, 10 * idle), (idle, busy)


def timed(url: str) -> float:
    """Seconds until the whole answer is here."""
    started = time.monotonic()
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own server's address
        assert b"sentiment_consumed_total" in answer.read()
    return time.monotonic() - started
