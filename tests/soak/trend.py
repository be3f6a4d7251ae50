"""Does it grow? The slope of readings over time with its uncertainty, and a verdict that knows it.

Neighbouring readings resemble each other, so each of them is no evidence of its own: they are averaged over
blocks, and the line is drawn through the blocks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import stats

BLOCKS = 16
WARM_UP, WARM_UP_SECONDS = 0.25, 180.0  # of the run, but no less: caches fill, pools reach their size
_LEAST_BLOCKS = 4


class Verdict(StrEnum):
    """What may be said."""

    FLAT = "flat"
    GROWS = "GROWS"
    UNCERTAIN = "cannot tell: too short"


@dataclass(frozen=True, slots=True)
class Trend:
    """A line through readings; the slope and half the width of its 95 % interval, both an hour."""

    mean: float
    slope: float
    uncertainty: float
    hours: float  # that the line was drawn over

    def verdict(self, allowed: float) -> Verdict:
        """``allowed`` is what it may gain over the hours seen: more than that, for certain, is growth."""
        low, high = ((self.slope + sign * self.uncertainty) * self.hours for sign in (-1, 1))
        if low > 0 and self.slope * self.hours > allowed:
            return Verdict.GROWS
        return Verdict.FLAT if high <= allowed else Verdict.UNCERTAIN

    def __str__(self) -> str:
        return f"{self.slope:+.2f} ± {self.uncertainty:.2f} an hour"


def trend(seconds: Sequence[float], values: Sequence[float], blocks: int = BLOCKS) -> Trend:
    """The trend of readings taken at these times, the warm-up left out.

    >>> times = [float(t) for t in range(3600)]
    >>> str(trend(times, [100 + t / 360 for t in times]))
    '+10.00 ± 0.00 an hour'
    """
    x, y = np.asarray(seconds, float), np.asarray(values, float)
    if not x.size:
        return Trend(math.nan, math.nan, math.inf, 0.0)
    kept = x >= x[0] + max(WARM_UP_SECONDS, WARM_UP * (x[-1] - x[0]))
    if not kept.any():
        return Trend(float(y.mean()), math.nan, math.inf, 0.0)
    x, y = x[kept] / 3600, y[kept]
    parts = [part for part in np.array_split(np.arange(x.size), blocks) if part.size]
    hours = float(x[-1] - x[0])
    if len(parts) < _LEAST_BLOCKS:
        return Trend(float(y.mean()), math.nan, math.inf, hours)
    slope, error = _line(*(np.array([values[part].mean() for part in parts]) for values in (x, y)))
    return Trend(float(y.mean()), slope, float(stats.t.ppf(0.975, len(parts) - 2)) * error, hours)


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and standard error of the least-squares line; of equal values, too."""
    off = x - x.mean()
    spread = float(off @ off)
    slope = float(off @ (y - y.mean())) / spread
    rest = y - y.mean() - slope * off
    return slope, math.sqrt(float(rest @ rest) / (x.size - 2) / spread)
