"""Pieces of Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

FIGURES = "Figures"
_SHORT = 120  # characters of a value in a table


def missing(what: str) -> str:
    """What a section says when its data is not there."""
    return f"*No data: {what}.*"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; the first column is text, the others stand to the right.

    >>> print(table(("set", "n"), [("test", 5)]))
    | set | n |
    |---|---:|
    | test | 5 |
    """
    lines = [_line(header), "|---|" + "---:|" * (len(header) - 1)]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def figure(name: str, caption: str, drawn: Iterable[str]) -> str:
    """A figure with its caption, or a line that it is missing."""
    return f"![{caption}]({FIGURES}/{name})" if name in drawn else missing(f"nothing to draw {name} from")


def values(mapping: Mapping[str, Any], *, prefix: str = "") -> list[tuple[str, str]]:
    """Names and values of a JSON object for a table, inner objects by dotted names; long ones are counted.

    >>> values({"rate": 0.1, "data": {"rows": 10}, "none": None})
    [('rate', '0.1'), ('data.rows', '10'), ('none', 'none')]
    """
    found: list[tuple[str, str]] = []
    for key, value in mapping.items():
        if isinstance(value, Mapping):
            found += values(value, prefix=f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", _shown(value)))
    return found


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) > _SHORT and isinstance(value, list):
        return f"{len(value)} entries"
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"


def number(value: Any) -> str:
    """A whole number with its thousands, or a dash."""
    return f"{value:,.0f}" if isinstance(value, int | float) else "–"
