"""The alerts: each a value, its limit, for how long, and what to tell whoever is called.

Each has a page of its name in ``docs/runbooks/``.
"""

from __future__ import annotations

from deploy.observability import fleet_drift as fleet
from deploy.observability import objectives as o
from deploy.observability.latency import burn
from deploy.observability.rule import Alert, Severity

_PSI = f'sentiment_drift_score{{{o.MINE},statistic="psi"}}'
_CRITICAL_PSI = f'sentiment_drift_critical_value{{{o.MINE},statistic="psi"}}'
_SMALLEST_PSI = f"on (job, instance) group_left () sentiment_drift_smallest_shift_score{{{o.MINE}}}"
_CONSUMED = f"sum by (job) (rate(sentiment_consumed_total{{{o.MINE}}}[5m]))"
_DEAD = f'sum by (job) (rate(sentiment_messages_total{{{o.MINE},outcome="dead_lettered"}}[5m]))'
_FLEET = f"{{{o.MINE}}}"
_FLEET_SMALLEST = f"on (job, {fleet.LEVEL}) group_left () {fleet.SMALLEST}{_FLEET}"


def _over_both(score: str, critical: str, smallest: str) -> str:
    """A score over the greater of its critical value and the smallest shift that matters."""
    return f"{score} / (({critical} > {smallest}) or ({critical} * 0 + {smallest}))"


