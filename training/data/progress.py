"""How far a long step is: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

LINE_SECONDS = 5.0
Report = Callable[[float, int], None]  # share done from 0 to 1, rows done


@contextlib.contextmanager
def progress(
    what: str, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[Report]:
    """Call what is given as often as you like; ``stream`` is the standard error where none is named."""
    stream = stream or sys.stderr
    if stream.isatty():
        with _bar(stream) as bar:
            task = bar.add_task(what, total=1.0, rows=0)
            yield lambda share, rows: bar.update(task, completed=share, rows=rows)
    else:
        yield _lines(what, stream, clock)


def _bar(stream: TextIO) -> Progress:
    rows = TextColumn("{task.fields[rows]:,} rows")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        rows,
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(file=stream))


def _lines(what: str, stream: TextIO, clock: Callable[[], float]) -> Report:
    started = said = clock()

    def report(share: float, rows: int) -> None:
        nonlocal said
        now = clock()
        if now - said >= LINE_SECONDS:
            said = now
            rate = rows / (now - started)
            stream.write(f"{what}: {share:4.0%}, {rows:,} rows, {rate:,.0f} rows/s\n")
            stream.flush()

    return report
