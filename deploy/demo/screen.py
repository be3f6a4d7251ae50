"""The live picture: a table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import NamedTuple, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from deploy.demo.observed import Observed, Shown
from deploy.demo.quantiles import percentile

_COLOURS = {"positive": "green", "negative": "red", "neutral": "yellow"}
_LINE_SECONDS = 2.0
_LINE_RESULTS = 2
_LATENCY_WINDOW_SECONDS = 10.0
_MAX_TEXT = 100


class Reading(NamedTuple):
    """The numbers above the table."""

    results: int
    dead_letters: int
    rate: float  # results a second
    p50_seconds: float | None
    p95_seconds: float | None
    lag_records: float | None

    def __str__(self) -> str:
        lag = "?" if self.lag_records is None else f"{self.lag_records:,.0f}"
        latency = f"p50 {milliseconds(self.p50_seconds)}, p95 {milliseconds(self.p95_seconds)}"
        outcomes = f"{self.results:,} labelled, {self.dead_letters:,} dead-lettered"
        return f"{outcomes}  ·  {self.rate:,.0f}/s  ·  latency {latency}  ·  lag {lag}"


def read(observed: Observed, lag_records: float | None, now: float) -> Reading:
    """The numbers at this moment; latencies of tweets published in the last 10 s."""
    latencies = [sight.latency_seconds for sight in observed.sights(since=now - _LATENCY_WINDOW_SECONDS)]
    return Reading(
        results=observed.count - observed.dead_letters,
        dead_letters=observed.dead_letters,
        rate=observed.rate(now),
        p50_seconds=percentile(latencies, 0.5),
        p95_seconds=percentile(latencies, 0.95),
        lag_records=lag_records,
    )


def milliseconds(seconds: float | None) -> str:
    """Like ``48 ms``."""
    return "-" if seconds is None else f"{seconds * 1000:,.0f} ms"


class Screen:
    """Shows readings and the latest results while its ``with`` block lasts."""

    def __init__(self, console: Console, title: str) -> None:
        self._console, self._title = console, title
        self._live = (
            Live(console=console, refresh_per_second=8, transient=False) if console.is_terminal else None
        )
        self._next_line = 0.0  # monotonic seconds

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, reading: Reading, latest: list[Shown]) -> None:
        """Draw the picture anew, or now and then a few lines."""
        if self._live:
            self._live.update(Group(Text(self._title, style="bold"), Text(str(reading)), _table(latest)))
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _LINE_SECONDS
            self._lines(reading, latest)

    def _lines(self, reading: Reading, latest: list[Shown]) -> None:
        self._console.print(str(reading), highlight=False, soft_wrap=True, markup=False)
        for shown in latest[-_LINE_RESULTS:]:
            line = f"    {shown.label:<8} {shown.confidence:.3f}  {_one_line(shown.text)}"
            self._console.print(line, highlight=False, soft_wrap=True, markup=False, emoji=False)


def _table(latest: list[Shown]) -> Table:
    table = Table(expand=True)
    table.add_column("label", width=8)
    table.add_column("confidence", width=10, justify="right")
    table.add_column("meant", width=8)
    table.add_column("latency", width=9, justify="right")
    table.add_column("tweet", ratio=1, no_wrap=True, overflow="ellipsis")
    for shown in latest:
        table.add_row(
            Text(shown.label, style=_COLOURS.get(shown.label, "")),
            f"{shown.confidence:.3f}",
            Text(shown.truth or "", style="" if shown.truth == shown.label else "dim strike"),
            milliseconds(shown.latency_seconds),
            Text(_one_line(shown.text)),
        )
    return table


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_TEXT else line[: _MAX_TEXT - 1] + "…"
