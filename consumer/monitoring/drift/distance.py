"""How far two histograms over the same bins are apart. Pure.

Both count half a tweet more in every bin, so that an empty one has a finite weight.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]  # (b,)
Floats = npt.NDArray[np.float64]
_HALF = 0.5


def shares(counts: npt.ArrayLike) -> Floats:
    """The share of each bin, (…, b) → (…, b)."""
    raised = np.asarray(counts, np.float64) + _HALF
    found: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return found


def psi(window: npt.ArrayLike, reference: npt.ArrayLike) -> Floats:
    """The population stability index, over the last axis: Σ (p - q) ln(p / q); 0 is the same.

    >>> round(float(psi([300, 700], [500, 500])), 3)
    0.169
    """
    p, q = shares(window), shares(reference)
    found: Floats = ((p - q) * np.log(p / q)).sum(axis=-1)
    return found


def jensen_shannon(window: npt.ArrayLike, reference: npt.ArrayLike) -> Floats:
    """The Jensen-Shannon divergence in nats, over the last axis: from 0, the same, to ln 2, nothing shared.

    >>> round(float(jensen_shannon([300, 700], [500, 500])), 4)
    0.021
    """
    p, q = shares(window), shares(reference)
    middle = (p + q) / 2
    found: Floats = (p * np.log(p / middle) + q * np.log(q / middle)).sum(axis=-1) / 2
    return found
