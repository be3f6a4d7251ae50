"""What became of every record, read back with ``read_committed`` by a bare client.

Shares no code with the consumer: a fault there cannot hide here.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kafka import KafkaConsumer, TopicPartition, errors

_ORIGIN = "__sentiment.errors."
_POLL_MS = 200
_READ_SECONDS = 180.0
Place = tuple[int, int]  # partition and offset on the input topic


@dataclass
class Verdict:
    """The counts; all but the first four should be zero."""

    published: int = 0
    labelled: int = 0
    dead_lettered: int = 0
    longest_stop_seconds: float = 0.0  # between two results, by the time they were scored
    lost: list[Place] = field(default_factory=list)
    duplicated: list[Place] = field(default_factory=list)
    out_of_order: list[Place] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)  # a result that is not its record's

    @property
    def clean(self) -> bool:
        """Nothing lost, doubled, out of order or wrong."""
        return not (self.lost or self.duplicated or self.out_of_order or self.wrong)


@dataclass
class _Seen:
    inputs: dict[Place, tuple[bytes | None, bytes | None]] = field(default_factory=dict)  # key and value
    outcomes: dict[Place, int] = field(default_factory=lambda: defaultdict(int))
    last_offset: dict[tuple[str, int], int] = field(default_factory=dict)
    last_number: dict[bytes | None, int] = field(default_factory=dict)
    scored_at: list[float] = field(default_factory=list)


def verify(bootstrap: str, tweets: str, results: str, dead_letters: str) -> Verdict:
    """Read the three topics to their ends and count."""
    verdict, seen = Verdict(), _Seen()
    for record in scan(bootstrap, tweets):
        seen.inputs[record.partition, record.offset] = (record.key, record.value)
    for record in scan(bootstrap, results):
        _note_result(record, verdict, seen)
    for record in scan(bootstrap, dead_letters):
        _note_dead_letter(record, verdict, seen)
    verdict.published = len(seen.inputs)
    verdict.lost = [place for place in seen.inputs if place not in seen.outcomes]
    verdict.duplicated = [place for place, count in seen.outcomes.items() if count > 1]
    stamps = sorted(seen.scored_at)
    verdict.longest_stop_seconds = max(
        (later - earlier for earlier, later in itertools.pairwise(stamps)), default=0.0
    )
    return verdict


def _note_result(record: Any, verdict: Verdict, seen: _Seen) -> None:
    body = json.loads(record.value)
    place = (body["source"]["partition"], body["source"]["offset"])
    verdict.labelled += 1
    seen.scored_at.append(datetime.fromisoformat(body["scored_at"]).timestamp())
    key, value = seen.inputs.get(place, (None, None))
    number = int(body["id"])
    if (
        value is None
        or json.loads(value)["id"] != number
        or key != record.key
        or record.partition != place[0]
    ):
        verdict.wrong.append(f"{place}: not the result of the record there")
    first = place not in seen.outcomes
    if first and number <= seen.last_number.get(record.key, -1):  # a copy is counted as a copy
        verdict.out_of_order.append(place)
    seen.last_number[record.key] = max(number, seen.last_number.get(record.key, -1))
    _note_place(record, place, verdict, seen)


def _note_dead_letter(record: Any, verdict: Verdict, seen: _Seen) -> None:
    told = {name: value for name, value in record.headers if name.startswith(_ORIGIN)}
    place = (int(told[_ORIGIN + "partition"]), int(told[_ORIGIN + "offset"]))
    verdict.dead_lettered += 1
    if seen.inputs.get(place) != (record.key, record.value):
        verdict.wrong.append(f"{place}: not the dead letter of the record there")
    _note_place(record, place, verdict, seen)


def _note_place(record: Any, place: Place, verdict: Verdict, seen: _Seen) -> None:
    way = (record.topic, record.partition)
    if place not in seen.outcomes and place[1] < seen.last_offset.get(way, -1):
        verdict.out_of_order.append(place)
    seen.last_offset[way] = max(place[1], seen.last_offset.get(way, -1))
    seen.outcomes[place] += 1


def scan(bootstrap: str, topic: str) -> Any:
    """Every committed record of a topic, up to where it ends now; raises ``TimeoutError``."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap.split(","),
        group_id=None,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    with contextlib.closing(consumer):
        partitions = [TopicPartition(topic, n) for n in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        until = time.monotonic() + _READ_SECONDS
        while any(consumer.position(tp) < ends[tp] for tp in partitions):
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
