"""Publishing exactly once: results, dead letters and positions in one transaction.

Order of effects: begin → send → flush → every record's fate → offsets, with the group snapshot of the
poll → commit. After any failure the producer is thrown away: the client lets records and offsets of a
broken transaction leak into the next one of the same producer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection

from kafka import KafkaProducer
from kafka.structs import ConsumerGroupMetadata

from consumer.broker.deadline import Deadline
from consumer.broker.faults import RECOVERABLE, PublishFailedError, fatal, is_fenced
from consumer.broker.poll import Offsets
from consumer.broker.producer import Letters, Targets, Timing, discard, flush_within, send_all
from consumer.broker.setbacks import Setbacks
from consumer.errors import FencedError
from consumer.records import Position

log = logging.getLogger(__name__)

_ABORT_SECONDS = 2.0


class Transactions:
    """One transaction after another, under one identity; none outlives its failure."""

    def __init__(
        self,
        make: Callable[[], KafkaProducer],
        timing: Timing,
        deadline: Deadline,
        fenced: str,
        clock: Callable[[], float] = time.monotonic,
        whose: str = "Kafka",
    ) -> None:
        """``make`` gives a new producer with the same transactional id each time it is called.

        ``fenced`` is said when another live producer took over that id; ``whose`` names it in refusals.
        """
        self._make, self._timing, self._deadline = make, timing, deadline
        self._fenced, self._clock, self._whose = fenced, clock, whose
        self._producer: KafkaProducer | None = None
        self._abandoned_at: float | None = None  # when an ``init_transactions`` was last given up
        self._setbacks = Setbacks("no transaction could be completed", deadline.seconds, clock)

    def start(self) -> None:
        """A producer with no open transaction: ``init_transactions`` aborts what a predecessor left.

        Raises ``PublishFailedError`` where trying again may help, ``ConsumerError`` where not.
        """
        self._setbacks.begin()
        discard(self._producer)
        self._producer = None
        try:
            producer = self._make()
        except RECOVERABLE as error:
            raise self._judge(error, began=None) from error
        try:
            producer.init_transactions()
        except RECOVERABLE as error:
            discard(producer)
            judged = self._judge(error, began=None)
            self._abandoned_at = self._clock()
            raise judged from error
        self._producer = producer

    def run(self, steps: Callable[[KafkaProducer, Callable[[], None]], None]) -> None:
        """Begin, let ``steps`` send with this producer and this flush, commit: all of it, or nothing.

        Raises ``PublishFailedError`` where it must be done again.
        """
        self._setbacks.begin()
        if self._producer is None:
            self.start()
        producer, began = self._producer, self._clock()
        assert producer is not None  # noqa: S101 - start() raises otherwise
        try:
            producer.begin_transaction()
            steps(producer, flush_within(producer, self._timing, self._deadline))
            self.call("commit_transaction", producer.commit_transaction)
        except (*RECOVERABLE, PublishFailedError) as error:
            self._drop(producer, error)
            raise self._judge(error, began) from error
        self._setbacks.over()
        if self._abandoned_at is not None and began - self._abandoned_at >= self._transaction_seconds:
            self._abandoned_at = None  # whatever it did, it did before this one

    def call(self, name: str, function: Callable[[], object]) -> None:
        """One of the calls that have no end of their own.

        The client forgets the call when the broker restarts under it, so it is not waited for longer than
        the transaction lives: by then the broker has ended it, one way or the other.
        """
        self._deadline.call(name, function, self._transaction_seconds)

    @property
    def _transaction_seconds(self) -> float:
        return self._timing.transaction_ms / 1000

    def _drop(self, producer: KafkaProducer, error: BaseException) -> None:
        """Abort, if that is quick, and never use this producer again."""
        self._producer = None
        if not is_fenced(_cause(error)):
            try:
                Deadline(_ABORT_SECONDS).call("abort_transaction", producer.abort_transaction)
            except Exception as failure:  # noqa: BLE001 - the next init_transactions aborts it
                log.debug("abort_failed", extra={"fields": {"error": repr(failure)}})
        discard(producer)

    def _judge(self, error: BaseException, began: float | None) -> Exception:
        cause = _cause(error)
        ending = fatal(cause, self._whose)
        if ending is not None:
            return ending
        self._setbacks.note(cause)
        timed_out = began is not None and self._clock() - began >= 0.9 * self._transaction_seconds
        if is_fenced(cause) and not timed_out and not self._fenced_by_ourselves():
            return FencedError(self._fenced)
        return error if isinstance(error, PublishFailedError) else PublishFailedError(error)

    def _fenced_by_ourselves(self) -> bool:
        """Whether it may have been an ``init_transactions`` of ours that was given up; true once for each.

        A coordinator that hung may answer it after the one that followed it, over another connection, and
        so fence that one's producer. Who is fenced by another replica is fenced again.
        """
        abandoned, self._abandoned_at = self._abandoned_at is not None, None
        return abandoned

    def close(self) -> None:
        """No transaction is open between batches, so there is nothing to wait for."""
        discard(self._producer)
        self._producer = None


class TransactionalPublisher:
    """One transaction a micro-batch."""

    def __init__(
        self,
        make: Callable[[], KafkaProducer],
        targets: Targets,
        timing: Timing,
        deadline: Deadline,
        clock: Callable[[], float] = time.monotonic,
        whose: str = "Kafka",
    ) -> None:
        """As ``Transactions``; ``make`` gives a new producer with this replica's transactional id."""
        fenced = "another live producer uses this KAFKA_TRANSACTIONAL_ID: it must be unique in the group"
        self._targets = targets
        self._transactions = Transactions(make, timing, deadline, fenced, clock, whose)

    def start(self) -> None:
        """As ``Transactions.start``."""
        self._transactions.start()

    def publish(
        self,
        letters: Letters,
        offsets: Offsets,
        group: ConsumerGroupMetadata,
        alone: Collection[Position] = (),
        sent: Callable[[], object] = lambda: None,
    ) -> None:
        """All of it, or nothing. ``sent`` is called when only the positions are left to commit.

        Raises ``PublishFailedError`` where the batch must be read again.
        """

        def steps(producer: KafkaProducer, flush: Callable[[], None]) -> None:
            send_all(producer, self._targets, letters, alone, flush)
            sent()
            self._transactions.call(
                "send_offsets_to_transaction", lambda: producer.send_offsets_to_transaction(offsets, group)
            )

        self._transactions.run(steps)

    def close(self) -> None:
        """No transaction is open between batches, so there is nothing to wait for."""
        self._transactions.close()


def _cause(error: BaseException) -> BaseException:
    return error.cause if isinstance(error, PublishFailedError) else error
