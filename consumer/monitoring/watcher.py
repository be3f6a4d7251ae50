"""Who hears of every committed batch besides the counters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from consumer.records import Result


class Watcher(Protocol):
    """Called from the loop's thread alone, once for each committed batch; must not raise, nor wait long."""

    def committed(self, results: Sequence[Result], at: float) -> None:
        """These results are committed, at so many seconds since 1970."""

    def passed(self, at: float) -> None:
        """Nothing came; it is so late now."""

    def close(self) -> None:
        """The stream ends."""
