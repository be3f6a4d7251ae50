"""The steered replica with a wall clock that a test sets: so far off as the file ``WALL_OFFSET`` says.

The clock is in place before anything else is imported, so that whoever keeps a reference to it keeps this
one. The monotonic clock goes on as ever, as it does where an administrator sets the time.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

_true_time = time.time
_offset = Path(os.environ["WALL_OFFSET"])


def _wall() -> float:
    return _true_time() + float(_offset.read_text("utf-8"))


time.time = _wall
time.time_ns = lambda: int(_wall() * 1e9)

if __name__ == "__main__":
    from tests.broker import replica

    raise SystemExit(replica.main())
