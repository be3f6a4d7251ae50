"""What is in a topic, read with a bare client: no code of the consumer's takes part in its own proof."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from kafka import KafkaConsumer, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Sequence

POLL_MS = 200
LIMIT_SECONDS = 60.0


def read_all(
    bootstrap: str,
    topic: str,
    isolation: str = "read_committed",
    limit_seconds: float = LIMIT_SECONDS,
    **client_options: Any,
) -> list[Any]:
    """Every record up to where the topic ends now, by partition and offset.

    With `read_committed` the end is the last stable offset: what an open transaction holds back is not
    waited for, and what an aborted one wrote is not there.

    Raises:
        TimeoutError: the end was not reached in time.
    """
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap.split(","),
        group_id=None,
        isolation_level=isolation,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        **client_options,
    )
    with contextlib.closing(consumer):
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        return _read_to_end(consumer, partitions, limit_seconds)


def _read_to_end(consumer: Any, partitions: Sequence[Any], limit_seconds: float) -> list[Any]:
    """Poll until each partition's position is at its end; markers of transactions count as positions, too."""
    ends = consumer.end_offsets(partitions)
    records: list[Any] = []
    deadline = time.monotonic() + limit_seconds
    while any(consumer.position(partition) < end for partition, end in ends.items()):
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"the end was not reached within {limit_seconds:g} s; {len(records)} records so far"
            )
        for found in consumer.poll(timeout_ms=POLL_MS).values():
            records += found
    ours = [
        record for record in records if record.offset < ends[TopicPartition(record.topic, record.partition)]
    ]
    return sorted(ours, key=lambda record: (record.partition, record.offset))
