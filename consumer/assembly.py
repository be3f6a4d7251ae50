"""Assembling: settings and a loaded model → a loop ready to run."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consumer.batch import Rules
from consumer.breaker import Breaker, BreakerRules
from consumer.broker.at_least_once import AtLeastOncePublisher
from consumer.broker.connection import client_options
from consumer.broker.deadline import Deadline
from consumer.broker.identity import file_name
from consumer.broker.poll import Source
from consumer.broker.positions import Reset
from consumer.broker.producer import Targets, Timing, make_producer
from consumer.broker.transaction import TransactionalPublisher
from consumer.circuit import Circuit
from consumer.encode import ResultStyle
from consumer.errors import ConfigurationError
from consumer.gather import Bounds, Gatherer
from consumer.json_pointer import read_pointer
from consumer.label import LabelRule
from consumer.labeller import Labeller
from consumer.limits import STOP_PATIENCE_SECONDS, Limits
from consumer.loop import Loop, Parts
from consumer.parse import Places
from consumer.presence import Presence
from consumer.scoring.watchdog import Watched
from consumer.settings.agreement import band_fault
from consumer.suspicion import Suspicion
from consumer.tokenise import Tokeniser
from consumer.turns import Turns
from consumer.watching import Watching, batch_trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.model.folder import ModelFolder
    from consumer.monitoring.health import Health
    from consumer.monitoring.metrics import Metrics
    from consumer.monitoring.watcher import Watcher
    from consumer.renewal import Renewal
    from consumer.scoring.scorer import Scorer
    from consumer.settings import Settings

_BATCH_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class Model:
    """A model in memory."""

    folder: ModelFolder
    tokeniser: Tokeniser
    scorer: Scorer


def label_rule(settings: Settings, folder: ModelFolder) -> LabelRule:
    """The model's calibration; its threshold, unless a setting says otherwise."""
    threshold = folder.threshold if settings.threshold is None else settings.threshold
    if fault := band_fault(settings.neutral_band, threshold):
        raise ConfigurationError(fault)
    return LabelRule(
        threshold=threshold,
        neutral_band=settings.neutral_band,
        scale=folder.scale,
    )


def places(settings: Settings) -> Places:
    """Where id and text stand in a record."""
    pointers = (settings.input_text_pointer, settings.input_id_pointer)
    return Places(*(None if pointer is None else read_pointer(pointer) for pointer in pointers))


def result_style(settings: Settings, folder: ModelFolder) -> ResultStyle:
    """What is the same in every result."""
    return ResultStyle(
        folder.name, folder.version, settings.output_include_text, settings.output_cloudevents_source
    )


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of the stream has besides its settings."""

    model: Model
    metrics: Metrics
    health: Health
    limits: Limits
    transactional_id: str
    max_message_bytes: int  # the least of the two output topics' limits
    reset: Reset
    turns: Turns = field(default_factory=Turns)  # at the scorer, which HTTP may share
    renewal: Callable[[Metrics, Watching], Renewal] | None = None  # where another model may come
    watchers: tuple[Watcher, ...] = ()  # who hears of commits besides those the settings ask for


def assemble(settings: Settings, run: Run) -> Loop:
    """The loop with its parts. Connects the consumer; the producer connects when the loop runs."""
    source = Source(
        client_options(settings),
        topic=settings.kafka_input_topic,
        group=settings.kafka_consumer_group,
        instance_id=settings.kafka_group_instance_id,
        reset=run.reset,
        session_timeout_ms=settings.kafka_session_timeout_ms,
        on_gap=run.metrics.offset_gap,
    )
    mine = labeller(settings, run.model)
    watching = Watching(settings, run.model.folder, run.metrics, run.transactional_id)
    bounds = Bounds(settings.max_batch_messages, settings.max_batch_tokens, settings.max_batch_wait_ms / 1000)
    parts = Parts(
        source=source,
        gatherer=Gatherer(source, mine.prepare, bounds, time.perf_counter),
        publisher=_publisher(settings, run, source),
        presence=Presence(
            source.answers, run.health.broker_answers, settings.broker_timeout_seconds, time.monotonic
        ),
        metrics=run.metrics,
        health=run.health,
        circuit=Circuit(Breaker(_breaker_rules(settings), time.monotonic), run.health, run.metrics),
        suspicion=Suspicion(settings.state_dir / "scoring" / f"{file_name(run.transactional_id)}.json"),
        trace=batch_trace(settings, run.transactional_id),
        watchers=(*watching.watchers, *run.watchers),
        turn=run.turns.take,
        renewal=run.renewal(run.metrics, watching) if run.renewal else None,
    )
    return Loop(parts, mine, settings.kafka_consumer_group, run.limits, run.limits.wait)


def labeller(settings: Settings, model: Model) -> Labeller:
    """A model as the stream uses it: within the time a call of its scorer may take."""
    rules = Rules(
        model.tokeniser,
        label_rule(settings, model.folder),
        settings.input_format,
        settings.languages,
        places(settings),
    )
    scorer = Watched(model.scorer, settings.scorer_timeout_seconds)
    return Labeller(rules, scorer, result_style(settings, model.folder))


def _breaker_rules(settings: Settings) -> BreakerRules:
    return BreakerRules(
        settings.dlq_breaker_ratio,
        settings.dlq_breaker_window,
        settings.dlq_breaker_min,
        settings.dlq_breaker_pause_seconds,
    )


def _publisher(settings: Settings, run: Run, source: Source) -> TransactionalPublisher | AtLeastOncePublisher:
    timing = Timing(settings.transaction_timeout_ms)
    targets = Targets(settings.kafka_output_topic, settings.kafka_dlq_topic)
    exactly_once = settings.delivery == "exactly_once"
    identity = run.transactional_id if exactly_once else None
    options, batch_bytes = client_options(settings), min(_BATCH_BYTES, run.max_message_bytes)

    def make() -> object:
        return make_producer(options, timing, batch_bytes, identity)

    deadline = Deadline(
        settings.broker_timeout_seconds,
        give_up=lambda: run.limits.stopping_for(STOP_PATIENCE_SECONDS),
        late=lambda: run.health.broker_answers(answers=False),  # until something is heard again
    )
    if not exactly_once:
        return AtLeastOncePublisher(make, targets, timing, deadline, source.commit)
    return TransactionalPublisher(
        make, targets, timing, deadline, whose=f"transactional id {run.transactional_id}"
    )
