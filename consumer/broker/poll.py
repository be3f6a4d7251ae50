"""Polling: records in, each poll with the group snapshot that may commit them.

The client keeps positions over a rebalance and raises the committed position late, so the position is
never trusted after anything moved: ``rewind`` sets every assigned partition to what is committed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from logging import DEBUG, WARNING
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition, errors
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.structs import ConsumerGroupMetadata, MemberState, OffsetAndMetadata

from consumer.broker.ages import Ages
from consumer.broker.faults import fatal
from consumer.broker.header_names import accept_any
from consumer.broker.hold import Hold
from consumer.broker.misreads import Misreads, let_go_of_broken
from consumer.broker.positions import CALL_TIMEOUT_MS, Positions, Reset
from consumer.errors import BrokerGoneError
from consumer.records import Record

log = logging.getLogger(__name__)

_HEARTBEAT_MS = 3_000  # a heartbeat is how a member learns of a rebalance, however long a session may be

Offsets = dict[TopicPartition, OffsetAndMetadata]
_FAILURE_PAUSE_SECONDS = 0.2  # an answer that is no use may come at once, and again
_LOST_POSITION = (errors.NoOffsetForPartitionError, errors.OffsetOutOfRangeError, errors.LogTruncationError)


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll brought."""

    records: tuple[Record, ...] = ()
    group: ConsumerGroupMetadata | None = None  # None: the member is not stable, nothing may be committed
    moved: bool = False  # partitions moved or positions were set anew: all work in memory is void


@dataclass(frozen=True, slots=True)
class PartitionState:
    """Where one assigned partition stands."""

    topic: str
    partition: int
    high_water: int | None
    committed: int
    oldest_uncommitted_ms: int | None  # timestamp of the oldest record known not to be committed


