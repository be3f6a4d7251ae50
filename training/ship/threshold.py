"""The probability from which a tweet is called positive, chosen by a rule that can be stated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from training.data.rows import BadInputError
from training.measure.paired import compare

Kind = Literal["accuracy", "precision", "recall", "fixed"]
EVEN = 0.5
RULES = "accuracy, precision=0.9, recall=0.9 or fixed=0.5"
_SURE = float(norm.ppf(0.95))
_GRID = np.round(np.arange(1, 1000) / 1000, 3)  # the thresholds that are tried
Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rule:
    """How to choose. ``value`` is the floor of precision or recall, or the fixed threshold."""

    kind: Kind = "accuracy"
    value: float = EVEN

    def __str__(self) -> str:
        """As it is typed."""
        return self.kind if self.kind == "accuracy" else f"{self.kind}={self.value}"


@dataclass(frozen=True, slots=True)
class Choice:
    """A threshold and why."""

    threshold: float
    reason: str


def parse(text: str) -> Rule:
    """The rule that ``text`` states; raises ``ValueError``.

    >>> parse("precision=0.9")
    Rule(kind='precision', value=0.9)
    """
    if text == "accuracy":
        return Rule()
    match = re.fullmatch(r"(precision|recall|fixed)=(0?\.\d+)", text)
    if not match or not 0 < float(match[2]) < 1:
        raise ValueError(f"{text!r} is not a rule: {RULES}, with a number between 0 and 1")
    return Rule(cast("Kind", match[1]), float(match[2]))


def choose(p: Floats, truth: Booleans, rule: Rule, *, name: str, seed: int) -> Choice:
    """The threshold for calibrated probabilities (n,) and labels (n,) of the set ``name``.

    - ``accuracy``: 0.5, which a calibrated model's accuracy asks for, unless another threshold is better
      beyond chance: the best one on a random half of the rows has to beat 0.5 on the other half, in a
      paired test with its whole 95 % interval. The maximum over all rows would be fitted to their noise.
    - ``precision=F``: the most recall with precision at least F beyond chance: the lower end of its
      one-sided 95 % interval (Wilson) counts. A single row that happens to be right holds no floor.
    - ``recall=F``: the highest threshold, so the fewest called, with recall at least F in the same sense.
    - ``fixed=T``: T.

    Raises ``BadInputError`` where no threshold reaches the floor.
    """
    if rule.kind == "fixed":
        return Choice(rule.value, "as told")
    if rule.kind == "accuracy":
        return _most_accurate(p, truth, seed)
    return _at_floor(p, truth, rule, name)


def _most_accurate(p: Floats, truth: Booleans, seed: int) -> Choice:
    order = np.random.default_rng(seed).permutation(len(p))
    seek, check = order[: len(p) // 2], order[len(p) // 2 :]
    called, hits = _counts(p[seek], truth[seek])
    right = hits + (len(seek) - int(truth[seek].sum())) - (called - hits)
    best = float(_GRID[int(np.argmax(right - 1e-6 * np.abs(_GRID - EVEN)))])  # of equals the one nearest 0.5
    found = compare(p[check], p[check], truth[check], threshold_new=best, seed=seed)
    if best == EVEN:
        return Choice(EVEN, "the best on half of the rows, too")
    if found.verdict == "better":
        return Choice(best, f"the best on half of the rows; against 0.5 on the other half {found.sentence()}")
    return Choice(
        EVEN, f"{best}, the best on half of the rows, is no better on the other half: {found.sentence()}"
    )


def _at_floor(p: Floats, truth: Booleans, rule: Rule, name: str) -> Choice:
    called, hits = _counts(p, truth)
    of = called if rule.kind == "precision" else np.full_like(called, truth.sum())
    sure = _lower_end(hits, of)
    reached = sure >= rule.value
    if not reached.any():
        best = int(np.argmax(sure))
        raise BadInputError(
            f"{name}: no threshold reaches {rule} beyond chance on these {len(p)} rows; the surest is "
            f"{_GRID[best]:.3f}, with {hits[best] / max(1, of[best]):.4f}, at least {sure[best]:.4f}"
        )
    # Calling less never finds more: the lowest threshold has the most recall, the highest calls the fewest.
    at = int(np.flatnonzero(reached)[0 if rule.kind == "precision" else -1])
    share = hits[at] / of[at]
    return Choice(
        float(_GRID[at]), f"{rule.kind} {share:.4f} on these rows, with 95 % at least {sure[at]:.4f}"
    )


def _lower_end(hits: npt.NDArray[np.int64], of: npt.NDArray[np.int64]) -> Floats:
    """Of the one-sided 95 % interval of each share (Wilson 1927); 0 of 0 is 0."""
    n = np.maximum(of, 1).astype(np.float64)
    spread = _SURE * np.sqrt(hits * (n - hits) / n + _SURE**2 / 4)
    lower: Floats = (hits + _SURE**2 / 2 - spread) / (n + _SURE**2)
    return np.where(of > 0, lower, 0.0)


def _counts(p: Floats, truth: Booleans) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """At each threshold of the grid: rows called positive, and how many of those are."""
    called = len(p) - np.searchsorted(np.sort(p), _GRID, side="left")
    hits = int(truth.sum()) - np.searchsorted(np.sort(p[truth]), _GRID, side="left")
    return called, hits
