"""Colours are for a terminal alone, and not where NO_COLOR asks for none."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from tests.imports import ROOT

SHOW = """
from consumer.cli import watch
watch._draw(iter([[{"id": "1", "label": "positive", "probability": 0.9, "text": "a sunny day"}]]))
"""
GREEN = "\x1b[32m"


def shown(*, terminal: bool, **environment: str) -> str:
    """The table of `watch`, as a terminal or a file gets it."""
    ours, theirs = pty.openpty()
    inherited = {name: text for name, text in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    child = subprocess.Popen(
        [sys.executable, "-c", SHOW],
        cwd=ROOT,
        env={**inherited, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30", **environment},
        stdin=subprocess.DEVNULL,
        stdout=theirs if terminal else subprocess.PIPE,
    )
    os.close(theirs)
    if child.stdout is not None:
        os.close(ours)
        return child.communicate()[0].decode()
    found = b""
    try:
        while data := os.read(ours, 4096):
            found += data
    except OSError:  # how a pseudo-terminal says that its other side is closed
        pass
    os.close(ours)
    assert child.wait() == 0
    return found.decode()


@pytest.mark.parametrize(
    ("terminal", "environment", "coloured"),
    [(True, {}, True), (True, {"NO_COLOR": "1"}, False), (False, {}, False)],
    ids=["terminal", "NO_COLOR", "file"],
)
def test_labels_have_colours_on_a_terminal_alone(
    terminal: bool,  # noqa: FBT001 - a case
    environment: dict[str, str],
    coloured: bool,  # noqa: FBT001 - a case
) -> None:
    """A file and whoever sets NO_COLOR get the same words without them."""
    found = shown(terminal=terminal, **environment)
    assert "a sunny day" in found
    assert (GREEN in found) == coloured
