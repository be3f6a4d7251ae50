"""How long nothing came out while there was something to do."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable


def longest_stop(work: Iterable[tuple[float, float]]) -> float:
    """The longest time between two results in which a record was waiting; the work as (came, was done) each.

    >>> longest_stop([(0.0, 1.0), (1.5, 2.0), (3.0, 9.0), (20.0, 20.5)])
    6.0
    """
    pairs = list(work)
    came, done = sorted(came for came, _ in pairs), sorted(done for _, done in pairs)
    return max((_stop(came, *span, done) for span in itertools.pairwise(done)), default=0.0)


def _stop(came: list[float], earlier: float, later: float, done: list[float]) -> float:
    finished = bisect.bisect_right(done, earlier)
    waiting_since = max(earlier, came[finished]) if finished < len(came) else later
    return later - min(waiting_since, later)
