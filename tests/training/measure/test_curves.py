"""Curves kept in an evaluation are those of the rows."""

from __future__ import annotations

import numpy as np
import pytest

from training.measure.curves import by_threshold, confusion, histogram, precision_recall, reliability
from training.measure.intervals import Resampling, intervals
from training.measure.measures import measure

P = np.array([0.9, 0.8, 0.6, 0.4, 0.3, 0.1])
TRUTH = np.array([True, True, False, True, False, False])


def test_each_threshold_is_measured_as_the_threshold_would_be() -> None:
    """The curve over thresholds holds what ``measure`` says at each of them, ends included."""
    rng = np.random.default_rng(2)
    p = np.append(np.round(rng.random(80), 2), [0.0, 1.0])  # also exactly on the grid
    truth = rng.random(82) < p
    curve = by_threshold(p, truth, Resampling(10))
    for at in (0, 1, 37, 50, 99, 100):
        alone = measure(p, truth, curve["threshold"][at])
        found = {name: curve[name][at] for name in ("accuracy", "precision", "recall", "f1")}
        assert found == pytest.approx({name: alone[name] for name in found}, nan_ok=True)


@pytest.mark.parametrize("name", ["accuracy", "precision", "recall", "f1"])
def test_each_measure_lies_within_its_band(name: str) -> None:
    """The band holds the curve wherever it is defined, and is one: not a line."""
    rng = np.random.default_rng(3)
    p = rng.random(300)
    curve = by_threshold(p, rng.random(300) < p, Resampling(100))
    value, low, high = (np.array(curve[name + end]) for end in ("", "_low", "_high"))
    inner = slice(5, 95)
    assert (low[inner] <= value[inner]).all()
    assert (value[inner] <= high[inner]).all()
    assert (high - low)[20:80].min() > 0.01


def test_a_band_is_that_of_the_threshold_alone() -> None:
    """The same resamples, measured at one threshold, give the same ends."""
    rng = np.random.default_rng(4)
    p = rng.random(120)
    truth = rng.random(120) < p
    curve = by_threshold(p, truth, Resampling(150))
    alone = intervals(p, truth, curve["threshold"][40], Resampling(150))
    for name in ("accuracy", "precision", "recall", "f1"):
        assert (curve[f"{name}_low"][40], curve[f"{name}_high"][40]) == pytest.approx(alone[name])


def test_where_a_measure_is_undefined_it_has_no_band() -> None:
    """At 1.00 nothing is called positive, so there is no precision."""
    curve = by_threshold(P, TRUTH, Resampling(100))
    assert np.isnan([curve["precision"][-1], curve["precision_low"][-1], curve["precision_high"][-1]]).all()


def test_precision_at_each_recall() -> None:
    """Two of three positives are the two surest rows; the third needs one false alarm more."""
    curve = dict(zip(*precision_recall(P, TRUTH).values(), strict=True))
    assert len(curve) == 100
    assert curve[0.33] == curve[0.66] == 1.0
    assert curve[0.67] == curve[1.0] == pytest.approx(3 / 4)


def test_no_positive_no_curve() -> None:
    """Without a positive row there is no recall to draw."""
    assert precision_recall(P, np.zeros(6, bool)) == {"recall": [], "precision": []}


def test_bins_keep_rows_and_positives() -> None:
    """Empty bins are left out; the others add up."""
    bins = reliability(np.array([0.0, 0.01, 0.5, 1.0]), np.array([False, True, True, True]))
    assert bins == {"rows": [2, 1, 1], "mean_probability": [0.005, 0.5, 1.0], "positives": [1, 1, 1]}
    assert sum(histogram(P)) == 6


def test_confusion() -> None:
    """A probability equal to the threshold is positive."""
    assert confusion(P, TRUTH, 0.6) == {
        "true_positive": 2, "false_positive": 1, "false_negative": 1, "true_negative": 2,
    }  # fmt: skip
