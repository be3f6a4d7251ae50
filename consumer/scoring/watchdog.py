"""A watchdog for scorers: a call that hangs ends the process, for a supervisor to start it anew.

A thread that is stuck in a runtime cannot be ended, and a lock that it holds is held for ever: only a new
process helps. The alarm is faulthandler's, which needs neither the interpreter nor its lock.
"""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Sequence
from typing import TextIO

from consumer.scoring.scorer import Logits, Scorer


class Watched:
    """A scorer each of whose calls returns in time, or the process ends: exit 1, every thread's stack told.

    Costs about 0.05 ms a call. There is one alarm in a process, so only one scorer may be watched at a time.
    """

    def __init__(self, scorer: Scorer, seconds: float, out: TextIO | None = None) -> None:
        """``seconds`` a call may take; the stacks go to ``out``, a real file (None: standard error)."""
        self._scorer, self._seconds, self._out = scorer, seconds, out

    @property
    def padded_tokens(self) -> int:
        """As the scorer has it."""
        return self._scorer.padded_tokens

    def logits(self, ids: Sequence[Sequence[int]]) -> Logits:
        """As the scorer has it, within the time."""
        faulthandler.dump_traceback_later(self._seconds, exit=True, file=self._out or sys.stderr)
        try:
            return self._scorer.logits(ids)
        finally:
            faulthandler.cancel_dump_traceback_later()

    def close(self) -> None:
        """As the scorer has it."""
        self._scorer.close()
