"""``python -m consumer run``: the stream."""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from logging import getLogger
from typing import TYPE_CHECKING, TypeVar

from consumer.assembly import Run, assemble, label_rule
from consumer.broker.connection import explain_unreachable
from consumer.broker.identity import Identity
from consumer.broker.rights import verify_topics
from consumer.broker.topics import describe
from consumer.cli.loading import load_model
from consumer.cli.process import announce, handle_signals
from consumer.comparable import comparable
from consumer.errors import BrokerGoneError, StoppedWaitingError
from consumer.http.app import create_app
from consumer.http.server import Server
from consumer.limits import Limits
from consumer.monitoring.health import Health
from consumer.monitoring.live.latest import Latest
from consumer.monitoring.live.live import Live
from consumer.monitoring.logs import configure, event
from consumer.monitoring.metrics import Metrics
from consumer.reloading import introduce, look, renewing
from consumer.serving import means, renewing_desk, scoring_of
from consumer.settings import Settings, load
from consumer.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.broker.topics import Topics
    from consumer.http.scoring.desk import Desk
    from consumer.loop import Loop
    from consumer.model.folder import ModelFolder
    from consumer.model.pointer import Mark, Pointer
    from consumer.renewal import Renewal
    from consumer.watching import Watching

SUMMARY = "run the stream: tweets in, labelled results out"
log = getLogger("consumer.run")

Found = TypeVar("Found")

_CLOSE_SECONDS = 3.0
_RETRY_SECONDS = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that are not settings."""
    parser.add_argument(
        "--max-messages", type=_count, metavar="N", help="stop when N input records are committed"
    )
    parser.add_argument(
        "--until-idle", type=_seconds, metavar="SECONDS", help="stop when nothing arrived for that long"
    )
    parser.add_argument(
        "--from",
        dest="start_at",
        type=_timestamp,
        metavar="TIMESTAMP",
        help="with a new group: begin at this time (ISO 8601, UTC unless it says otherwise). Start one "
        "replica so: it commits where each partition begins. Further ones, and restarts, go without",
    )


def run(args: argparse.Namespace) -> int:
    """Run until a limit or a signal."""
    settings = load(args)
    configure(settings.log_level, settings.log_format)
    limits = Limits(time.monotonic, args.max_messages, args.until_idle)
    handle_signals(limits, _give_up)
    announce(settings, log)
    try:
        _run(settings, limits, args.start_at)
    except StoppedWaitingError as stopped:
        event(log, "batch_abandoned", 30, reason="stop", stuck=str(stopped))
        _end_now(0)
    except BrokerGoneError as gone:
        event(log, "broker_gone", 40, error=str(gone))
        _end_now(gone.exit_code)
    event(log, "stopped")
    if limits.stopping():
        _end_now(0)  # whoever asked does not wait for threads and modules to be taken down
    return 0


def _run(settings: Settings, limits: Limits, start_at: int | None) -> None:
    metrics = Metrics()
    # A hung transaction or scorer must end with its own words before a probe calls the loop stuck.
    patience_seconds = max(settings.broker_timeout_seconds, settings.scorer_timeout_seconds)
    # A dead member holds up all the others for one session, a hung one until it ends itself.
    health = Health(
        stuck_after_seconds=patience_seconds + 60,
        left_after_seconds=patience_seconds + 2 * settings.kafka_session_timeout_ms / 1000,
    )
    latest = Latest() if settings.page_show_text and settings.http_port else None
    with ExitStack() as stack:
        scoring = scoring_of(settings, metrics)
        if settings.http_port:
            live = stack.enter_context(Live(metrics, health, settings.drift_window_min, latest))
            server = Server(
                create_app(health, metrics, scoring, live), settings.http_host, settings.http_port
            )
            server.start()
            stack.callback(server.stop)
        looked_at = look(settings)
        model = load_model(settings)
        stack.callback(model.scorer.close)
        rule = label_rule(settings, model.folder)  # a band that does not fit is named before the broker is
        introduce(settings, model.folder, rule, comparable(model.folder, rule), metrics)
        metrics.consumer(settings.kafka_consumer_group, settings.kafka_input_topic)
        health.model_warm()
        turns = Turns()
        desk = scoring.desk if scoring is not None and settings.http_port else None
        if desk is not None:
            stack.callback(desk.close)
            desk.open(means(settings, model, turns))
        identity = stack.enter_context(Identity(settings))
        facts = _describe(settings, health, limits)
        if facts is None:
            return
        event(log, "ready_to_join", transactional_id=identity.transactional_id)
        one = Run(
            model=model,
            metrics=metrics,
            health=health,
            limits=limits,
            transactional_id=identity.transactional_id,
            max_message_bytes=facts.max_message_bytes,
            reset=settings.kafka_auto_offset_reset if start_at is None else start_at,
            turns=turns,
            renewal=_renewal(settings, looked_at, model.folder, desk, turns) if looked_at else None,
            watchers=() if latest is None else (latest,),
        )
        loop = _patiently(partial(_connected, settings, one), settings, health, limits)
        if loop is None:
            return
        del model, one  # where another one follows it, its memory is wanted
        stack.callback(_close, loop, health, desk)
        loop.run()


def _describe(settings: Settings, health: Health, limits: Limits) -> Topics | None:
    """The topics, found to fit and to be allowed; None when told to stop."""

    def found() -> Topics:
        topics = describe(settings)
        verify_topics(topics, settings)
        return topics

    return _patiently(found, settings, health, limits)


def _connected(settings: Settings, one: Run) -> Loop:
    """The loop. The broker is knocked at first: a client that finds none leaves a thread behind."""
    if fault := explain_unreachable(settings):
        raise fault
    return assemble(settings, one)


def _patiently(
    attempt: Callable[[], Found], settings: Settings, health: Health, limits: Limits
) -> Found | None:
    """What the attempt brings, tried again for as long as BROKER_TIMEOUT_SECONDS; None when told to stop."""
    started = time.monotonic()
    while not limits.stopping():
        health.progressed()
        try:
            return attempt()
        except BrokerGoneError as gone:
            health.broker_answers(answers=False, reason=str(gone))
            event(log, "broker_not_reached", 30, error=str(gone))
            if time.monotonic() - started >= settings.broker_timeout_seconds:
                raise
            limits.wait(_RETRY_SECONDS)
    return None


def _renewal(
    settings: Settings, looked_at: tuple[Pointer, Mark], in_use: ModelFolder, desk: Desk | None, turns: Turns
) -> Callable[[Metrics, Watching], Renewal]:
    start = renewing(settings, looked_at, in_use, load_model)
    at_desk = [] if desk is None else [renewing_desk(settings, desk, turns)]
    return lambda metrics, watching: start(metrics, [lambda model: watching.prepare(model.folder), *at_desk])


def _close(loop: Loop, health: Health, desk: Desk | None) -> None:
    health.stopping()
    if desk is not None:
        desk.close()  # before the scorer that it shares
    loop.close(_CLOSE_SECONDS)


def _give_up() -> None:
    with contextlib.suppress(RuntimeError):  # the log may be in the middle of a line
        event(log, "batch_abandoned", 30, reason="stop", stuck="the batch in hand")
    _end_now(0)


def _end_now(code: int) -> None:
    """A client call may be stuck in a thread of its own: an orderly exit would wait for it for ever."""
    os._exit(code)


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1 is wanted")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError("a number above 0 is wanted")
    return value


def _timestamp(text: str) -> int:
    """Milliseconds since 1970."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a time such as 2026-11-22T10:00:00Z is wanted") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)
