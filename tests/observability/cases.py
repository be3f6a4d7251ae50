"""For each alert: series on which it must fire, and series on which it must not."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deploy.observability import alerts
from deploy.observability.objectives import JOB
from deploy.observability.rule import Alert
from tests.observability.spread import LIKE_REFERENCE, SHIFTED, fleet

J = f'job="{JOB}"'
A = f'{J},instance="a"'
POLL, START = f"sentiment_last_poll_timestamp_seconds{{{A}}}", f"process_start_time_seconds{{{A}}}"
BACKED_OFF = " ".join(f"{minute * 60}x6" for minute in range(0, 60, 7))  # seven minutes each
SCORE = f'sentiment_drift_score{{{A},signal="score",statistic="psi"}}'
CRITICAL = f'sentiment_drift_critical_value{{{A},signal="score",statistic="psi"}}'
SMALLEST = f"sentiment_drift_smallest_shift_score{{{A}}}"
ACCURACY = f"sentiment_expected_accuracy_ratio{{{A}}}"
REBALANCES = f"sentiment_rebalances_total{{{A}}}"
ABORTS = f'sentiment_transaction_aborts_total{{{A},reason="publish"}}'
LAG = f"sentiment_consumer_lag_seconds{{{A}}}"


def dead(each_minute: int) -> Mapping[str, str]:
    """So many dead letters among a hundred records a minute."""
    return {
        f'sentiment_messages_total{{{A},outcome="dead_lettered"}}': f"0+{each_minute}x30",
        f"sentiment_consumed_total{{{A}}}": "0+100x30",
    }


def breaker(opened: str, half_open: str = "0x30") -> Mapping[str, str]:
    """A circuit breaker's states, as the consumer tells all three."""
    name = "sentiment_breaker_state"
    return {
        f'{name}{{{A},state="{state}"}}': values
        for state, values in (("open", opened), ("half_open", half_open))
    }


def late(*shares: tuple[int, int]) -> Mapping[str, str]:
    """For so many minutes each, so many late results among a hundred a minute."""
    steps = [100 - percent for minutes, percent in shares for _ in range(minutes)]
    within = list(itertools.accumulate([0, *steps]))
    name = "sentiment_end_to_end_latency_seconds"
    return {
        f'{name}_bucket{{{A},le="1.0"}}': " ".join(map(str, within)),
        f"{name}_count{{{A}}}": f"0+100x{len(steps)}",
    }


def drift(psi: str, critical: str, smallest: str) -> Mapping[str, str]:
    """One replica's drift score, its critical value and its DRIFT_SMALLEST_PSI, for 20 minutes."""
    return {name: f"{value}x20" for name, value in ((SCORE, psi), (CRITICAL, critical), (SMALLEST, smallest))}


@dataclass(frozen=True, slots=True)
class Case:
    """Series from minute 0 on, a sample a minute, in Prometheus' notation; looked at one minute of them."""

    alert: Alert
    what: str
    series: Mapping[str, str]
    minute: int
    told: str = ""  # its description; none where it must not fire
    labels: Mapping[str, str] = field(default_factory=dict)


