"""The demonstration's readers against a real broker."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from kafka import KafkaProducer

from deploy.demo.account import Line
from deploy.demo.readers import Follower, read_back

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics


def _transaction(kafka: Broker, topic: str, values: list[bytes], *, commit: bool) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=f"test-{topic}")
    producer.init_transactions()
    producer.begin_transaction()
    for value in values:
        producer.send(topic, value=value, key=b"k", headers=[("label", b"positive")])
    producer.flush()
    (producer.commit_transaction if commit else producer.abort_transaction)()
    producer.close()


def test_only_what_is_committed_is_read_back(kafka: Broker, topics: Topics) -> None:
    """Records of an aborted transaction lie on the topic, and count for nothing."""
    _transaction(kafka, topics.out, [b"1", b"2"], commit=True)
    _transaction(kafka, topics.out, [b"3"], commit=False)
    _transaction(kafka, topics.out, [b"4"], commit=True)
    lines = read_back(kafka.bootstrap, topics.out)
    assert [line.value for line in lines] == [b"1", b"2", b"4"]
    assert lines[0].header("label") == "positive"


def test_an_empty_topic_is_read_to_its_end(kafka: Broker, topics: Topics) -> None:
    """At once: there is nothing to wait for."""
    assert read_back(kafka.bootstrap, topics.out) == []


def test_a_follower_sees_records_as_they_become_visible(kafka: Broker, topics: Topics) -> None:
    """With the time of publication and the time it saw them, in this order."""
    seen: list[tuple[Line, float, float]] = []
    complete = threading.Event()

    def note(line: Line, published_at: float, seen_at: float) -> None:
        seen.append((line, published_at, seen_at))
        if len(seen) == 2:
            complete.set()

    follower = Follower(kafka.bootstrap, topics.out, note)
    follower.start()
    started = time.time()
    _transaction(kafka, topics.out, [b"1", b"2"], commit=True)
    assert complete.wait(20)
    follower.stop()
    follower.check()
    assert [line.value for line, _, _ in seen] == [b"1", b"2"]
    assert all(started - 0.001 <= published_at <= seen_at for _, published_at, seen_at in seen)
