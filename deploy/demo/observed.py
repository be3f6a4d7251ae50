"""What a reader of the results has seen so far."""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from dataclasses import dataclass
from typing import NamedTuple

from deploy.demo.account import Line

_LATEST = 12


class Shown(NamedTuple):
    """One result, as the table shows it."""

    label: str
    confidence: float
    text: str
    truth: str | None
    latency_seconds: float


@dataclass(frozen=True, slots=True)
class Sight:
    """When a result's tweet was published and when its result was seen, seconds since 1970."""

    published_at: float
    seen_at: float

    @property
    def latency_seconds(self) -> float:
        """From the one to the other."""
        return self.seen_at - self.published_at


class Observed:
    """Filled by the readers' threads, looked at by the screen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: deque[Shown] = deque(maxlen=_LATEST)
        self._sights: list[Sight] = []
        self.labels: Counter[str] = Counter()
        self.dead_letters = 0

    def result(self, line: Line, published_at: float, seen_at: float) -> None:
        """A result became visible."""
        value = json.loads(line.value or b"{}")
        sight = Sight(published_at, seen_at)
        shown = Shown(
            str(value.get("label")),
            float(value.get("confidence", 0.0)),
            str(value.get("text", "")),
            line.header("label"),
            sight.latency_seconds,
        )
        with self._lock:
            self._latest.append(shown)
            self._sights.append(sight)
            self.labels[shown.label] += 1

    def dead_letter(self, _line: Line, _published_at: float, _seen_at: float) -> None:
        """A dead letter became visible."""
        self.dead_letters += 1

    @property
    def count(self) -> int:
        """Results and dead letters seen."""
        return len(self._sights) + self.dead_letters

    def latest(self) -> list[Shown]:
        """The last few results, the newest last."""
        with self._lock:
            return list(self._latest)

    def sights(self, since: float = 0.0, before: float = float("inf")) -> list[Sight]:
        """The results of tweets that were published in that time."""
        with self._lock:
            return [sight for sight in self._sights if since <= sight.published_at < before]

    def rate(self, now: float, window_seconds: float = 5.0) -> float:
        """Results a second, lately."""
        with self._lock:
            first = self._sights[0].seen_at if self._sights else now
            recent = 0
            for sight in reversed(self._sights):
                if sight.seen_at < now - window_seconds:
                    break
                recent += 1
        return recent / max(min(window_seconds, now - first), 1.0)
