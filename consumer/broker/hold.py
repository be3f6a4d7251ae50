"""Staying in the group without reading: all partitions paused, the client polled all the same.

Polling sends heartbeats' proof of life, takes part in rebalances and stays below the longest time a member
may be silent. What the client learns by fetching, it does not learn now: where partitions end is asked for.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from kafka import KafkaConsumer, TopicPartition, errors

_ASK_SECONDS, _ANSWER_MS = 1.0, 1_000


class Hold:
    """A pause of the whole assignment, as long as it is kept up."""

    def __init__(self, consumer: KafkaConsumer, clock: Callable[[], float] = time.monotonic) -> None:
        """Off. The clock is monotonic."""
        self._consumer, self._clock = consumer, clock
        self.is_on = False
        self._asked_at = -_ASK_SECONDS
        self._ends: dict[TopicPartition, int] = {}

    def keep(self, wait_seconds: float) -> bool:
        """Keep it up for so long; whether something was read after all. Raises the client's errors."""
        self.is_on = True
        # Partitions that come in a rebalance come unpaused, and may bring something in the poll they come in.
        for tp in self._consumer.assignment() - self._consumer.paused():
            with contextlib.suppress(KeyError):  # revoked in this moment
                self._consumer.pause(tp)
        fetched = self._consumer.poll(timeout_ms=int(wait_seconds * 1000), max_records=1)
        if self._clock() - self._asked_at >= _ASK_SECONDS:
            self._ask()
        return bool(fetched)

    def _ask(self) -> None:
        self._asked_at = self._clock()
        assigned = list(self._consumer.assignment())
        with contextlib.suppress(errors.KafkaError):  # whether the broker is there is asked elsewhere
            self._ends = self._consumer.end_offsets(assigned, timeout_ms=_ANSWER_MS) if assigned else {}

    def end(self, tp: TopicPartition) -> int | None:
        """Where a partition ends, as far as is known: from the last fetch, or asked for since."""
        known = [end for end in (self._consumer.highwater(tp), self._ends.get(tp)) if end is not None]
        return max(known, default=None)

    def release(self) -> None:
        """Read again."""
        if not self.is_on:
            return
        self.is_on = False
        self._ends.clear()
        for tp in self._consumer.paused():
            with contextlib.suppress(KeyError):
                self._consumer.resume(tp)
