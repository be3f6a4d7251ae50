"""How good scores are: numbers from calibrated probabilities and true labels."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from consumer.scale import AS_IT_IS, Scale
from training.measure.weighted import Floats, weighted_measures


def probabilities(logits: npt.ArrayLike, scale: Scale = AS_IT_IS) -> Floats:
    """P(positive) of any shape of logits, without overflow."""
    margins = scale.margin(np.asarray(logits, np.float64))
    result: Floats = 0.5 * (1.0 + np.tanh(0.5 * margins))
    return result


def measure(p: Floats, labels: npt.ArrayLike, threshold: float = 0.5) -> dict[str, float]:
    """Every number by name, for n probabilities and n labels of 0 and 1.

    ``nan`` stands where a number needs a label or a prediction that is not there; ``why_undefined`` says
    which.
    """
    truth = np.asarray(labels) == 1
    once = np.ones((1, len(p)))
    return {name: float(values[0]) for name, values in weighted_measures(p, truth, threshold, once).items()}


_NEEDS = {
    "precision": "no row was called positive",
    "recall": "no row is positive",
    "f1": "no row is positive, or was called so",
    "roc_auc": "needs rows of both labels",
    "average_precision": "needs rows of both labels",
}


def why_undefined(numbers: Mapping[str, float]) -> dict[str, str]:
    """The reason of every number that is not one.

    >>> why_undefined({"accuracy": 1.0, "roc_auc": float("nan")})
    {'roc_auc': 'needs rows of both labels'}
    """
    return {name: _NEEDS.get(name, "no rows") for name, value in numbers.items() if math.isnan(value)}
