"""Late labels on a real broker: the running consumer measures itself by them."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from consumer.broker.labels import LabelFeed
from consumer.settings import Settings
from tests.broker.replicas import Replica, reaching, with_http
from tests.broker.stream import account, metric, tweets, wait_until
from tests.broker.stream import publish as publish_tweets
from tests.broker.topics import new_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

PARTITIONS = 2
WAIT_SECONDS = 60.0  # for a busy machine; nothing waits longer than it must


@pytest.fixture
def topic(kafka: Broker) -> Iterator[str]:
    """A topic of labels."""
    name = f"{new_names().tweets}.labels"
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=kafka.bootstrap)) as client:
        wanted = {"num_partitions": PARTITIONS, "replication_factor": 1}
        client.create_topics({name: wanted}, wait_for_metadata=True)
        yield name
        client.delete_topics([name], raise_errors=False)


def publish(kafka: Broker, topic: str, values: Sequence[bytes], timestamp_ms: int | None = None) -> None:
    """Spread over the partitions, and acknowledged."""
    with contextlib.closing(KafkaProducer(bootstrap_servers=kafka.bootstrap)) as producer:
        sent = [
            producer.send(topic, value=value, partition=n % PARTITIONS, timestamp_ms=timestamp_ms)
            for n, value in enumerate(values)
        ]
        producer.flush()
        assert all(future.succeeded() for future in sent)


def taken(feed: LabelFeed, count: int) -> list[bytes | None]:
    """So many values, or what came of them in time."""
    found: list[bytes | None] = []
    until = time.monotonic() + WAIT_SECONDS
    while len(found) < count and time.monotonic() < until:
        found += feed.take()
        time.sleep(0.05)
    return found


def values(first: int, count: int) -> list[bytes]:
    """Labels by number."""
    return [json.dumps({"id": n, "label": "positive"}).encode() for n in range(first, first + count)]


def feed_of(kafka: Broker, topic: str, since_ms: int) -> contextlib.closing[LabelFeed]:
    """A feed that is closed at the end of the `with`."""
    settings = Settings(kafka_bootstrap_servers=kafka.bootstrap)
    return contextlib.closing(LabelFeed(settings, topic, since_ms, time.monotonic))


def test_every_replica_reads_every_partition(kafka: Broker, topic: str) -> None:
    """Two feeds at a time get all labels each, and no group is left behind."""
    publish(kafka, topic, values(0, 10))
    with feed_of(kafka, topic, 0) as one, feed_of(kafka, topic, 0) as other:
        assert sorted(map(str, taken(one, 10))) == sorted(map(str, values(0, 10)))
        assert sorted(map(str, taken(other, 10))) == sorted(map(str, values(0, 10)))
        publish(kafka, topic, values(10, 4))
        assert sorted(map(str, taken(one, 4))) == sorted(map(str, values(10, 4)))
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=kafka.bootstrap)) as client:
        assert [group for group in client.list_groups() if topic in str(group)] == []


def test_labels_from_before_the_window_are_left_out(kafka: Broker, topic: str) -> None:
    """Reading begins at the moment that was asked for, not at the beginning of the topic."""
    now_ms = int(time.time() * 1000)
    publish(kafka, topic, values(0, 4), timestamp_ms=now_ms - 3_600_000)
    publish(kafka, topic, values(4, 2), timestamp_ms=now_ms)
    with feed_of(kafka, topic, now_ms - 60_000) as feed:
        assert sorted(map(str, taken(feed, 2))) == sorted(map(str, values(4, 2)))
        assert feed.take() == []


def test_a_topic_that_comes_later_is_read(kafka: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing topic is a warning, not the end: reading begins when it is there."""
    monkeypatch.setattr("consumer.broker.labels._PAUSE_SECONDS", 0.2)
    name = f"{new_names().tweets}.labels"
    with feed_of(kafka, name, 0) as feed:
        time.sleep(1)
        assert feed.take() == []
        with contextlib.closing(KafkaAdminClient(bootstrap_servers=kafka.bootstrap)) as client:
            wanted = {"num_partitions": PARTITIONS, "replication_factor": 1}
            client.create_topics({name: wanted}, wait_for_metadata=True)
            publish(kafka, name, values(0, 3))
            assert sorted(map(str, taken(feed, 3))) == sorted(map(str, values(0, 3)))
            client.delete_topics([name], raise_errors=False)


def test_the_running_consumer_measures_itself(
    kafka: Broker, topics: Topics, topic: str, tmp_path: Path
) -> None:
    """120 results, 30 of whose labels say otherwise: 75 % are right, told beside what was expected."""
    publish_tweets(kafka.bootstrap, topics.tweets, tweets(120))  # "a good day": each is labelled positive
    settings = reaching(kafka.bootstrap, topics, tmp_path, KAFKA_LABELS_TOPIC=topic)
    with Replica(with_http(settings)) as one:
        wait_until(lambda: one.ask("/readyz")[0] == 200 or not one.runs, "it is ready")
        publish(kafka, topic, values(0, 90))
        publish(kafka, topic, [value.replace(b"positive", b"negative") for value in values(90, 30)])
        publish(kafka, topic, [b"no label"])
        joined = 'sentiment_labels_total{outcome="joined"}'
        wait_until(lambda: metric(one.ask("/metrics")[1], joined) == 120 or not one.runs, "all are joined")
        page = one.ask("/metrics")[1]
        assert metric(page, 'sentiment_labelled_accuracy_ratio{by="labels"}') == 0.75
        promised = metric(page, 'sentiment_labelled_accuracy_ratio{by="confidence"}')
        assert promised == pytest.approx(0.8808, abs=0.001)  # sigmoid(2)
        assert metric(page, "sentiment_labelled_accuracy_samples") == 120
        one.stop(30)
    account(kafka.bootstrap, topics)
