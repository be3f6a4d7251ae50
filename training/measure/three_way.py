"""Negative, neutral, positive: what a ``NEUTRAL_BAND`` of the consumer does on rows that may be neutral.

Every verdict is the consumer's own, ``LabelRule.label``. It only rises with the probability, so the two
places where it changes are found by bisection, and a band costs a few calls however many rows there are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from consumer.label import LabelRule
from consumer.records import Label
from training.data.rows import BadInputError
from training.measure.intervals import Interval, Resampling, percentiles
from training.measure.weighted import Floats, ratio

Band = tuple[float, float]
CLASSES = (Label.NEGATIVE, Label.NEUTRAL, Label.POSITIVE)
_RANK = {label: rank for rank, label in enumerate(CLASSES)}
_STEP = 0.01  # of the bands tried


@dataclass(frozen=True, slots=True)
class ThreeWay:
    """Calibrated probabilities in rising order, and how many rows of each class lie before each place."""

    p: list[float]  # (n,)
    before: npt.NDArray[np.int64]  # (n + 1, 3), classes in the order of CLASSES


def three_way(negative: Floats, neutral: Floats, positive: Floats) -> ThreeWay:
    """Sort probabilities by class once, for many bands."""
    p = np.concatenate([negative, neutral, positive])
    classes = np.repeat(np.arange(3), [len(negative), len(neutral), len(positive)])
    order = np.argsort(p, kind="stable")
    before = np.zeros((len(p) + 1, 3), np.int64)
    before[1:] = np.eye(3, dtype=np.int64)[classes[order]].cumsum(axis=0)
    return ThreeWay(p[order].tolist(), before)


def confusion(rows: ThreeWay, band: Band | None, threshold: float) -> npt.NDArray[np.int64]:
    """Rows (3, 3) by true class and label given, in the order of ``CLASSES``."""
    rule = LabelRule(threshold=threshold, neutral_band=band)

    def rank(probability: float) -> int:
        return _RANK[rule.label(probability)]

    edges = [0, bisect_left(rows.p, 1, key=rank), bisect_left(rows.p, 2, key=rank), len(rows.p)]
    counted: npt.NDArray[np.int64] = np.diff(rows.before[edges], axis=0).T
    return counted


def measure(cells: npt.NDArray[Any]) -> dict[str, Floats]:
    """Measures of confusions (…, 3, 3), each of shape (…)."""
    right = np.diagonal(cells, axis1=-2, axis2=-1).astype(float)  # (…, 3)
    recall = ratio(right, cells.sum(axis=-1))
    f1 = ratio(2 * right, cells.sum(axis=-1) + cells.sum(axis=-2))
    names = [label.value for label in CLASSES]
    return {
        "macro_recall": recall.mean(axis=-1),
        "f1_pos_neg": (f1[..., 0] + f1[..., 2]) / 2,
        "accuracy": ratio(right.sum(axis=-1), cells.sum(axis=(-2, -1))),
    } | {f"recall_{name}": recall[..., i] for i, name in enumerate(names)}


def intervals(cells: npt.NDArray[np.int64], resampling: Resampling) -> dict[str, Interval]:
    """The 95 % interval of every measure: a resample of rows is one draw of the nine cells."""
    total = int(cells.sum())
    rng = np.random.default_rng(resampling.seed)
    drawn = rng.multinomial(total, cells.ravel() / total, resampling.resamples).reshape(-1, 3, 3)
    return {name: percentiles(values) for name, values in measure(drawn).items()}


def best_band(rows: ThreeWay, threshold: float) -> Band:
    """The band with the largest macro recall of all that hold the threshold, in steps of 0.01.

    Of equal ones the narrowest: it leaves most rows their label.
    """
    grid = np.round(np.arange(_STEP, 1.0, _STEP), 2).tolist()
    tried = [(low, high) for low in grid for high in grid if low <= threshold <= high and low < high]
    return min(tried, key=lambda band: (-_macro_recall(rows, band, threshold), band[1] - band[0], band))


def _macro_recall(rows: ThreeWay, band: Band, threshold: float) -> float:
    return float(measure(confusion(rows, band, threshold))["macro_recall"])


def parse_band(text: str, threshold: float) -> Band:
    """``LOW,HIGH`` as the consumer's ``NEUTRAL_BAND``; raises ``BadInputError`` when it could not be one.

    >>> parse_band("0.4,0.6", 0.5)
    (0.4, 0.6)
    """
    parts = _numbers(text.split(","))
    if len(parts) != 2 or not 0 <= parts[0] < parts[1] <= 1:  # noqa: PLR2004 - a low and a high end
        raise BadInputError(f"--neutral-band {text!r}: must be LOW,HIGH with 0 ≤ LOW < HIGH ≤ 1")
    if not parts[0] <= threshold <= parts[1]:
        raise BadInputError(f"--neutral-band {text!r}: must contain the model's threshold, {threshold}")
    return parts[0], parts[1]


def _numbers(parts: Sequence[str]) -> list[float]:
    try:
        return [float(part) for part in parts]
    except ValueError:
        return []
