"""The closing account: was every published record labelled, dead-lettered or skipped, once and in order?

Computed from what lies on the three topics alone, by code that shares nothing with the consumer, so
that a fault there cannot hide here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

_ORIGIN = "__sentiment.errors."  # prefix of the headers that say where a dead letter comes from


class Position(NamedTuple):
    """Where a published record lies."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Line:
    """One record as read back from a topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    @property
    def position(self) -> Position:
        """Where it lies."""
        return Position(self.topic, self.partition, self.offset)

    def header(self, name: str) -> str | None:
        """The last header of that name, as text."""
        values = [value for key, value in self.headers if key == name]
        return values[-1].decode("utf-8", "replace") if values and values[-1] is not None else None


class Outcome(NamedTuple):
    """What an output record says of the input record at ``source``."""

    source: Position
    line: Line
    label: str | None  # of a result
    reason: str | None  # of a dead letter


class Fault(NamedTuple):
    """Something the account cannot balance with."""

    kind: str
    position: Position
    detail: str = ""

    def __str__(self) -> str:
        place = f"{self.position.topic}-{self.position.partition}@{self.position.offset}"
        return f"{self.kind}: {place} {self.detail}".rstrip()


@dataclass(frozen=True, slots=True)
class Account:
    """Published against what became of it."""

    published: int
    labelled: int  # results that are on the topic, copies among them
    dead_lettered: int
    skipped: int  # tombstones, and languages the consumer was told to pass over
    faults: tuple[Fault, ...]
    reasons: Mapping[str, int] = field(default_factory=dict)  # of dead letters
    labels: Mapping[str, int] = field(default_factory=dict)  # of results
    judged: int = 0  # results whose input carried a label
    correct: int = 0

    @property
    def balanced(self) -> bool:
        """Whether nothing is missing, doubled, out of order or wrongly judged."""
        return not self.faults and self.published == self.labelled + self.dead_lettered + self.skipped

    @property
    def accuracy(self) -> float | None:
        """Of the labels given, against those that travelled with the tweets."""
        return self.correct / self.judged if self.judged else None

    def count(self, kind: str) -> int:
        """How many faults of that kind there are."""
        return sum(fault.kind == kind for fault in self.faults)

    def verdict(self) -> str:
        """One line with a clear first word."""
        total = (
            f"{self.labelled:,} labelled + {self.dead_lettered:,} dead-lettered + {self.skipped:,} skipped"
        )
        if self.balanced:
            return f"BALANCED: {self.published:,} published = {total}; none twice, none missing, all in order"
        kinds = Counter(fault.kind for fault in self.faults)
        found = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
        return f"NOT BALANCED: {self.published:,} published, {total}; {found or 'the sum differs'}"


def settle(
    inputs: Iterable[Line],
    results: Iterable[Line],
    dead_letters: Iterable[Line],
    *,
    languages: frozenset[str] | None = None,
) -> Account:
    """The account of everything on the three topics.

    ``inputs``, ``results`` and ``dead_letters`` stand in the order of their partitions' offsets.
    ``languages`` is the consumer's LANGUAGES, where it skips others.
    """
    published = {line.position: line for line in inputs}
    result_outcomes, dead_outcomes = _outcomes(results, _of_result), _outcomes(dead_letters, _of_dead_letter)
    outcomes = [*result_outcomes.read, *dead_outcomes.read]
    seen = {outcome.source for outcome in outcomes}
    skipped = [p for p, line in published.items() if p not in seen and _may_be_skipped(line, languages)]
    faults = [
        *result_outcomes.unreadable,
        *dead_outcomes.unreadable,
        *_missing(published, seen.union(skipped)),
        *_doubled(outcomes),
        *_misordered(result_outcomes.read),
        *_misordered(dead_outcomes.read),
    ]
    for outcome in outcomes:
        faults.extend(_misjudged(published.get(outcome.source), outcome, languages))
    known = [(published[o.source], o) for o in result_outcomes.read if o.source in published]
    truths = [(line.header("label"), outcome.label) for line, outcome in known if line.header("label")]
    return Account(
        published=len(published),
        labelled=len(result_outcomes.read),
        dead_lettered=len(dead_outcomes.read),
        skipped=len(skipped),
        faults=tuple(faults),
        reasons=Counter(str(outcome.reason) for outcome in dead_outcomes.read),
        labels=Counter(str(outcome.label) for outcome in result_outcomes.read),
        judged=len(truths),
        correct=sum(truth == label for truth, label in truths),
    )


class _Outcomes(NamedTuple):
    read: list[Outcome]
    unreadable: list[Fault]


def _outcomes(lines: Iterable[Line], read: Any) -> _Outcomes:
    outcomes = _Outcomes([], [])
    for line in lines:
        try:
            outcomes.read.append(read(line))
        except (KeyError, TypeError, ValueError) as error:
            outcomes.unreadable.append(Fault("unreadable", line.position, type(error).__name__))
    return outcomes


def _of_result(line: Line) -> Outcome:
    result = json.loads(line.value or b"")
    source = result["source"]
    position = Position(str(source["topic"]), int(source["partition"]), int(source["offset"]))
    return Outcome(position, line, str(result["label"]), None)


def _of_dead_letter(line: Line) -> Outcome:
    topic, partition, offset, reason = (
        line.header(_ORIGIN + name) for name in ("topic", "partition", "offset", "reason")
    )
    if topic is None or partition is None or offset is None or reason is None:
        raise KeyError(_ORIGIN)
    return Outcome(Position(topic, int(partition), int(offset)), line, None, reason)


def _may_be_skipped(line: Line, languages: frozenset[str] | None) -> bool:
    if line.value is None:
        return True
    if not languages or line.header("planted"):
        return False
    tweet = json.loads(line.value)
    return tweet.get("data", tweet).get("lang", "und") not in languages


def _missing(published: Iterable[Position], accounted: set[Position]) -> Iterable[Fault]:
    return (Fault("missing", position) for position in published if position not in accounted)


def _doubled(outcomes: Sequence[Outcome]) -> Iterable[Fault]:
    times = Counter(outcome.source for outcome in outcomes)
    return (Fault("twice", source, f"{count} times") for source, count in times.items() if count > 1)


def _misordered(outcomes: Sequence[Outcome]) -> Iterable[Fault]:
    """Within a partition of the output, records of one partition of the input keep their order."""
    last: dict[tuple[int, str, int], int] = {}
    for outcome in outcomes:
        way = (outcome.line.partition, outcome.source.topic, outcome.source.partition)
        if outcome.source.offset < last.get(way, -1):
            yield Fault("out of order", outcome.source, f"came after {last[way]}")
        last[way] = max(outcome.source.offset, last.get(way, -1))


def _misjudged(line: Line | None, outcome: Outcome, languages: frozenset[str] | None) -> Iterable[Fault]:
    """A record that has the wrong kind of outcome, or that lost something on its way."""
    if line is None:
        yield Fault("unknown", outcome.source, "was never published")
        return
    planted = line.header("planted")
    if outcome.line.key != line.key:
        yield Fault("wrong key", outcome.source)
    if outcome.reason is None:
        if outcome.line.partition != line.partition:
            yield Fault("wrong partition", outcome.source, f"lies in {outcome.line.partition}")
        if planted or _may_be_skipped(line, languages):
            yield Fault(
                "wrong outcome", outcome.source, f"labelled, though planted as {planted or 'skipped'}"
            )
    elif outcome.reason != planted:
        yield Fault(
            "wrong reason", outcome.source, f"{outcome.reason}, though {planted or 'nothing'} was planted"
        )
    elif outcome.line.value != line.value:
        yield Fault("wrong bytes", outcome.source, "a dead letter keeps the original value")
