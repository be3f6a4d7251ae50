"""When the loop ends: told to, after so many records, or after so long without any."""

from __future__ import annotations

import threading
from collections.abc import Callable

STOP_PATIENCE_SECONDS = 4.0  # a stop waits this long for the scorer or the broker; supervisors kill after ten


class Limits:
    """What ends a run. The stop may be asked for from a signal handler."""

    def __init__(
        self,
        clock: Callable[[], float],
        max_messages: int | None = None,
        until_idle_seconds: float | None = None,
    ) -> None:
        """Both limits are off where None; the clock is monotonic."""
        self._clock = clock
        self._left = max_messages
        self._until_idle_seconds = until_idle_seconds
        self._busy_at: float | None = None  # idleness counts from the first assignment on
        self._stop = threading.Event()
        self._stopped_at: float | None = None

    def busy(self) -> None:
        """There is something to do, or nobody can say that there is not."""
        self._busy_at = self._clock()

    def stop(self) -> None:
        """End after the batch in hand."""
        self._stopped_at = self._stopped_at or self._clock()
        self._stop.set()

    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop.is_set()

    def stopping_for(self, seconds: float) -> bool:
        """Whether a stop was asked for this long ago."""
        return self._stopped_at is not None and self._clock() - self._stopped_at >= seconds

    def wait(self, seconds: float) -> None:
        """Sleep, but not into a stop."""
        self._stop.wait(seconds)

    def room(self) -> int | None:
        """Records that may still be committed; None where there is no limit."""
        return self._left

    def committed(self, count: int) -> None:
        """Note so many records as committed."""
        self.busy()
        if self._left is not None:
            self._left -= count

    def reached(self) -> bool:
        """Whether the loop must end."""
        return self._stop.is_set() or self._left == 0 or self._idle()

    def _idle(self) -> bool:
        if self._until_idle_seconds is None or self._busy_at is None:
            return False
        return self._clock() - self._busy_at >= self._until_idle_seconds
