"""A dead letter read back: what became of which record, and the record as it was before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from consumer.encode import ATTEMPT, ERROR_PREFIX, Message, attempts
from consumer.records import Position, Record

_MAX_DIGITS = 18  # a header is anybody's; offsets are 63 bits


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record of the dead-letter topic with what its headers say; what they do not say is empty."""

    record: Record
    source: Position | None  # where the record came from; None where the headers do not say
    stage: str
    reason: str
    message: str
    exception_class: str
    attempt: int  # how often the record was dead-lettered, this time included
    failed_at: float  # seconds since 1970
    group: str
    model_version: str

    @property
    def traits(self) -> tuple[str, ...]:
        """What tells it from another dead letter that had its position before the topic was made anew."""
        source = "" if self.source is None else place(self.source)
        return source, self.stage, self.reason, str(self.attempt), f"{self.failed_at:.3f}"


def read_dead_letter(record: Record) -> DeadLetter:
    """What the headers say. Of a name that is there twice the last counts: it is the consumer's own."""
    said = {
        name.removeprefix(ERROR_PREFIX): (value or b"").decode("utf-8", "replace")
        for name, value in record.headers
        if name.startswith(ERROR_PREFIX)
    }
    return DeadLetter(
        record=record,
        source=_source(said),
        stage=said.get("stage", ""),
        reason=said.get("reason", ""),
        message=said.get("exception.message", ""),
        exception_class=said.get("exception.class.name", ""),
        attempt=attempts(record.headers),
        failed_at=_seconds(said.get("timestamp", ""), record.timestamp_ms / 1000),
        group=said.get("consumer.group", ""),
        model_version=said.get("model.version", ""),
    )


def _source(said: dict[str, str]) -> Position | None:
    topic, partition, offset = (said.get(name, "") for name in ("topic", "partition", "offset"))
    numbers = (partition, offset)
    if not topic or not all(n.isascii() and n.isdigit() and len(n) <= _MAX_DIGITS for n in numbers):
        return None
    return Position(topic, int(partition), int(offset))


def _seconds(text: str, otherwise: float) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return otherwise
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def put_back(letter: DeadLetter) -> Message:
    """The record for the partition it came from: as it was, with the number of its attempts.

    Raises:
        ValueError: The headers do not say where it came from.
    """
    if letter.source is None:
        raise ValueError(f"{place(letter.record.position)} does not say where it came from")
    record = letter.record
    kept = tuple((name, value) for name, value in record.headers if not name.startswith(ERROR_PREFIX))
    # The position stays the dead letter's, so that a refusal names it.
    source = replace(record, partition=letter.source.partition)
    return Message(source, record.value, (*kept, (ATTEMPT, str(letter.attempt).encode())))


def place(position: Position) -> str:
    """A position as it is written and read: ``tweets.dlq-1@42``."""
    return f"{position.topic}-{position.partition}@{position.offset}"
