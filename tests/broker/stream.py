"""The proof of delivery: publish, wait, and draw up the account, with bare clients alone.

Nothing of the consumer is imported here: what it promises is read back from the topics as any subscriber
would, with ``read_committed``.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from kafka import KafkaProducer, errors

from tests.broker.reading import log_ends, read_all
from tests.broker.topics import admin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.broker.topics import Topics

LOOK_SECONDS = 0.05
WAIT_SECONDS = 90.0  # for a busy machine; nothing waits longer than it must
ERRORS = "__sentiment.errors."
Place = tuple[str, int, int]  # topic, partition, offset


@dataclass(frozen=True)
class Sent:
    """One record to publish."""

    value: bytes | None
    partition: int | None = None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp_ms: int | None = None


def tweet(number: int, text: str = "a good day", **fields: object) -> bytes:
    """A tweet as publishers send it."""
    return json.dumps({"id": number, "text": text, **fields}).encode()


def tweets(count: int, first: int = 0, partitions: int = 3) -> list[Sent]:
    """Plain tweets, spread over the partitions."""
    numbers = range(first, first + count)
    return [Sent(tweet(n), partition=n % partitions, key=str(n % 7).encode()) for n in numbers]


def publish(bootstrap: str, topic: str, records: Iterable[Sent]) -> None:
    """Publish and return when all are acknowledged."""
    with contextlib.closing(KafkaProducer(bootstrap_servers=bootstrap, retry_backoff_ms=20)) as producer:
        sent = [send(producer, topic, record) for record in records]
        producer.flush()
        assert all(future.succeeded() for future in sent)


def send(producer: KafkaProducer, topic: str, record: Sent) -> Any:
    """Send one record; returns its future."""
    return producer.send(
        topic,
        value=record.value,
        key=record.key,
        headers=list(record.headers),
        partition=record.partition,
        timestamp_ms=record.timestamp_ms,
    )


def wait_until(condition: Callable[[], object], what: str, seconds: float = WAIT_SECONDS) -> None:
    """Look again and again until the condition holds; fails by name when it does not in time."""
    deadline = time.monotonic() + seconds
    while not _holds(condition):
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain for: {what}"
        time.sleep(LOOK_SECONDS)


def _holds(condition: Callable[[], object]) -> bool:
    try:
        return bool(condition())
    except errors.RetriableError:  # a broker just started still gathers its wits
        return False


def header(record: Any, name: str) -> str | None:
    """A record's last header of this name, as text."""
    values = [value for key, value in record.headers if key == name]
    return values[-1].decode() if values else None


def error(record: Any, name: str) -> str | None:
    """One of the headers that say what became of a dead letter."""
    return header(record, ERRORS + name)


def source_of(record: Any) -> Place:
    """Where a result or a dead letter says it comes from."""
    topic = error(record, "topic")
    if topic is not None:
        return topic, int(error(record, "partition") or -1), int(error(record, "offset") or -1)
    source = json.loads(record.value)["source"]
    return source["topic"], source["partition"], source["offset"]


def metric(scrape: str, series: str) -> float | None:
    """The value of one series in a Prometheus text, None where it is not there."""
    values = [line.rsplit(" ", 1)[1] for line in scrape.splitlines() if line.rsplit(" ", 1)[0] == series]
    return float(values[0]) if values else None


@dataclass(frozen=True)
class Account:
    """What went in and what came out."""

    inputs: dict[Place, Any]
    results: dict[Place, Any]
    dead: dict[Place, Any]
    twice: list[Place]

    @property
    def missing(self) -> list[Place]:
        """Inputs that are neither a result nor a dead letter."""
        return sorted(self.inputs.keys() - self.results.keys() - self.dead.keys())

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """Every result's JSON, in the order of its input."""
        return [json.loads(self.results[place].value) for place in sorted(self.results)]

    @property
    def reasons(self) -> dict[Place, str | None]:
        """Why each dead letter is one."""
        return {place: error(record, "reason") for place, record in self.dead.items()}