class _Moves(ConsumerRebalanceListener):  # type: ignore[misc] # the client has no types
    """Notes that partitions moved. Called on the client's IO thread: it must not block."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moved = self._assigned = False

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._note(bool(revoked))

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self._note(bool(lost))

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:  # noqa: ARG002 - client's
        self._note(True)
        self._assigned = True

    def _note(self, moved: bool) -> None:  # noqa: FBT001 - the one thing it is told
        with self._lock:
            self._moved = self._moved or moved

    def take(self) -> bool:
        """Whether anything moved since the last call."""
        with self._lock:
            moved, self._moved = self._moved, False
            return moved

    def take_assigned(self) -> bool:
        """Whether partitions were assigned since the last call."""
        with self._lock:
            assigned, self._assigned = self._assigned, False
            return assigned


class Source:
    """The input topic as this member of the group sees it."""

    def __init__(
        self,
        options: Mapping[str, Any],
        *,
        topic: str,
        group: str,
        instance_id: str | None = None,
        reset: Reset = "earliest",
        session_timeout_ms: int = 10_000,
        on_gap: Callable[[int], None] = lambda _records: None,
    ) -> None:
        """``options`` reach the broker; ``on_gap`` hears how many records retention took unread."""
        accept_any()
        self._topic, self._group = topic, group
        self._moves = _Moves()
        self._must_rewind = False
        self._misreads = Misreads()
        self._lost: BaseException | None = None  # a position, as it showed between two polls
        self._committed: dict[TopicPartition, int] = {}
        self._delivered: dict[
            TopicPartition, deque[tuple[int, int]]
        ] = {}  # (offset, timestamp) not committed
        self._ages = Ages()
        try:
            self._consumer = KafkaConsumer(
                **options,
                group_id=group,
                group_instance_id=instance_id,
                enable_auto_commit=False,
                isolation_level="read_committed",
                auto_offset_reset="none",  # a lost position is ours to decide, count and log
                partition_assignment_strategy=[RangePartitionAssignor],  # eager
                session_timeout_ms=session_timeout_ms,
                heartbeat_interval_ms=min(_HEARTBEAT_MS, session_timeout_ms // 3),
            )
        except errors.KafkaError as error:
            raise fatal(error, f"consumer group {group}") or BrokerGoneError(
                f"the consumer cannot connect: {error}"
            ) from error
        self._positions = Positions(self._consumer, reset, on_gap)
        self._hold = Hold(self._consumer)
        self._consumer.subscribe([topic], listener=self._moves)

    def take_assigned(self) -> bool:
        """Whether partitions were assigned since the last call."""
        return self._moves.take_assigned()

    def is_member(self) -> bool:
        """Whether the group has us, as far as the client knows: not in a rebalance, nor when put out."""
        return bool(self._consumer.group_metadata().state is MemberState.STABLE)

    def is_reading(self) -> bool:
        """Whether it goes on where it must, and polls do not fail; if not, an empty poll tells nothing."""
        return not self._must_rewind and self._lost is None and not self._misreads.lately()

    def trouble(self) -> str:
        """Why the broker's answers cannot be read, poll after poll; empty where they can."""
        return self._misreads.reason()

    def partitions(self) -> int:
        """How many are assigned, those included whose position is not known yet."""
        return len(self._consumer.assignment())

    def poll(self, wait_seconds: float, max_records: int) -> Polled:
        """Records of the assigned partitions, in order within each. Raises ``ConsumerError``."""
        if self._lost is not None:
            self._void(self._lost)
            return Polled(moved=True)
        if self._must_rewind and not self._try_rewind():
            return Polled(moved=True)
        self._hold.release()
        try:
            fetched = self._consumer.poll(timeout_ms=int(wait_seconds * 1000), max_records=max_records)
            group = self._consumer.group_metadata()  # at once: read later it may commit unfenced
        except _LOST_POSITION as error:
            self._void(error)
            return Polled(moved=True)
        except errors.KafkaError as error:
            self._raise_if_fatal(error)
            log.warning("poll_failed", extra={"fields": {"error": repr(error)}})
            self._misreads.note(error)
            let_go_of_broken(self._consumer)
            time.sleep(_FAILURE_PAUSE_SECONDS)
            return Polled()
        if self._moves.take():
            self._void(None)
            self._ages.forget()
            return Polled(moved=True)
        records = tuple(_record(r) for part in fetched.values() for r in part)
        self._note_delivered(records)
        return Polled(records, group if group.state is MemberState.STABLE else None)

    def hold(self, wait_seconds: float) -> None:
        """Stay a member without reading; the next ``poll`` goes on at what is committed then.

        Waits so long, and takes part in rebalances meanwhile. Raises ``ConsumerError``.
        """
        void = not self._hold.is_on  # what the last poll brought
        try:
            void = self._hold.keep(wait_seconds) or void
        except errors.KafkaError as error:
            if not isinstance(error, _LOST_POSITION):
                self._raise_if_fatal(error)
                let_go_of_broken(self._consumer)
            void = True
        moved = self._moves.take()
        if moved or void or self._must_rewind or self._lost is not None:
            self.rewind()
        if moved:
            self._ages.forget()

    def rewind(self) -> None:
        """Go back to what is committed; what was polled since is void."""
        self._must_rewind = True
        self._try_rewind()

    def _void(self, error: BaseException | None) -> None:
        if error is not None:
            fresh = isinstance(error, errors.NoOffsetForPartitionError)  # any new group's first poll
            log.log(DEBUG if fresh else WARNING, "position_lost", extra={"fields": {"error": repr(error)}})
            if isinstance(error, errors.OffsetOutOfRangeError):
                self._positions.out_of_range(error.args[0])
        self.rewind()

    def _try_rewind(self) -> bool:
        self._lost = None
        for tp, waiting in self._delivered.items():
            if waiting:
                self._ages.note(tp, waiting[0][1])
        self._delivered.clear()
        try:
            self._committed = self._positions.seek(self._consumer.assignment())
        except errors.KafkaError as error:
            self._raise_if_fatal(error)
            log.warning("rewind_failed", extra={"fields": {"error": repr(error)}})
            time.sleep(_FAILURE_PAUSE_SECONDS)
            return False
        self._must_rewind = False
        return True

    def _note_delivered(self, records: Iterable[Record]) -> None:
        for record in records:
            tp = TopicPartition(record.topic, record.partition)
            self._delivered.setdefault(tp, deque()).append((record.offset, record.timestamp_ms))

    def committed(self, offsets: Offsets) -> int:
        """Note what was committed; returns how many polled records that covers."""
        count = self.covered(offsets)
        for tp, position in offsets.items():
            waiting = self._delivered.get(tp, deque())
            while waiting and waiting[0][0] < position.offset:
                self._ages.note(tp, waiting.popleft()[1])
            self._committed[tp] = position.offset
        self._positions.committed(offsets)
        return count

    def covered(self, offsets: Offsets) -> int:
        """How many polled records lie before these positions."""
        return sum(
            offset < position.offset
            for tp, position in offsets.items()
            for offset, _ in self._delivered.get(tp, ())
        )

    def is_committed(self, offsets: Offsets) -> bool:
        """After a rewind: whether a commit of unknown outcome did happen."""
        return not self._must_rewind and all(self._committed.get(tp) == o.offset for tp, o in offsets.items())

    def states(self) -> list[PartitionState]:
        """Every assigned partition, for lag; asks no broker."""
        return [self._state(tp) for tp in self._consumer.assignment() if tp in self._committed]

    def _state(self, tp: TopicPartition) -> PartitionState:
        high_water, committed = self._hold.end(tp), self._committed[tp]
        waiting = self._delivered.get(tp)
        if waiting:
            return PartitionState(tp.topic, tp.partition, high_water, committed, waiting[0][1])
        # Markers of upstream transactions lie past the last record: read, but nothing to commit.
        committed = max(committed, self._position(tp))
        oldest = self._ages.oldest(tp, behind=high_water is not None and high_water > committed)
        return PartitionState(tp.topic, tp.partition, high_water, committed, oldest)

    def _position(self, tp: TopicPartition) -> int:
        """Where reading is, 0 where that is not known; the client tells a lost position here, and once."""
        try:
            return int(self._consumer.position(tp, timeout_ms=0) or 0)
        except _LOST_POSITION as error:
            self._lost = error
        except errors.KafkaError as error:  # it may be another's by now
            self._raise_if_fatal(error)
        return 0

    def answers(self, timeout_seconds: float) -> bool:
        """Whether the broker answers a small question in time; not while it cannot say what is committed."""
        if self._must_rewind:  # the poll asks again and again: another question's answer is no comfort
            return False
        tps = list(self._consumer.assignment())[:1] or [TopicPartition(self._topic, 0)]
        try:
            self._consumer.end_offsets(tps, timeout_ms=int(timeout_seconds * 1000))
        except errors.KafkaError as error:
            self._raise_if_fatal(error)
            return False
        return True

    def commit(self, offsets: Offsets) -> None:
        """Commit without a transaction (at-least-once)."""
        self._consumer.commit(offsets, timeout_ms=CALL_TIMEOUT_MS)

    def close(self, timeout_seconds: float) -> None:
        """Leave the group, unless the membership is static."""
        self._consumer.close(autocommit=False, timeout_ms=int(timeout_seconds * 1000))

    def _raise_if_fatal(self, error: BaseException) -> None:
        ending = fatal(error, f"consumer group {self._group}")
        if ending is not None:
            raise ending from error


def offset_after(records: Iterable[Record]) -> Offsets:
    """The position after the last of the records, for each partition."""
    last: dict[TopicPartition, int] = {}
    for record in records:
        tp = TopicPartition(record.topic, record.partition)
        last[tp] = max(last.get(tp, -1), record.offset)
    return {tp: OffsetAndMetadata(offset=o + 1, metadata="", leader_epoch=-1) for tp, o in last.items()}


def _record(fetched: Any) -> Record:
    return Record(
        fetched.topic,
        fetched.partition,
        fetched.offset,
        fetched.timestamp,
        fetched.key,
        fetched.value,
        tuple(fetched.headers),
    )