CASES: Sequence[Case] = (
    Case(
        alerts.DOWN, "does not answer", {f"up{{{A}}}": "1 1 0x9"}, 5, "a has not answered", {"instance": "a"}
    ),
    Case(alerts.DOWN, "nobody there", {'up{job="another"}': "1x9"}, 5, "Prometheus knows of no consumer"),
    Case(alerts.DOWN, "answers", {f"up{{{A}}}": "1x9"}, 5),
    Case(alerts.DOWN, "a missed scrape", {f"up{{{A}}}": "1 1 0 0 1x9"}, 5),
    Case(alerts.STUCK, "polled once", {POLL: "60x15"}, 10, "has not polled for 9m 0s", {"instance": "a"}),
    Case(alerts.STUCK, "never polled", {POLL: "0x15", START: "1x15"}, 10, "for 9m 59s", {"instance": "a"}),
    Case(alerts.STUCK, "polls", {POLL: "0+60x15", START: "1x15"}, 10),
    Case(
        *(alerts.STUCK, "hangs, and is not ended yet", {POLL: "0+60x5 300x2"}, 7, "has not polled for 2m 0s"),
        {"instance": "a"},
    ),
    Case(alerts.STUCK, "gives a transaction up", {POLL: "0 20+60x15"}, 10),
    Case(alerts.STUCK, "starts", {POLL: "0x15", START: "485x15"}, 10),
    Case(
        *(alerts.RESTARTS, "three times in twelve minutes", {START: "0x3 240x3 480x3 720x9"}, 14),
        *("anew 3 times", {"instance": "a"}),
    ),
    Case(
        *(alerts.RESTARTS, "by a supervisor that waits longer and longer", {START: BACKED_OFF}, 48),
        *("anew 4 times", {"instance": "a"}),
    ),
    Case(alerts.RESTARTS, "twice", {START: "0x3 240x3 480x20"}, 14),
    Case(alerts.RESTARTS, "three times in an hour", {START: "0x19 1200x19 2400x19 3600x9"}, 62),
    Case(alerts.LAG, "late", {LAG: "61x15"}, 10, "is 1m 1s old"),
    Case(alerts.LAG, "in time", {LAG: "59x15"}, 10),
    Case(alerts.LAG, "a short backlog", {LAG: "0 90 90 90 90 0x9"}, 4),
    Case(alerts.DEAD_LETTERS, "one in ten", dead(10), 15, "10% of what was read"),
    Case(alerts.DEAD_LETTERS, "one in 25", dead(4), 15),
    Case(alerts.DEAD_LETTERS, "nothing comes", dict.fromkeys(dead(10), "7x30"), 15),
    Case(alerts.BREAKER, "open", breaker("0 0 1x20"), 5, "breaker of a has not been", {"instance": "a"}),
    Case(
        *(alerts.BREAKER, "tries in vain", breaker("0 1 0 1 1 1 0 1", "0 0 1 0 0 0 1 0"), 7),
        *("breaker of a has not been", {"instance": "a"}),
    ),
    Case(alerts.BREAKER, "a bad stretch, got over", breaker("0 0 1 0x20", "0 0 0 1 0x20"), 3),
    Case(alerts.BREAKER, "closed", breaker("0x30"), 20),
    Case(alerts.FAST_BURN, "20 % late", late((90, 20)), 70, "now 20 times"),
    Case(alerts.FAST_BURN, "10 % late", late((90, 10)), 70),
    Case(alerts.FAST_BURN, "over by now", late((60, 30), (30, 0)), 75),
    Case(alerts.SLOW_BURN, "10 % late", late((90, 10)), 70, "10 times as many"),
    Case(alerts.SLOW_BURN, "5 % late", late((90, 5)), 70),
    Case(alerts.SLOW_BURN, "over by now", late((120, 20), (60, 0)), 170),
    Case(
        *(alerts.DRIFT, "sure and large", drift("0.3", "0.1", smallest="0.05"), 15, "is 3 times as far"),
        {"instance": "a", "signal": "score", "statistic": "psi"},
    ),
    Case(
        *(alerts.DRIFT, "sure and large enough", drift("0.3", "0.01", smallest="0.1"), 15, "is 3 times as"),
        {"instance": "a", "signal": "score", "statistic": "psi"},
    ),
    Case(alerts.DRIFT, "chance", drift("0.09", "0.1", smallest="0.05"), 15),
    Case(alerts.DRIFT, "sure and small", drift("0.04", "0.01", smallest="0.05"), 15),
    Case(alerts.DRIFT, "small by the replica's own setting", drift("0.3", "0.1", smallest="0.4"), 15),
    Case(
        *(alerts.FLEET_DRIFT, "shifted", fleet(SHIFTED, 100), 75, "over all replicas of g"),
        {"consumer_group": "g", "signal": "score"},
    ),
    Case(alerts.FLEET_DRIFT, "small by the replicas' own setting", fleet(SHIFTED, 100, smallest="9"), 75),
    Case(alerts.FLEET_DRIFT, "as the reference", fleet(LIKE_REFERENCE, 100), 75),
    Case(alerts.FLEET_DRIFT, "shifted, but too few to tell", fleet(SHIFTED, 10), 75),
    Case(alerts.ACCURACY, "unsure", {ACCURACY: "0.7x50"}, 40, "70% of the labels", {"instance": "a"}),
    Case(alerts.ACCURACY, "sure", {ACCURACY: "0.8x50"}, 40),
    Case(alerts.REBALANCES, "every minute", {REBALANCES: "0+1x30"}, 20, "anew 10 times"),
    Case(alerts.REBALANCES, "a rolling update", {REBALANCES: "0 1 2 3 4 4x30"}, 10),
    Case(
        alerts.ABORTS,
        "every minute",
        {ABORTS: "0+1x30"},
        20,
        "10 batches in 10 minutes",
        {"reason": "publish"},
    ),
    Case(alerts.ABORTS, "a broker restarts", {ABORTS: "0 1 2 3 3x30"}, 10),
)
