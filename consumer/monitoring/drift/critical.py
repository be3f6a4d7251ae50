"""What the statistics reach without drift, as often as the false-alarm rate says. Pure.

Window and reference are two samples. If nothing changed, PSI is about chi²(b - 1) · (1/n + 1/m) for n
tweets, m reference rows and b bins, and the Jensen-Shannon divergence an eighth of that. Where one of two
bins is rare the law does not hold, and the exact one is used: given how many rare ones there are in all, how
many of them fall in the window is hypergeometric.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from consumer.chi2 import quantile
from consumer.monitoring.drift.distance import Counts, jensen_shannon, psi

_RARE_EXPECTED = 100  # from here on chi² is as good as exact
_TWO = 2
JENSEN_SHANNON_PER_PSI = 1 / 8  # of small shifts


@dataclass(frozen=True, slots=True)
class Critical:
    """The values that are exceeded without drift no more often than the tail says."""

    psi: float
    jensen_shannon: float


def critical(reference: Counts, tweets: int, tail: float) -> Critical:
    """For a window of so many tweets against the reference's counts of b bins, b at least 2."""
    rows = int(reference.sum())
    rare = int(reference.min())
    if len(reference) == _TWO and rare * min(tweets, rows) < _RARE_EXPECTED * rows:
        return _exact(rare, rows, tweets, tail)
    found = quantile(tail, len(reference) - 1) * (1 / tweets + 1 / rows)
    return Critical(found, found * JENSEN_SHANNON_PER_PSI)


@lru_cache(maxsize=1024)
def _exact(rare: int, rows: int, tweets: int, tail: float) -> Critical:
    """The least statistics of which a rare bin is capable by chance in half the tail on either side."""
    few, many = _highest_few(rare, rows, tweets, tail / 2), _least_many(rare, rows, tweets, tail / 2)
    against = np.array([rows - rare, rare])
    windows = np.array([[tweets - k, k] for k in (few + 1, many - 1)])  # the outermost that chance may reach
    return Critical(float(psi(windows, against).max()), float(jensen_shannon(windows, against).max()))


def _least_many(rare: int, rows: int, tweets: int, tail: float) -> int:
    """The least k for which k rare ones or more in the window have at most that probability."""
    low, high = rare * tweets // rows, tweets + 1  # the tail falls as k grows
    while low < high:
        k = (low + high) // 2
        if sum(_terms(range(k, k + rare + 1), k + rare, rows, tweets)) <= tail:
            high = k
        else:
            low = k + 1
    return low


def _highest_few(rare: int, rows: int, tweets: int, tail: float) -> int:
    """The greatest k for which k rare ones or fewer in the window have at most that probability; or -1."""
    low, high = -1, rare * tweets // rows
    while low < high:
        k = (low + high + 1) // 2
        if sum(_terms(range(k + 1), k + rare, rows, tweets)) <= tail:
            low = k
        else:
            high = k - 1
    return low


def _terms(window_holds: range, rare: int, rows: int, tweets: int) -> Iterator[float]:
    """Of so many rare ones in window and reference together: P(the window holds k), for each k."""
    whole = _log_choose(rows + tweets, rare)
    for k in window_holds:
        if k <= tweets and rare - k <= rows:
            yield math.exp(_log_choose(tweets, k) + _log_choose(rows, rare - k) - whole)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
