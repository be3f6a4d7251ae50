"""When results became visible, as a subscriber with ``read_committed`` sees them: the measure of a stall."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterable
from typing import Self

from kafka import KafkaConsumer, TopicPartition

_POLL_MS = 50


class Arrivals:
    """Watches a topic from its end on, until the ``with`` ends; times are monotonic."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap, self._topic = bootstrap, topic
        self._done, self._ready = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.seen: list[tuple[float, int]] = []  # when, and in which partition

    def _run(self) -> None:
        consumer = KafkaConsumer(
            bootstrap_servers=self._bootstrap.split(","),
            group_id=None,
            isolation_level="read_committed",
            enable_auto_commit=False,
        )
        with contextlib.closing(consumer):
            tps = [TopicPartition(self._topic, n) for n in consumer.partitions_for_topic(self._topic) or ()]
            consumer.assign(tps)
            consumer.seek_to_beginning(*tps)
            self._ready.set()
            while not self._done.is_set():
                polled = consumer.poll(timeout_ms=_POLL_MS)
                now = time.monotonic()
                self.seen += [(now, tp.partition) for tp, records in polled.items() for _ in records]

    def first_after(self, moment: float, partitions: Iterable[int] | None = None) -> float | None:
        """Seconds from that moment to the next result, in one of these partitions where they are given."""
        among = None if partitions is None else set(partitions)
        later = [at for at, n in self.seen if at > moment and (among is None or n in among)]
        return later[0] - moment if later else None

    def longest_gap(self, begin: float, end: float) -> float:
        """The longest time in which nothing arrived."""
        times = [begin, *(at for at, _ in list(self.seen) if begin < at < end), end]
        return max(later - earlier for earlier, later in itertools.pairwise(times))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(60.0), "the watching client found no topic"
        return self

    def __exit__(self, *_exception: object) -> None:
        self._done.set()
        self._thread.join(30.0)
