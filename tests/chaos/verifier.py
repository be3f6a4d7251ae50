"""What became of every record, read back with ``read_committed`` by a bare client.

Shares no code with the consumer: a fault there cannot hide here.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kafka import KafkaConsumer, errors

from tests.broker.reading import log_ends
from tests.chaos.stops import longest_stop

_ORIGIN = "__sentiment.errors."
_POLL_MS = 200
_READ_SECONDS = 180.0
Place = tuple[int, int]  # partition and offset on the input topic


@dataclass
class Verdict:
    """The counts; all from ``lost`` on should be zero."""

    published: int = 0
    labelled: int = 0
    dead_lettered: int = 0
    longest_stop_seconds: float = 0.0  # between two results, by the time they were scored
    longest_wait_seconds: float = 0.0  # of one record, from its timestamp until it was scored
    lost: list[Place] = field(default_factory=list)
    duplicated: list[Place] = field(default_factory=list)
    out_of_order: list[Place] = field(default_factory=list)  # within a partition, so also within a key
    wrong: list[str] = field(default_factory=list)  # an outcome that is not its record's

    @property
    def copies(self) -> int:
        """How many results and dead letters there are beyond one for each record."""
        return self.labelled + self.dead_lettered + len(self.lost) - self.published

    @property
    def clean(self) -> bool:
        """Nothing lost, doubled, out of order or wrong."""
        return not (self.lost or self.duplicated or self.out_of_order or self.wrong)


@dataclass
class _Seen:
    inputs: dict[Place, Any] = field(default_factory=dict)
    outcomes: dict[Place, int] = field(default_factory=lambda: defaultdict(int))
    last_offset: dict[tuple[str, int], int] = field(default_factory=dict)
    last_number: dict[bytes | None, int] = field(default_factory=dict)
    work: list[tuple[float, float]] = field(default_factory=list)  # came and was scored, in seconds


def verify(bootstrap: str, tweets: str, results: str, dead_letters: str) -> Verdict:
    """Read the three topics to their ends and count."""
    verdict, seen = Verdict(), _Seen()
    for record in scan(bootstrap, tweets):
        seen.inputs[record.partition, record.offset] = record
    for record in scan(bootstrap, results):
        verdict.labelled += 1
        _note_result(record, verdict, seen)
    for record in scan(bootstrap, dead_letters):
        verdict.dead_lettered += 1
        _note_dead_letter(record, verdict, seen)
    verdict.published = len(seen.inputs)
    verdict.lost = [place for place in seen.inputs if place not in seen.outcomes]
    verdict.duplicated = [place for place, count in seen.outcomes.items() if count > 1]
    verdict.longest_stop_seconds = longest_stop(seen.work)
    verdict.longest_wait_seconds = max((done - came for came, done in seen.work), default=0.0)
    return verdict


def _note_result(record: Any, verdict: Verdict, seen: _Seen) -> None:
    body = json.loads(record.value)
    place = (body["source"]["partition"], body["source"]["offset"])
    source = seen.inputs.get(place)
    tweet = _tweet(source)
    if source is None or tweet is None or (tweet["id"], tweet["text"]) != (int(body["id"]), body["text"]):
        verdict.wrong.append(f"{place}: not the result of the record there")
        return
    if place not in seen.outcomes:  # a copy is counted as a copy
        seen.work.append((source.timestamp / 1000, datetime.fromisoformat(body["scored_at"]).timestamp()))
        if tweet["id"] <= seen.last_number.get(record.key, -1):
            verdict.out_of_order.append(place)
    seen.last_number[record.key] = max(tweet["id"], seen.last_number.get(record.key, -1))
    _note_outcome(record, place, verdict, seen)


def _note_dead_letter(record: Any, verdict: Verdict, seen: _Seen) -> None:
    told = {name: value for name, value in record.headers if name.startswith(_ORIGIN)}
    place = (int(told[_ORIGIN + "partition"]), int(told[_ORIGIN + "offset"]))
    source = seen.inputs.get(place)
    if source is None or source.value != record.value or _tweet(source) is not None:
        verdict.wrong.append(f"{place}: not the dead letter of a bad record there")
        return
    _note_outcome(record, place, verdict, seen)


def _tweet(source: Any) -> Any:
    """What was published; None where it is no JSON, or nothing at all."""
    with contextlib.suppress(ValueError, AttributeError):
        return json.loads(source.value)
    return None


def _note_outcome(record: Any, place: Place, verdict: Verdict, seen: _Seen) -> None:
    source, way = seen.inputs[place], (record.topic, record.partition)
    if (record.partition, record.key, record.timestamp) != (place[0], source.key, source.timestamp):
        verdict.wrong.append(f"{place}: key, partition or timestamp are not its record's")
    if place not in seen.outcomes and place[1] < seen.last_offset.get(way, -1):
        verdict.out_of_order.append(place)
    seen.last_offset[way] = max(place[1], seen.last_offset.get(way, -1))
    seen.outcomes[place] += 1


def scan(bootstrap: str, topic: str) -> Any:
    """Every committed record of a topic, up to where its log ends now; raises ``TimeoutError``.

    What an open transaction holds back is waited for: a commit is answered before its results can be read.
    """
    ends = log_ends(bootstrap.split(","), topic)
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap.split(","),
        group_id=None,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    with contextlib.closing(consumer):
        consumer.assign(list(ends))
        consumer.seek_to_beginning(*ends)
        until = time.monotonic() + _READ_SECONDS
        while any(consumer.position(tp) < end for tp, end in ends.items()):
            if time.monotonic() > until:
                raise TimeoutError(f"{topic} could not be read to its end")
            for tp, records in consumer.poll(timeout_ms=_POLL_MS, max_records=5_000).items():
                yield from (record for record in records if record.offset < ends[tp])


def wait_until_done(lag: Callable[[], int], seconds: float) -> bool:
    """Whether the group came to the end of the input in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(errors.KafkaError):
            if lag() == 0:
                return True
        time.sleep(0.25)
    return False
