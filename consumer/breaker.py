"""A circuit breaker against emptying the input into the dead-letter topic, because of a bad deploy.

    closed ──── the share of dead letters in the window reaches the limit ────→ open
       ↑                                                                      ↓  ↑
       │                                               the pause is over      │  │  no better:
       └─────────────────── the records tried are better ──────────────── half-open  a pause twice as long

Pure: it counts records whose fate is committed, and reads a clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

PROBE_RECORDS = 20
LONGEST_PAUSE_SECONDS = 600.0


class State(StrEnum):
    """Where the breaker stands."""

    CLOSED = "closed"  # all goes on
    OPEN = "open"  # nothing may be read
    HALF_OPEN = "half_open"  # a few records may be tried


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """When to open, and for how long."""

    ratio: float = 0.5  # of dead letters, 0 to 1; 0: never
    window: int = 1_000  # records
    least: int = 200  # records seen before a share counts, at most the window
    pause_seconds: float = 30.0


class Breaker:
    """Whether to go on reading."""

    def __init__(self, rules: BreakerRules, clock: Callable[[], float]) -> None:
        """The clock is monotonic, in seconds."""
        self._rules, self._clock = rules, clock
        self._probe = min(PROBE_RECORDS, rules.window)
        self._fates: deque[bool] = deque(maxlen=rules.window)  # True: dead-lettered
        self._state = State.CLOSED
        self._opened_at = 0.0
        self._failed_probes = 0
        self.dead = 0  # in what is looked at: the window, or the probe

    @property
    def seen(self) -> int:
        """Records in what is looked at."""
        return len(self._fates)

    @property
    def ratio(self) -> float:
        """Dead letters among them, 0 to 1."""
        return self.dead / self.seen if self.seen else 0.0

    @property
    def pause_seconds(self) -> float:
        """How long the pause in force is, or the next one would be."""
        longest = max(LONGEST_PAUSE_SECONDS, self._rules.pause_seconds)
        return float(min(self._rules.pause_seconds * 2 ** min(self._failed_probes, 60), longest))

    def state(self) -> State:
        """Where it stands now: a pause that is over makes it half-open."""
        if self._state is State.OPEN and self._clock() - self._opened_at >= self.pause_seconds:
            self._enter(State.HALF_OPEN)
        return self._state

    def room(self) -> int | None:
        """How many records may be read and published now; None: any number."""
        if self.state() is State.OPEN:
            return 0
        return self._probe - self.seen if self._state is State.HALF_OPEN else None

    def committed(self, fates: Iterable[bool]) -> None:
        """What became of records, in order: True for a dead letter, False for a result or a skip."""
        if not self._rules.ratio:
            return
        for dead in fates:
            self._add(dead)
        if self._state is State.CLOSED:
            if self.seen >= self._rules.least and self._too_many(self.seen):
                self._open()
        elif self._state is State.HALF_OPEN:
            self._judge_probe()

    def _add(self, dead: bool) -> None:  # noqa: FBT001 - the fate itself
        if len(self._fates) == self._rules.window:
            self.dead -= self._fates[0]
        self._fates.append(dead)
        self.dead += dead

    def _too_many(self, among: int) -> bool:
        return self.dead >= self._rules.ratio * among

    def _judge_probe(self) -> None:
        if self._too_many(max(self._probe, self.seen)):  # whatever the rest of the probe would be
            self._failed_probes += 1
            self._open()
        elif self.seen >= self._probe:
            self._failed_probes = 0
            self._enter(State.CLOSED)

    def _open(self) -> None:
        self._state, self._opened_at = State.OPEN, self._clock()

    def _enter(self, state: State) -> None:
        """What was seen before says nothing about what comes now."""
        self._state, self.dead = state, 0
        self._fates.clear()
