"""The metrics of one replica: the loop reports, a scrape reads, and both see whole batches only."""

from __future__ import annotations

import platform
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

import numpy as np
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from consumer import __version__
from consumer.breaker import State
from consumer.monitoring import catalogue as c
from consumer.monitoring.counted import Counted, among, counted
from consumer.monitoring.drift.judge import Judgement
from consumer.monitoring.lag import Lag, TopicPartition
from consumer.monitoring.live.figures import Figures, Letter
from consumer.monitoring.series import Fixed, Histogram, Labels, Numbers, Series
from consumer.monitoring.truth import Measured
from consumer.records import Outcome
from consumer.signals import WATCHED


def own_registry() -> CollectorRegistry:
    """A registry with what the process says of itself: memory, CPU, open files, garbage collection."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class Metrics(Collector):
    """Every metric of the catalogue, under one lock.

    A batch's effects on the counters and one scrape exclude each other, so that at every scrape
    consumed = scored + dead-lettered + skipped. The lock is held for the copying and adding of numbers alone
    (well under a millisecond, however large the batch): counting a batch happens before it is taken, turning
    numbers into text after.

    Args:
        registry: where a scrape finds them; a fresh one with the process's own metrics if None.
        lag: where the loop writes how far it is behind; ``.lag`` of this object.
    """

    def __init__(self, registry: CollectorRegistry | None = None, lag: Lag | None = None) -> None:
        self.lag = lag or Lag()
        self._lock = threading.RLock()  # entered again by what is told within ``at_once``
        self._numbers = {m.name: Numbers(m) for m in c.CATALOGUE if m.kind is not c.Kind.HISTOGRAM}
        counted = (m for m in c.CATALOGUE if m.kind is c.Kind.HISTOGRAM and m is not c.REFERENCE)
        self._histograms = {m.name: Histogram(m) for m in counted}
        self._reference = Fixed(c.REFERENCE)
        self._letters: dict[Labels, Letter] = {}
        self._number(c.BUILD_INFO).set(1, __version__, platform.python_version())
        self._registry = registry or own_registry()
        self._registry.register(self)

    def at_once(self) -> AbstractContextManager[object]:
        """What is told in this ``with`` shows at one scrape, all of it."""
        return self._lock

    def batch_committed(
        self,
        outcome: Outcome,
        *,
        consumed: int,
        close_reason: str,
        end_to_end_seconds: Sequence[float],
        committed_at: float,
    ) -> None:
        """Counts one committed micro-batch, whole; never call it for one that was given up.

        Args:
            outcome: what became of its records.
            consumed: its input records, counted from the committed positions and not from the outcome.
            close_reason: one of ``CLOSE_REASONS``; any other word counts as ``other``.
            end_to_end_seconds: for each result, from its record's timestamp to the commit.
            committed_at: seconds since 1970.
        """
        found = counted(outcome)
        latencies = np.maximum(0.0, np.asarray(end_to_end_seconds, np.float64))
        with self._lock:
            self._number(c.CONSUMED).add(amount=consumed)
            self._count_outcome(outcome, found, committed_at)
            self._count_results(found)
            self._count_batch(outcome, found, consumed)
            self._number(c.BATCHES).add(among(close_reason, c.CLOSE_REASONS))
            self._histogram(c.END_TO_END).observe(latencies)
            self._number(c.LAST_COMMIT).set(committed_at)

    def polled(self, at: float) -> None:
        """The loop polled, at so many seconds since 1970."""
        with self._lock:
            self._number(c.LAST_POLL).set(at)

    def rebalanced(self) -> None:
        """The group gave this replica a new assignment."""
        with self._lock:
            self._number(c.REBALANCES).add()

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """Takes all partitions now assigned; the series of others disappear."""
        kept = set(partitions)
        self.lag.assign(kept)
        with self._lock:
            self._number(c.ASSIGNED).set(len(kept))

    def transaction_aborted(self, reason: str) -> None:
        """A batch was given up; any reason that is not one of ``ABORT_REASONS`` counts as ``other``."""
        with self._lock:
            self._number(c.ABORTS).add(among(reason, c.ABORT_REASONS))

    def breaker(self, state: State, ratio: float) -> None:
        """Where the circuit breaker stands, and the share of dead letters it sees."""
        with self._lock:
            for each in State:
                self._number(c.BREAKER_STATE).set(float(each is state), str(each))
            self._number(c.BREAKER_RATIO).set(ratio)

    def breaker_opened(self) -> None:
        """The circuit breaker opened."""
        with self._lock:
            self._number(c.BREAKER_OPENED).add()

    def offset_gap(self, records: int) -> None:
        """So many offsets were gone before they could be read."""
        with self._lock:
            self._number(c.OFFSET_GAP).add(amount=records)

    def model(
        self,
        name: str,
        version: str,
        *,
        scorer: str,
        cleaning_version: str,
        threshold: float,
        max_length: int,
    ) -> None:
        """Names the model in use, in place of the one before."""
        facts = (name, version, scorer, cleaning_version, f"{threshold:g}", str(max_length))
        with self._lock:
            self._number(c.MODEL_INFO).replace({facts: 1})

    def model_reload(self, outcome: str) -> None:
        """The pointer to the model moved, and this came of it: one of ``RELOADS``."""
        with self._lock:
            self._number(c.MODEL_RELOADS).add(outcome)

    def drift(self, judgement: Judgement, smallest_psi: float) -> None:
        """What is said of the drift window, in place of what was said before."""
        read = judgement.readings
        scores: dict[Labels, float] = {(r.signal, "psi"): r.psi for r in read}
        limits: dict[Labels, float] = {(r.signal, "psi"): r.critical.psi for r in read}
        scores |= {(r.signal, "jensen_shannon"): r.jensen_shannon for r in read}
        limits |= {(r.signal, "jensen_shannon"): r.critical.jensen_shannon for r in read}
        expected = judgement.expected_accuracy
        with self._lock:
            self._number(c.DRIFT_SCORE).replace(scores)
            self._number(c.DRIFT_CRITICAL).replace(limits)
            for signal in WATCHED:
                self._number(c.DRIFT_ALARM).set(float(signal in judgement.alarms), signal)
            self._number(c.DRIFT_WINDOW).set(judgement.tweets)
            self._number(c.DRIFT_SMALLEST).set(smallest_psi)
            self._number(c.EXPECTED_ACCURACY).replace({} if expected is None else {(): expected})
            self._number(c.EXPECTED_SAMPLES).set(judgement.sure)

    def truth(self, measured: Measured) -> None:
        """What late labels say, in place of what they said before."""
        shown: dict[Labels, float] = {}
        if measured.accuracy is not None and measured.expected is not None:
            shown = {("labels",): measured.accuracy, ("confidence",): measured.expected}
        with self._lock:
            self._number(c.LABELLED_ACCURACY).replace(shown)
            self._number(c.LABELLED_SAMPLES).set(measured.pairs)
            for fate, count in measured.fates.items():
                self._number(c.LABELS).add(fate, amount=count)

    def http_answered(self, route: str, status: int, seconds: float) -> None:
        """An HTTP request was answered; a path that is not one of ``HTTP_ROUTES`` counts as ``other``."""
        name = among(route, c.HTTP_ROUTES)
        with self._lock:
            self._number(c.HTTP_REQUESTS).add(name, among(str(status), c.HTTP_STATUSES))
            if name != "other":
                self._histogram(c.HTTP_DURATION).observe([seconds], name)

    def http_texts(self, scored: int, failed: int) -> None:
        """So many texts of HTTP requests were scored, and so many were not."""
        with self._lock:
            for fate, count in zip(c.HTTP_FATES, (scored, failed), strict=True):
                self._number(c.HTTP_TEXTS).add(fate, amount=count)

    def http_waiting(self, texts: int) -> None:
        """So many texts of HTTP requests wait now."""
        with self._lock:
            self._number(c.HTTP_WAITING).set(texts)

    def consumer(self, group: str, input_topic: str) -> None:
        """Names what is consumed, and for which group."""
        with self._lock:
            self._number(c.CONSUMER_INFO).replace({(group, input_topic): 1})

    def reference(self, spread: Mapping[str, tuple[Sequence[float], Sequence[int]]]) -> None:
        """Takes the model's own rows, signal → upper bounds and counts, in place of those before."""
        with self._lock:
            self._reference.replace({(signal,): found for signal, found in spread.items()})

    def collect(self) -> Iterator[Family]:
        """What the registry asks for at a scrape: a copy of all numbers of one moment."""
        with self._lock:
            self._read_lag()
            found = [series.family() for series in self._all_series()]
        yield from found

    def describe(self) -> Iterator[Family]:
        """The names that are ours, so that the registry refuses them to others."""
        yield from self.collect()

    def figures(self) -> Figures:
        """The same copy as plain values, about 30 µs."""
        with self._lock:
            self._read_lag()
            return Figures(
                {name: one.values() for name, one in self._numbers.items()},
                {name: one.counts() for name, one in self._histograms.items()},
                self._reference.spread(),
                dict(self._letters),
            )

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Returns the body and the content type of a scrape.

        Args:
            accept: the request's Accept header; OpenMetrics where it asks for it, else Prometheus text.
        """
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def _all_series(self) -> Iterator[Series]:
        yield from self._numbers.values()
        yield from self._histograms.values()
        yield self._reference

    def _number(self, metric: c.Metric) -> Numbers:
        return self._numbers[metric.name]

    def _histogram(self, metric: c.Metric) -> Histogram:
        return self._histograms[metric.name]

    def _read_lag(self) -> None:
        by_partition: dict[Labels, float] = {
            (topic, str(number)): float(records) for (topic, number), records in self.lag.records().items()
        }
        self._number(c.LAG_RECORDS).replace(by_partition)
        self._number(c.LAG_SECONDS).set(self.lag.seconds())

    def _count_outcome(self, outcome: Outcome, found: Counted, committed_at: float) -> None:
        messages = self._number(c.MESSAGES)
        messages.add("scored", amount=len(outcome.results))
        messages.add("dead_lettered", amount=len(outcome.rejects))
        messages.add("skipped", amount=len(outcome.skips))
        for (stage, reason), count in found.dead_letters.items():
            self._number(c.DEAD_LETTERS).add(stage, reason, amount=count)
        for kind, position in found.last_letters.items():
            self._letters[kind] = Letter(committed_at, position)
        for reason, count in found.skips.items():
            self._number(c.SKIPPED).add(reason, amount=count)

    def _count_results(self, found: Counted) -> None:
        for label, count in found.predictions.items():
            self._number(c.PREDICTIONS).add(label, amount=count)
        for field, count in found.fields_left_out.items():
            self._number(c.FIELDS_LEFT_OUT).add(field, amount=count)
        self._number(c.TRUNCATED).add(amount=found.truncated)
        self._histogram(c.SCORE).observe(found.scores)
        self._histogram(c.CONFIDENCE).observe(found.confidences)

    def _count_batch(self, outcome: Outcome, found: Counted, consumed: int) -> None:
        self._histogram(c.BATCH_MESSAGES).observe([consumed])
        if outcome.padded_tokens:
            self._histogram(c.BATCH_TOKENS).observe([outcome.padded_tokens])
            self._histogram(c.PADDING).observe([max(0.0, 1 - found.tokens / outcome.padded_tokens)])
        for step, seconds in outcome.seconds.items():
            self._histogram(c.STAGE_DURATION).observe([seconds], step)
