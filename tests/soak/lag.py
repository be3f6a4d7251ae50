"""How far the group is behind, asked of the broker from a thread: away, it would hold up other readings."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Self

from kafka import errors

from tests.broker.stream import committed, ends

_EVERY_SECONDS, _FRESH_SECONDS = 2.0, 6.0


def behind(bootstrap: str, group: str, topic: str) -> int:
    """Records published and not committed; raises the client's errors."""
    done = committed(bootstrap, group)
    return sum(end - done.get(partition, 0) for partition, end in ends(bootstrap, topic).items())


class LagWatch:
    """The last answer, as long as it is fresh, until the ``with`` ends."""

    def __init__(self, bootstrap: str, group: str, topic: str) -> None:
        self._asked = (bootstrap, group, topic)
        self._found: tuple[float, float] | None = None  # when, records
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lag", daemon=True)

    def _run(self) -> None:
        while not self._done.wait(_EVERY_SECONDS):
            with contextlib.suppress(errors.KafkaError, OSError):
                found = float(behind(*self._asked))
                self._found = (time.monotonic(), found)

    def now(self) -> float | None:
        """Records; None while the broker says nothing."""
        found = self._found
        return found[1] if found and time.monotonic() - found[0] <= _FRESH_SECONDS else None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._done.set()
        self._thread.join(60.0)
