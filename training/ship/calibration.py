"""Scores made into probabilities that can be believed, and the threshold that follows from them.

p = sigmoid(logit / temperature + bias), both by least log loss on rows that did not train (Platt 1999;
with the bias left out, the temperature scaling of Guo et al. 2017). Fitted on the back end that serves.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from consumer.errors import ModelRefusedError
from training.data.rows import BadInputError
from training.measure.measures import measure, probabilities
from training.ship.threshold import Rule, choose

NAME = "calibration.json"
_DIGITS = 4  # kept of temperature and bias: far finer than the rows can tell
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The content of ``calibration.json``; the consumer reads the first three."""

    temperature: float
    bias: float
    threshold: float
    rule: str  # how the threshold was chosen
    reason: str  # and why that one
    set: str  # the file, without its folder
    rows: int
    back_end: str
    log_loss: dict[str, float]  # on these rows, before and after


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
    """Temperature, bias and threshold from logits (n,) and labels (n,) of 0 and 1 of the set ``name``.

    ``weights`` (n,) say how much each row counts for temperature and bias; the threshold counts rows.

    Raises:
        BadInputError: labels of one kind only, rows that logits part without error, or an unmet rule.
        ModelRefusedError: a logit is not a number, or they rise where labels fall.
    """
    z, truth = np.asarray(logits, np.float64), np.asarray(labels) == 1
    temperature, bias = (round(value, _DIGITS) for value in fit(z, truth, name, weights))
    p = probabilities(z, temperature, bias)
    chosen = choose(p, truth, rule, name=name, seed=seed)
    return Calibration(
        temperature=temperature,
        bias=bias,
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


def fit(
    z: Floats, truth: npt.NDArray[np.bool_], name: str, weights: Floats | None = None
) -> tuple[float, float]:
    """Temperature and bias of least log loss; convex, so found by Newton's method from anywhere.

    >>> z = np.array([2.0, 2.0, 2.0, -2.0, -2.0, -2.0])
    >>> temperature, bias = fit(z, np.array([True, True, False, True, False, False]), "six rows")
    >>> round(temperature, 3), round(bias, 3) + 0
    (2.885, 0.0)
    """
    _check(z, truth, name)
    y, spread = truth.astype(np.float64), float(z.std())
    x = z / spread  # so that both unknowns are of one size
    share = np.full(len(z), 1 / len(z)) if weights is None else weights / weights.sum()

    def loss(v: Floats) -> tuple[float, Floats]:
        margin = v[0] * x + v[1]
        slope = share * (expit(margin) - y)
        return float(share @ (np.logaddexp(0, margin) - y * margin)), np.array([slope @ x, slope.sum()])

    def curvature(v: Floats) -> Floats:
        p = expit(v[0] * x + v[1])
        w = share * p * (1 - p)
        cross = w @ x
        return np.array([[w @ (x * x), cross], [cross, w.sum()]])

    found = minimize(
        loss, np.array([spread, 0.0]), jac=True, hess=curvature, method="trust-exact", options={"gtol": 1e-10}
    )
    scale, bias = float(found.x[0]) / spread, float(found.x[1])
    if not (np.isfinite(scale) and np.isfinite(bias)):
        raise ModelRefusedError(f"{name}: calibration found no finite temperature")
    if scale <= 0:
        raise ModelRefusedError(
            f"{name}: scores rise where labels fall: on these rows the model is worse than chance"
        )
    return 1 / scale, bias


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
