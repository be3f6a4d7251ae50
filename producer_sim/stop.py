"""Stopping on SIGTERM and Ctrl-C: the first signal asks, the second ends at once."""

from __future__ import annotations

import os
import signal
import time
from types import FrameType

_SLICE_SECONDS = 0.1  # a signal is noticed this soon: Python resumes a sleep that a signal interrupted


class Stop:
    """Whether a stop was asked for; sleeps end early when it was."""

    def __init__(self) -> None:
        self.asked = False

    def listen(self) -> None:
        """Take over SIGTERM and SIGINT."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def sleep(self, seconds: float) -> None:
        """Sleep that long, or until a stop is asked for."""
        until = time.monotonic() + seconds
        while not self.asked and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE_SECONDS))

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.asked:
            os._exit(128 + number)
        self.asked = True
