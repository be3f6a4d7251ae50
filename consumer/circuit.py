"""The circuit breaker as the loop uses it: each change is told to probes, metrics and the log."""

from __future__ import annotations

from collections.abc import Iterable
from logging import ERROR, INFO, WARNING, getLogger

from consumer.batch import Item
from consumer.breaker import Breaker, State
from consumer.monitoring.health import Health
from consumer.monitoring.logs import event
from consumer.monitoring.metrics import Metrics
from consumer.records import Outcome

log = getLogger(__name__)


class Circuit:
    """Says whether the loop may read on, and makes known when that changes."""

    def __init__(self, breaker: Breaker, health: Health, metrics: Metrics) -> None:
        """Closed."""
        self._breaker, self._health, self._metrics = breaker, health, metrics
        self._told = State.CLOSED
        metrics.breaker(self._told, 0.0)

    def holds(self) -> bool:
        """Whether nothing may be read now."""
        return self._state() is State.OPEN

    def room(self) -> int | None:
        """How many records may be read now; None: any number."""
        return self._breaker.room()

    def committed(self, items: Iterable[Item], outcome: Outcome) -> None:
        """A batch was committed: its records in order, and what became of them."""
        dead = {reject.record.position for reject in outcome.rejects}
        self._breaker.committed(item.record.position in dead for item in items)
        self._metrics.breaker(self._state(), self._breaker.ratio)

    def _state(self) -> State:
        state = self._breaker.state()
        if state is not self._told:
            self._told = state
            self._metrics.breaker(state, self._breaker.ratio)
            {State.OPEN: self._opened, State.HALF_OPEN: self._half_open, State.CLOSED: self._closed}[state]()
        return state

    def _opened(self) -> None:
        dead, seen, pause = self._breaker.dead, self._breaker.seen, self._breaker.pause_seconds
        self._metrics.breaker_opened()
        self._health.pause(
            f"the circuit breaker is open: {dead} of the last {seen} records were dead-lettered; "
            f"a few are tried after {pause:g} s"
        )
        event(log, "breaker_opened", ERROR, dead_lettered=dead, seen=seen, pause_seconds=pause)

    def _half_open(self) -> None:
        self._health.pause("the circuit breaker is half-open: a few records are tried")
        event(log, "breaker_half_open", WARNING, records=self._breaker.room())

    def _closed(self) -> None:
        self._health.resume()
        event(log, "breaker_closed", INFO)
