"""How much a row counts in the loss: by its source, and by how common its day is among its label."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from training.data.ledger import TARGETS, Columns, Indices

Floats = npt.NDArray[np.float64]
UNKNOWN_DAY = ""
# Twitter's own form, "Mon Apr 06 22:19:45 PDT 2009", or ISO 8601.
_TWITTER = re.compile(r"\w{3} (\w{3} \d\d?) .*(\d{4})")
_ISO = re.compile(r"\d{4}-\d\d-\d\d")


def day_of(date: str) -> str:
    """The day of a date as written, without its hour; ``""`` where it cannot be told.

    >>> day_of("Mon Apr 06 22:19:45 PDT 2009"), day_of("2009-04-06T22:19:45Z"), day_of("soon")
    ('Apr 06 2009', '2009-04-06', '')
    """
    if found := _TWITTER.fullmatch(date):
        return f"{found[1]} {found[2]}"
    found = _ISO.match(date)
    return found[0] if found else UNKNOWN_DAY


def row_weights(
    rows: Indices, columns: Columns, days: dict[str, int], alpha: float, factors: Floats
) -> Floats:
    """Weights of ``rows``, (n,): as they came, times their source's factor, times how rare their day is.

    A label collected in a burst of a few days would otherwise stand for what people spoke of on those days.
    Within a source that has dates, a row counts (rows of its label and day)^-alpha, scaled so that the mean
    of the source is 1; rows without a date are one day. ``alpha`` 0 leaves all days as they are.
    """
    sources = columns.sources[rows]
    weights = columns.weights[rows] * factors[sources]
    if alpha == 0:
        return weights
    return weights * _even_days(rows, columns, days, alpha)


def _even_days(rows: Indices, columns: Columns, days: dict[str, int], alpha: float) -> Floats:
    sources, day = columns.sources[rows], columns.days[rows]
    cells = (sources.astype(np.int64) * len(TARGETS) + columns.labels[rows]) * len(days) + day
    _, cell, counts = np.unique(cells, return_inverse=True, return_counts=True)
    rarity = counts[cell].astype(np.float64) ** -alpha
    size = np.bincount(sources)
    mean = np.bincount(sources, rarity) / np.maximum(size, 1)
    dated = np.bincount(sources, day != days.get(UNKNOWN_DAY, -1)) > 0
    return np.where(dated[sources], rarity / mean[sources], 1.0)