def account(bootstrap: str, topics: Topics, skipped: int = 0, dead: int = 0) -> Account:
    """Read all three topics back and hold what came out against what went in.

    Fails unless every input is once in the results or the dead letters (but for ``skipped``), ``dead`` of
    them are dead letters, and each has the key, partition, timestamp and headers of its input and stands
    in the order of its partition.
    """
    drawn = draw(bootstrap, topics)
    assert drawn.twice == []
    assert len(drawn.missing) == skipped, f"missing: {drawn.missing[:20]}"
    assert len(drawn.dead) == dead, drawn.reasons
    return drawn


def draw(bootstrap: str, topics: Topics, isolation: str = "read_committed") -> Account:
    """The account with its faults counted, not judged; what records carry over is judged all the same."""
    inputs = {place_of(record): record for record in read_all(bootstrap, topics.tweets)}
    found, twice = [], []
    for topic in (topics.out, topics.dlq):
        records = read_all(bootstrap, topic, isolation)
        places = [source_of(record) for record in records]
        by_place: dict[Place, Any] = {}
        for place, record in zip(places, records, strict=True):
            if place in by_place:
                twice.append(place)
            by_place[place] = record
            _check_carried_over(inputs[place], record)
        found.append(by_place)
        if not twice:
            assert places == sorted(places), f"{topic} is out of order"
    results, dead = found
    return Account(inputs, results, dead, twice + sorted(results.keys() & dead.keys()))


def place_of(record: Any) -> Place:
    """Where a record lies."""
    return record.topic, record.partition, record.offset


def _check_carried_over(source: Any, record: Any) -> None:
    assert (record.partition, record.key) == (source.partition, source.key)
    assert record.timestamp == source.timestamp
    assert tuple(record.headers)[: len(source.headers)] == tuple(source.headers)


def committed(bootstrap: str, group: str) -> dict[int, int]:
    """The group's committed position in each partition."""
    with admin(bootstrap) as client:
        found = client.list_group_offsets({group: None})[group]
    return {tp.partition: position.offset for tp, position in found.items() if position.offset >= 0}


def ends(bootstrap: str, topic: str) -> dict[int, int]:
    """Where each partition ends."""
    return {tp.partition: end for tp, end in log_ends(bootstrap.split(","), topic).items() if end}


def wait_until_done(bootstrap: str, group: str, topic: str, seconds: float = WAIT_SECONDS) -> None:
    """Return when the group has committed all that the topic holds."""
    wanted: dict[int, int] = {}

    def done() -> bool:
        wanted.update(wanted or ends(bootstrap, topic))
        return bool(wanted) and committed(bootstrap, group) == wanted

    wait_until(done, f"{group} at the end of {topic}", seconds)


def members(bootstrap: str, group: str) -> Sequence[dict[str, Any]]:
    """The group's members, as the broker sees them."""
    found: Sequence[dict[str, Any]] = _describe(bootstrap, group)["members"]
    return found


def state(bootstrap: str, group: str) -> str:
    """The group's state, as the broker calls it."""
    return str(_describe(bootstrap, group)["group_state"])


def _describe(bootstrap: str, group: str) -> dict[str, Any]:
    with admin(bootstrap) as client:
        found: dict[str, Any] = client.describe_groups([group])[group]
    return found


class Traffic:
    """Tweets that keep coming, spread over the partitions, until the ``with`` ends."""

    def __init__(self, bootstrap: str, topic: str, partitions: int, pause_seconds: float = 0.01) -> None:
        self._bootstrap, self._topic, self._partitions = bootstrap, topic, partitions
        self._pause_seconds = pause_seconds
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        with contextlib.closing(KafkaProducer(bootstrap_servers=self._bootstrap)) as producer:
            for number in itertools.count():
                if self._done.wait(self._pause_seconds):
                    break
                send(producer, self._topic, Sent(tweet(number), partition=number % self._partitions))
            producer.flush()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._done.set()
        self._thread.join(WAIT_SECONDS)
