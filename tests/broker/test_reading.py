"""The proof's own reader: if it skipped records, every account of exactly-once would be worth nothing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaProducer

from deploy.demo.readers import read_back
from tests.broker.reading import read_all
from tests.chaos.verifier import scan

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics


def test_reads_all_partitions_in_order(kafka: Broker, topics: Topics) -> None:
    """Every record of every partition comes back once, in the order of its partition."""
    with contextlib.closing(KafkaProducer(bootstrap_servers=kafka.bootstrap)) as producer:
        for number in range(300):
            producer.send(topics.tweets, str(number).encode(), partition=number % 3)
        producer.flush()
    records = read_all(kafka.bootstrap, topics.tweets)
    assert [int(record.value) for record in records] == [
        *range(0, 300, 3),
        *range(1, 300, 3),
        *range(2, 300, 3),
    ]


def test_an_empty_topic_is_read_at_once(kafka: Broker, topics: Topics) -> None:
    """No records is an answer, not something to wait for."""
    assert read_all(kafka.bootstrap, topics.out) == []


@pytest.mark.partitions(1)
def test_only_committed_records_count(kafka: Broker, topics: Topics) -> None:
    """An aborted transaction leaves nothing, a committed one all; read_uncommitted shows both."""
    with _transactions(kafka, topics) as producer:
        for value, end in ((b"lost", producer.abort_transaction), (b"kept", producer.commit_transaction)):
            producer.begin_transaction()
            producer.send(topics.out, value)
            producer.flush()
            end()
    assert [record.value for record in read_all(kafka.bootstrap, topics.out)] == [b"kept"]
    everything = read_all(kafka.bootstrap, topics.out, isolation="read_uncommitted")
    assert [record.value for record in everything] == [b"lost", b"kept"]


@pytest.mark.partitions(1)
def test_an_open_transaction_is_waited_for(kafka: Broker, topics: Topics) -> None:
    """The end of the log is the end: what an open transaction holds back is not passed over."""
    with _transactions(kafka, topics) as producer:
        producer.begin_transaction()
        producer.send(topics.out, b"open")
        producer.flush()
        with pytest.raises(TimeoutError, match="was not reached"):
            read_all(kafka.bootstrap, topics.out, limit_seconds=1)
        producer.abort_transaction()


@pytest.mark.parametrize("read", [read_all, read_back, lambda *where: list(scan(*where))])
def test_a_commit_on_its_way_is_waited_for(
    kafka: Broker, topics: Topics, read: Callable[[str, str], Sequence[Any]]
) -> None:
    """A broker answers a commit before it has written the markers: an account drawn then must not miss it."""
    with _transactions(kafka, topics) as producer:
        producer.begin_transaction()
        producer.send(topics.out, b"kept")
        producer.flush()
        markers = threading.Timer(2.0, producer.commit_transaction)
        markers.start()
        seen = read(kafka.bootstrap, topics.out)
        markers.join()
    assert len(seen) == 1


@contextlib.contextmanager
def _transactions(kafka: Broker, topics: Topics) -> Iterator[KafkaProducer]:
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=topics.tweets)
    with contextlib.closing(producer):
        producer.init_transactions()
        yield producer
