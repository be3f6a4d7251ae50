"""Reading the topic of late labels beside the stream: in a thread of its own, all partitions, no group.

Nothing that goes wrong here may hold up the stream: a fault is logged, and reading goes on after a pause.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Mapping
from logging import WARNING, getLogger
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from consumer.broker.connection import client_options
from consumer.errors import ConsumerError
from consumer.settings import Settings

log = getLogger(__name__)

_POLL_MS = 500
_CLOSE_MS = 1_000
_BOOTSTRAP_MS = 5_000
_PAUSE_SECONDS = 5.0
_LOOK_SECONDS = 60.0  # a topic may be given more partitions
_WAITING = 20_000  # labels read and not yet taken; the reader waits when there are more
_AT_ONCE = 2_000  # a stream with much to do is not held up by many labels


class LabelFeed:
    """The labels' topic from a moment on."""

    def __init__(self, settings: Settings, topic: str, since_ms: int, clock: Callable[[], float]) -> None:
        """``since_ms``: how far back labels are wanted, milliseconds since 1970; the clock is monotonic."""
        self._settings, self._topic, self._since_ms, self._clock = settings, topic, since_ms, clock
        self._values: queue.Queue[bytes | None] = queue.Queue(_WAITING)
        self._next: dict[int, int] = {}  # partition → the offset to go on with
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="labels", daemon=True)
        self._thread.start()

    def take(self) -> list[bytes | None]:
        """The values that came since, oldest first within a partition; at most 2,000 at once."""
        found: list[bytes | None] = []
        with contextlib.suppress(queue.Empty):
            while len(found) < _AT_ONCE:
                found.append(self._values.get_nowait())
        return found

    def close(self) -> None:
        """Read no more. Does not wait for a broker that is away."""
        self._stop.set()
        self._thread.join(_CLOSE_MS / 1000)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._read()
            except Exception as error:  # noqa: BLE001 - a thread's end is otherwise seen by nobody
                fields = {"topic": self._topic, "error": f"{type(error).__name__}: {error}"}
                log.log(WARNING, "labels_not_read", extra={"fields": fields})
                self._stop.wait(_PAUSE_SECONDS)

    def _read(self) -> None:
        # Not by connect(): it turns the client's log off and on, which two threads cannot do at a time.
        consumer = KafkaConsumer(
            **client_options(self._settings) | {"bootstrap_timeout_ms": _BOOTSTRAP_MS},
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="earliest",  # where retention was quicker than we, what is left is read
        )
        try:
            while not self._stop.is_set():
                self._assign(consumer)
                self._follow(consumer)
        finally:
            with contextlib.suppress(KafkaError, OSError):
                consumer.close(timeout_ms=_CLOSE_MS)

    def _assign(self, consumer: Any) -> None:
        partitions = [
            TopicPartition(self._topic, n) for n in consumer.partitions_for_topic(self._topic) or ()
        ]
        if not partitions:
            raise ConsumerError("the topic does not exist")
        consumer.assign(partitions)
        new = [tp for tp in partitions if tp.partition not in self._next]
        found: Mapping[Any, Any] = (
            consumer.offsets_for_times(dict.fromkeys(new, self._since_ms)) if new else {}
        )
        ends: Mapping[Any, int] = consumer.end_offsets(new) if new else {}
        for tp in new:
            self._next[tp.partition] = found[tp].offset if found.get(tp) else ends[tp]
        for tp in partitions:
            consumer.seek(tp, self._next[tp.partition])

    def _follow(self, consumer: Any) -> None:
        until = self._clock() + _LOOK_SECONDS
        while not self._stop.is_set() and self._clock() < until:
            for tp, records in consumer.poll(timeout_ms=_POLL_MS).items():
                for record in records:
                    self._put(record.value)
                    if self._stop.is_set():
                        return
                    self._next[tp.partition] = record.offset + 1

    def _put(self, value: bytes | None) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(queue.Full):
                self._values.put(value, timeout=_POLL_MS / 1000)
                return
