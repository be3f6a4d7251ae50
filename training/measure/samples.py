"""What the model says to texts that were written for it: its golden texts, as the consumer labels them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from consumer.label import LabelRule
from consumer.model.folder import ModelFolder
from consumer.model.golden import NAME as GOLDEN
from consumer.model.golden import read_golden

_LONGEST = 110  # characters: two lines of the table
_EVERY = 3  # of the texts that fit the table: it shows about a dozen


@dataclass(frozen=True, slots=True)
class Sample:
    """One text with what the consumer would answer."""

    text: str
    label: str
    probability: float  # calibrated P(positive)


def samples(model: ModelFolder) -> list[Sample]:
    """Every third golden text that prints in plain letters, with the float32 model's verdict.

    The scores stand in ``golden.jsonl``: no model is loaded. Empty where the folder has no golden texts.
    """
    if not (model.path / GOLDEN).is_file():
        return []
    golden = read_golden(model.path / GOLDEN)
    rule = LabelRule(model.threshold, scale=model.scale)
    pairs = zip(golden.texts, golden.probabilities, strict=True)
    return [_sample(text, p, rule) for text, p in pairs if text.isascii() and 3 < len(text) <= _LONGEST][  # noqa: PLR2004 - a word at least
        ::_EVERY
    ]


def _sample(text: str, uncalibrated: float, rule: LabelRule) -> Sample:
    probability = rule.probability(_logit(uncalibrated))
    return Sample(text, rule.label(probability).value, probability)


def _logit(probability: float) -> float:
    clipped = min(max(probability, 1e-6), 1 - 1e-6)  # golden.jsonl keeps six digits
    return math.log(clipped / (1 - clipped))
