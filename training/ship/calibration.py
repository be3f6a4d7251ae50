"""Scores made into probabilities that can be believed, and the threshold that follows from them.

p = sigmoid(logit / temperature + stretch · logit³ + bias), by least log loss on rows that did not train.
Without the stretch it is the scaling of Platt 1999, with the temperature alone that of Guo et al. 2017;
the stretch takes back what smoothed labels took from the far ends. Fitted on the back end that serves.
"""

from __future__ import annotations

import json
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from consumer.errors import ModelRefusedError
from consumer.scale import Scale
from training.data.rows import BadInputError
from training.measure.measures import measure, probabilities
from training.ship.threshold import Rule, choose

NAME = "calibration.json"
_DIGITS = 4  # kept of each number: far finer than the rows can tell
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The content of ``calibration.json``; the consumer reads the first four."""

    temperature: float
    stretch: float
    bias: float
    threshold: float
    rule: str  # how the threshold was chosen
    reason: str  # and why that one
    set: str  # the file, without its folder
    rows: int
    back_end: str
    log_loss: dict[str, float]  # on these rows, before and after

    @property
    def scale(self) -> Scale:
        """What makes probabilities of logits."""
        return Scale(self.temperature, self.stretch, self.bias)


def calibrate(
    logits: npt.ArrayLike,
    labels: npt.ArrayLike,
    rule: Rule,
    *,
    name: str,
    back_end: str,
    seed: int = 7,
    weights: Floats | None = None,
) -> Calibration:
    """Scale and threshold from logits (n,) and labels (n,) of 0 and 1 of the set ``name``.

    ``weights`` (n,) say how much each row counts for the scale; the threshold counts rows.

    Raises:
        BadInputError: labels of one kind only, rows that logits part without error, or an unmet rule.
        ModelRefusedError: a logit is not a number, or they rise where labels fall.
    """
    z, truth = np.asarray(logits, np.float64), np.asarray(labels) == 1
    scale = _rounded(fit(z, truth, name, weights))
    p = probabilities(z, scale)
    chosen = choose(p, truth, rule, name=name, seed=seed)
    return Calibration(
        **asdict(scale),
        threshold=chosen.threshold,
        rule=str(rule),
        reason=chosen.reason,
        set=name,
        rows=len(z),
        back_end=back_end,
        log_loss={
            "before": round(measure(probabilities(z), truth)["log_loss"], 6),
            "after": round(measure(p, truth)["log_loss"], 6),
        },
    )


def fit(z: Floats, truth: npt.NDArray[np.bool_], name: str, weights: Floats | None = None) -> Scale:
    """The scale of least log loss for logits (n,) and whether each row is positive (n,).

    >>> z = np.array([2.0, 2.0, 2.0, -2.0, -2.0, -2.0, 1.0, -1.0])
    >>> found = fit(z, np.array([True, True, False, True, False, False, True, False]), "eight rows")
    >>> round(found.temperature, 3), found.stretch, round(found.bias, 3) + 0
    (2.014, 0.0, 0.0)
    """
    _check(z, truth, name)
    share = np.full(len(z), 1 / len(z)) if weights is None else weights / weights.sum()
    one = np.ones_like(z)
    (slope, bias), plain = _least(np.stack([z, one], axis=1), truth, share)
    (steeper, stretch, moved), stretched = _least(np.stack([z, z**3, one], axis=1), truth, share)
    enough = plain - stretched > np.log(len(z)) / (2 * len(z))  # the criterion of Schwarz 1978
    if enough and stretch > 0 and steeper > 0:  # below 0 it would turn the order round
        slope, bias = steeper, moved
    else:
        stretch = 0.0
    if not np.isfinite([slope, stretch, bias]).all():
        raise ModelRefusedError(f"{name}: calibration found no finite temperature")
    if slope <= 0:
        raise ModelRefusedError(
            f"{name}: scores rise where labels fall: on these rows the model is worse than chance"
        )
    return Scale(float(1 / slope), float(stretch), float(bias))


def _least(columns: Floats, truth: npt.NDArray[np.bool_], share: Floats) -> tuple[Floats, float]:
    """The factors of columns (n, k) of least log loss, and that loss.

    Convex, so found by Newton's method from anywhere.
    """
    y, spread = truth.astype(np.float64), np.sqrt((columns**2).mean(axis=0))
    x = columns / spread  # so that all unknowns are of one size

    def loss(v: Floats) -> tuple[float, Floats]:
        margin = x @ v
        slope = share * (expit(margin) - y)
        return float(share @ (np.logaddexp(0, margin) - y * margin)), slope @ x

    def curvature(v: Floats) -> Floats:
        p = expit(x @ v)
        found: Floats = (x.T * (share * p * (1 - p))) @ x
        return found

    start = np.zeros(len(spread))
    found = minimize(loss, start, jac=True, hess=curvature, method="trust-exact", options={"gtol": 1e-10})
    return found.x / spread, float(found.fun)


def _rounded(scale: Scale) -> Scale:
    return Scale(*(round(value, _DIGITS) for value in astuple(scale)))


def _check(z: Floats, truth: npt.NDArray[np.bool_], name: str) -> None:
    if not np.isfinite(z).all():
        raise ModelRefusedError(f"{name}: the model gave no number for {int((~np.isfinite(z)).sum())} texts")
    if truth.all() or not truth.any():
        raise BadInputError(f"{name}: all {len(truth)} rows have one label; calibration needs both")
    above, below = z[truth], z[~truth]
    if below.max() <= above.min() or above.max() <= below.min():
        raise BadInputError(
            f"{name}: one cut parts the labels of all {len(z)} rows without error: no temperature is best; "
            "use more rows, and rows the model was not trained on"
        )


def write_calibration(folder: Path, calibration: Calibration) -> None:
    """Write ``calibration.json``."""
    content: dict[str, Any] = asdict(calibration)
    (folder / NAME).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
