"""Drift of all replicas together, in Prometheus: PSI over summed histograms against the model's reference.

A replica sees a share of the partitions; its own drift score is about that share. Counts of a histogram
add up over replicas, so the score of the whole can be told from the buckets that each one shows.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

from consumer.chi2 import quantile
from consumer.signals import CONFIDENCE_BINS, SCORE_BINS, Bounds
from deploy.observability.objectives import FLEET_LEAST_TWEETS, FLEET_TAIL, FLEET_WINDOW
from deploy.observability.rule import Recording

LEVEL = "consumer_group"
BUCKETS = f"{LEVEL}:sentiment_stream_bucket:increase{FLEET_WINDOW}"
REFERENCE_BUCKETS = f"{LEVEL}:sentiment_reference_bucket:mean"
BINS = f"{LEVEL}:sentiment_stream_bin:share"
REFERENCE_BINS = f"{LEVEL}:sentiment_reference_bin:share"
TWEETS = f"{LEVEL}:sentiment_fleet_drift_tweets:increase{FLEET_WINDOW}"
PSI = f"{LEVEL}:sentiment_fleet_drift_psi:{FLEET_WINDOW}"
CRITICAL = f"{LEVEL}:sentiment_fleet_drift_critical_psi:{FLEET_WINDOW}"
SMALLEST = f"{LEVEL}:sentiment_fleet_drift_smallest_psi:max"

_ALL = "+Inf"


class Bin(NamedTuple):
    """One bin of a signal as two cumulative buckets: what is up to ``high`` and not up to ``low``."""

    low: str | None  # None: everything up to ``high``
    high: str


def bins(bounds: Bounds, least: float) -> list[Bin]:
    """The bins of a histogram whose last bound is 1.

    What lies at or below ``least`` is one bin, as is what lies above the last bound but one: no probability
    exceeds 1, so the open bin would always be empty.

    >>> bins((0.25, 0.5, 0.75, 1.0), 0.5)
    [Bin(low=None, high='0.5'), Bin(low='0.5', high='0.75'), Bin(low='0.75', high='+Inf')]
    """
    edges = [*(str(float(bound)) for bound in bounds if least <= bound < bounds[-1]), _ALL]
    return [Bin(None, edges[0]), *(Bin(low, high) for low, high in itertools.pairwise(edges))]


# Two labels leave no confidence below one half.
SIGNALS = {"score": bins(SCORE_BINS, SCORE_BINS[0]), "confidence": bins(CONFIDENCE_BINS, 0.5)}


def recordings() -> list[Recording]:
    """In the order in which each builds on those before."""
    steps = [_buckets(signal) for signal in SIGNALS]
    steps.append(_reference_buckets())
    steps += [_shares(BINS, BUCKETS, signal) for signal in SIGNALS]
    steps += [_shares(REFERENCE_BINS, REFERENCE_BUCKETS, signal) for signal in SIGNALS]
    steps.append(Recording(TWEETS, f'sum by (job, {LEVEL}, signal) ({BUCKETS}{{le="{_ALL}"}})'))
    steps += [_psi(), _smallest()]
    return [*steps, *(_critical(signal, len(of)) for signal, of in SIGNALS.items())]


def _buckets(signal: str) -> Recording:
    """A replica that went within the window still counts, so its group is looked up over the window too."""
    group = f"topk by (job, instance) (1, count_over_time(sentiment_consumer_info[{FLEET_WINDOW}]))"
    return Recording(
        BUCKETS,
        f"sum by (job, {LEVEL}, le) (\n"
        f"  increase(sentiment_{signal}_ratio_bucket[{FLEET_WINDOW}])\n"
        f"  * on (job, instance) group_left ({LEVEL}) (0 * {group} + 1)\n"
        f")",
        {"signal": signal},
    )


def _reference_buckets() -> Recording:
    """While two models run side by side, the mean of both references: what the mixture should look like."""
    return Recording(
        REFERENCE_BUCKETS,
        f"avg by (job, {LEVEL}, signal, le) (\n"
        f"  sentiment_reference_ratio_bucket\n"
        f"  * on (job, instance) group_left ({LEVEL}) sentiment_consumer_info\n"
        f")",
    )


def _shares(name: str, buckets: str, signal: str) -> Recording:
    """Half a tweet more in every bin, as the consumer counts, so that an empty one has a finite weight."""
    of = SIGNALS[signal]
    counts = "\n  or\n".join(f"  {_count(one, buckets, signal)}" for one in of)
    total = f'{buckets}{{signal="{signal}", le="{_ALL}"}}'
    return Recording(
        name,
        f"(0.5 + (\n{counts}\n)) / on (job, {LEVEL}, signal) group_left ()\n"
        f"({len(of) / 2:g} + sum by (job, {LEVEL}, signal) ({total}))",
        {"signal": signal},
    )


def _count(one: Bin, buckets: str, signal: str) -> str:
    found = f'{buckets}{{signal="{signal}", le="{one.high}"}}'
    if one.low is None:
        return found
    # `ignoring (le)` drops the bound, label_replace gives the bin its upper one
    below = f'{buckets}{{signal="{signal}", le="{one.low}"}}'
    return f'label_replace({found} - ignoring (le) {below}, "le", "{one.high}", "", "")'


def _psi() -> Recording:
    on = f"on (job, {LEVEL}, signal, le)"
    return Recording(
        PSI,
        f"sum by (job, {LEVEL}, signal) (\n"
        f"  ({BINS} - {on} {REFERENCE_BINS})\n"
        f"  * {on} ln({BINS} / {on} {REFERENCE_BINS})\n"
        f")\n"
        f"and on (job, {LEVEL}, signal) {TWEETS} >= {FLEET_LEAST_TWEETS}",
    )


def _smallest() -> Recording:
    """DRIFT_SMALLEST_PSI of the replicas: the greatest, while they do not agree."""
    return Recording(
        SMALLEST,
        f"max by (job, {LEVEL}) (\n"
        f"  sentiment_drift_smallest_shift_score\n"
        f"  * on (job, instance) group_left ({LEVEL}) sentiment_consumer_info\n"
        f")",
    )


def _critical(signal: str, count: int) -> Recording:
    """PSI of two samples of one distribution is about chi²(b - 1) · (1/n + 1/m)."""
    factor = quantile(FLEET_TAIL, count - 1)
    rows = f'{REFERENCE_BUCKETS}{{signal="{signal}", le="{_ALL}"}}'
    return Recording(
        CRITICAL,
        f"{factor:.2f} * (\n"
        f'  1 / {TWEETS}{{signal="{signal}"}}\n'
        f"  + on (job, {LEVEL}, signal) 1 / sum by (job, {LEVEL}, signal) ({rows})\n"
        f")\n"
        f"and on (job, {LEVEL}, signal) {TWEETS} >= {FLEET_LEAST_TWEETS}",
        {"signal": signal},
    )
