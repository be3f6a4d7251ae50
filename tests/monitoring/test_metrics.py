"""What the loop reports and what a scrape shows."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Gauge

from consumer.breaker import State
from consumer.monitoring import catalogue as c
from consumer.monitoring.catalogue import CATALOGUE, Kind
from consumer.monitoring.drift.critical import Critical
from consumer.monitoring.drift.judge import Judgement, Reading
from consumer.monitoring.lag import Lag
from consumer.monitoring.live.figures import Figures
from consumer.monitoring.manual import manual
from consumer.monitoring.metrics import Metrics
from consumer.monitoring.truth import Measured
from consumer.records import (
    Label,
    Outcome,
    Reason,
    Record,
    Reject,
    Result,
    Skip,
    SkipReason,
    Stage,
    Tweet,
)
from tests.monitoring.scraping import Scrape, scrape, value


def record(offset: int = 0) -> Record:
    """An input record."""
    return Record("tweets", 0, offset, 1_000, None, b"{}")


def result(probability: float, label: Label, *, tokens: int = 8, truncated: bool = False) -> Result:
    """A labelled record; the truncated one lacks a field as well."""
    confidence = max(probability, 1 - probability)
    tweet = Tweet("1", "a sunny day", left_out=("lang",) if truncated else ())
    return Result(record(), tweet, label, probability, confidence, 0.5, tokens, truncated)


KNOWN = Outcome(
    results=(
        result(0.93, Label.POSITIVE, tokens=10),
        result(0.05, Label.NEGATIVE, tokens=20, truncated=True),
        result(0.52, Label.NEUTRAL, tokens=18),
    ),
    rejects=(Reject(record(3), Stage.PARSE, Reason.INVALID_JSON, "not JSON"),),
    skips=(Skip(record(4), SkipReason.TOMBSTONE),),
    seconds={"parse": 0.002, "score": 0.2},
    padded_tokens=60,
)


def commit(
    metrics: Metrics, outcome: Outcome = KNOWN, close_reason: str = "wait", seconds: float = 0.1
) -> None:
    """Reports a batch as the loop does."""
    consumed = len(outcome.results) + len(outcome.rejects) + len(outcome.skips)
    metrics.batch_committed(
        outcome,
        consumed=consumed,
        close_reason=close_reason,
        end_to_end_seconds=[seconds] * len(outcome.results),
        committed_at=1_700_000_000.0,
    )


@pytest.fixture
def metrics() -> Metrics:
    """Metrics without those of the process."""
    return Metrics(CollectorRegistry())


COUNTED = [
    ("sentiment_consumed_total", {}, 5),
    ("sentiment_messages_total", {"outcome": "scored"}, 3),
    ("sentiment_messages_total", {"outcome": "dead_lettered"}, 1),
    ("sentiment_messages_total", {"outcome": "skipped"}, 1),
    ("sentiment_dead_letters_total", {"stage": "parse", "reason": "invalid_json"}, 1),
    ("sentiment_dead_letters_total", {"stage": "score", "reason": "scorer_failed"}, 0),
    ("sentiment_skipped_total", {"reason": "tombstone"}, 1),
    ("sentiment_predictions_total", {"label": "positive"}, 1),
    ("sentiment_predictions_total", {"label": "negative"}, 1),
    ("sentiment_predictions_total", {"label": "neutral"}, 1),
    ("sentiment_truncated_total", {}, 1),
    ("sentiment_fields_left_out_total", {"field": "lang"}, 1),
    ("sentiment_batches_total", {"reason": "wait"}, 1),
    ("sentiment_batch_size_messages_sum", {}, 5),
    ("sentiment_batch_tokens_sum", {}, 60),
    ("sentiment_batch_padding_ratio_sum", {}, 0.2),
    ("sentiment_confidence_ratio_count", {}, 2),
    ("sentiment_confidence_ratio_sum", {}, 0.93 + 0.95),
    ("sentiment_confidence_ratio_bucket", {"le": "0.925"}, 0),
    ("sentiment_confidence_ratio_bucket", {"le": "0.95"}, 2),
    ("sentiment_score_ratio_count", {}, 3),
    ("sentiment_score_ratio_bucket", {"le": "0.05"}, 1),
    ("sentiment_score_ratio_bucket", {"le": "0.55"}, 2),
    ("sentiment_score_ratio_bucket", {"le": "+Inf"}, 3),
    ("sentiment_end_to_end_latency_seconds_count", {}, 3),
    ("sentiment_stage_duration_seconds_sum", {"stage": "score"}, 0.2),
    ("sentiment_stage_duration_seconds_count", {"stage": "publish"}, 0),
    ("sentiment_last_commit_timestamp_seconds", {}, 1_700_000_000.0),
]


@pytest.mark.parametrize(("name", "labels", "expected"), COUNTED)
def test_a_known_batch_shows_in_every_number(
    metrics: Metrics, name: str, labels: dict[str, str], expected: float
) -> None:
    """What became of a batch can be read from the scrape to the last digit."""
    commit(metrics)
    assert value(scrape(metrics), name, **labels) == pytest.approx(expected)


def test_batches_add_up(metrics: Metrics) -> None:
    """A second batch counts on top of the first."""
    commit(metrics)
    commit(metrics)
    found = scrape(metrics)
    assert value(found, "sentiment_consumed_total") == 10
    assert value(found, "sentiment_score_ratio_count") == 6


def test_a_latency_is_never_negative(metrics: Metrics) -> None:
    """A wall clock that was set back does not take anything off the sum, which must only rise."""
    commit(metrics)
    before = value(scrape(metrics), "sentiment_end_to_end_latency_seconds_sum")
    commit(metrics, seconds=-3_600.0)
    assert value(scrape(metrics), "sentiment_end_to_end_latency_seconds_sum") == before > 0


def test_padding_is_never_negative(metrics: Metrics) -> None:
    """A scorer that counts fewer tokens than there are takes nothing off the sum, which must only rise."""
    commit(metrics, replace(KNOWN, padded_tokens=10))
    assert value(scrape(metrics), "sentiment_batch_padding_ratio_sum") == 0


def test_what_is_told_at_once_shows_at_once(metrics: Metrics) -> None:
    """A scrape, or a look of the page's, waits in between until all of it is told."""
    found: list[Scrape] = []
    seen: list[Figures] = []
    lookers = [
        threading.Thread(target=lambda: found.append(scrape(metrics))),
        threading.Thread(target=lambda: seen.append(metrics.figures())),
    ]
    with metrics.at_once():
        metrics.rebalanced()
        for looker in lookers:
            looker.start()
            looker.join(0.5)
        assert (found, seen) == ([], [])
        metrics.offset_gap(12)
    for looker in lookers:
        looker.join(60)
    assert value(found[0], "sentiment_rebalances_total") == 1
    assert value(found[0], "sentiment_offset_gap_records_total") == 12
    assert (seen[0].count(c.REBALANCES), seen[0].count(c.OFFSET_GAP)) == (1, 12)


