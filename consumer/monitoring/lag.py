"""How far the stream is behind, by partition, as of the moment of the scrape."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

TopicPartition = tuple[str, int]


class _State(NamedTuple):
    records: int | None  # None until the end of the partition is known
    oldest_seconds: float | None  # since 1970, of the oldest record not committed


class Lag:
    """Thread-safe; the loop updates it, a scrape reads it.

    Args:
        wall_clock: seconds since 1970; record timestamps are wall-clock times, so their age is too.
    """

    def __init__(self, wall_clock: Callable[[], float] = time.time) -> None:
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._assigned: set[TopicPartition] = set()
        self._states: dict[TopicPartition, _State] = {}

    def update(
        self,
        partition: TopicPartition,
        high_water: int | None,
        committed_position: int | None,
        oldest_uncommitted_timestamp_ms: int | None,
    ) -> None:
        """Takes what is known of one partition; nothing happens where it is not assigned (any more).

        Args:
            partition: topic and number.
            high_water: offset after the last record; None before the first fetch.
            committed_position: offset of the first record not committed; None when not known yet.
            oldest_uncommitted_timestamp_ms: timestamp of that record; None when there is none, and
                negative where it has no timestamp: then its age is not known either, and counts as 0.
        """
        known = high_water is not None and committed_position is not None
        records = max(0, (high_water or 0) - (committed_position or 0)) if known else None
        oldest = oldest_uncommitted_timestamp_ms
        state = _State(records, None if oldest is None or oldest < 0 else oldest / 1000)
        with self._lock:
            if partition in self._assigned:
                self._states[partition] = state

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Takes all partitions now assigned, and forgets the others."""
        with self._lock:
            self._assigned = set(partitions)
            self._states = {key: state for key, state in self._states.items() if key in self._assigned}

    def records(self) -> dict[TopicPartition, int]:
        """Records behind by partition, where it is known."""
        with self._lock:
            return {key: state.records for key, state in self._states.items() if state.records is not None}

    def seconds(self) -> float:
        """Age of the oldest uncommitted record of all partitions; 0 without one.

        A publisher's clock that runs ahead of ours gives 0, not a negative age.
        """
        with self._lock:
            times = [
                state.oldest_seconds for state in self._states.values() if state.oldest_seconds is not None
            ]
        return max(0.0, self._wall_clock() - min(times)) if times else 0.0
