"""Carries out a plan: each fault at its moment, and what must follow it later.

A fault that finds nothing to strike (the replica is just away, the last broker is not back yet) waits until
it does, so that as many strike as were planned.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from tests.chaos.brokers import Brokers
from tests.chaos.fleet import Fleet
from tests.chaos.plan import OF_A_BROKER, Act, Fault

_LOOK_SECONDS = 0.05
_AGAIN_SECONDS = 0.3
_EARLY_EVERY = 5  # of so many kills one may strike a replica that is only starting
_LATE_SECONDS = 600.0  # a busy machine starts its broker slowly
_QUIET_SECONDS = 6.0  # between a broker's return and the next one's fall


class Conductor:
    """Does one thing after another; what is due later waits in a heap."""

    def __init__(self, fleet: Fleet, brokers: Brokers, say: Callable[[str], None]) -> None:
        self._fleet, self._brokers, self._say = fleet, brokers, say
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._turn = itertools.count()
        self._began = 0.0
        self._frozen: set[int] = set()  # those to be thawed
        self._starting = ThreadPoolExecutor(1, thread_name_prefix="start broker")
        self._quiet_until = 0.0
        self._broker_back: Future[None] | None = None  # it takes seconds to start; other faults go on
        self.struck: Counter[Fault] = Counter()

    def perform(self, acts: list[Act]) -> None:
        """All acts and all that follows from them."""
        self._began = time.monotonic()
        for act in acts:
            self._later(self._began + act.at_seconds, self._doing(act))
        while self._due or self._broker_is_away():
            self._fleet.tend()
            while self._due and self._due[0][0] <= time.monotonic():
                heapq.heappop(self._due)[2]()
            time.sleep(_LOOK_SECONDS)
        self._starting.shutdown()

    def _later(self, at: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._due, (at, next(self._turn), what))

    def _doing(self, act: Act) -> Callable[[], None]:
        def do() -> None:
            now = time.monotonic() - self._began
            if self._strikes(act):
                self.struck[act.fault] += 1
                self._say(f"{now:7.1f} s  {act.fault} {act.target} ({act.seconds:g} s)")
            elif now > act.at_seconds + _LATE_SECONDS:
                self._fleet.unexpected.append(f"{act.fault} {act.target} found nothing to strike")
            else:
                self._later(time.monotonic() + _AGAIN_SECONDS, do)

        return do

    def _strikes(self, act: Act) -> bool:
        if act.fault in OF_A_BROKER:
            quiet = time.monotonic() >= self._quiet_until
            return quiet and not self._broker_is_away() and self._breaks(act)
        fleet, number = self._fleet, act.target
        match act.fault:
            case Fault.KILL:
                early = self.struck[Fault.KILL] % _EARLY_EVERY == _EARLY_EVERY - 1
                return fleet.kill(number, act.seconds, also_starting=early)
            case Fault.TERMINATE | Fault.LEAVE:
                return fleet.terminate(number, act.seconds)
            case Fault.FREEZE:
                return self._freezes(act)
            case Fault.JOIN:
                return self._joins(act)
            case _:
                return fleet.stall(number)

    def _freezes(self, act: Act) -> bool:
        number = act.target
        if number in self._frozen or not self._fleet.freeze(number):
            return False
        self._frozen.add(number)

        def thaw() -> None:
            self._frozen.discard(number)
            self._fleet.thaw(number)

        self._later(time.monotonic() + act.seconds, thaw)
        return True

    def _joins(self, act: Act) -> bool:
        def leave() -> None:
            if not self._fleet.terminate(act.target):  # it has not found its place yet
                self._later(time.monotonic() + _AGAIN_SECONDS, leave)

        joined = self._fleet.join(act.target)
        if joined:
            self._later(time.monotonic() + act.seconds, leave)
        return joined

    def _breaks(self, act: Act) -> bool:
        number = act.target
        if act.fault is Fault.MOVE_LEADERS:
            self._brokers.move_leaders()
            return True
        if act.fault is Fault.BROKER_KILL:
            self._brokers.kill(number)
        else:
            self._brokers.stop(number)
        self._broker_back = self._starting.submit(self._back, number, time.monotonic() + act.seconds)
        return True

    def _back(self, number: int, at: float) -> None:
        time.sleep(max(0.0, at - time.monotonic()))
        self._brokers.start(number)

    def _broker_is_away(self) -> bool:
        if self._broker_back is None or not self._broker_back.done():
            return self._broker_back is not None
        self._broker_back.result()  # raises what kept it from starting
        self._broker_back = None
        self._quiet_until = time.monotonic() + _QUIET_SECONDS
        self._say(f"{time.monotonic() - self._began:7.1f} s  the broker is back")
        return True  # now quiet for a while
