"""Publishing at least once: send, flush, look at every record's fate, then commit the positions."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from kafka import KafkaProducer
from kafka.structs import ConsumerGroupMetadata

from consumer.broker.deadline import Deadline
from consumer.broker.faults import RECOVERABLE, PublishFailedError, fatal
from consumer.broker.poll import Offsets
from consumer.broker.producer import Letters, Targets, Timing, discard, flush_within, send_all
from consumer.broker.setbacks import Setbacks
from consumer.records import Position


class AtLeastOncePublisher:
    """No transactions: after a failure between flush and commit, results are published again."""

    def __init__(
        self,
        make: Callable[[], KafkaProducer],
        targets: Targets,
        timing: Timing,
        deadline: Deadline,
        commit: Callable[[Offsets], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``commit`` commits the group's positions."""
        self._make, self._targets, self._timing = make, targets, timing
        self._deadline, self._commit = deadline, commit
        self._setbacks = Setbacks("nothing could be published", deadline.seconds, clock)
        self._producer: KafkaProducer | None = None

    def start(self) -> None:
        """A new producer. Raises ``PublishFailedError`` or ``ConsumerError``."""
        self._setbacks.begin()
        self.close()
        try:
            self._producer = self._make()
        except RECOVERABLE as error:
            raise self._judge(error) from error

    def publish(
        self,
        letters: Letters,
        offsets: Offsets,
        group: ConsumerGroupMetadata,  # noqa: ARG002 - the client's own commit carries the membership
        alone: Collection[Position] = (),
        sent: Callable[[], object] = lambda: None,
    ) -> None:
        """Publish, then commit. ``sent`` is called when only the positions are left to commit.

        Raises ``PublishFailedError`` where the batch must be read again.
        """
        self._setbacks.begin()
        if self._producer is None:
            self.start()
        try:
            flush = flush_within(self._producer, self._timing, self._deadline)
            send_all(self._producer, self._targets, letters, alone, flush)
            sent()
            self._commit(offsets)
        except PublishFailedError as failure:
            self.close()
            raise self._judge(failure.cause, failure) from failure.cause
        except RECOVERABLE as error:
            self.close()
            raise self._judge(error) from error
        self._setbacks.over()

    def _judge(self, cause: BaseException, failure: PublishFailedError | None = None) -> Exception:
        ending = fatal(cause)
        if ending is not None:
            return ending
        self._setbacks.note(cause)
        return failure or PublishFailedError(cause)

    def close(self) -> None:
        """Drop the producer; what it had in flight is published again from the committed position."""
        discard(self._producer)
        self._producer = None
