"""Which bins are told apart: those that a window of this size can fill. Pure.

The chi-squared law holds where a bin expects ten tweets or more; rarer neighbours are counted as one. It is
the reference and the sizes that decide, never what the window holds, or the false-alarm rate would not
hold.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from consumer.monitoring.drift.distance import Counts

LEAST_EXPECTED = 10
Groups = npt.NDArray[np.intp]  # (b,) the group that each bin is counted in, from 0


def group(reference: Counts, tweets: int) -> Groups:
    """The group of each bin of the reference, for a window of so many tweets; always two at least.

    Where all but one bin are rare, the commonest stands against all others together.

    >>> group(np.array([0, 40, 5, 6, 49]), 100)
    array([0, 0, 1, 1, 2])
    >>> group(np.array([1000, 0, 1]), 1000)
    array([0, 1, 1])
    """
    rows = int(reference.sum())
    expected = reference * (min(tweets, rows) / rows)
    places, number, gathered = [], 0, 0.0
    for one in expected:
        places.append(number)
        gathered += float(one)
        if gathered >= LEAST_EXPECTED:
            number, gathered = number + 1, 0.0
    found = np.array(places, np.intp)
    if number > 1:
        return np.minimum(found, number - 1)  # what is left over joins the last
    others: Groups = (np.arange(len(reference)) != int(reference.argmax())).astype(np.intp)
    return others


def gather(counts: Counts, groups: Groups) -> Counts:
    """Counts of the groups.

    >>> gather(np.array([1, 2, 3]), np.array([0, 1, 1]))
    array([1, 5])
    """
    return np.bincount(groups, weights=counts).astype(np.int64)
