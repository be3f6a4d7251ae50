"""Polls that fail although the broker answers all else, as where a record on its disk is damaged."""

from __future__ import annotations

import time
from collections.abc import Callable

from kafka import KafkaConsumer

_FEW = 5  # at the pause between two polls that fail: about a second
_LULL_SECONDS = 10.0  # without a failure: it is over. Other partitions may be read in between


class Misreads:
    """Counts failures, each less than a lull behind the one before."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """None yet. The clock is monotonic, in seconds."""
        self._clock = clock
        self._count = 0
        self._noted_at = 0.0
        self._words = ""

    def note(self, error: BaseException) -> None:
        """A poll failed, and waiting may cure it."""
        self._count = self._count + 1 if self.lately() else 1
        self._noted_at = self._clock()
        self._words = f"{type(error).__name__}: {error}".removesuffix(": ")

    def lately(self) -> bool:
        """Whether one failed within the last lull."""
        return self._count > 0 and self._clock() - self._noted_at < _LULL_SECONDS

    def reason(self) -> str:
        """For the operator, why not all that is there can be read; empty while that may be passing."""
        lasting = self._count >= _FEW and self.lately()
        return f"the input cannot be read, poll after poll fails ({self._words})" if lasting else ""


def let_go_of_broken(consumer: KafkaConsumer) -> None:
    """Have the records asked for anew in the middle of which a poll failed.

    The client keeps them, and the end of what can be read of them is not their end for it: the next poll
    would look for more of them for ever, and never come back.
    """
    kept = consumer._fetcher._next_partition_records  # noqa: SLF001 - the client offers no other way
    if kept:
        kept.drain()
