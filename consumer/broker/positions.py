"""Where reading starts: at the committed position, else where the policy says; never silently elsewhere."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from consumer.errors import ConfigurationError

log = logging.getLogger(__name__)

Reset = Literal["earliest", "latest"] | int  # a number is a timestamp in milliseconds
CALL_TIMEOUT_MS = 5_000
_TWICE_APART_SECONDS = 0.5


class PositionWentBackError(KafkaError):  # type: ignore[misc]  # the client has no types
    """The broker says that less is committed than was."""


class PositionMovedError(KafkaError):  # type: ignore[misc]  # the client has no types
    """The broker says two things of a partition that nobody else may commit."""


class Positions:
    """Seeks partitions to where reading must go on."""

    def __init__(self, consumer: KafkaConsumer, reset: Reset, on_gap: Callable[[int], None]) -> None:
        """``on_gap`` hears how many records were deleted before they were read."""
        self._consumer, self._reset, self._on_gap = consumer, reset, on_gap
        self._refused: dict[TopicPartition, int] = {}  # committed positions the broker does not know
        self._is_judged = False  # whether this group may be begun at a time
        self._held: dict[TopicPartition, int] = {}  # starts that are committed before anything is read
        self._told_up_to: dict[TopicPartition, int] = {}  # gaps are counted once
        self._known: dict[TopicPartition, int] = {}  # committed positions that a broker has told of or taken
        self._asked_twice: set[TopicPartition] = set()

    def out_of_range(self, positions: Mapping[TopicPartition, int]) -> None:
        """Note the positions that the broker refused; the next ``seek`` deals with them."""
        self._refused.update(positions)

    def committed(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        """Note what the group has committed: from now on no smaller answer is believed."""
        for tp, position in offsets.items():
            self._know(tp, position.offset)

    def seek(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Set each partition to its committed position, the policy's where there is none; returns them.

        Raises:
            KafkaError: the broker does not answer, or not with what the group has committed.
        """
        tps = list(partitions)
        if not tps:
            return {}
        self._held.clear()
        beginnings = self._consumer.beginning_offsets(tps, timeout_ms=CALL_TIMEOUT_MS)
        self._ask_twice([tp for tp in tps if tp not in self._known.keys() | self._asked_twice])
        committed = {tp: self._believed(tp) for tp in tps}
        self._judge(committed.values())
        starts = {tp: self._start(tp, committed[tp], int(beginnings[tp])) for tp in tps}
        self._hold_starts()
        for tp, start in starts.items():
            self._consumer.seek(tp, start)
        self._refused.clear()
        return starts

    def _ask_twice(self, tps: Iterable[TopicPartition]) -> None:
        """Believe what is said of partitions of which nothing is known yet only if it stands still.

        A coordinator that is still reading its log (see ``_believed``) says more with every moment, and no
        other replica commits for a partition that is ours.
        """
        said = {tp: self._committed(tp) for tp in tps}
        if said:
            time.sleep(_TWICE_APART_SECONDS)
        for tp, first in said.items():
            again = self._committed(tp)
            if again != first:
                raise PositionMovedError(f"{tp.topic} {tp.partition}: {first} was committed, then {again}")
        self._asked_twice.update(said)

    def _judge(self, committed: Iterable[int | None]) -> None:
        """Whether ``--from`` may begin this group: asked once, of the first partitions that are ours.

        What is committed later is this run's own, or a replica's that joined it.
        """
        if not self._is_judged and isinstance(self._reset, int) and any(c is not None for c in committed):
            raise ConfigurationError(
                "--from needs a new group: this one has committed positions already; to go on at them, as "
                "after a restart or with a further replica, leave --from out"
            )
        self._is_judged = True

    def _hold_starts(self) -> None:
        """Commit a start at the end, at a time, or of a topic that was made anew, before it is used.

        Asked for again, the end has moved on: a rebalance before the first batch would skip what had come
        until then. And another replica, or this one restarted, need not know the time.
        """
        if self._held:
            held = {
                tp: OffsetAndMetadata(offset=start, metadata="", leader_epoch=-1)
                for tp, start in self._held.items()
            }
            self._consumer.commit(held, timeout_ms=CALL_TIMEOUT_MS)

    def _start(self, tp: TopicPartition, committed: int | None, beginning: int) -> int:
        if committed is None:
            return self._by_policy(tp)
        if committed < beginning:
            self._tell_gap(tp, committed, beginning)
            return beginning
        if self._refused.get(tp) == committed:
            return self._past_end(tp, committed)
        return int(committed)

    def _believed(self, tp: TopicPartition) -> int | None:
        """The committed position, if it can be one.

        A group's positions only grow while it has members. A coordinator that has just started may answer
        before it has read them all (seen with Kafka 4.1, where it was elected twice within a second): from
        such a position all would be done again, so it is asked until it knows better.
        """
        committed, known = self._committed(tp), self._known.get(tp)
        if tp in self._refused:  # the topic may have been made anew, and the group's positions with it
            self._known.pop(tp, None)
        elif known is not None and (committed is None or committed < known):
            raise PositionWentBackError(f"{tp.topic} {tp.partition}: {committed}, but {known} was committed")
        if committed is not None:
            self._know(tp, committed)
        return committed

    def _know(self, tp: TopicPartition, offset: int) -> None:
        self._known[tp] = max(offset, self._known.get(tp, 0))

    def _committed(self, tp: TopicPartition) -> int | None:
        """What the group has committed by now; None where it has nothing.

        The client keeps a question that ran out of time and gives its answer, whenever it came, to who asks
        for the same partition next. By then the partition may have been another replica's, and all that one
        did would be done again. So every question is a new one.
        """
        coordinator = self._consumer._coordinator  # noqa: SLF001 - the client offers no other way
        coordinator._offset_fetch_futures.pop(frozenset([tp]), None)  # noqa: SLF001 - as above
        found: int | None = self._consumer.committed(tp, timeout_ms=CALL_TIMEOUT_MS)
        return found

    def _tell_gap(self, tp: TopicPartition, committed: int, beginning: int) -> None:
        # A batch that fails sets reading back here before anything beyond the gap is committed.
        missing = beginning - max(committed, self._told_up_to.get(tp, 0))
        if missing <= 0:
            return
        self._told_up_to[tp] = beginning
        self._on_gap(missing)
        facts = {"records": missing, "committed": committed, "begins_at": beginning}
        log.error("offset_gap", extra=_fields(tp, **facts))

    def _past_end(self, tp: TopicPartition, committed: int) -> int:
        """The topic was made anew or lost its tail: only the policy can say what is wanted."""
        self._known.pop(tp, None)  # what is committed next may be less, and true
        start = self._held[tp] = self._by_policy(tp)  # else a batch that fails goes back to the old one
        log.error("position_past_end", extra=_fields(tp, committed=committed, going_on_at=start))
        return start

    def _by_policy(self, tp: TopicPartition) -> int:
        if self._reset == "earliest":
            return int(self._consumer.beginning_offsets([tp], timeout_ms=CALL_TIMEOUT_MS)[tp])
        self._held[tp] = self._at_time(tp, self._reset) if isinstance(self._reset, int) else self._end(tp)
        return self._held[tp]

    def _at_time(self, tp: TopicPartition, timestamp_ms: int) -> int:
        """The first record since then; the end where there is none."""
        found = self._consumer.offsets_for_times({tp: timestamp_ms}, timeout_ms=CALL_TIMEOUT_MS)[tp]
        return self._end(tp) if found is None else int(found.offset)

    def _end(self, tp: TopicPartition) -> int:
        return int(self._consumer.end_offsets([tp], timeout_ms=CALL_TIMEOUT_MS)[tp])


def _fields(tp: TopicPartition, **facts: int) -> dict[str, dict[str, object]]:
    return {"fields": {"topic": tp.topic, "partition": tp.partition, **facts}}
