"""Quantiles of the chi-squared distribution, for whole degrees of freedom: there the tail has a closed form.

The stream does not carry scipy for one number; a test holds this against it.
"""

from __future__ import annotations

import math
from functools import lru_cache

_HALVINGS = 200  # more than the digits of a float have room for


def upper_tail(x: float, degrees: int) -> float:
    """P(X > x) of chi-squared with so many degrees of freedom.

    >>> round(upper_tail(3.841459, 1), 6), round(upper_tail(18.307038, 10), 6)
    (0.05, 0.05)
    """
    half = x / 2
    if degrees % 2:
        total, term = math.erfc(math.sqrt(half)), math.sqrt(half / math.pi) * 2
        steps = [1.5 + i for i in range(degrees // 2)]
    else:
        total, term = 0.0, 1.0
        steps = [1.0 + i for i in range(degrees // 2)]
    weight = math.exp(-half)
    for step in steps:
        total += weight * term
        term *= half / step
    return total


@lru_cache(maxsize=4096)
def quantile(tail: float, degrees: int) -> float:
    """The x that chi-squared exceeds with probability ``tail``, between 0 and 1; about 100 µs, then cached.

    >>> round(quantile(0.05, 1), 4)
    3.8415
    """
    low, high = 0.0, float(degrees)
    while upper_tail(high, degrees) > tail:
        high *= 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if upper_tail(middle, degrees) > tail:
            low = middle
        else:
            high = middle
    return high
