"""What the page is told: the metrics' own numbers, of stretches whose length is told too."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from consumer.breaker import State
from consumer.monitoring import catalogue as c
from consumer.monitoring.drift.critical import Critical
from consumer.monitoring.drift.judge import Judgement, Reading
from consumer.monitoring.health import Health
from consumer.monitoring.live.history import SAMPLE_SECONDS, SAMPLES, History, sample
from consumer.monitoring.live.latest import CHARACTERS, RESULTS, Latest
from consumer.monitoring.live.live import Live
from consumer.monitoring.live.quantile import quantile
from consumer.monitoring.live.snapshot import PARTITIONS, Json
from consumer.monitoring.metrics import Metrics
from consumer.monitoring.truth import Measured
from consumer.records import Label, Outcome, Position, Reason, Stage, Tweet
from tests.doubles import Clock
from tests.monitoring.scraping import scrape, value
from tests.monitoring.test_metrics import KNOWN, commit, result

LEAST = 1_000


class Replica:
    """Metrics and health, and what is told of them."""

    def __init__(self) -> None:
        self.metrics, self.health, self.clock = Metrics(CollectorRegistry()), Health(), Clock()
        self.live = Live(self.metrics, self.health, LEAST, None, self.clock, lambda: 1_700_000_000.0)

    def join(self) -> None:
        """Get ready, with two partitions."""
        self.health.model_warm()
        self.health.joined()
        self.health.broker_answers(answers=True)
        self.metrics.rebalanced()
        self.metrics.assigned([("tweets", 0), ("tweets", 1)])

    def later(self, seconds: float) -> None:
        """Let that long pass, with samples as they are taken."""
        for _ in range(round(seconds / SAMPLE_SECONDS)):
            self.clock.pass_seconds(SAMPLE_SECONDS)
            self.live.sample()

    def tell(self) -> Json:
        """The snapshot of this moment, as it goes over the wire."""
        self.clock.pass_seconds(1)
        found: Json = json.loads(json.dumps(self.live.snapshot(), allow_nan=False))
        return found


@pytest.fixture
def replica() -> Replica:
    """A process that has just started."""
    return Replica()


def drifted(alarm: bool) -> Judgement:  # noqa: FBT001 - the fact itself
    """A window in which confidence moved, more or less."""
    score = 0.3 if alarm else 0.01
    return Judgement(5_000, (Reading("confidence", score, 0.04, Critical(0.02, 0.0025), alarm),), 0.86, 4_900)


def test_totals_and_labels_are_the_counters(replica: Replica) -> None:
    """Held against a scrape of the same moment."""
    replica.join()
    for _ in range(3):
        commit(replica.metrics)
    told, found = replica.tell(), scrape(replica.metrics)
    assert told["totals"] == {
        "consumed": value(found, "sentiment_consumed_total"),
        **{
            outcome: value(found, "sentiment_messages_total", outcome=outcome)
            for outcome in ("scored", "dead_lettered", "skipped")
        },
    }
    for label in Label:
        assert told["sentiment"][label] == value(found, "sentiment_predictions_total", label=label)
    assert told["sentiment"]["positive_ratio"] == pytest.approx(1 / 3, abs=1e-6)


def test_confidence_is_the_histogram_beside_the_reference(replica: Replica) -> None:
    """In its buckets, not summed up; the reference only where the metrics have it."""
    replica.join()
    commit(replica.metrics)
    assert replica.tell()["confidence"]["reference"] is None
    counts = list(range(27))
    bounds = replica.tell()["confidence"]["bounds"]
    replica.metrics.reference({"confidence": (bounds, counts)})
    told, found = replica.tell()["confidence"], scrape(replica.metrics)
    assert told["reference"] == counts
    for place, bound in enumerate(bounds):
        below = value(found, "sentiment_confidence_ratio_bucket", le=str(bound))
        assert sum(told["stream"][: place + 1]) == below


def test_confidence_is_of_the_model_in_use_alone(replica: Replica) -> None:
    """Another model's results say nothing beside this one's reference; one that comes back begins anew."""

    def results() -> int:
        return sum(replica.tell()["confidence"]["stream"])

    replica.join()
    commit(replica.metrics)
    assert results() == 2  # of three, one is neutral
    for _ in range(2):
        replica.metrics.model_reload("switched")
        assert results() == 0  # the first time before there is a sample besides that of the start
        replica.later(SAMPLE_SECONDS)
        commit(replica.metrics)
        assert results() == 2
    replica.metrics.model_reload("refused")
    assert results() == 2
    assert replica.tell()["sentiment"]["positive"] == 3  # what was said stays said


def test_latency_is_what_prometheus_would_say(replica: Replica) -> None:
    """``histogram_quantile`` over the same buckets, in the last minute and in all that is remembered."""
    replica.join()
    commit(replica.metrics, seconds=8.0)
    replica.later(120)
    commit(replica.metrics, seconds=0.1)
    short, long = replica.tell()["latency"]
    assert (short["results"], long["results"]) == (3, 6)
    assert short["seconds"] == pytest.approx(61)  # the samples lie five seconds apart
    assert long["seconds"] == pytest.approx(121)
    assert 0.075 < short["p50"] <= short["p99"] <= 0.1
    assert long["p50"] == pytest.approx(0.1)
    assert 5.0 < long["p95"] <= 10.0


def test_a_quantile_is_even_within_its_bucket() -> None:
    """From 0 in the first; the highest bound stands for all above it; nothing for nothing."""
    assert quantile(0.5, (1.0, 2.0), (10, 0, 0)) == pytest.approx(0.5)
    assert quantile(0.5, (1.0, 2.0), (0, 4, 4)) == 2.0
    assert quantile(0.99, (1.0, 2.0), (1, 0, 9)) == 2.0
    assert quantile(0.5, (1.0, 2.0), (0, 0, 0)) is None


def test_the_rate_is_of_the_last_seconds_and_falls_to_nothing(replica: Replica) -> None:
    """Records committed in a stretch over its seconds, however long the process was busy before."""
    replica.join()
    for _ in range(20):
        commit(replica.metrics)
        replica.later(SAMPLE_SECONDS)
    busy = replica.tell()["rate"]
    replica.later(30)
    assert busy["per_second"] == pytest.approx(1, abs=0.2)  # five records in five seconds
    assert replica.tell()["rate"]["per_second"] == 0


def test_the_history_is_bounded(replica: Replica) -> None:
    """A quarter of an hour, however long it runs; what is told of all of it says how long that is."""
    replica.join()
    commit(replica.metrics)
    replica.later(SAMPLE_SECONDS * (SAMPLES + 20))
    told = replica.tell()
    assert len(told["steps"]) == SAMPLES
    assert told["sentiment"]["seconds"] == pytest.approx(SAMPLE_SECONDS * SAMPLES + 1)
    assert told["sentiment"]["positive_ratio"] is None  # what was counted is older than that
    assert told["totals"]["consumed"] == 5


def test_old_samples_are_let_go() -> None:
    """However far back is asked, no more is remembered than is kept."""
    figures = Metrics(CollectorRegistry()).figures()
    history = History(sample(figures, 0.0), samples=2)
    for at in (5.0, 10.0, 15.0):
        history.add(sample(figures, at))
    assert history.since(sample(figures, 16.0), 1_000).at == 11.0


def test_each_step_has_its_own_share(replica: Replica) -> None:
    """And none where nothing was labelled."""
    replica.join()
    commit(replica.metrics)
    replica.later(SAMPLE_SECONDS)
    replica.later(SAMPLE_SECONDS)
    first, second = replica.tell()["steps"]
    assert first == [pytest.approx(6), 1.0, 3, pytest.approx(1 / 3, abs=1e-6)]
    assert second == [pytest.approx(1), 0.0, 0, None]


def test_lag_is_the_gauges(replica: Replica) -> None:
    """Unknown before the first fetch; the farthest behind first, and not without bound."""
    replica.join()
    assert replica.tell()["lag"]["records"] is None
    many = [("tweets", number) for number in range(PARTITIONS + 5)]
    replica.metrics.assigned(many)
    for topic, number in many:
        replica.metrics.lag.update((topic, number), 100 + number, 100, None)
    lag = replica.tell()["lag"]
    found = scrape(replica.metrics)
    assert lag["records"] == sum(
        value(found, "sentiment_consumer_lag_records", topic=topic, partition=str(number))
        for topic, number in many
    )
    assert lag["partitions"][0] == ["tweets", str(PARTITIONS + 4), PARTITIONS + 4]
    assert (len(lag["partitions"]), lag["assigned"]) == (PARTITIONS, PARTITIONS + 5)


def test_dead_letters_are_told_by_reason_with_the_last_ones_place(replica: Replica) -> None:
    """Of each kind that there was the count, lately and ever, and where its last record lies."""
    replica.join()
    commit(replica.metrics)
    replica.later(SAMPLE_SECONDS * (SAMPLES + 5))
    commit(replica.metrics)
    reject = KNOWN.rejects[0]
    assert reject.record.position == Position("tweets", 0, 3)
    assert replica.tell()["dead_letters"] == [
        {
            "stage": "parse",
            "reason": "invalid_json",
            "at": 1_700_000_000.0,
            "position": "tweets-0@3",
            "lately": 1,
            "total": 2,
        }
    ]


def test_the_latest_kind_of_dead_letter_comes_first(replica: Replica) -> None:
    """Its reasons are told in the order in which they were last met."""
    replica.join()
    other = replace(KNOWN, rejects=(replace(KNOWN.rejects[0], reason=Reason.INVALID_UTF8),))
    for outcome, at in ((other, 1.0), (KNOWN, 2.0), (other, 3.0)):
        replica.metrics.batch_committed(
            outcome, consumed=5, close_reason="wait", end_to_end_seconds=[0.1] * 3, committed_at=at
        )
    reasons = [letter["reason"] for letter in replica.tell()["dead_letters"]]
    assert reasons == ["invalid_utf8", "invalid_json"]


def test_a_kind_that_no_list_foresaw_is_told(replica: Replica) -> None:
    """It is new since the last look, and counts from nothing."""
    replica.join()
    odd = replace(KNOWN.rejects[0], stage=Stage.SCORE)
    commit(replica.metrics, replace(KNOWN, rejects=(odd,)))
    (told,) = replica.tell()["dead_letters"]
    assert (told["stage"], told["lately"], told["total"]) == ("score", 1, 1)


def test_drift_is_the_gauges_with_its_critical_value(replica: Replica) -> None:
    """Score, critical value, window and the smallest shift."""
    replica.join()
    assert replica.tell()["drift"]["signals"] == []
    replica.metrics.drift(drifted(alarm=True), 0.05)
    drift = replica.tell()["drift"]
    assert drift["signals"] == [
        {"signal": "confidence", "words": "confidence", "score": 0.3, "critical": 0.02, "alarm": True}
    ]
    assert (drift["tweets"], drift["least_tweets"], drift["smallest"]) == (5_000, LEAST, 0.05)
    assert drift["expected_accuracy"] == 0.86


def test_what_late_labels_measured_is_told_with_what_was_promised(replica: Replica) -> None:
    """Of the same results; before there are enough of them neither is told."""
    replica.join()
    replica.metrics.truth(Measured(40, None, None, {}))
    assert replica.tell()["labelled"] == {"results": 40, "accuracy": None, "expected": None}
    replica.metrics.truth(Measured(400, 0.75, 0.8, {}))
    assert replica.tell()["labelled"] == {"results": 400, "accuracy": 0.75, "expected": 0.8}


def test_every_state_is_told_in_words(replica: Replica) -> None:
    """Starting, quiet, running, alarmed, and quiet again; a reason each time."""

    def now() -> tuple[str, str]:
        state = replica.tell()["state"]
        return state["name"], " ".join(state["reasons"])

    assert now()[0] == "starting"
    assert "the model is not warm yet" in now()[1]
    replica.join()
    assert now() == ("quiet", "No records come in; how many wait is not known yet.")
    replica.metrics.lag.update(("tweets", 0), 20, 20, None)
    assert "not known yet" in now()[1]
    replica.metrics.lag.update(("tweets", 1), 5, 5, None)
    assert now() == ("quiet", "All is well, and no records come in.")
    commit(replica.metrics)
    assert now() == ("running", "Records are being labelled.")
    replica.later(30)
    replica.metrics.lag.update(("tweets", 0), 50, 20, None)
    assert now() == ("running", "30 records wait; none was committed lately.")
    replica.metrics.drift(drifted(alarm=True), 0.05)
    assert now()[0] == "alarmed"
    assert "0.300 is above the critical value, 0.020" in now()[1]
    replica.metrics.drift(drifted(alarm=False), 0.05)
    assert now()[0] == "running"
    replica.metrics.assigned([])
    assert now() == ("quiet", "No partition is assigned to this replica: it is a spare.")


def test_not_ready_is_an_alarm_once_it_was(replica: Replica) -> None:
    """The broker away, or the breaker open, each under its own name."""
    replica.join()
    replica.health.broker_answers(answers=False)
    state = replica.tell()["state"]
    assert (state["name"], state["kinds"]) == ("alarmed", ["not ready"])
    assert state["reasons"] == ["Not ready: the broker does not answer."]
    replica.health.broker_answers(answers=True)
    replica.health.pause("the circuit breaker is open")
    replica.metrics.breaker(State.OPEN, 0.5)
    assert replica.tell()["state"]["kinds"] == ["circuit breaker open"]
    assert replica.tell()["breaker"] == "open"
    replica.metrics.breaker(State.HALF_OPEN, 0.5)
    assert replica.tell()["state"]["kinds"] == ["circuit breaker half-open"]


def test_a_ready_replica_does_not_start(replica: Replica) -> None:
    """Whatever it has not counted yet."""
    replica.join()
    replica.metrics._number(c.REBALANCES).set(0)
    assert replica.tell()["state"]["name"] == "quiet"


def test_one_signal_is_named_and_many_are_counted(replica: Replica) -> None:
    """In what is read aloud."""
    replica.join()
    one = drifted(alarm=True)
    replica.metrics.drift(one, 0.05)
    assert replica.tell()["state"]["kinds"] == ["drift of confidence"]
    replica.metrics.drift(
        replace(one, readings=(*one.readings, replace(one.readings[0], signal="score"))), 0.05
    )
    assert replica.tell()["state"]["kinds"] == ["drift of 2 signals"]


def test_many_who_look_cost_no_more_than_one(replica: Replica) -> None:
    """Within half a second all are told the same."""
    first = replica.live.snapshot()
    commit(replica.metrics)
    assert replica.live.snapshot() is first
    replica.clock.pass_seconds(0.5)
    assert replica.live.snapshot()["totals"]["consumed"] == 5


def test_the_last_texts_are_few_and_short() -> None:
    """The newest first, cut, and no more than a handful."""
    latest = Latest()
    latest.committed([result(0.9, Label.POSITIVE)] * 3, 1.0)
    long = replace(result(0.1, Label.NEGATIVE), tweet=Tweet("1", "so " * CHARACTERS))
    latest.committed([long] * (RESULTS - 1), 2.0)
    shown = latest.shown()
    assert [one.label for one in shown] == ["negative"] * (RESULTS - 1) + ["positive"]
    assert max(len(one.text) for one in shown) == CHARACTERS
    unread: Any = [None] * 4_000
    latest.committed([*unread, *[long] * RESULTS], 3.0)  # no more is looked at than is shown


def test_samples_are_taken_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """While its ``with`` lasts, and no longer."""
    monkeypatch.setattr("consumer.monitoring.live.live.SAMPLE_SECONDS", 0.01)
    live = Live(Metrics(CollectorRegistry()), Health(), LEAST)
    with live:
        while len(live.snapshot()["steps"]) < 3:
            pass
    assert not live._thread.is_alive()


def test_nothing_at_all_is_told_as_nothing(replica: Replica) -> None:
    """No share, no percentile, no number that stands for none."""
    replica.metrics.batch_committed(
        Outcome((), (), (), {}, 0), consumed=0, close_reason="wait", end_to_end_seconds=[], committed_at=1.0
    )
    told = replica.tell()
    assert told["sentiment"]["positive_ratio"] is None
    assert told["latency"][0]["p50"] is None
    assert not any(isinstance(n, float) and math.isnan(n) for step in told["steps"] for n in step)
