"""How good scores are: numbers from calibrated probabilities and true labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_BINS = 15  # of the expected calibration error, equally wide
_TINY = 1e-12


def probabilities(logits: npt.ArrayLike, temperature: float = 1.0, bias: float = 0.0) -> Floats:
    """P(positive) = sigmoid(logit / temperature + bias), without overflow."""
    scaled = np.asarray(logits, np.float64) / temperature + bias
    result: Floats = 0.5 * (1.0 + np.tanh(0.5 * scaled))
    return result


def measure(p: Floats, labels: npt.ArrayLike, threshold: float = 0.5) -> dict[str, float]:
    """Every number by name, for n probabilities and n labels of 0 and 1.

    ``nan`` stands where a number needs a label or a prediction that is not there.
    """
    truth = np.asarray(labels) == 1
    said = p >= threshold
    hits = int(np.sum(said & truth))
    precision, recall = _ratio(hits, int(said.sum())), _ratio(hits, int(truth.sum()))
    clipped = np.clip(p, _TINY, 1 - _TINY)
    return {
        "n": float(len(p)),
        "positive_share": float(truth.mean()),
        "accuracy": float(np.mean(said == truth)),
        "precision": precision,
        "recall": recall,
        "f1": _ratio(2 * hits, int(said.sum()) + int(truth.sum())),
        "roc_auc": roc_auc(p, truth),
        "log_loss": float(-np.mean(np.where(truth, np.log(clipped), np.log1p(-clipped)))),
        "brier": float(np.mean((p - truth) ** 2)),
        "ece": expected_calibration_error(p, truth),
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def roc_auc(p: Floats, truth: npt.NDArray[np.bool_]) -> float:
    """Probability that a positive scores above a negative, ties counted half.

    >>> roc_auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    _, inverse, counts = np.unique(p, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positives = int(truth.sum())
    return _ratio(
        float(ranks[truth].sum()) - positives * (positives + 1) / 2, positives * (len(p) - positives)
    )


def expected_calibration_error(p: Floats, truth: npt.NDArray[np.bool_]) -> float:
    """Mean distance between P(positive) and the share of positives, over equally wide bins."""
    bins = np.minimum((p * _BINS).astype(int), _BINS - 1)
    gaps = np.abs(np.bincount(bins, p - truth, _BINS))
    return float(gaps.sum() / len(p))


def fit_temperature(logits: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """The temperature with the least log loss, by bisection on the slope's sign.

    >>> round(fit_temperature([2, 2, 2, -2], [1, 1, 0, 0]), 2)
    1.82
    """
    z, y = np.asarray(logits, np.float64), np.asarray(labels, np.float64)
    low, high = 0.05, 20.0  # geometric bisection between these
    for _ in range(60):
        middle = (low * high) ** 0.5
        slope = float(np.sum((probabilities(z, middle) - y) * z))  # above 0: too sure of itself
        low, high = (middle, high) if slope > 0 else (low, middle)
    return float((low * high) ** 0.5)
