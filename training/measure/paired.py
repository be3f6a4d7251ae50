"""Is one model better than another? Both score the same rows, so the rows pair up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

Verdict = Literal["better", "same", "worse"]
_COVERAGE = 95  # percent of the interval


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the new model's accuracy differs from the old one's on n rows that both scored.

    ``low`` and ``high`` bound the difference with 95 %: the verdict is better or worse only where the
    interval leaves 0 out. ``mcnemar_p`` is the exact two-sided p of the rows that only one got right.
    """

    verdict: Verdict
    difference: float  # accuracy, new minus old
    low: float
    high: float
    mcnemar_p: float
    n: int

    def sentence(self) -> str:
        """The verdict with its numbers, for people.

        >>> Comparison("better", 0.0123, 0.004, 0.02, 0.003, 2000).sentence()
        'better: accuracy +1.23 points on 2,000 rows, 95 % interval +0.40 to +2.00, McNemar p = 0.003'
        """
        moved, low, high = (100 * value for value in (self.difference, self.low, self.high))
        return (
            f"{self.verdict}: accuracy {moved:+.2f} points on {self.n:,} rows, "
            f"{_COVERAGE} % interval {low:+.2f} to {high:+.2f}, McNemar p = {self.mcnemar_p:.2g}"
        )


def compare(
    p_new: npt.ArrayLike,
    p_old: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    threshold_new: float = 0.5,
    threshold_old: float = 0.5,
    seed: int = 7,
    resamples: int = 2000,
) -> Comparison:
    """Compare two models' probabilities (n,) of the same rows against labels (n,) of 0 and 1.

    Raises ``ValueError`` where the rows do not pair up, there are none, or a probability is not a number.
    """
    new, old = _right(p_new, labels, threshold_new), _right(p_old, labels, threshold_old)
    won, lost = int(np.sum(new & ~old)), int(np.sum(old & ~new))
    low, high = _interval(won, lost, len(new), seed, resamples)
    verdict: Verdict = "better" if low > 0 else "worse" if high < 0 else "same"
    return Comparison(verdict, (won - lost) / len(new), low, high, _mcnemar(won, lost), len(new))


def _right(p: npt.ArrayLike, labels: npt.ArrayLike, threshold: float) -> npt.NDArray[np.bool_]:
    scores, truth = np.asarray(p, np.float64), np.asarray(labels) == 1
    if scores.ndim != 1 or scores.shape != truth.shape or not scores.size:
        raise ValueError(f"probabilities {scores.shape} and labels {truth.shape} must be one row each")
    if not np.isfinite(scores).all():
        raise ValueError("a probability is not a number")
    result: npt.NDArray[np.bool_] = (scores >= threshold) == truth
    return result


def _interval(won: int, lost: int, rows: int, seed: int, resamples: int) -> tuple[float, float]:
    """Percentiles of the resampled difference.

    Rows drawn with replacement count only as won, lost or neither, so a resample is one multinomial draw.
    """
    shares = (won / rows, lost / rows, (rows - won - lost) / rows)
    drawn = np.random.default_rng(seed).multinomial(rows, shares, resamples)  # (resamples, 3)
    tail = (100 - _COVERAGE) / 2
    low, high = np.percentile((drawn[:, 0] - drawn[:, 1]) / rows, (tail, 100 - tail))
    return float(low), float(high)


def _mcnemar(won: int, lost: int) -> float:
    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0
