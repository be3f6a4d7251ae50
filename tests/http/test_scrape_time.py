"""A scrape is answered while the loop is busy; how quickly is what ``make bench`` measures."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from consumer.http.app import create_app
from consumer.http.server import Server
from consumer.monitoring.health import Health
from consumer.monitoring.metrics import Metrics
from consumer.records import Label, Outcome, Result, Tweet
from tests.doubles import record

PATIENCE_SECONDS = 30.0  # for a busy machine; what waits for a lock here would wait for ever


class Held(tuple[Result, ...]):
    """The results of a batch that takes as long to go through as one wants."""

    __slots__ = ()
    reached, go_on = threading.Event(), threading.Event()

    def __iter__(self) -> Iterator[Result]:
        """Wait."""
        self.reached.set()
        self.go_on.wait(4 * PATIENCE_SECONDS)
        return super().__iter__()


@pytest.fixture
def metrics() -> Metrics:
    """Metrics without those of the process."""
    return Metrics(CollectorRegistry())


def commit(metrics: Metrics, results: tuple[Result, ...]) -> threading.Thread:
    """The loop's thread, that counts a batch."""
    outcome = Outcome(results, (), (), {"score": 5.0}, 30)
    told = {"consumed": 1, "close_reason": "wait", "end_to_end_seconds": [0.1], "committed_at": 1.0}
    thread = threading.Thread(target=metrics.batch_committed, args=(outcome,), kwargs=told, daemon=True)
    thread.start()
    return thread


def one_result() -> Result:
    """A labelled tweet."""
    return Result(record(), Tweet("1", "so good"), Label.POSITIVE, 0.9, 0.9, 0.5, 20, truncated=False)


def test_a_scrape_does_not_wait_for_a_batch_that_is_counted(metrics: Metrics) -> None:
    """However large it is: the numbers of before are there at once, and those of after when it is done."""
    results = Held([one_result()])
    server = Server(create_app(Health(), metrics), "127.0.0.1", 0)
    server.start()
    address = f"http://127.0.0.1:{server.port}/metrics"
    try:
        counting = commit(metrics, results)
        assert results.reached.wait(PATIENCE_SECONDS)
        assert "\nsentiment_consumed_total 0.0\n" in scraped(address)
        assert counting.is_alive()
        results.go_on.set()
        counting.join(PATIENCE_SECONDS)
        assert "\nsentiment_consumed_total 1.0\n" in scraped(address)
    finally:
        results.go_on.set()
        server.stop()


def test_a_batch_does_not_wait_for_a_scrape_that_is_written_out(metrics: Metrics) -> None:
    """Once the numbers are copied the loop goes on, however slow a scraper reads them."""
    families = metrics.collect()
    first = next(families)
    counting = commit(metrics, (one_result(),))
    counting.join(PATIENCE_SECONDS)
    assert not counting.is_alive()
    consumed = [family for family in (first, *families) if family.name == "sentiment_consumed"]
    assert [sample.value for family in consumed for sample in family.samples] == [0.0]


def scraped(url: str) -> str:
    """The whole answer."""
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - our own server's address
        body: bytes = answer.read()
    return body.decode()
