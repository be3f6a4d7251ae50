"""Measures of many weightings of the same rows at once: how a bootstrap takes seconds, not minutes.

A resample of n rows is a row of counts (n,), how often each row was drawn. All measures are sums over
rows, or over the rows sorted by probability, so r resamples are a few products with a matrix (r, n).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
BINS = 15  # of the expected calibration error, equally wide
_TINY = 1e-12  # keeps the loss of a certain and wrong probability finite


def weighted_measures(p: Floats, truth: Booleans, threshold: float, counts: Floats) -> dict[str, Floats]:
    """Every measure by name, (r,) each, for probabilities (n,), truth (n,) and counts (r, n).

    ``nan`` stands where a measure needs a label or a prediction that is not there.
    """
    said = p >= threshold
    clipped = np.clip(p, _TINY, 1 - _TINY)
    loss = -np.where(truth, np.log(clipped), np.log1p(-clipped))
    columns = np.stack([said & truth, said, truth, said == truth, loss, (p - truth) ** 2], axis=1)
    hits, called, positives, right, losses, squares = (counts @ columns.astype(np.float64)).T
    total = counts.sum(axis=1)
    roc_auc, average_precision = _ranked(p, truth, counts)
    return {
        "n": total,
        "positive_share": ratio(positives, total),
        "accuracy": ratio(right, total),
        "precision": ratio(hits, called),
        "recall": ratio(hits, positives),
        "f1": ratio(2 * hits, called + positives),
        "roc_auc": roc_auc,
        "average_precision": average_precision,
        "log_loss": ratio(losses, total),
        "brier": ratio(squares, total),
        "ece": _calibration_error(p, truth, counts),
    }


def ratio(part: Floats, whole: Floats) -> Floats:
    """``part / whole``, not a number where the whole is 0."""
    out = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=out, where=whole != 0)
    return out


def bins_of(p: Floats, count: int = BINS) -> npt.NDArray[np.intp]:
    """The equally wide bin of each probability; 1 belongs to the last.

    >>> bins_of(np.array([0.0, 0.5, 1.0]), 4).tolist()
    [0, 2, 3]
    """
    return np.minimum((p * count).astype(np.intp), count - 1)


def _calibration_error(p: Floats, truth: Booleans, counts: Floats) -> Floats:
    gaps = np.zeros((len(p), BINS))
    gaps[np.arange(len(p)), bins_of(p)] = p - truth
    return ratio(np.abs(counts @ gaps).sum(axis=1), counts.sum(axis=1))


def _ranked(p: Floats, truth: Booleans, counts: Floats) -> tuple[Floats, Floats]:
    """ROC-AUC and average precision, equal probabilities taken together, (r,) each.

    Both are undefined unless both labels are there.
    """
    order = np.argsort(-p, kind="stable")  # the surest positive first
    starts = np.flatnonzero(np.diff(p[order], prepend=np.inf))
    drawn = counts[:, order]
    positive = np.add.reduceat(drawn * truth[order], starts, axis=1)  # (r, distinct probabilities)
    negative = np.add.reduceat(drawn * ~truth[order], starts, axis=1)
    found, alarms = positive.cumsum(axis=1), negative.cumsum(axis=1)
    positives, negatives = found[:, -1], alarms[:, -1]
    above = (negatives[:, None] - alarms) + negative / 2  # negatives that each group outranks
    roc_auc = ratio((positive * above).sum(axis=1), positives * negatives)
    steps = np.nan_to_num(positive * ratio(found, found + alarms))
    average_precision = ratio(steps.sum(axis=1), np.where(negatives > 0, positives, 0))
    return roc_auc, average_precision
