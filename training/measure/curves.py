"""Curves of a set, compact: all that a figure needs, so that it can be drawn without the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.measure.intervals import Resampling, percentiles
from training.measure.weighted import BINS, Booleans, Floats, bins_of, ratio

GRID = np.round(np.linspace(0.0, 1.0, 101), 2)  # thresholds, and recalls of the precision-recall curve
HISTOGRAM_BINS = 40
_RESAMPLES = 200  # for the bands around curves: they are looked at, not quoted


def by_threshold(p: Floats, truth: Booleans, resampling: Resampling) -> dict[str, list[float]]:
    """Accuracy, precision, recall and F1 were the threshold each of 0.00, 0.01 … 1.00.

    ``f1_low`` and ``f1_high`` bound F1 with 95 %, and so on; ``nan`` where a measure has no interval.
    """
    once = _at_thresholds(p, truth, np.ones((1, len(p))))
    fewer = Resampling(min(_RESAMPLES, resampling.resamples), resampling.seed)
    drawn = [_at_thresholds(p, truth, counts) for counts in fewer.counts(len(p))]
    curves = {name: values[0].tolist() for name, values in once.items()}
    for name in once if drawn else ():
        bounds = [percentiles(column) for column in np.concatenate([one[name] for one in drawn]).T]
        curves[f"{name}_low"], curves[f"{name}_high"] = map(list, zip(*bounds, strict=True))
    return {"threshold": GRID.tolist()} | curves


def _at_thresholds(p: Floats, truth: Booleans, counts: Floats) -> dict[str, Floats]:
    """Measures (r, 101) of resamples (r, n): sums over rows whose p is at least each threshold."""
    place = np.searchsorted(GRID, p, side="right") - 1  # the highest threshold that p still reaches
    reached = np.zeros((len(p), len(GRID)))
    reached[np.arange(len(p)), place] = 1.0
    hits = _from_above(counts @ (reached * truth[:, None]))
    called = _from_above(counts @ reached)
    positives, total = hits[:, :1], called[:, :1]
    right = hits + (total - positives) - (called - hits)
    return {
        "accuracy": ratio(right, np.broadcast_to(total, right.shape)),
        "precision": ratio(hits, called),
        "recall": ratio(hits, np.broadcast_to(positives, hits.shape)),
        "f1": ratio(2 * hits, called + positives),
    }


def _from_above(values: Floats) -> Floats:
    return values[:, ::-1].cumsum(axis=1)[:, ::-1]


def precision_recall(p: Floats, truth: Booleans) -> dict[str, list[float]]:
    """Precision at each recall of 0.01 … 1.00: at the highest threshold that finds so many.

    Empty without a positive row.
    """
    if not truth.any():
        return {"recall": [], "precision": []}
    order = np.argsort(-p, kind="stable")
    last = np.flatnonzero(np.diff(p[order], append=-np.inf))  # rows of equal p are called together
    found = truth[order].cumsum()[last]
    recalls = GRID[1:]
    at = np.searchsorted(found, np.ceil(recalls * found[-1] - 1e-9))
    return {"recall": recalls.tolist(), "precision": (found[at] / (last[at] + 1)).tolist()}


def reliability(p: Floats, truth: Booleans) -> dict[str, list[float]]:
    """Rows, mean probability and share of positives of each bin that has rows."""
    bins = bins_of(p)
    rows = np.bincount(bins, minlength=BINS)
    kept = rows > 0
    return {
        "rows": rows[kept].tolist(),
        "mean_probability": (np.bincount(bins, p, BINS)[kept] / rows[kept]).tolist(),
        "positives": np.bincount(bins, truth, BINS)[kept].astype(int).tolist(),
    }


def histogram(p: Floats) -> list[int]:
    """Rows in each of 40 equally wide bins."""
    return [int(rows) for rows in np.bincount(bins_of(p, HISTOGRAM_BINS), minlength=HISTOGRAM_BINS)]


def confusion(p: Floats, truth: Booleans, threshold: float) -> dict[str, int]:
    """Rows by what they are and what was said."""
    said = p >= threshold
    cells = {
        "true_positive": said & truth,
        "false_positive": said & ~truth,
        "false_negative": ~said & truth,
        "true_negative": ~said & ~truth,
    }
    return {name: int(mask.sum()) for name, mask in cells.items()}


def curves(p: Floats, raw: Floats, neutral: Floats, truth: Booleans) -> dict[str, Any]:
    """What figures draw, of calibrated and raw probabilities (n,) and those of neutral rows (m,)."""
    return {
        "precision_recall": precision_recall(p, truth),
        "reliability": {"calibrated": reliability(p, truth), "uncalibrated": reliability(raw, truth)},
        "histogram": {"positive": histogram(p[truth]), "negative": histogram(p[~truth])}
        | ({"neutral": histogram(neutral)} if len(neutral) else {}),
    }
