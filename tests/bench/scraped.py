"""Scrapes of a replica that is idle, and of one in long batches: ``python -m tests.bench.scraped``.

Prints one JSON object: milliseconds from the request to the whole answer, each over a new connection. The
work is cleaning, in Python, which shares the interpreter with the answer; a model does not. No broker is
needed.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
import urllib.request

from consumer.clean import clean
from consumer.http.app import create_app
from consumer.http.server import Server
from consumer.label import LabelRule, confidence
from consumer.monitoring.health import Health
from consumer.monitoring.metrics import Metrics
from consumer.records import Outcome, Record, Result, Tweet

LONG_BATCH, SCRAPES = 4_096, 200
_TEXT = "@someone so happy today :) https://example.com/x #sunny " * 3


def long_batch() -> Outcome:
    """As large as a batch may be asked to be."""
    rule, found = LabelRule(), []
    for n in range(LONG_BATCH):
        p = n / LONG_BATCH
        label = rule.label(p)
        record = Record("tweets", 0, n, 1_000, None, b"{}")
        found.append(Result(record, Tweet(str(n), _TEXT), label, p, confidence(label, p), 0.5, 20, False))
    return Outcome(tuple(found), (), (), {"score": 5.0}, 30 * LONG_BATCH)


def work(metrics: Metrics, batch: Outcome, done: threading.Event) -> None:
    """Batch after batch, until told otherwise."""
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


def scrape(url: str) -> float:
    """Milliseconds until the whole answer is here."""
    began = time.perf_counter()
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own server's address
        answer.read()
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """Idle first, then busy."""
    metrics, done = Metrics(), threading.Event()
    server = Server(create_app(Health(), metrics), "127.0.0.1", 0)
    server.start()
    address = f"http://127.0.0.1:{server.port}/metrics"
    worker = threading.Thread(target=work, args=(metrics, long_batch(), done))
    idle = [scrape(address) for _ in range(SCRAPES)]
    worker.start()
    busy = sorted(scrape(address) for _ in range(SCRAPES))
    done.set()
    worker.join()
    server.stop()
    percentiles = {f"p{p}_ms": busy[min(len(busy) - 1, len(busy) * p // 100)] for p in (50, 95, 99)}
    print(json.dumps({"scrapes": len(busy), "idle_ms": statistics.median(idle), **percentiles}))


if __name__ == "__main__":
    main()
