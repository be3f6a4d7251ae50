"""Gathering: polls → one micro-batch, closed by messages, by tokens or by wait.

The batch never waits while a backlog is there: past the wait it is closed only by a poll that brought
nothing. What a poll brought beyond the batch's bounds is kept for the next one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from consumer.batch import Item, StageClock, Visit
from consumer.records import Prepared, Record

_IDLE_POLL_SECONDS = 0.5  # how soon a stop is noticed while nothing arrives
_PAD_STEP = 8  # sorted chunks pad a text to a neighbour's length: about the next multiple of this


class Polled(Protocol):
    """What a poll brings."""

    @property
    def records(self) -> tuple[Record, ...]:
        """In order within each partition."""

    @property
    def group(self) -> Any:
        """The group snapshot that may commit them; None where the member is not stable."""

    @property
    def moved(self) -> bool:
        """Whether work in memory is void."""


class Source(Protocol):
    """Where records come from."""

    def poll(self, wait_seconds: float, max_records: int) -> Polled:
        """Records, or nothing after the wait."""


class CloseReason(StrEnum):
    """Why a micro-batch was closed."""

    MESSAGES = "messages"
    TOKENS = "tokens"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a micro-batch may grow, and how long a lone record waits for company."""

    messages: int
    tokens: int
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """Items that are published and committed together."""

    items: tuple[Item, ...]
    group: Any  # the group snapshot of the last poll
    reason: CloseReason
    seconds: dict[str, float] = field(default_factory=dict)
    visits: tuple[Visit, ...] = ()  # to the stages before the scorer


class Gatherer:
    """Fills micro-batches from a source."""

    def __init__(
        self,
        source: Source,
        prepare: Callable[[Iterable[Record], StageClock], list[Item]],
        bounds: Bounds,
        clock: Callable[[], float],
    ) -> None:
        """``prepare`` makes one item of each record; ``clock`` is monotonic."""
        self._source, self._prepare, self._bounds, self._clock = source, prepare, bounds, clock
        self._pending: deque[Item] = deque()
        self._stable = True
        self.moved = False  # whether the last poll made all work in memory void
        self._watch = StageClock(clock)

    def clear(self) -> None:
        """Forget what was polled and not yet published: its positions were set back."""
        self._pending.clear()

    def prepare_with(self, prepare: Callable[[Iterable[Record], StageClock], list[Item]]) -> None:
        """Make items in this way from now on; those not yet given out are made anew."""
        self._prepare = prepare
        records = [item.record for item in self._pending]
        self._pending = deque(prepare(records, StageClock(self._clock)))

    def gather(self, at_most: int | None = None, *, patient: bool = True) -> MicroBatch | None:
        """The next micro-batch, of ``at_most`` items; None when nothing came or the group is moving.

        ``patient`` waits for a first record; otherwise what is not there at once is not waited for.
        """
        room = self._bounds.messages if at_most is None else min(self._bounds.messages, at_most)
        self._watch = StageClock(self._clock)
        deadline: float | None = self._clock() + self._bounds.wait_seconds if self._pending else None
        while True:
            full = self._full(room)
            polled = self._poll(deadline, full is not None, room, patient)
            self.moved = polled.moved
            if polled.moved:
                self.clear()
                return None
            if not self._pending or polled.group is None:
                return None
            deadline = deadline or self._clock() + self._bounds.wait_seconds
            reason = self._full(room) or (CloseReason.WAIT if self._waited(polled, deadline) else None)
            if reason is not None:
                watch = self._watch
                return MicroBatch(
                    self._take(room), polled.group, reason, dict(watch.seconds), tuple(watch.visits)
                )

    def _poll(self, deadline: float | None, full: bool, room: int, patient: bool) -> Polled:  # noqa: FBT001 - private
        """One poll; a full batch polls too, since only a poll gives a fresh group snapshot."""
        first_wait = _IDLE_POLL_SECONDS if patient else 0.0
        wait = first_wait if deadline is None else max(0.0, deadline - self._clock())
        self._watch.start()
        if full:
            wait = 0.0 if self._stable else _IDLE_POLL_SECONDS  # nothing can be committed before it is
        polled = self._source.poll(wait, max(1, room - len(self._pending)))
        self._stable = polled.group is not None
        if deadline is not None or polled.records:
            self._watch.stop("poll")
        self._pending.extend(self._prepare(polled.records, self._watch))
        return polled

    def _waited(self, polled: Polled, deadline: float) -> bool:
        return self._clock() >= deadline and not polled.records

    def _full(self, room: int) -> CloseReason | None:
        if self._fitting(room) < min(room, len(self._pending)):
            return CloseReason.TOKENS
        return CloseReason.MESSAGES if len(self._pending) >= room else None

    def _fitting(self, room: int) -> int:
        """How many pending items one batch takes: at least one, however long."""
        tokens = 0
        for count, item in enumerate(self._pending):
            tokens += padded_length(item)
            if count >= room or (count and tokens > self._bounds.tokens):
                return count
        return len(self._pending)

    def _take(self, room: int) -> tuple[Item, ...]:
        return tuple(self._pending.popleft() for _ in range(self._fitting(room)))


def padded_length(item: Item) -> int:
    """Tokens an item costs the scorer, about; nothing for what is not scored."""
    if not isinstance(item, Prepared):
        return 0
    return -(-len(item.tokens) // _PAD_STEP) * _PAD_STEP
