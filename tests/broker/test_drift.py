"""The running consumer tells of drift, over a restart, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from consumer.model.reference import Histogram, Reference, write_reference
from consumer.signals import SCORE_BINS
from tests.broker.replicas import Replica, reaching, with_http
from tests.broker.stream import Sent, account, metric, publish, tweets, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

ROWS = 2_000
EVEN = Histogram(SCORE_BINS, (*[ROWS // 20] * 20, 0))


@pytest.mark.partitions(1)
def test_an_alarm_stands_and_survives_a_restart(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """All tweets positive where the reference is even: statistic above critical value, before and after.

    Dead letters are no part of it, and none of what is scored is counted twice.
    """
    write_reference(tmp_path, Reference(ROWS, "d", {"score": EVEN}, 0.5, 0.0, 0.9, 0.9))
    publish(kafka.bootstrap, topics.tweets, [Sent(b"no json", 0) for _ in range(50)])
    publish(kafka.bootstrap, topics.tweets, tweets(600, partitions=1))
    settings = with_http(
        reaching(
            kafka.bootstrap,
            topics,
            tmp_path,
            DRIFT_WINDOW_TWEETS="500",
            DRIFT_WINDOW_MIN="500",
            MAX_BATCH_MESSAGES="100",
        )
    )
    with Replica(settings) as one:
        wait_until(lambda: _samples(one) >= 500 or not one.runs, "the window is full")
        _check(one)
        one.stop(30)
    with Replica(settings) as two:
        wait_until(lambda: two.ask("/readyz")[0] == 200 or not two.runs, "it is ready")
        assert 500 <= _samples(two) <= 600
        _check(two)
        two.stop(30)
    account(kafka.bootstrap, topics, dead=50)


def _samples(replica: Replica) -> float:
    return metric(replica.ask("/metrics")[1], "sentiment_drift_window_samples") or 0.0


def _check(replica: Replica) -> None:
    page = replica.ask("/metrics")[1]
    for signal in ("score", "positive_share"):
        labels = f'{{signal="{signal}",statistic="psi"}}'
        score = metric(page, f"sentiment_drift_score{labels}")
        critical = metric(page, f"sentiment_drift_critical_value{labels}")
        assert score is not None
        assert critical is not None
        assert score > critical > 0
        assert metric(page, f'sentiment_drift_alarm{{signal="{signal}"}}') == 1
    assert metric(page, 'sentiment_drift_alarm{signal="truncated_share"}') == 0
    assert metric(page, "sentiment_expected_accuracy_ratio") == pytest.approx(0.8808, abs=0.001)
