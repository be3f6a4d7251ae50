"""Labelling: a logit → probability, label, confidence."""

from __future__ import annotations

import math
from dataclasses import dataclass

from consumer.records import Label
from consumer.scale import AS_IT_IS, Scale


@dataclass(frozen=True, slots=True)
class LabelRule:
    """How a logit becomes a label; calibration comes with the model, the rest from settings."""

    threshold: float = 0.5  # positive when P(positive) is at least this
    neutral_band: tuple[float, float] | None = None  # holds the threshold
    scale: Scale = AS_IT_IS  # the model's calibration

    def probability(self, logit: float) -> float:
        """Calibrated P(positive).

        >>> LabelRule().probability(0.0)
        0.5
        """
        return sigmoid(self.scale.margin(logit))

    def label(self, probability: float) -> Label:
        """The label of a probability, judged unrounded.

        >>> LabelRule().label(0.5), LabelRule(neutral_band=(0.4, 0.6)).label(0.41)
        (<Label.POSITIVE: 'positive'>, <Label.NEUTRAL: 'neutral'>)
        """
        if self.neutral_band and self.neutral_band[0] <= probability <= self.neutral_band[1]:
            return Label.NEUTRAL
        return Label.POSITIVE if probability >= self.threshold else Label.NEGATIVE


def confidence(label: Label, probability: float) -> float:
    """The probability of the label given; for neutral that of the likelier side."""
    if label is Label.NEUTRAL:
        return max(probability, 1 - probability)
    return probability if label is Label.POSITIVE else 1 - probability


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)) without overflow."""
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    return math.exp(x) / (1 + math.exp(x))
