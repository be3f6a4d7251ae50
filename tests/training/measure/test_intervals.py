"""Measures of many resamples at once, and the intervals they give."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from training.measure.intervals import Resampling, intervals, percentiles
from training.measure.measures import measure, why_undefined
from training.measure.weighted import weighted_measures

ROWS = st.lists(
    st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.55, 0.9]), st.booleans()), min_size=2, max_size=30
)


@settings(max_examples=40)
@given(ROWS)
def test_measures_are_those_of_scikit_learn(rows: list[tuple[float, bool]]) -> None:
    """A second opinion on each measure, ties and all."""
    p, truth = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    found = measure(p, truth)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(truth, p >= 0.5))
    assert found["brier"] == pytest.approx(metrics.brier_score_loss(truth, p, pos_label=True))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(truth, p, labels=[False, True]))
    if truth.any() and not truth.all():
        assert found["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth, p))
        assert found["average_precision"] == pytest.approx(metrics.average_precision_score(truth, p))
        assert found["f1"] == pytest.approx(metrics.f1_score(truth, p >= 0.5, zero_division=0))


@settings(max_examples=25)
@given(ROWS, st.integers(0, 1000))
def test_a_resample_is_measured_as_its_rows_would_be(rows: list[tuple[float, bool]], seed: int) -> None:
    """Counting a row twice is the same as having it twice: for every measure."""
    p, truth = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    (counts,) = Resampling(3, seed).counts(len(p))
    weighted = weighted_measures(p, truth, 0.5, counts)
    for row in range(3):
        drawn = np.repeat(np.arange(len(p)), counts[row].astype(int))
        alone = measure(p[drawn], truth[drawn])
        assert {k: weighted[k][row] for k in alone} == pytest.approx(alone, nan_ok=True)


def test_counts_come_in_blocks_and_add_up() -> None:
    """Every resample draws as many rows as there are; memory is bounded by blocks."""
    blocks = list(Resampling(5, seed=1).counts(1_500_000))
    assert [block.shape for block in blocks] == [(1, 1_500_000)] * 5
    assert all(block.sum() == 1_500_000 for block in blocks)


def test_same_seed_same_intervals() -> None:
    """An interval can be found again to the last digit, and another seed gives another."""
    p, truth = np.linspace(0, 1, 60), np.arange(60) % 3 > 0
    first = intervals(p, truth, 0.5, Resampling(50, seed=3))
    assert first == intervals(p, truth, 0.5, Resampling(50, seed=3))
    assert first != intervals(p, truth, 0.5, Resampling(50, seed=4))


def test_intervals_cover() -> None:
    """Of 95 % intervals around accuracies of 200 rows about 95 % hold the true one, and few are wider."""
    rng, true = np.random.default_rng(5), 0.8
    found = []
    for trial in range(150):
        labels = rng.random(200) < 0.5
        right = rng.random(200) < true
        p = np.where(right == labels, 0.9, 0.1)
        found.append(intervals(p, labels, 0.5, Resampling(200, seed=trial))["accuracy"])
    covered = np.mean([low <= true <= high for low, high in found])
    width = np.mean([high - low for low, high in found])
    assert 0.88 <= covered <= 0.99
    assert width == pytest.approx(2 * 1.96 * math.sqrt(0.8 * 0.2 / 200), rel=0.1)


def test_one_label_only_has_no_curve() -> None:
    """What needs both labels is not a number, with its reason; the rest is measured."""
    p, truth = np.array([0.2, 0.6, 0.9]), np.ones(3, bool)
    numbers, bounds = measure(p, truth), intervals(p, truth, 0.5, Resampling(20))
    assert why_undefined(numbers) == {
        "roc_auc": "needs rows of both labels",
        "average_precision": "needs rows of both labels",
    }
    assert all(math.isnan(end) for end in bounds["roc_auc"])
    assert bounds["accuracy"][0] <= numbers["accuracy"] <= bounds["accuracy"][1]


def test_a_measure_most_resamples_lack_has_no_interval() -> None:
    """An interval of the few resamples that happen to hold a positive row would mislead."""
    mostly = np.array([0.5, math.nan, 0.6, math.nan])
    assert all(math.isnan(end) for end in percentiles(mostly))
    assert percentiles(np.append(np.full(99, 0.5), math.nan)) == (0.5, 0.5)
