"""Dead letters as the consumer writes them, made by a bare client, and the replay run as its command."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from consumer.__main__ import main
from tests.broker.reading import read_all
from tests.broker.stream import ERRORS, Sent, publish

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from tests.broker.topics import Topics

BASE_MS = int(time.time()) * 1000 - 60_000  # older ones would be retention's, at a moment of its choosing
OWN_HEADERS = (("traceparent", b"00-11-22-01"), ("empty", b""))


def letter(
    topics: Topics,
    offset: int,
    *,
    partition: int = 0,
    reason: str = "invalid_json",
    stage: str = "parse",
    attempt: int = 1,
    failed_at: float | None = None,
    topic: str | None = None,
    value: bytes | None = None,
) -> Sent:
    """A dead letter of the record at this place of the input topic."""
    moment = datetime.fromtimestamp(time.time() if failed_at is None else failed_at, UTC)
    facts = {
        "topic": topic or topics.tweets,
        "partition": str(partition),
        "offset": str(offset),
        "stage": stage,
        "reason": reason,
        "exception.class.name": "ValueError",
        "exception.message": "it is not what it should be",
        "attempt": str(attempt),
        "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "consumer.group": "group",
        "model.version": "1",
    }
    errors = tuple((ERRORS + name, text.encode()) for name, text in facts.items())
    return Sent(
        f"no json {partition}-{offset}".encode() if value is None else value,
        partition,
        key=f"author {offset % 7}".encode(),
        headers=OWN_HEADERS + errors,
        timestamp_ms=BASE_MS + offset,
    )


def letters(topics: Topics, count: int, partitions: int = 3) -> list[Sent]:
    """Plain ones, spread over the partitions."""
    return [letter(topics, n, partition=n % partitions) for n in range(count)]


class Desk:
    """Where dead letters are written, and the command is given."""

    def __init__(self, bootstrap: str, topics: Topics, capsys: pytest.CaptureFixture[str]) -> None:
        self.bootstrap, self.topics, self._capsys = bootstrap, topics, capsys
        self.ledger = f"{topics.dlq}.replayed"
        self.errors = ""  # what the last command wrote to its standard error

    def write(self, records: Iterable[Sent]) -> None:
        """Into the dead-letter topic."""
        publish(self.bootstrap, self.topics.dlq, records)

    def text(self, *words: str, code: int = 0) -> str:
        """Give a command; what it prints."""
        where = ["--kafka-bootstrap-servers", self.bootstrap]
        for name, topic in zip(("input", "output", "dlq"), self.topics.all, strict=True):
            where += [f"--kafka-{name}-topic", topic]
        given = main(["dlq", *words, *where])
        printed = self._capsys.readouterr()
        self.errors = printed.err
        assert given == code, printed.err
        return printed.out

    def json(self, *words: str, code: int = 0) -> dict[str, Any]:
        """Give a command; the object it prints."""
        body: dict[str, Any] = json.loads(self.text(*words, "--json", code=code))
        return body

    def put_back(self, isolation: str = "read_committed") -> list[Any]:
        """What is in the input topic."""
        return read_all(self.bootstrap, self.topics.tweets, isolation)


def places(records: Iterable[Any]) -> list[tuple[int, int]]:
    """Partition and number of each record, as its timestamp says."""
    return [(record.partition, record.timestamp - BASE_MS) for record in records]
