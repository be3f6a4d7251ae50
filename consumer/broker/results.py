"""Reading a topic as an onlooker: without a group, so that no position is kept and nobody is disturbed."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from consumer.broker.connection import connect
from consumer.broker.header_names import accept_any
from consumer.broker.refusals import named
from consumer.errors import ConfigurationError
from consumer.records import Record
from consumer.settings import Settings

_POLL_MS = 200  # how soon a caller that waits for a word gets an empty one
_CLOSE_MS = 1_000


def follow(settings: Settings, topic: str, *, from_start: bool) -> Generator[tuple[Record, ...], None, None]:
    """Yields what is committed to a topic, poll by poll, for ever; an empty poll is an empty tuple.

    Args:
        settings: how the broker is reached.
        topic: all its partitions are read.
        from_start: all the topic still holds, or only what comes from now on. "Now" is the first
            ``next()``, whose answer is empty where ``from_start`` is not set.

    Raises:
        ConfigurationError: the topic is missing, or the broker refuses us.
        BrokerGoneError: no broker answers at the start.
    """
    accept_any()
    consumer = connect(
        KafkaConsumer, settings, group_id=None, enable_auto_commit=False, isolation_level="read_committed"
    )
    try:
        _take_all_partitions(consumer, topic, from_start=from_start)
        yield ()
        while True:
            polled = consumer.poll(timeout_ms=_POLL_MS)
            yield tuple(as_record(found) for part in polled.values() for found in part)
    finally:
        with contextlib.suppress(KafkaError, OSError):
            consumer.close(timeout_ms=_CLOSE_MS)


def _take_all_partitions(consumer: Any, topic: str, *, from_start: bool) -> None:
    try:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        if not partitions:
            raise ConfigurationError(
                f"topic {topic}: does not exist; create it with `python -m consumer topics`, or name another"
            )
        consumer.assign(partitions)
        (consumer.seek_to_beginning if from_start else consumer.seek_to_end)(*partitions)
        for partition in partitions:
            consumer.position(partition)  # a seek alone is only a wish until the next poll
    except KafkaError as error:
        raise named(error, f"reading topic {topic}") from error


def as_record(found: Any) -> Record:
    """The client's record as ours."""
    return Record(
        topic=found.topic,
        partition=found.partition,
        offset=found.offset,
        timestamp_ms=found.timestamp,
        key=found.key,
        value=found.value,
        headers=tuple(found.headers or ()),
    )
