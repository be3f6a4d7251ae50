"""Waiting for a condition instead of for a time."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_SECONDS = 30.0
LOOK_SECONDS = 0.02


def await_true(condition: Callable[[], bool], limit_seconds: float = LIMIT_SECONDS) -> None:
    """Return once the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + limit_seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(LOOK_SECONDS)


def is_running(pid: int) -> bool:
    """Whether this process lives; one that ended and that nobody has collected yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not state.parent.parent.joinpath("self").exists()  # no /proc here, or gone this moment
