"""Carries out a plan: each fault at its moment, and what must follow it later."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import Protocol

from tests.chaos.fleet import Fleet
from tests.chaos.plan import Act, Fault

_LOOK_SECONDS = 0.05


class Brokers(Protocol):
    """The cluster, each broker by its number."""

    def kill(self, number: int) -> None:
        """As a crash would."""

    def stop(self, number: int) -> None:
        """In order."""

    def start(self, number: int) -> None:
        """On the data it has; returns when it answers."""


class Conductor:
    """Does one thing after another; what is due later waits in a heap."""

    def __init__(self, fleet: Fleet, brokers: Brokers, say: Callable[[str], None]) -> None:
        self._fleet, self._brokers, self._say = fleet, brokers, say
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._turn = itertools.count()
        self._starting: list[threading.Thread] = []  # a broker takes seconds to start; faults go on

    def perform(self, acts: list[Act]) -> None:
        """All acts and all that follows from them."""
        began = time.monotonic()
        for act in acts:
            self._later(began + act.at_seconds, self._doing(act))
        while self._due:
            self._fleet.tend()
            while self._due and self._due[0][0] <= time.monotonic():
                heapq.heappop(self._due)[2]()
            time.sleep(_LOOK_SECONDS)
        for thread in self._starting:
            thread.join()

    def _later(self, at: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._due, (at, next(self._turn), what))

    def _doing(self, act: Act) -> Callable[[], None]:
        def do() -> None:
            self._say(f"{act.at_seconds:7.1f} s  {act.fault} {act.target} ({act.seconds:g} s)")
            self._do(act)

        return do

    def _do(self, act: Act) -> None:
        fleet, brokers, number = self._fleet, self._brokers, act.target
        back_at = time.monotonic() + act.seconds
        match act.fault:
            case Fault.KILL:
                fleet.kill(number, act.seconds)
            case Fault.TERMINATE | Fault.LEAVE:
                fleet.terminate(number, act.seconds)
            case Fault.FREEZE:
                fleet.freeze(number)
                self._later(back_at, lambda: fleet.thaw(number))
            case Fault.STALL:
                fleet.stall(number)
            case Fault.BROKER_KILL:
                brokers.kill(number)
                self._later(back_at, lambda: self._start_broker(number))
            case Fault.BROKER_RESTART | Fault.BROKER_AWAY:
                brokers.stop(number)
                self._later(back_at, lambda: self._start_broker(number))

    def _start_broker(self, number: int) -> None:
        thread = threading.Thread(target=self._brokers.start, args=(number,), name=f"start broker {number}")
        thread.start()
        self._starting.append(thread)
