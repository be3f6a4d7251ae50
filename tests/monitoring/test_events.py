"""The list of events is the log's: no line without an entry, no entry without a line."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from consumer.monitoring.events import EVENTS
from consumer.monitoring.logs import OUTSIDE_EVENT
from docs.generate import LOGS, logs_page
from tests.imports import modules

LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
WORD = re.compile(r"[a-z]+(_[a-z]+)*$")


def spoken(path: Path) -> set[str]:
    """The names of events that a module logs."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        logs = isinstance(called, ast.Attribute) and called.attr in LEVELS
        ours = isinstance(called, ast.Name) and called.id in ("event", "exception", "_tell")
        if logs or ours:
            words = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            found |= {word for word in words[:1] if WORD.match(word)}
    return found


def test_every_event_is_listed_and_every_entry_is_an_event() -> None:
    """What a log store looks for by name exists, and nothing is logged under a name that is not stable."""
    names = {
        word for name, path in modules().items() if name.startswith("consumer.") for word in spoken(path)
    }
    assert len(names) > 20
    assert names | {OUTSIDE_EVENT} == set(EVENTS)


def test_the_page_is_current() -> None:
    """`make docs` writes it."""
    assert LOGS.read_text("utf-8") == logs_page()
