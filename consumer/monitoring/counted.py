"""A batch in numbers: counted before the metrics' lock is taken, so that no scrape waits for the counting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consumer.monitoring import catalogue as c
from consumer.records import Label, Outcome, Position

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Counted:
    """What one committed batch adds to the counters and histograms."""

    dead_letters: Counter[tuple[str, str]]  # by stage and reason
    last_letters: Mapping[tuple[str, str], Position]  # of those, where the last one lies in the input
    skips: Counter[str]
    predictions: Counter[str]
    fields_left_out: Counter[str]
    truncated: int
    tokens: int
    scores: Values  # (n,)
    confidences: Values  # of the results that are not neutral


def counted(outcome: Outcome) -> Counted:
    """Count; some milliseconds for thousands of results."""
    results = outcome.results
    letters = [((str(r.stage), str(r.reason)), r.record.position) for r in outcome.rejects]
    left_out = (field for result in results for field in result.tweet.left_out)
    return Counted(
        Counter(kind for kind, _ in letters),
        dict(letters),
        Counter(str(skip.reason) for skip in outcome.skips),
        Counter(str(result.label) for result in results),
        Counter(among(field, c.OPTIONAL_FIELDS) for field in left_out),
        sum(result.truncated for result in results),
        sum(result.tokens for result in results),
        np.array([result.probability for result in results], np.float64),
        np.array([r.confidence for r in results if r.label is not Label.NEUTRAL], np.float64),
    )


def among(word: str, words: tuple[str, ...]) -> str:
    """The word where it is one of the closed list, else ``other``: nothing from outside names a series."""
    return word if word in words else "other"
