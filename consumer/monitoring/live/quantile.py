"""A quantile of counts in buckets, as PromQL's ``histogram_quantile`` tells it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsFloat

import numpy as np


def quantile(share: float, bounds: Sequence[float], counts: Sequence[SupportsFloat]) -> float | None:
    """Of counts (b + 1,) under upper bounds (b,): evenly within a bucket, the first one from 0.

    The share is above 0. What lies above every bound is told as the highest bound; None where nothing was
    counted.

    >>> quantile(0.75, (0.1, 0.2), (50, 50, 0)), quantile(0.9, (0.1, 0.2), (0, 0, 7))
    (0.15, 0.2)
    """
    below = np.cumsum(np.asarray(counts, np.float64))  # (b + 1,)
    rank = share * float(below[-1])
    if not below[-1]:
        return None
    place = int(np.searchsorted(below, rank, side="left"))
    if place >= len(bounds):
        return float(bounds[-1])
    start = float(bounds[place - 1]) if place else 0.0
    before = float(below[place - 1]) if place else 0.0
    inside = (rank - before) / (float(below[place]) - before)
    return round(start + (float(bounds[place]) - start) * inside, 9)
