"""Following a topic as an onlooker."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from consumer.broker.results import follow
from consumer.errors import ConfigurationError
from consumer.settings import Settings, load
from tests.broker.brokers import Broker
from tests.broker.topics import Topics

MAX_POLLS = 150  # 200 ms each


@pytest.fixture
def producer(kafka: Broker) -> Iterator[KafkaProducer]:
    """A producer with a transactional identity of its own."""
    made = KafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id="onlooker-test")
    made.init_transactions()
    with contextlib.closing(made):
        yield made


def reaching(kafka: Broker) -> Settings:
    """Settings that lead to this broker."""
    return load(argparse.Namespace(kafka_bootstrap_servers=kafka.bootstrap))


def publish(producer: KafkaProducer, topic: str, *values: bytes, commit: bool = True) -> None:
    """One transaction, spread over the partitions."""
    producer.begin_transaction()
    for number, value in enumerate(values):
        producer.send(topic, value=value, partition=number % 3)
    producer.flush()
    if commit:
        producer.commit_transaction()
    else:
        producer.abort_transaction()


def seen(settings: Settings, topic: str, count: int) -> set[bytes | None]:
    """The first values of the topic."""
    values: list[bytes | None] = []
    with contextlib.closing(follow(settings, topic, from_start=True)) as polls:
        for _, records in zip(range(MAX_POLLS), polls, strict=False):
            values += [record.value for record in records]
            if len(values) >= count:
                break
    return set(values)


def test_only_what_is_committed_is_seen(kafka: Broker, topics: Topics, producer: KafkaProducer) -> None:
    """All partitions from the start, without what an aborted transaction wrote."""
    publish(producer, topics.out, b"1", b"2", b"3", b"4")
    publish(producer, topics.out, b"aborted", commit=False)
    publish(producer, topics.out, b"5")
    found = seen(reaching(kafka), topics.out, 5)
    assert found == {b"1", b"2", b"3", b"4", b"5"}


def test_from_now_on(kafka: Broker, topics: Topics, producer: KafkaProducer) -> None:
    """Without from_start the first answer marks the beginning, and nothing older is shown."""
    publish(producer, topics.out, b"old")
    settings = reaching(kafka)
    with contextlib.closing(follow(settings, topics.out, from_start=False)) as polls:
        assert next(polls) == ()
        publish(producer, topics.out, b"new")
        records = next(found for _, found in zip(range(MAX_POLLS), polls, strict=False) if found)
    assert [record.value for record in records] == [b"new"]


def test_an_onlooker_leaves_no_group(kafka: Broker, topics: Topics, producer: KafkaProducer) -> None:
    """Watching commits nothing and joins nothing."""
    publish(producer, topics.out, b"1")
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=kafka.bootstrap)) as admin:
        before = {group["group_id"] for group in admin.list_groups()}
        assert seen(reaching(kafka), topics.out, 1) == {b"1"}
        assert {group["group_id"] for group in admin.list_groups()} <= before


def test_a_missing_topic_is_named(kafka: Broker) -> None:
    """A topic that does not exist ends with its name, not with an endless wait."""
    with pytest.raises(ConfigurationError, match="no-such-topic"):
        next(follow(reaching(kafka), "no-such-topic", from_start=True))
