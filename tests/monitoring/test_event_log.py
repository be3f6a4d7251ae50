"""The metrics hold what happened: a log of events, known to the last one, against the whole scrape."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from consumer.breaker import State
from consumer.label import LabelRule, confidence
from consumer.monitoring import catalogue as c
from consumer.monitoring.lag import Lag
from consumer.monitoring.metrics import Metrics
from consumer.records import Label, Outcome, Record, Reject, Result, Skip, SkipReason, Tweet

RULE = LabelRule(neutral_band=(0.45, 0.55))
BATCHES, MOST_SERIES = 200, 500  # the bound that docs/metrics.md states

Expected = Counter[tuple[str, tuple[tuple[str, str], ...]]]


def record(offset: int) -> Record:
    """An input record."""
    return Record("tweets", 0, offset, 1_000, None, b"{}")


def result(rng: random.Random, offset: int) -> Result:
    """A labelled record with some probability, length and faults."""
    p = rng.choice((rng.random(), 0.0, 0.05, 0.5, 1.0))  # bounds of buckets among them
    label = RULE.label(p)
    left_out = tuple(field for field in c.OPTIONAL_FIELDS if rng.random() < 0.1)
    tweet = Tweet(str(offset), "a sunny day", left_out=left_out)
    tokens = rng.randint(3, 30)
    return Result(record(offset), tweet, label, p, confidence(label, p), 0.5, tokens, rng.random() < 0.1)


def outcome(rng: random.Random) -> Outcome:
    """A batch of a few records of each kind; sometimes nothing was scored."""
    results = tuple(result(rng, n) for n in range(rng.randint(0, 12)))
    faults = [(stage, reason) for stage, reasons in c.STAGE_REASONS.items() for reason in reasons]
    rejects = tuple(Reject(record(50 + n), *rng.choice(faults), "why") for n in range(rng.randint(0, 3)))
    skips = tuple(Skip(record(70 + n), rng.choice(list(SkipReason))) for n in range(rng.randint(0, 2)))
    seconds = {step: rng.choice((0.0005, 0.02, 3.0, 90.0)) for step in c.STEPS}
    padded = sum(r.tokens for r in results) + rng.randint(0, 40) if results else 0
    return Outcome(results, rejects, skips, seconds, padded)


def key(name: str, /, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A sample's identity."""
    return name, tuple(sorted(labels.items()))


def spread(expected: Expected, metric: c.Metric, values: Sequence[float], **labels: str) -> None:
    """Count values one by one, as the definition of a histogram says."""
    for bound in (*metric.buckets, float("inf")):
        le = "+Inf" if bound == float("inf") else str(float(bound))
        expected[key(f"{metric.name}_bucket", **labels, le=le)] += sum(v <= bound for v in values)
    expected[key(f"{metric.name}_count", **labels)] += len(values)
    expected[key(f"{metric.name}_sum", **labels)] += sum(values)  # type: ignore[assignment] # seconds and shares


def expect(expected: Expected, batch: Outcome, reason: str, latencies: Sequence[float]) -> None:
    """What one committed batch adds, told from its records alone."""
    parts = {"scored": batch.results, "dead_lettered": batch.rejects, "skipped": batch.skips}
    consumed = sum(map(len, parts.values()))
    expected[key("sentiment_consumed_total")] += consumed
    for word, found in parts.items():
        expected[key("sentiment_messages_total", outcome=word)] += len(found)
    for reject in batch.rejects:
        expected[key("sentiment_dead_letters_total", stage=reject.stage, reason=reject.reason)] += 1
    for skip in batch.skips:
        expected[key("sentiment_skipped_total", reason=skip.reason)] += 1
    for one in batch.results:
        expected[key("sentiment_predictions_total", label=one.label)] += 1
        expected[key("sentiment_truncated_total")] += one.truncated
        for field in one.tweet.left_out:
            expected[key("sentiment_fields_left_out_total", field=field)] += 1
    expected[key("sentiment_batches_total", reason=reason)] += 1
    spread(expected, c.SCORE, [r.probability for r in batch.results])
    spread(expected, c.CONFIDENCE, [r.confidence for r in batch.results if r.label is not Label.NEUTRAL])
    spread(expected, c.END_TO_END, latencies)
    spread(expected, c.BATCH_MESSAGES, [consumed])
    for step, seconds in batch.seconds.items():
        spread(expected, c.STAGE_DURATION, [seconds], stage=step)
    if batch.padded_tokens:
        spread(expected, c.BATCH_TOKENS, [batch.padded_tokens])
        waste = 1 - sum(r.tokens for r in batch.results) / batch.padded_tokens
        spread(expected, c.PADDING, [waste])


