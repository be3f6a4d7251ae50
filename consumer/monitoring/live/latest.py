"""The last few results with their texts, for the page where it is set to show them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from consumer.records import Result

RESULTS, CHARACTERS = 8, 280


class Shown(NamedTuple):
    """What the page tells of one result."""

    label: str
    confidence: float
    text: str


class Latest:
    """A watcher; in memory alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: deque[Shown] = deque(maxlen=RESULTS)

    def committed(self, results: Sequence[Result], at: float) -> None:  # noqa: ARG002 - as watchers are called
        """Keep the last of the batch."""
        made = [
            Shown(str(r.label), round(r.confidence, 6), r.tweet.text[:CHARACTERS]) for r in results[-RESULTS:]
        ]
        with self._lock:
            self._shown.extend(made)

    def passed(self, at: float) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing is held."""

    def shown(self) -> list[Shown]:
        """The newest first."""
        with self._lock:
            return list(reversed(self._shown))
