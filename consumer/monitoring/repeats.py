"""Holds back what a library says again and again, such as a client that tries to reach its broker."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable

HOLD_SECONDS = 30.0
MAX_KNOWN = 200  # different lines remembered

_NUMBER = re.compile(r"\d+")


class DropRepeats(logging.Filter):
    """Lets a library's line through once in ``HOLD_SECONDS``; lines that differ in numbers only are the same.

    The next one that passes says in ``record.repeats`` how many were held back.

    Args:
        names: root names of the loggers concerned.
        clock: monotonic seconds.
    """

    def __init__(self, names: tuple[str, ...], clock: Callable[[], float]) -> None:
        super().__init__()
        self._names = frozenset(names)
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], tuple[float | None, int]] = {}  # passed at, held back since

    def filter(self, record: logging.LogRecord) -> bool:
        """Says whether the line passes."""
        if record.name.partition(".")[0] not in self._names:
            return True
        key = (record.name, _NUMBER.sub("#", record.getMessage()))
        with self._lock:
            return self._passes(key, record)

    def _passes(self, key: tuple[str, str], record: logging.LogRecord) -> bool:
        now = self._clock()
        passed_at, held_back = self._known.get(key, (None, 0))
        if passed_at is not None and now - passed_at < HOLD_SECONDS:
            self._known[key] = (passed_at, held_back + 1)
            return False
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[key] = (now, 0)
        record.repeats = held_back
        return True
