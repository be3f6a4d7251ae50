"""The table of ``watch``: the latest results, and what they add up to."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

RATE_SECONDS = 10.0
MAX_LATEST = 200
MAX_LATENCIES = 1_000
STYLES: Final = {"positive": "green", "negative": "red", "neutral": "yellow"}


class Board:
    """What was seen since the start.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started_at = clock()
        self._arrivals: deque[tuple[float, int]] = deque()
        self._latencies: deque[float] = deque(maxlen=MAX_LATENCIES)
        self.latest: deque[dict[str, Any]] = deque(maxlen=MAX_LATEST)
        self.labels: Counter[str] = Counter()

    def add(self, bodies: Iterable[dict[str, Any]]) -> None:
        """Takes the results of one poll."""
        taken = list(bodies)
        self._arrivals.append((self._clock(), len(taken)))
        for body in taken:
            self.latest.append(body)
            self.labels[str(body.get("label"))] += 1
            seconds = _latency(body)
            if seconds is not None:
                self._latencies.append(seconds)

    def rate(self) -> float:
        """Results a second over the last ``RATE_SECONDS``, or since the start where that is shorter."""
        now = self._clock()
        while self._arrivals and self._arrivals[0][0] <= now - RATE_SECONDS:
            self._arrivals.popleft()
        span_seconds = min(RATE_SECONDS, now - self._started_at)
        return sum(count for _, count in self._arrivals) / span_seconds if span_seconds > 0 else 0.0

    def latency(self, quantile: float) -> float | None:
        """Seconds from source timestamp to scoring of the latest results; None before the first."""
        if not self._latencies:
            return None
        ordered = sorted(self._latencies)
        return ordered[min(len(ordered) - 1, int(quantile * len(ordered)))]


def draw(board: Board, rows: int) -> RenderableType:
    """Returns the sums and the latest ``rows`` results, newest first."""
    table = Table(expand=True, pad_edge=False)
    table.add_column("label", width=8)
    table.add_column("P(pos)", width=6, justify="right")
    table.add_column("id", max_width=20, no_wrap=True, overflow="ellipsis")
    table.add_column("text", ratio=1, no_wrap=True, overflow="ellipsis")
    for body in list(board.latest)[: -rows - 1 : -1]:
        label = str(body.get("label"))
        table.add_row(
            Text(_printable(label), STYLES.get(label, "")),
            _probability(body),
            Text(_printable(str(body.get("id", "")))),
            Text(_printable(str(body.get("text", "")))),
        )
    return Group(_sums(board), table)


def _sums(board: Board) -> Text:
    total = board.labels.total()
    parts = [f"{total} results", f"{board.rate():.1f}/s"]
    parts += [f"{_printable(label)} {count / total:.0%}" for label, count in board.labels.most_common(3)]
    median, slow = board.latency(0.5), board.latency(0.95)
    if median is not None and slow is not None:
        parts.append(f"scored after p50 {median * 1000:.0f} ms, p95 {slow * 1000:.0f} ms")
    return Text(" · ".join(parts), "bold")


def _probability(body: dict[str, Any]) -> str:
    value = body.get("probability")
    return f"{value:.3f}" if isinstance(value, (int, float)) else ""


def _latency(body: dict[str, Any]) -> float | None:
    try:
        scored_at = datetime.fromisoformat(body["scored_at"])
        return max(0.0, (scored_at - datetime.fromisoformat(body["source"]["timestamp"])).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None


def _printable(text: str) -> str:
    """Without what would steer the terminal: a tweet may hold escape sequences."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