def test_figures_do_not_change_any_more(metrics: Metrics) -> None:
    """What the page works on is a copy of one moment."""
    figures = metrics.figures()
    commit(metrics)
    assert figures.count(c.CONSUMED) == 0
    assert figures.histograms[c.SCORE.name][()].sum() == 0
    assert figures.letters == {}


def test_an_accuracy_nobody_knows_has_no_series(metrics: Metrics) -> None:
    """Neither the expected nor the measured one is shown as a number that it is not."""
    metrics.drift(Judgement(tweets=500, sure=500, expected_accuracy=0.8), 0.05)
    metrics.truth(Measured(40, 0.75, 0.8, {}))
    names = {"sentiment_expected_accuracy_ratio", "sentiment_labelled_accuracy_ratio"}
    assert {key[0] for key in scrape(metrics)} >= names
    metrics.drift(Judgement(tweets=5), 0.05)
    metrics.truth(Measured(3, None, None, {}))
    assert names & {key[0] for key in scrape(metrics)} == set()


def test_every_scrape_balances(metrics: Metrics) -> None:
    """However scrapes and commits fall together: consumed = scored + dead-lettered + skipped."""
    done = threading.Event()

    def hammer() -> None:
        while not done.is_set():
            commit(metrics)

    with _fast_switching():
        threads = [threading.Thread(target=hammer) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            differences = {_difference(metrics) for _ in range(150)}
        finally:
            done.set()
            for thread in threads:
                thread.join()
    assert differences == {0}
    assert _difference(metrics) == 0


@contextmanager
def _fast_switching() -> Iterator[None]:
    """Threads take turns every few microseconds, so that a missing lock shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _difference(metrics: Metrics) -> float:
    """Counters of one collection, without the cost of turning them into text."""
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in metrics.collect()
        for sample in family.samples
        if sample.name in {"sentiment_consumed_total", "sentiment_messages_total"}
    }
    return samples.pop(("sentiment_consumed_total",)) - sum(samples.values())


def test_closed_label_sets_stand_at_zero(metrics: Metrics) -> None:
    """Every series of a closed set exists before its first event, so that a rate sees the first step."""
    found = scrape(metrics)
    for metric in CATALOGUE:
        suffix = "_count" if metric.kind is Kind.HISTOGRAM else ""
        for values in metric.values:
            labels = dict(zip(metric.labels, values, strict=True))
            assert value(found, metric.name + suffix, **labels) == 0


def test_dead_letters_know_every_reason(metrics: Metrics) -> None:
    """No reason of the closed list lacks its series."""
    reasons = {dict(key[1])["reason"] for key in scrape(metrics) if key[0] == "sentiment_dead_letters_total"}
    assert reasons == set(Reason)


def test_a_word_from_outside_the_lists_makes_no_series(metrics: Metrics) -> None:
    """Whatever reason is given, the number of series stays."""
    before = len(scrape(metrics))
    commit(metrics, close_reason="because of a tweet")
    metrics.transaction_aborted("KafkaTimeoutError('…')")
    found = scrape(metrics)
    assert len(found) == before
    assert value(found, "sentiment_batches_total", reason="other") == 1
    assert value(found, "sentiment_transaction_aborts_total", reason="other") == 1


def test_series_are_bounded(metrics: Metrics) -> None:
    """A replica without partitions has at most 500 series, buckets included."""
    assert len(scrape(metrics)) <= 500


def test_a_revoked_partition_disappears() -> None:
    """After a rebalance only the partitions still assigned have a lag."""
    metrics = Metrics(CollectorRegistry(), Lag(lambda: 1_010.0))
    metrics.assigned([("tweets", 0), ("tweets", 1)])
    metrics.lag.update(("tweets", 0), 10, 4, 1_000_000)
    metrics.lag.update(("tweets", 1), 7, 7, None)
    before = scrape(metrics)
    metrics.assigned([("tweets", 1)])
    metrics.lag.update(("tweets", 0), 12, 4, 1_000_000)  # a late word on a partition that is gone
    after = scrape(metrics)
    assert value(before, "sentiment_consumer_lag_records", topic="tweets", partition="0") == 6
    assert value(before, "sentiment_consumer_lag_seconds") == 10
    assert value(before, "sentiment_assigned_partitions") == 2
    lagging = [key for key in after if key[0] == "sentiment_consumer_lag_records"]
    assert lagging == [("sentiment_consumer_lag_records", (("partition", "1"), ("topic", "tweets")))]
    assert value(after, "sentiment_consumer_lag_seconds") == 0
    assert value(after, "sentiment_assigned_partitions") == 1


def test_single_events_count(metrics: Metrics) -> None:
    """Polls, rebalances, aborts and gaps each move their own number."""
    metrics.polled(1_700_000_001.0)
    metrics.rebalanced()
    metrics.transaction_aborted("publish")
    metrics.offset_gap(12)
    found = scrape(metrics)
    assert value(found, "sentiment_last_poll_timestamp_seconds") == 1_700_000_001.0
    assert value(found, "sentiment_rebalances_total") == 1
    assert value(found, "sentiment_transaction_aborts_total", reason="publish") == 1
    assert value(found, "sentiment_offset_gap_records_total") == 12


def test_what_is_no_longer_said_is_no_longer_shown(metrics: Metrics) -> None:
    """A window that fell below its minimum has neither scores nor critical values."""
    reading = Reading("confidence", 0.3, 0.04, Critical(0.02, 0.0025), alarm=True)
    metrics.drift(Judgement(5_000, (reading,)), 0.05)
    metrics.drift(Judgement(3), 0.05)
    shown = {name for family in metrics.collect() for name in [family.name] if family.samples}
    assert shown.isdisjoint({"sentiment_drift_score", "sentiment_drift_critical_value"})


def test_the_breaker_is_in_one_state_at_a_time(metrics: Metrics) -> None:
    """The former is over when another begins."""
    for state in (State.CLOSED, State.OPEN, State.HALF_OPEN):
        metrics.breaker(state, 0.5)
        on = {labels for labels, number in metrics.figures().numbers[c.BREAKER_STATE.name].items() if number}
        assert on == {(str(state),)}


def test_our_names_are_taken(metrics: Metrics) -> None:
    """The registry refuses them to anything else in the process."""
    with pytest.raises(ValueError, match="Duplicated"):
        Gauge("sentiment_assigned_partitions", "Somebody else's.", registry=metrics._registry)


def test_every_family_is_told_once(metrics: Metrics) -> None:
    """Prometheus refuses a scrape that tells of one twice."""
    names = [family.name for family in metrics.collect()]
    assert len(names) == len(set(names)) == len(CATALOGUE)


def test_one_model_at_a_time(metrics: Metrics) -> None:
    """A new model takes the place of the one before."""
    for version in ("1.0.0", "1.1.0"):
        metrics.model("mini", version, scorer="openvino", cleaning_version="1", threshold=0.5, max_length=128)
    versions = [dict(key[1])["version"] for key in scrape(metrics) if key[0] == "sentiment_model_info"]
    assert versions == ["1.1.0"]


def test_the_process_shows_its_memory() -> None:
    """Without a registry given, the process's own metrics are there too."""
    found = scrape(Metrics())
    assert value(found, "process_resident_memory_bytes") > 1_000_000


def test_open_metrics_where_asked(metrics: Metrics) -> None:
    """A scraper that prefers OpenMetrics gets it, and every name is legal there."""
    body, content_type = metrics.render("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert body.rstrip().endswith(b"# EOF")


def test_names_follow_the_conventions() -> None:
    """Prefix, and a unit or kind at the end."""
    endings = (
        "_total",
        "_seconds",
        "_ratio",
        "_info",
        "_messages",
        "_tokens",
        "_records",
        "_partitions",
        "_state",
        "_score",
        "_value",
        "_alarm",
        "_samples",
        "_texts",
    )
    for metric in CATALOGUE:
        assert metric.name.startswith("sentiment_")
        assert metric.name.endswith(endings)
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
        assert list(metric.buckets) == sorted(set(metric.buckets))


def test_the_manual_is_current() -> None:
    """docs/metrics.md is what the catalogue says today."""
    page = Path(__file__).parents[2] / "docs" / "metrics.md"
    assert page.read_text() == manual()
