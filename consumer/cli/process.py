"""What the commands that run until they are told to stop have in common: their first words, their signals."""

from __future__ import annotations

import os
import signal
from logging import WARNING
from typing import TYPE_CHECKING, Protocol

from consumer import __version__
from consumer.monitoring.logs import event
from consumer.settings import misspelt

if TYPE_CHECKING:
    from collections.abc import Callable
    from logging import Logger
    from types import FrameType

    from consumer.settings import Settings

STOP_SECONDS = 8.0  # supervisors kill after ten


class Stoppable(Protocol):
    """What a signal ends in order."""

    def stop(self) -> None:
        """End soon."""

    def stopping(self) -> bool:
        """Whether it was told so."""


def announce(settings: Settings, log: Logger) -> None:
    """Version and settings in force, and what looks like a setting and is none."""
    event(log, "starting", version=__version__, settings=settings.redacted())
    for warning in misspelt():
        event(log, "setting_misspelt", WARNING, warning=warning)


def handle_signals(what: Stoppable, give_up: Callable[[], object]) -> None:
    """SIGTERM and SIGINT stop it; a second one ends the process, as does ``STOP_SECONDS``, by ``give_up``."""

    def stop(number: int, _frame: FrameType | None) -> None:
        if what.stopping():
            os._exit(128 + number)
        what.stop()
        signal.setitimer(signal.ITIMER_REAL, STOP_SECONDS)

    signal.signal(signal.SIGALRM, lambda _number, _frame: give_up())
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
