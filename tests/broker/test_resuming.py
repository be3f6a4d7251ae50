"""A broker that comes back is noticed within seconds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.broker.replicas import Replica, reaching, with_http
from tests.broker.stream import account, publish, tweets, wait_until, wait_until_done
from tests.broker.topics import make_topics

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.broker.brokers import Broker

pytestmark = pytest.mark.timeout(280)

RESUME_SECONDS = 5.0
OUTAGES = 3
AWAY_SECONDS = 6.0  # long enough for every pause to have grown to its longest


def test_it_goes_on_within_five_seconds(own_kafka: Broker, tmp_path: Path) -> None:
    """After each outage, of any kind, as soon as the broker answers: the median of three is below 5 s.

    Meanwhile the replica is live and unready, and it ends up with each tweet labelled once.
    """
    bootstrap = own_kafka.bootstrap
    topics = make_topics(bootstrap)
    settings = with_http(reaching(bootstrap, topics, tmp_path))
    took = []
    with Replica(settings) as one:
        one.wait_for_event("partitions_assigned")
        for number in range(OUTAGES):
            end = own_kafka.kill if number % 2 else own_kafka.stop
            took.append(_outage(one, own_kafka, topics.tweets, end, number))
        wait_until_done(bootstrap, settings["KAFKA_CONSUMER_GROUP"], topics.tweets)
        one.stop()
    account(bootstrap, topics)
    assert sorted(took)[OUTAGES // 2] < RESUME_SECONDS, took


def _outage(one: Replica, kafka: Broker, topic: str, end: Callable[[], None], number: int) -> float:
    """Seconds from a broker that answers to the commit of what was published then."""
    wait_until(lambda: one.ask("/readyz")[0] == 200, "it is ready")
    end()
    wait_until(lambda: one.ask("/readyz")[0] == 503, "it is unready")
    until = time.monotonic() + AWAY_SECONDS
    while time.monotonic() < until:
        assert one.ask("/livez")[0] == 200
        assert one.ask("/readyz")[0] == 503
        time.sleep(0.2)
    kafka.start()
    back = time.monotonic()
    seen = len(one.events("batch_committed"))
    publish(kafka.bootstrap, topic, tweets(30, first=30 * number))
    one.wait_for_event("batch_committed", seen + 1)
    return time.monotonic() - back
