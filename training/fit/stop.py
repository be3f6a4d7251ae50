"""The first Ctrl-C or SIGTERM asks the loop to save and stop; the second ends at once."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

INTERRUPTED = 130  # what a shell gives a program that Ctrl-C ended
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class Stop:
    """Whether somebody asked."""

    asked: bool = False


@contextmanager
def listening() -> Iterator[Stop]:
    """Inside this block the two signals set ``asked``; after it they are what they were."""
    stop = Stop()

    def hear(number: int, _: FrameType | None) -> None:
        if stop.asked:
            os._exit(128 + number)
        stop.asked = True
        # Not print: a signal may arrive in the middle of one.
        os.write(sys.stderr.fileno(), b"\nstopping after this step; again to end at once, unsaved\n")

    before = {number: signal.signal(number, hear) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def how_to_go_on(arguments: Sequence[str]) -> str:
    """What to say after an interruption; ``arguments`` are those of ``python -m training``."""
    again = shlex.join([one for one in arguments if one != "--resume"])
    return f"stopped; the state is saved. Go on with: python -m training {again} --resume"
