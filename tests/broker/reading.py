"""What is in a topic, read with a bare client: no code of the consumer's takes part in its own proof."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from kafka import KafkaConsumer, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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

    With `read_committed`, too, the end is that of the log, and what an open transaction holds back is waited
    for: a commit is answered, and the group's offsets may show it, before its results can be read. What an
    aborted transaction wrote is not there.

    Raises:
        TimeoutError: the end was not reached in time, as when a transaction is left open.
    """
    options = {"bootstrap_servers": bootstrap.split(","), **client_options}
    ends = log_ends(**options, topic=topic)
    consumer = KafkaConsumer(
        group_id=None,
        isolation_level=isolation,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        **options,
    )
    with contextlib.closing(consumer):
        consumer.assign(list(ends))
        consumer.seek_to_beginning(*ends)
        return _read_to_end(consumer, ends, limit_seconds)


def log_ends(bootstrap_servers: Sequence[str], topic: str, **options: Any) -> dict[Any, int]:
    """Where each partition's log ends; a client with `read_committed` is told the last stable offset."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap_servers, **options)
    with contextlib.closing(consumer) as client:
        partitions = [TopicPartition(topic, number) for number in client.partitions_for_topic(topic) or ()]
        ends: dict[Any, int] = client.end_offsets(partitions)
        return ends


def _read_to_end(consumer: Any, ends: Mapping[Any, int], limit_seconds: float) -> list[Any]:
    """Poll until each partition's position is at its end; markers of transactions count as positions, too."""
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
