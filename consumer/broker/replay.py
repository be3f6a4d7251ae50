"""Putting dead letters back where they came from, each exactly once.

One transaction a chunk: the records to their source topics, an entry for each to the ledger. Order of
effects: fence any other replay → read the ledger to its end → begin → send → flush → every record's fate →
commit. After any failure: a new producer, the ledger again, then what it does not hold; so it matters
neither where a replay was killed nor whether a commit's answer was lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from logging import WARNING, getLogger
from typing import TYPE_CHECKING

from consumer.broker.faults import PublishFailedError
from consumer.broker.producer import deliver
from consumer.broker.replayed import Replayed, entry
from consumer.dead_letter import DeadLetter, put_back
from consumer.errors import BrokerGoneError
from consumer.records import Position

if TYPE_CHECKING:
    from kafka import KafkaProducer

    from consumer.broker.transaction import Transactions

log = getLogger(__name__)

FENCED = "another replay of this dead-letter topic has begun: it goes on with what is left"
_CHUNK_RECORDS, _CHUNK_BYTES = 500, 8 * 1024 * 1024
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 2.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How failures are waited out."""

    seconds: float  # without one success
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], object] = time.sleep


class Replay:
    """The only one of its dead-letter topic that can commit, from ``start`` until another starts."""

    def __init__(
        self, transactions: Transactions, replayed: Replayed, ledger_topic: str, patience: Patience
    ) -> None:
        """``transactions`` under an identity that all replays of the dead-letter topic share."""
        self._transactions, self._replayed = transactions, replayed
        self._ledger_topic, self._patience = ledger_topic, patience
        self._failures = 0
        self._failing_since: float | None = None

    def start(self) -> None:
        """Fence other replays, then learn what they did. Raises ``ConsumerError``."""
        while True:
            try:
                self._transactions.start()
            except PublishFailedError as failure:
                self._wait(failure)
            else:
                break
        self._replayed.catch_up()  # not before: the other one could commit in between

    def put_back(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        """Put these back; returns those their topics refuse for their size. Raises ``ConsumerError``."""
        return [refused for chunk in _chunks(letters) for refused in self._chunk(chunk)]

    def _chunk(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        left, refused, suspects = list(letters), list[DeadLetter](), set[Position]()
        while left:
            try:
                self._commit(left, suspects)
            except PublishFailedError as failure:
                guilty = set(failure.too_large) if len(failure.too_large) == 1 else set()
                suspects |= set(failure.too_large)
                refused += [letter for letter in left if put_back(letter).source.position in guilty]
                if not failure.too_large:
                    self._wait(failure)
                self.start()
                left = [x for x in left if x not in refused and x not in self._replayed]
            else:
                self._replayed.note(left)
                self._failures, self._failing_since = 0, None
                break
        return refused

    def _commit(self, letters: Sequence[DeadLetter], alone: Collection[Position]) -> None:
        messages = [put_back(letter) for letter in letters]
        addressed = [(_topic(letter), m) for letter, m in zip(letters, messages, strict=True)]
        entries = [(self._ledger_topic, entry(letter)) for letter in letters]

        def steps(producer: KafkaProducer, flush: Callable[[], None]) -> None:
            deliver(producer, [*addressed, *entries], alone, flush)

        self._transactions.run(steps)

    def _wait(self, failure: PublishFailedError) -> None:
        """Before another try; raises ``BrokerGoneError`` when there were enough."""
        now = self._patience.clock()
        self._failing_since = now if self._failing_since is None else self._failing_since
        if now - self._failing_since >= self._patience.seconds:
            raise BrokerGoneError(
                f"nothing could be put back for {now - self._failing_since:.0f} s, "
                f"BROKER_TIMEOUT_SECONDS is {self._patience.seconds:g} ({failure})"
            )
        fields = {"reason": failure.reason, "error": str(failure)}
        log.log(WARNING, "replay_interrupted", extra={"fields": fields})
        self._patience.pause(min(_FIRST_PAUSE_SECONDS * 2**self._failures, _LONGEST_PAUSE_SECONDS))
        self._failures += 1

    def close(self) -> None:
        """Let go of the producer."""
        self._transactions.close()


def _topic(letter: DeadLetter) -> str:
    assert letter.source is not None  # noqa: S101 - put_back() raises otherwise
    return letter.source.topic


def _chunks(letters: Sequence[DeadLetter]) -> Iterator[list[DeadLetter]]:
    """As many as one transaction can carry in its time."""
    chunk, size = list[DeadLetter](), 0
    for letter in letters:
        if chunk and (len(chunk) >= _CHUNK_RECORDS or size >= _CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(letter)
        size += len(letter.record.value or b"")
    if chunk:
        yield chunk
