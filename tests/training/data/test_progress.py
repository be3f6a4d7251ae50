"""How far a step is, for people and for logs."""

from __future__ import annotations

import io

from training.data.progress import progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """As a terminal answers."""
        return True


def test_lines_every_few_seconds_where_there_is_no_terminal() -> None:
    """A log gets a line now and then, however often the step reports."""
    now = 0.0
    log = io.StringIO()
    with progress("reading", log, lambda: now) as report:
        for step in range(1, 121):
            now = step / 10
            report(step / 120, step * 1_000)
    assert log.getvalue().splitlines() == [
        "reading:  42%, 50,000 rows, 10,000 rows/s",
        "reading:  83%, 100,000 rows, 10,000 rows/s",
    ]


def test_a_bar_on_a_terminal() -> None:
    """Share, rows and the time that remains, drawn over and over in one place."""
    terminal = Terminal()
    with progress("reading", terminal) as report:
        report(0.5, 1_234)
    assert "reading" in terminal.getvalue()
    assert "50%" in terminal.getvalue()
    assert "1,234 rows" in terminal.getvalue()
