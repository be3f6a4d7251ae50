"""Numbers of an evaluation, against values worked out by hand or by definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.scale import Scale
from training.measure.measures import measure, probabilities

P = np.array([0.9, 0.8, 0.6, 0.4, 0.3, 0.1])
LABELS = [1, 1, 0, 1, 0, 0]


def test_counts() -> None:
    """Of three said positive two are, of three positives two were found."""
    numbers = measure(P, LABELS)
    assert numbers["n"] == 6
    assert [numbers[k] for k in ("accuracy", "precision", "recall", "f1")] == pytest.approx([2 / 3] * 4)


def test_threshold_belongs_to_the_positives() -> None:
    """A probability equal to the threshold is positive."""
    assert measure(np.array([0.5]), [1])["accuracy"] == 1.0
    assert measure(np.array([0.4]), [1], threshold=0.4)["accuracy"] == 1.0


def test_losses() -> None:
    """Log loss and Brier score by their definitions."""
    numbers = measure(np.array([0.8, 0.3]), [1, 0])
    assert numbers["log_loss"] == pytest.approx(-(math.log(0.8) + math.log(0.7)) / 2)
    assert numbers["brier"] == pytest.approx((0.2**2 + 0.3**2) / 2)
    assert numbers["ece"] == pytest.approx((0.2 + 0.3) / 2)


def test_certain_and_wrong_is_finite() -> None:
    """A probability of 0 or 1 gives a large loss, not infinity."""
    assert 20 < measure(np.array([1.0]), [0])["log_loss"] < 30


def test_nothing_said_positive() -> None:
    """Precision without a positive verdict is not a number, rather than a fault."""
    assert math.isnan(measure(np.array([0.1, 0.2]), [1, 0])["precision"])


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.9]), st.booleans()), min_size=2, max_size=30))
def test_roc_auc_is_the_share_of_pairs_in_order(rows: list[tuple[float, bool]]) -> None:
    """Ties count half; without both labels it is not a number."""
    pairs = [(p > n) + 0.5 * (p == n) for p, a in rows if a for n, b in rows if not b]
    found = measure(np.array([p for p, _ in rows]), [label for _, label in rows])["roc_auc"]
    assert found == pytest.approx(sum(pairs) / len(pairs)) if pairs else math.isnan(found)


def test_probabilities_are_calibrated_logits() -> None:
    """The sigmoid of the scaled logits, finite at both ends."""
    found = probabilities([-1e4, 2.0, 1e4], Scale(2.0, 0.0, 0.5))
    assert found.tolist() == pytest.approx([0.0, 1 / (1 + math.exp(-1.5)), 1.0])
