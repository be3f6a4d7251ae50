"""The proof's own reader: if it skipped records, every account of exactly-once would be worth nothing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer

from tests.broker.reading import read_all

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
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=topics.tweets)
    with contextlib.closing(producer):
        producer.init_transactions()
        for value, end in ((b"lost", producer.abort_transaction), (b"kept", producer.commit_transaction)):
            producer.begin_transaction()
            producer.send(topics.out, value)
            producer.flush()
            end()
    assert [record.value for record in read_all(kafka.bootstrap, topics.out)] == [b"kept"]
    everything = read_all(kafka.bootstrap, topics.out, isolation="read_uncommitted")
    assert [record.value for record in everything] == [b"lost", b"kept"]


@pytest.mark.partitions(1)
def test_an_open_transaction_is_not_waited_for(kafka: Broker, topics: Topics) -> None:
    """What is not committed yet is neither read nor waited for."""
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=topics.tweets)
    with contextlib.closing(producer):
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(topics.out, b"open")
        producer.flush()
        assert read_all(kafka.bootstrap, topics.out, limit_seconds=20) == []
        producer.abort_transaction()
