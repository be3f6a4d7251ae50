"""What goes wrong during a soak, and when it is over: one fault after another, all kinds equally often.

The steady replica is never ended, so that what it gathers can be measured; the restless one beside it is.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from deploy.local_kafka import LocalKafka
from tests.chaos.fleet import Fleet

_LOOK_SECONDS = 0.1
_CALM_SECONDS = 12.0  # after a fault: its backlog is worked off


class Fault(StrEnum):
    """What may go wrong."""

    KILL = "the other replica is killed"
    LEAVE = "the other replica leaves and returns"
    FREEZE_OTHER = "the other replica freezes past its session"
    FREEZE = "the steady replica freezes past its session"
    BROKER_RESTART = "the broker restarts in order"
    BROKER_KILL = "the broker is killed and started again"


@dataclass(frozen=True, slots=True)
class Happened:
    """A fault, from its beginning until all runs again; seconds since the soak began."""

    fault: Fault
    began: float
    ended: float


def order(seed: int) -> Iterator[Fault]:
    """Without end; each kind once before any comes again."""
    rng = random.Random(seed)
    while True:
        kinds = list(Fault)
        rng.shuffle(kinds)
        yield from kinds


class Steady(Protocol):
    """The replica that is measured."""

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""

    def signal(self, number: signal.Signals) -> None:
        """Send it one."""


class Course:
    """Does one fault after another to these."""

    def __init__(
        self,
        kafka: LocalKafka,
        fleet: Fleet,
        steady: Steady,
        session_seconds: float,
    ) -> None:
        """All times follow from the session's."""
        self._kafka, self._fleet, self._steady = kafka, fleet, steady
        self._freeze_seconds = 1.5 * session_seconds
        self._began = time.monotonic()
        self._calm_at = 0.0
        self._on = threading.Event()
        self.happened: list[Happened] = []

    @property
    def disturbed(self) -> bool:
        """Whether a fault is on or just over."""
        return self._on.is_set() or self._now() < self._calm_at

    def _now(self) -> float:
        return time.monotonic() - self._began

    def run(self, seconds: float, gap_seconds: float, seed: int, say: Callable[[str], None]) -> None:
        """Faults with so many calm seconds before each, until the time is over, which ends calmly.

        It ends early where the steady replica does: nothing would be measured from then on.
        """
        for fault in order(seed):
            if self._now() + 2 * gap_seconds > seconds or not self._steady.runs:
                break
            self.tend(gap_seconds)
            self._on.set()
            began = self._now()
            say(f"{began:7.1f} s  {fault}")
            self._do(fault)
            self._calm_at = self._now() + _CALM_SECONDS
            self._on.clear()
            self.happened.append(Happened(fault, began, self._now()))
        self.tend(seconds - self._now())

    def tend(self, seconds: float) -> None:
        """Wait, and start again who ended."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self._steady.runs:
            self._fleet.tend()
            time.sleep(_LOOK_SECONDS)

    def _do(self, fault: Fault) -> None:
        match fault:
            case Fault.KILL:
                self._fleet.kill(0, 3.0)
                self.tend(4.0)
            case Fault.LEAVE:
                self._fleet.terminate(0, 5.0)
                self.tend(6.0)
            case Fault.FREEZE_OTHER:
                self._fleet.freeze(0)
                self.tend(self._freeze_seconds)
                self._fleet.thaw(0)
            case Fault.FREEZE:
                self._steady.signal(signal.SIGSTOP)
                self.tend(self._freeze_seconds)
                self._steady.signal(signal.SIGCONT)
            case Fault.BROKER_RESTART:
                self._kafka.stop()
                self.tend(2.0)
                self._kafka.start()
            case Fault.BROKER_KILL:
                self._kafka.kill()
                self._kafka.start()
