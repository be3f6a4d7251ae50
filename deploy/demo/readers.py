"""Reading topics, only what is committed: live while they grow, and whole at the end."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from deploy.demo.account import Line

_SETTINGS = {
    "KAFKA_SECURITY_PROTOCOL": "security_protocol",
    "KAFKA_SASL_MECHANISM": "sasl_mechanism",
    "KAFKA_SASL_USERNAME": "sasl_plain_username",
    "KAFKA_SASL_PASSWORD": "sasl_plain_password",
    "KAFKA_SSL_CAFILE": "ssl_cafile",
    "KAFKA_SSL_CERTFILE": "ssl_certfile",
    "KAFKA_SSL_KEYFILE": "ssl_keyfile",
}
_POLL_MS = 100
_READ_SECONDS = 60.0


def client_options(bootstrap: str) -> dict[str, Any]:
    """What a client needs to reach the broker: the address, and security from the environment."""
    options: dict[str, Any] = {"bootstrap_servers": bootstrap.split(",")}
    for name, option in _SETTINGS.items():
        if value := os.environ.get(name):
            options[option] = value
    return options


def read_back(bootstrap: str, topic: str) -> list[Line]:
    """Everything committed on the topic now, each partition in order.

    What an open transaction holds back is waited for: a commit is answered before its results can be read.

    Raises:
        TimeoutError: the end was not reached, as when a transaction is left open.
    """
    with closing(KafkaConsumer(**client_options(bootstrap))) as client:  # for the ends of the logs
        ends = client.end_offsets(_partitions(client, topic))
    with _from_the_start(bootstrap, topic) as (reader, partitions):
        until = time.monotonic() + _READ_SECONDS
        lines: list[Line] = []
        while any(reader.position(partition) < ends[partition] for partition in partitions):
            if time.monotonic() > until:
                raise TimeoutError(f"topic {topic} could not be read to its end in {_READ_SECONDS:g} s")
            lines.extend(_line(record) for record in _records(reader))
        # Of records that came after the ends were asked for, some partitions have more than others.
        return [line for line in lines if line.offset < ends[TopicPartition(topic, line.partition)]]


class Follower:
    """Calls back, from a thread of its own, when a reader of committed records gets to see a record."""

    def __init__(self, bootstrap: str, topic: str, on_line: Callable[[Line, float, float], None]) -> None:
        """``on_line`` is given the record, its timestamp and the time it was seen, seconds since 1970."""
        self._bootstrap, self._topic, self._on_line = bootstrap, topic, on_line
        self._stop, self._reading = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"follow {topic}", daemon=True)
        self.failure: Exception | None = None

    def start(self) -> None:
        """Begin at the start of the topic; returns when it reads, so that nothing waits to be seen."""
        self._thread.start()
        self._reading.wait(_READ_SECONDS)

    def check(self) -> None:
        """Raise what ended the thread, if anything did."""
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """End, and wait for it."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _follow(self) -> None:
        try:
            with _from_the_start(self._bootstrap, self._topic) as (reader, _):
                while not self._stop.is_set():
                    for record in _records(reader):
                        self._on_line(_line(record), record.timestamp / 1000, time.time())
                    self._reading.set()
        except Exception as error:  # noqa: BLE001 - a thread's end is otherwise seen by nobody
            self.failure = error
            self._reading.set()


@contextmanager
def _from_the_start(bootstrap: str, topic: str) -> Iterator[tuple[Any, list[Any]]]:
    """A reader of committed records at the start of every partition of a topic."""
    reader = KafkaConsumer(
        **client_options(bootstrap),
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    try:
        partitions = _partitions(reader, topic)
        reader.assign(partitions)
        reader.seek_to_beginning(*partitions)
        yield reader, partitions
    finally:
        reader.close(timeout_ms=2_000)


def _partitions(client: Any, topic: str) -> list[Any]:
    return [TopicPartition(topic, number) for number in sorted(client.partitions_for_topic(topic) or ())]


def _records(reader: Any) -> Iterator[Any]:
    for records in reader.poll(timeout_ms=_POLL_MS, max_records=5_000).values():
        yield from records


def _line(record: Any) -> Line:
    return Line(
        record.topic, record.partition, record.offset, record.key, record.value, tuple(record.headers or ())
    )
