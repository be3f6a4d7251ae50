"""What tests measured, shown after the results: a number that is only held below a bound says little."""

from __future__ import annotations

import pytest


def report(terminal: pytest.TerminalReporter) -> None:
    """One line for each property that a passed test recorded with ``record_property``."""
    lines = [
        f"{name}: {value}  ({passed.nodeid})"
        for passed in terminal.stats.get("passed", [])
        for name, value in passed.user_properties
    ]
    if lines:
        terminal.section("MEASURED")
        for line in lines:
            terminal.line(line)
