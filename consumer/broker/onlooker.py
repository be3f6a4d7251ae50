"""Reading a topic to where it ends, as an onlooker: without a group, disturbing nobody."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Generator, Mapping
from typing import Self

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from consumer.broker.connection import connect
from consumer.broker.header_names import accept_any
from consumer.broker.refusals import named
from consumer.broker.results import as_record
from consumer.errors import BrokerGoneError, ConfigurationError
from consumer.records import Record
from consumer.settings import Settings

_POLL_MS = 200
_CALL_MS = 5_000
_CLOSE_MS = 1_000


class Onlooker:
    """What is committed to a topic, in order within each partition, from where it was read last.

    It begins with the oldest record. Leaving the ``with`` closes the connection.
    """

    def __init__(
        self,
        settings: Settings,
        topic: str,
        partitions: Collection[int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``partitions``: only these; all where None. The clock is monotonic.

        Raises:
            ConfigurationError: The topic or a partition is missing, or the broker refuses us.
            BrokerGoneError: No broker answers.
        """
        accept_any()
        self._topic, self._clock = topic, clock
        self._patience_seconds = settings.broker_timeout_seconds
        self._consumer = connect(
            KafkaConsumer,
            settings,
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="earliest",  # where retention was quicker than we, what is left is read
        )
        try:
            self._assign(partitions)
        except BaseException:
            self.close()
            raise

    def _assign(self, partitions: Collection[int] | None) -> None:
        with self._naming():
            there = self._consumer.partitions_for_topic(self._topic) or set()
        if not there:
            raise ConfigurationError(f"topic {self._topic}: does not exist")
        if missing := set(partitions or ()) - there:
            raise ConfigurationError(
                f"topic {self._topic} has the partitions 0 to {max(there)}, not {min(missing)}"
            )
        self._tps = [
            TopicPartition(self._topic, n) for n in sorted(there if partitions is None else partitions)
        ]
        self._consumer.assign(self._tps)
        for tp, start in self.beginnings().items():
            self._consumer.seek(tp, start)

    def beginnings(self) -> Mapping[TopicPartition, int]:
        """The offset of the oldest record that each partition may still hold."""
        with self._naming():
            found: Mapping[TopicPartition, int] = self._consumer.beginning_offsets(
                self._tps, timeout_ms=_CALL_MS
            )
        return found

    def catch_up(self) -> Generator[tuple[Record, ...], None, None]:
        """Polls, up to where each partition ends at this call; what comes later is left for the next.

        The end is the last stable offset: an open transaction is not waited for. Between two records may
        lie what is no record: gaps of compaction, marks of transactions, what was never committed. They
        count as read, since it is the position that has to reach the end.

        Raises:
            BrokerGoneError: No progress for ``BROKER_TIMEOUT_SECONDS``.
        """
        ends = self._ends()
        positions = self._positions()
        moved_at = self._clock()
        while any(positions[tp] < end for tp, end in ends.items()):
            with self._naming():
                polled = self._consumer.poll(timeout_ms=_POLL_MS)
            found = [as_record(r) for part in polled.values() for r in part]
            yield tuple(r for r in found if r.offset < ends[TopicPartition(r.topic, r.partition)])
            before, positions = positions, self._positions()
            if positions != before:
                moved_at = self._clock()
            elif self._clock() - moved_at >= self._patience_seconds:
                raise BrokerGoneError(
                    f"reading topic {self._topic}: nothing came for {self._patience_seconds:g} s, "
                    "though it does not end there"
                )
        for tp, end in ends.items():
            if positions[tp] > end:  # a poll may bring more than was asked for
                self._consumer.seek(tp, end)

    def record_at(self, partition: int, offset: int) -> Record | None:
        """The record at this place; None where there is none."""
        tp = TopicPartition(self._topic, partition)
        if not self.beginnings()[tp] <= offset < self._ends()[tp]:
            return None
        self._consumer.seek(tp, offset)
        for records in self.catch_up():
            for record in records:
                if record.partition == partition:
                    return record if record.offset == offset else None
        return None

    def _ends(self) -> Mapping[TopicPartition, int]:
        with self._naming():
            found: Mapping[TopicPartition, int] = self._consumer.end_offsets(self._tps, timeout_ms=_CALL_MS)
        return found

    def _positions(self) -> dict[TopicPartition, int]:
        with self._naming():
            return {tp: self._consumer.position(tp, timeout_ms=_CALL_MS) or 0 for tp in self._tps}

    @contextlib.contextmanager
    def _naming(self) -> Generator[None, None, None]:
        try:
            yield
        except KafkaError as error:
            raise named(error, f"reading topic {self._topic}") from error

    def close(self) -> None:
        """Let go of the connection."""
        with contextlib.suppress(KafkaError, OSError):
            self._consumer.close(timeout_ms=_CLOSE_MS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
