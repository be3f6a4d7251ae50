"""Latency out of a histogram's readings: percentiles of every stretch in which nothing was wrong."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from deploy.demo.quantiles import histogram_percentile
from tests.soak.samples import Sample

SHARES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The results of one stretch of time."""

    at: float  # its middle, seconds since the soak began
    results: int
    percentiles: Mapping[float, float]  # share → seconds


def stretches(samples: Sequence[Sample], seconds: float) -> list[Stretch]:
    """Percentiles for each stretch of so many seconds, without what came in disturbed times."""
    counts: dict[int, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for before, after in itertools.pairwise(samples):
        if not (before.disturbed or after.disturbed or not before.latency or not after.latency):
            into = counts[int(after.at // seconds)]
            for bound, count in after.latency.items():
                into[bound] += count - before.latency.get(bound, 0.0)
    return [
        Stretch((number + 0.5) * seconds, int(max(buckets.values())), _percentiles(buckets))
        for number, buckets in sorted(counts.items())
        if max(buckets.values()) > 0
    ]


def _percentiles(buckets: Mapping[float, float]) -> dict[float, float]:
    return {share: found for share in SHARES if (found := histogram_percentile(buckets, share)) is not None}


def halves(found: Iterable[Stretch], share: float) -> tuple[float, float] | None:
    """The median of a percentile in the first and in the second half of the stretches."""
    values = [stretch.percentiles[share] for stretch in found]
    middle = len(values) // 2
    if not middle:
        return None
    return _median(values[:middle]), _median(values[middle:])


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
