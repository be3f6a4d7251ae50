"""Percentiles, of values at hand and of a Prometheus histogram."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least that share of all values does not exceed; None without values.

    >>> percentile([5.0, 1.0, 4.0, 2.0, 3.0], 0.5), percentile([1.0, 2.0], 0.99)
    (3.0, 2.0)
    """
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def histogram_percentile(buckets: Mapping[float, float], share: float) -> float | None:
    """The same from cumulative counts by upper bound, even within a bucket as Prometheus has it.

    >>> histogram_percentile({0.1: 50, 0.2: 100, math.inf: 100}, 0.75)
    0.15
    """
    total = max(buckets.values(), default=0.0)
    if not total:
        return None
    lower_bound, below = 0.0, 0.0
    for bound in sorted(buckets):
        if buckets[bound] >= share * total:
            if math.isinf(bound):
                return lower_bound
            inside = (share * total - below) / (buckets[bound] - below)
            return round(lower_bound + (bound - lower_bound) * inside, 6)
        lower_bound, below = bound, buckets[bound]
    return lower_bound
