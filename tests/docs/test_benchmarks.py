"""The page of benchmarks has all that ``make bench`` measures, and says where a goal is missed."""

from __future__ import annotations

import re

import pytest

from tests.bench.report import ROWS, WANTED
from tests.imports import ROOT

PAGE = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
RATIOS: list[tuple[str, str, str]] = re.findall(
    r"^\| (.+?) \| ([\d.]+) \| ([≥≤] [\d.]+) \|$", PAGE, re.MULTILINE
)


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_there(row: str) -> None:
    """None was left out or measured with an older bench."""
    assert re.search(rf"^\| +{re.escape(row)}( of .*)? +\|", PAGE, re.MULTILINE)


def test_a_missed_goal_is_named() -> None:
    """A ratio below or above what is wanted stands in the text, too."""
    missed = [value for _, value, wanted in RATIOS if not _kept(float(value), wanted)]
    assert [value for value in missed if f"**{value}**" not in PAGE] == []


def test_the_ratios_are_read() -> None:
    """All with a goal: else the test above would look at nothing."""
    assert {label for label, *_ in RATIOS} >= WANTED


def _kept(value: float, wanted: str) -> bool:
    bound = float(wanted[2:])
    return value >= bound if wanted.startswith("≥") else value <= bound