def expect_http(expected: Expected, route: str, status: int, seconds: float) -> None:
    """What one HTTP request of two good texts and a bad one adds."""
    name = route if route == "/predict" else "other"
    word = "200" if status == 200 else "other"
    expected[key("sentiment_http_requests_total", route=name, status=word)] += 1
    if name != "other":
        spread(expected, c.HTTP_DURATION, [seconds], route=name)
    expected[key("sentiment_http_texts_total", outcome="scored")] += 2
    expected[key("sentiment_http_texts_total", outcome="failed")] += 1


def scrape(metrics: Metrics) -> Mapping[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample of ours."""
    families = text_string_to_metric_families(metrics.render()[0].decode())
    samples = (sample for family in families for sample in family.samples)
    return {key(s.name, **s.labels): s.value for s in samples if s.name.startswith("sentiment_")}


def test_every_counter_and_histogram_tells_the_log_of_events() -> None:
    """After 200 batches and what else happens, each sample is what counting the events one by one gives."""
    rng = random.Random(20)
    metrics, expected = Metrics(CollectorRegistry()), Expected()
    for _ in range(BATCHES):
        batch, reason = outcome(rng), rng.choice(c.CLOSE_REASONS)
        latencies = [rng.choice((0.005, 0.3, 7_000.0)) for _ in batch.results]
        consumed = len(batch.results) + len(batch.rejects) + len(batch.skips)
        metrics.batch_committed(
            batch, consumed=consumed, close_reason=reason, end_to_end_seconds=latencies, committed_at=1.0
        )
        expect(expected, batch, reason, latencies)
        if rng.random() < 0.2:
            word = rng.choice(c.ABORT_REASONS)
            metrics.transaction_aborted(word)
            expected[key("sentiment_transaction_aborts_total", reason=word)] += 1
        if rng.random() < 0.1:
            metrics.rebalanced()
            metrics.offset_gap(7)
            metrics.breaker_opened()
            expected[key("sentiment_rebalances_total")] += 1
            expected[key("sentiment_offset_gap_records_total")] += 7
            expected[key("sentiment_breaker_opened_total")] += 1
        if rng.random() < 0.3:
            route, status, seconds = rng.choice(("/predict", "/odd")), rng.choice((200, 418)), 0.02
            metrics.http_answered(route, status, seconds)
            metrics.http_texts(2, 1)
            expect_http(expected, route, status, seconds)
    found = scrape(metrics)
    gauges = {metric.name for metric in c.CATALOGUE if metric.kind is c.Kind.GAUGE}
    counted = {name: value for name, value in found.items() if name[0] not in gauges}
    assert counted.keys() >= expected.keys()
    wrong = {n: (v, expected[n]) for n, v in counted.items() if abs(v - expected[n]) > 1e-6 * max(1, abs(v))}
    assert wrong == {}


def test_series_are_bounded_whatever_comes_in() -> None:
    """What comes from outside makes no series beyond the bound that docs/metrics.md states.

    One series for each partition assigned, and 500 at most besides: after hundreds of odd reasons, fields,
    models, groups and rebalances over other partitions there are as many as after the first.
    """
    rng = random.Random(21)
    metrics = Metrics(CollectorRegistry(), Lag(lambda: 1_000.0))
    counts = set()
    for n in range(300):
        batch = outcome(rng)
        odd = tuple(
            Result(
                r.record,
                Tweet(r.tweet.id, "text", left_out=(f"field {n}",)),
                *(r.label, r.probability, r.confidence, 0.5, r.tokens, r.truncated),
            )
            for r in batch.results
        )
        odd_outcome = Outcome(odd, batch.rejects, batch.skips, batch.seconds, batch.padded_tokens)
        metrics.batch_committed(
            odd_outcome, consumed=9, close_reason=f"reason {n}", end_to_end_seconds=[], committed_at=1.0
        )
        metrics.transaction_aborted(f"KafkaError {n}")
        metrics.model(f"m{n}", "1", scorer="s", cleaning_version=str(n), threshold=n, max_length=n)
        metrics.consumer(f"group {n}", f"topic {n}")
        full = {name: (bounds, [1] * (len(bounds) + 1)) for name, bounds in REFERENCE.items()}
        metrics.reference(full)
        metrics.breaker(rng.choice(list(State)), rng.random())
        for route in (*c.HTTP_ROUTES, f"/path/{n}"):
            for status in (*map(int, c.HTTP_STATUSES[:-1]), 200 + n):
                metrics.http_answered(route, status, 0.1)
        metrics.http_texts(1, 1)
        metrics.http_waiting(n)
        partitions = [("tweets", (n + k) % 97) for k in range(4)]
        metrics.assigned(partitions)
        for partition in partitions:
            metrics.lag.update(partition, 10, 4, 1_000_000)
        if n % 30 == 20:
            counts.add(len(scrape(metrics)))
    assert len(counts) == 1, counts
    assert counts.pop() - 4 <= MOST_SERIES


REFERENCE = {"score": c.SCORE.buckets, "confidence": c.CONFIDENCE.buckets}
