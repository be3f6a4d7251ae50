"""Records whose scoring ended the process, remembered over its restarts.

Before a batch is scored its positions are written down; when it is scored the note goes. A note that is
found at a start says in the middle of what the process before ended: it hung, crashed or was killed. What
ended it twice is suspect, to be scored record by record; what then ended it alone, twice too, is guilty: a
process killed by something else in that moment convicts nobody. It is remembered until it is committed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from logging import WARNING, getLogger
from pathlib import Path
from typing import Any

from consumer.monitoring.logs import event
from consumer.records import Position, Record

log = getLogger(__name__)

_TIMES = 2  # once may be anything: a kill, a machine that went down
_REMEMBERED = 50  # ends; where others committed what they were about, nobody tells us to forget

Partition = tuple[str, int]
Offsets = tuple[int, int]  # the first and the last


@dataclass(frozen=True, slots=True)
class End:
    """What was being scored when the process ended."""

    ranges: dict[Partition, Offsets]
    alone: str = ""  # the digest of the record that was scored alone

    def holds(self, position: Position) -> bool:
        """Whether this position was among it."""
        first, last = self.ranges.get((position.topic, position.partition), (0, -1))
        return first <= position.offset <= last

    def as_json(self) -> dict[str, Any]:
        """For the file."""
        return {"ranges": [[*tp, *offsets] for tp, offsets in self.ranges.items()], "alone": self.alone}


def _read_end(body: Any) -> End:
    return End({(str(t), int(p)): (int(a), int(b)) for t, p, a, b in body["ranges"]}, str(body["alone"]))


class Suspicion:
    """Thread-safe: one thread scores, another commits what was scored before."""

    def __init__(self, path: Path) -> None:
        """``path``: a file of this replica's own, where there may be one from its predecessor."""
        self._path = path
        self._lock = threading.Lock()
        self._withdrawn = self._told = False
        self._ends: list[End] = []
        self._in_hand: End | None = None
        self._learn()

    @property
    def any(self) -> bool:
        """Whether there is a record that scoring has to be careful with."""
        return bool(self._ends)

    def suspects(self, record: Record) -> bool:
        """Whether it is to be scored alone."""
        return sum(end.holds(record.position) for end in self._ends) >= _TIMES

    def condemns(self, record: Record) -> bool:
        """Whether it ended the process twice when it was scored alone."""
        alone = [end.alone for end in self._ends if end.alone and end.holds(record.position)]
        return alone.count(_digest(record)) >= _TIMES  # positions begin anew where a topic is made anew

    @contextlib.contextmanager
    def scoring(self, records: Sequence[Record], *, alone: bool = False) -> Iterator[None]:
        """The ``with`` scores these; should the process end in it, its successor will know."""
        self._hold(End(_ranges(records), _digest(records[0]) if alone else "") if records else None)
        try:
            yield
        finally:
            self._hold(None)

    def withdraw(self) -> None:
        """The process ends, and not because of what it scores."""
        self._hold(None)
        self._withdrawn = True

    def committed(self, positions: Collection[Position]) -> None:
        """What is committed need not be remembered."""
        if not self._ends:
            return
        last: dict[Partition, int] = {}
        for p in positions:
            last[p.topic, p.partition] = max(p.offset, last.get((p.topic, p.partition), -1))
        cut = [End(_behind(end.ranges, last), end.alone) for end in self._ends]
        with self._lock:
            self._ends = [end for end in cut if end.ranges]
            self._write()

    def _learn(self) -> None:
        """What the file says; a file that cannot be read says nothing."""
        try:
            body = json.loads(self._path.read_text("utf-8"))
            self._ends = [_read_end(end) for end in body["ends"]]
            found = _read_end(body["in_hand"]) if body["in_hand"] else None
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            event(log, "suspicion_unreadable", WARNING, path=str(self._path), error=type(error).__name__)
            return
        if found is not None:
            self._ends = [*self._ends, found][-_REMEMBERED:]
            places = [f"{t}-{p}@{first}..{last}" for (t, p), (first, last) in found.ranges.items()]
            event(log, "ended_while_scoring", WARNING, positions=places, alone=bool(found.alone))
            self._write()

    def _hold(self, in_hand: End | None) -> None:
        with self._lock:
            if not self._withdrawn:
                self._in_hand = in_hand
                self._write()

    def _write(self) -> None:
        try:
            self._store()
        except OSError as error:  # a full disk costs the memory, not the stream
            if not self._told:
                event(log, "suspicion_not_written", WARNING, path=str(self._path), error=error.strerror)
            self._told = True

    def _store(self) -> None:
        """Without a sync: it has to outlive the process, not the machine."""
        if self._in_hand is None and not self._ends:
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        ends, now = [end.as_json() for end in self._ends], self._in_hand and self._in_hand.as_json()
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({"ends": ends, "in_hand": now}), "utf-8")
        new.replace(self._path)


def _ranges(records: Iterable[Record]) -> dict[Partition, Offsets]:
    found: dict[Partition, Offsets] = {}
    for r in records:
        first, last = found.get((r.topic, r.partition), (r.offset, r.offset))
        found[r.topic, r.partition] = (min(first, r.offset), max(last, r.offset))
    return found


def _behind(ranges: dict[Partition, Offsets], done: dict[Partition, int]) -> dict[Partition, Offsets]:
    """What of the ranges lies behind what is done."""
    cut = {tp: (max(first, done.get(tp, -1) + 1), last) for tp, (first, last) in ranges.items()}
    return {tp: (first, last) for tp, (first, last) in cut.items() if first <= last}


def _digest(record: Record) -> str:
    return hashlib.sha256(record.value or b"").hexdigest()[:16]
