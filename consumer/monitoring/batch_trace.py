"""What is told of a batch once it is over, to whoever traces: plain values, no library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from consumer.batch import Visit
from consumer.records import Record


@dataclass(frozen=True, slots=True)
class BatchStory:
    """One micro-batch from its first poll to its commit, or to where it was given up."""

    id: str  # as in the log
    records: Sequence[Record]
    visits: Sequence[Visit]  # which stage it was in and when, in order
    reason: str  # why it was closed
    scored: int
    dead_lettered: int
    skipped: int
    error: str = ""  # why it was given up; empty where it is committed


class BatchTrace(Protocol):
    """Called from the loop's thread alone; must not raise, nor wait long."""

    def over(self, story: BatchStory) -> None:
        """A batch is committed or given up."""

    def close(self) -> None:
        """The stream ends."""
