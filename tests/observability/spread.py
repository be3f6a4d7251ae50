"""Histograms of a fleet of two as series of Prometheus, for its rule tests."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from consumer.signals import SCORE_BINS
from deploy.observability.objectives import JOB

BINS = len(SCORE_BINS)
LIKE_REFERENCE = [2 if i < BINS // 2 else 8 for i in range(BINS)]  # weights, from 0 to 1
SHIFTED = [8 if i < BINS // 2 else 2 for i in range(BINS)]
_TOTAL = sum(LIKE_REFERENCE)


def fleet(weights: Sequence[int], tweets_a_minute: int, smallest: str = "0.05") -> Mapping[str, str]:
    """Two replicas of the group g that score by these weights for 80 minutes; 10,000 rows of reference."""
    names = [*map(str, SCORE_BINS), "+Inf"]
    found = {}
    for instance in ("a", "b"):
        mine = f'job="{JOB}",instance="{instance}"'
        found[f'sentiment_consumer_info{{{mine},consumer_group="g",input_topic="tweets"}}'] = "1x80"
        found[f"sentiment_drift_smallest_shift_score{{{mine}}}"] = f"{smallest}x80"
        for name, up_to, of_reference in zip(
            names, _cumulative(weights), _cumulative(LIKE_REFERENCE), strict=True
        ):
            step = tweets_a_minute * up_to / _TOTAL / 2
            found[f'sentiment_score_ratio_bucket{{{mine},le="{name}"}}'] = f"0+{step:g}x80"
            rows = 10_000 * of_reference / _TOTAL
            found[f'sentiment_reference_ratio_bucket{{{mine},signal="score",le="{name}"}}'] = f"{rows:g}x80"
    return found


def _cumulative(weights: Sequence[int]) -> list[int]:
    return [*itertools.accumulate(weights), sum(weights)]
