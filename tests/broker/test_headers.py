"""Headers as no client of ours would write them: they stop nothing, lose nothing, and are copied."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from kafka import KafkaProducer, errors
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from consumer.broker import header_names
from tests.broker.letters import Desk
from tests.broker.reading import read_all
from tests.broker.replicas import Replica, reaching
from tests.broker.stream import account, place_of, tweet

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

pytestmark = pytest.mark.partitions(1)

BAD_NAME = b"\xff\xfe caf\xe9"
NULL = b"stands for null"  # the client takes bytes alone


class RawName(str):
    """A header's name that is written as any bytes."""

    __slots__ = ("raw",)
    raw: bytes

    def encode(self, *_how: str) -> bytes:
        """Those bytes."""
        return self.raw


def raw_name(data: bytes) -> RawName:
    """The name that is written as these bytes."""
    name = RawName(data.decode("latin-1"))
    name.raw = data
    return name


def publish_raw(bootstrap: str, topic: str, records: list[tuple[bytes, list[tuple[str, bytes]]]]) -> None:
    """Publish values with headers, in one batch; ``NULL`` is written as null."""
    append = DefaultRecordBatchBuilder.append

    def append_null(
        builder: Any, at: int, stamp: Any, key: Any, value: Any, headers: Any, **more: Any
    ) -> Any:
        nulled = [(name, None if data is NULL else data) for name, data in headers]
        return append(builder, at, stamp, key, value, nulled, **more)

    with (
        mock.patch.object(DefaultRecordBatchBuilder, "append", append_null),
        contextlib.closing(KafkaProducer(bootstrap_servers=bootstrap, linger_ms=500)) as producer,
    ):
        sent = [producer.send(topic, value, headers=headers, partition=0) for value, headers in records]
        producer.flush()
        assert all(future.succeeded() for future in sent)


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process's bare clients read such names, too."""
    monkeypatch.setattr(DefaultRecordBatch, "_read_msg", header_names._read_any)


@pytest.mark.usefixtures("lenient")
def test_a_name_that_is_not_utf8(
    kafka: Broker, topics: Topics, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Result, dead letter and replayed record have the name byte for byte; neighbours are labelled."""
    bad = [(raw_name(BAD_NAME), b"\xff"), ("plain", b"1")]
    values = [tweet(0), tweet(1), b"no json", tweet(2)]
    headers: list[list[tuple[str, bytes]]] = [[], [*bad], [*bad], []]
    publish_raw(kafka.bootstrap, topics.tweets, list(zip(values, headers, strict=True)))
    with Replica(reaching(kafka.bootstrap, topics, tmp_path), "--max-messages", "4") as one:
        one.finish()
        assert one.events("poll_failed") == []
    found = account(kafka.bootstrap, topics, dead=1)
    (letter,) = found.dead.values()
    assert [name.encode() for name, _ in letter.headers[:2]] == [BAD_NAME, b"plain"]
    labelled = next(record for place, record in found.results.items() if place[2] == 1)
    assert [name.encode() for name, _ in labelled.headers[:2]] == [BAD_NAME, b"plain"]

    desk = Desk(kafka.bootstrap, topics, capsys)
    assert r"\xff\xfe caf\xe9: \xff" in desk.text("show", f"{topics.dlq}-0@{place_of(letter)[2]}")
    assert desk.json("replay")["replayed"] == 1
    again = desk.put_back()[-1]
    assert (again.value, again.headers[0][0].encode()) == (b"no json", BAD_NAME)


def test_the_bare_client_would_stop_there(
    kafka: Broker, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why names are read by our own rule: if this fails the client has learned it, and ours can go."""
    monkeypatch.setattr(DefaultRecordBatch, "_read_msg", header_names._read_strictly)
    publish_raw(kafka.bootstrap, topics.tweets, [(tweet(0), []), (tweet(1), [(raw_name(BAD_NAME), b"")])])
    with pytest.raises(errors.CorruptRecordError):
        read_all(kafka.bootstrap, topics.tweets)


def test_a_header_that_is_null(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """Its name is copied with an empty value, since the client writes no null."""
    records: list[tuple[bytes, list[tuple[str, bytes]]]] = [
        (tweet(0), [("a", b"1"), ("nothing", NULL), ("b", b"2")]),
        (b"no json", [("nothing", NULL)]),
        (tweet(1), []),
    ]
    publish_raw(kafka.bootstrap, topics.tweets, records)
    with Replica(reaching(kafka.bootstrap, topics, tmp_path), "--max-messages", "3") as one:
        one.finish()
    sources = read_values(kafka, topics.tweets)
    assert [headers for _, headers in sources] == [
        [("a", b"1"), ("nothing", None), ("b", b"2")],
        [("nothing", None)],
        [],
    ]
    results, dead = read_values(kafka, topics.out), read_values(kafka, topics.dlq)
    assert len(results) == 2
    assert results[0][1][:3] == [("a", b"1"), ("nothing", b""), ("b", b"2")]
    assert [(value, headers[0]) for value, headers in dead] == [(b"no json", ("nothing", b""))]


def read_values(kafka: Broker, topic: str) -> list[tuple[bytes, list[tuple[str, bytes | None]]]]:
    """Values and headers in a topic."""
    return [(record.value, list(record.headers)) for record in read_all(kafka.bootstrap, topic)]
