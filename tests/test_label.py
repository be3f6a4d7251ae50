"""Labelling: from a logit to what a reader is told."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.label import LabelRule, confidence, sigmoid
from consumer.records import Label
from consumer.scale import Scale

probabilities = st.floats(0, 1)
bands = st.tuples(st.floats(0, 0.5), st.floats(0.5, 1))


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_any_finite_logit_has_a_probability(logit: float) -> None:
    """No overflow at either end, and the two sides mirror each other."""
    assert 0.0 <= sigmoid(logit) <= 1.0
    assert sigmoid(logit) + sigmoid(-logit) == pytest.approx(1.0)


@given(st.floats(-30, 30), st.floats(-30, 30))
def test_a_higher_logit_is_never_less_positive(one: float, other: float) -> None:
    """The order of scores survives calibration."""
    rule = LabelRule(scale=Scale(1.7, 0.04, -0.2))
    low, high = sorted((one, other))
    assert rule.probability(low) <= rule.probability(high)


def test_probability_is_as_it_was_fitted() -> None:
    """sigmoid(logit / temperature + stretch · logit³ + bias)."""
    found = LabelRule(scale=Scale(2.0, 0.01, 1.0)).probability(4.0)
    assert found == pytest.approx(1 / (1 + math.exp(-(2.0 + 0.64 + 1.0))))


@given(probabilities, st.floats(0.01, 0.99))
def test_positive_from_the_threshold_on(probability: float, threshold: float) -> None:
    """The threshold itself is positive."""
    rule = LabelRule(threshold=threshold)
    assert rule.label(threshold) is Label.POSITIVE
    assert (rule.label(probability) is Label.POSITIVE) == (probability >= threshold)


@given(probabilities, bands)
def test_neutral_is_within_the_band_and_nowhere_else(probability: float, band: tuple[float, float]) -> None:
    """Without a band there is no third label."""
    within = band[0] <= probability <= band[1]
    assert (LabelRule(neutral_band=band).label(probability) is Label.NEUTRAL) == within
    assert LabelRule().label(probability) is not Label.NEUTRAL


@given(probabilities)
def test_confidence_is_the_probability_of_the_label_given(probability: float) -> None:
    """For neutral it is that of the likelier side."""
    assert confidence(Label.POSITIVE, probability) == probability
    assert confidence(Label.NEGATIVE, probability) == 1 - probability
    assert confidence(Label.NEUTRAL, probability) == max(probability, 1 - probability)


@given(probabilities)
def test_at_the_usual_threshold_confidence_is_at_least_a_half(probability: float) -> None:
    """Nobody is told a label less likely than its opposite."""
    assert confidence(LabelRule().label(probability), probability) >= 0.5
