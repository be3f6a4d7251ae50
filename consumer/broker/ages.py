"""How old the oldest record that waits is, where none of those that wait is at hand."""

from __future__ import annotations

import time
from collections.abc import Callable

from kafka import TopicPartition


class Ages:
    """By what was last known of a partition, else from when it was seen to be behind.

    A record's own time is told only within one spell of being behind: once a partition had caught up, or was
    another replica's, what waits there may be much younger than the last that was committed.
    """

    def __init__(self, wall_clock: Callable[[], float] = time.time) -> None:
        """The clock gives seconds since 1970."""
        self._wall_clock = wall_clock
        self._known: dict[TopicPartition, int] = {}  # ms: nothing that waits is older than this
        self._since: dict[TopicPartition, int] = {}  # ms: when it was first seen to be behind

    def note(self, tp: TopicPartition, timestamp_ms: int) -> None:
        """The time of the last record that was committed, or of the first that was not."""
        self._known[tp] = timestamp_ms

    def forget(self) -> None:
        """Partitions have moved."""
        self._known.clear()
        self._since.clear()

    def oldest(self, tp: TopicPartition, *, behind: bool) -> int | None:
        """Milliseconds since 1970, an estimate; None where nothing waits."""
        if not behind:
            self._known.pop(tp, None)
            self._since.pop(tp, None)
            return None
        since = self._since.setdefault(tp, int(self._wall_clock() * 1000))
        return self._known.get(tp, since)
