"""A test whose tool is missing is reported loudly as NOT RUN, and fails where all tools must be there."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "NOT RUN, because "


def add_option(parser: pytest.Parser) -> None:
    """`--all-tools`: what .ci/run asks for."""
    parser.addoption(
        "--all-tools", action="store_true", help="a test whose tool is missing fails (default in CI)"
    )


def not_run(config: pytest.Config, because: str) -> NoReturn:
    """End this test as not run; `because` completes the sentence "NOT RUN: 3, because …"."""
    if config.getoption("--all-tools") or os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        pytest.fail(f"not run, because {because}", pytrace=False)
    pytest.skip(PREFIX + because)


def require_tools(item: pytest.Item) -> None:
    """Obey the mark `needs_tool("promtool", …)`: each is a program on the PATH."""
    tools = [tool for mark in item.iter_markers("needs_tool") for tool in mark.args]
    for tool in tools:
        if shutil.which(tool) is None:
            not_run(item.config, f"{tool} is not installed")


def account(reasons: Iterable[str]) -> list[str]:
    """One line for each reason among those of all skipped tests.

    >>> account(["Skipped: NOT RUN, because promtool is not installed", "Skipped: on another system"])
    ['NOT RUN: 1, because promtool is not installed']
    """
    counts = Counter(reason.split(PREFIX, 1)[1] for reason in reasons if PREFIX in reason)
    return [f"NOT RUN: {count}, because {because}" for because, count in sorted(counts.items())]


def report(terminal: pytest.TerminalReporter) -> None:
    """Write the account where it is seen: after the results, in red."""
    skipped = terminal.stats.get("skipped", [])
    lines = account(str(report.longrepr[2]) for report in skipped if isinstance(report.longrepr, tuple))
    if lines:
        terminal.section("NOT RUN", sep="!", red=True, bold=True)
        for line in lines:
            terminal.line(line, red=True, bold=True)