DOWN = Alert(
    "SentimentConsumerDown",
    f"up{{{o.MINE}}}",
    above=None,
    below=1,
    for_="2m",
    severity=Severity.CRITICAL,
    summary="A consumer does not answer scrapes",
    description="{{ if $labels.instance }}{{ $labels.instance }} has not answered for 2 minutes; its "
    "partitions move to other replicas, if there are any.{{ else }}Prometheus knows of no consumer at all."
    "{{ end }}",
    also=f"or absent(up{{{o.MINE}}})",
)
STUCK = Alert(
    "SentimentConsumerStuck",
    f"time() - ((sentiment_last_poll_timestamp_seconds{{{o.MINE}}} > 0) "
    f"or process_start_time_seconds{{{o.MINE}}})",
    above=o.STUCK_SECONDS,
    below=None,
    for_="30s",
    severity=Severity.CRITICAL,
    summary="A consumer's loop stands still",
    description="{{ $labels.instance }} answers scrapes, but its loop has not polled for "
    "{{ $value | humanizeDuration }}.",
    also=f"unless (sentiment_last_poll_timestamp_seconds{{{o.MINE}}} == 0 "
    f"and time() - process_start_time_seconds{{{o.MINE}}} <= {o.START_SECONDS:g})",
)
RESTARTS = Alert(
    "SentimentRestartLoop",
    f"changes(process_start_time_seconds{{{o.MINE}}}[{o.RESTART_WINDOW}])",
    above=o.RESTARTS,
    below=None,
    for_="1m",
    severity=Severity.CRITICAL,
    summary="A consumer ends and is restarted, again and again",
    description="{{ $labels.instance }} was started anew {{ $value | humanize }} times in "
    f"{o.RESTART_WINDOW.removesuffix('m')} minutes.",
)
LAG = Alert(
    "SentimentLagHigh",
    f"max by (job) (sentiment_consumer_lag_seconds{{{o.MINE}}})",
    above=o.LAG_SECONDS,
    below=None,
    for_="5m",
    severity=Severity.WARNING,
    summary="Results come late",
    description="The oldest tweet that waits for its result is {{ $value | humanizeDuration }} old.",
)
DEAD_LETTERS = Alert(
    "SentimentDeadLetterRatioHigh",
    f"{_DEAD} / {_CONSUMED}",
    above=o.DEAD_LETTER_RATIO,
    below=None,
    for_="5m",
    severity=Severity.WARNING,
    summary="Many tweets become dead letters",
    description="{{ $value | humanizePercentage }} of what was read in 5 minutes could not be labelled. "
    "From half on the circuit breaker stops reading, and SentimentBreakerOpen takes over.",
)
BREAKER = Alert(
    "SentimentBreakerOpen",
    f'max by (job, instance) (sentiment_breaker_state{{{o.MINE},state!="closed"}})',
    above=o.BREAKER_NOT_CLOSED,
    below=None,
    for_="2m",  # a bad stretch is got over at the first try, after DLQ_BREAKER_PAUSE_SECONDS (30)
    severity=Severity.CRITICAL,
    summary="A consumer has stopped reading: too many dead letters",
    description="The circuit breaker of {{ $labels.instance }} has not been closed for 2 minutes: half of "
    "what it read could not be labelled. But for a few records now and then it reads nothing.",
)
FAST_BURN = Alert(
    "SentimentLatencyBudgetBurnsFast",
    burn("1h"),
    above=o.FAST_BURN,
    below=None,
    for_="2m",
    severity=Severity.CRITICAL,
    summary="The latency objective is missed badly",
    description=f"More than 1 in 100 results may take longer than {o.LATENCY_SECONDS:g} s; now "
    "{{ $value | humanize }} times as many do. At this rate a month's budget is gone in two days.",
    also=f"and on (job) {burn('5m')} > {o.FAST_BURN:g}",
)
SLOW_BURN = Alert(
    "SentimentLatencyBudgetBurnsSlowly",
    burn("6h"),
    above=o.SLOW_BURN,
    below=None,
    for_="15m",
    severity=Severity.WARNING,
    summary="The latency objective is missed",
    description=f"More than 1 in 100 results may take longer than {o.LATENCY_SECONDS:g} s; over 6 hours "
    "{{ $value | humanize }} times as many did. At this rate a month's budget is gone in five days.",
    also=f"and on (job) {burn('30m')} > {o.SLOW_BURN:g}",
)
DRIFT = Alert(
    "SentimentDrift",
    _over_both(_PSI, _CRITICAL_PSI, _SMALLEST_PSI),
    above=1,
    below=None,
    for_="10m",
    severity=Severity.WARNING,
    summary="What one replica reads has changed",
    description="{{ $labels.signal }} of {{ $labels.instance }} is {{ $value | humanize }} times as far from "
    "the model's reference as chance explains and a shift may be that does not matter.",
)
FLEET_DRIFT = Alert(
    "SentimentFleetDrift",
    _over_both(f"{fleet.PSI}{_FLEET}", f"{fleet.CRITICAL}{_FLEET}", _FLEET_SMALLEST),
    above=1,
    below=None,
    for_="10m",
    severity=Severity.WARNING,
    summary="What the whole fleet reads has changed",
    description="{{ $labels.signal }} over all replicas of {{ $labels.consumer_group }} is "
    "{{ $value | humanize }} times as far from the model's reference as chance explains and a shift may be "
    "that does not matter.",
)
ACCURACY = Alert(
    "SentimentExpectedAccuracyLow",
    f"sentiment_expected_accuracy_ratio{{{o.MINE}}}",
    above=None,
    below=o.EXPECTED_ACCURACY,
    for_="30m",
    severity=Severity.WARNING,
    summary="The model is less sure than it should be",
    description="By its own probabilities {{ $value | humanizePercentage }} of the labels of "
    "{{ $labels.instance }} are right.",
)
REBALANCES = Alert(
    "SentimentRebalanceStorm",
    f"max by (job) (increase(sentiment_rebalances_total{{{o.MINE}}}[10m]))",
    above=o.REBALANCES,
    below=None,
    for_="5m",
    severity=Severity.WARNING,
    summary="The consumer group does not settle",
    description="A replica was given partitions anew {{ $value | humanize }} times in 10 minutes; each time "
    "all of them stop for a moment and read again what they had in hand.",
)
ABORTS = Alert(
    "SentimentTransactionAborts",
    f"sum by (job, reason) (increase(sentiment_transaction_aborts_total{{{o.MINE}}}[10m]))",
    above=o.ABORTS,
    below=None,
    for_="5m",
    severity=Severity.WARNING,
    summary="Batches are given up and read again",
    description="{{ $value | humanize }} batches in 10 minutes for the reason {{ $labels.reason }}. Nothing "
    "is lost or doubled by it; throughput is.",
)

ALERTS = (
    *(DOWN, STUCK, RESTARTS, LAG, DEAD_LETTERS, BREAKER, FAST_BURN, SLOW_BURN),
    *(DRIFT, FLEET_DRIFT, ACCURACY, REBALANCES, ABORTS),
)
