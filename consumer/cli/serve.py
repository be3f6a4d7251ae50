"""``python -m consumer serve``: HTTP scoring alone, without Kafka."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from logging import getLogger
from typing import TYPE_CHECKING

from consumer.assembly import label_rule
from consumer.cli.loading import load_model
from consumer.cli.process import announce, handle_signals
from consumer.comparable import comparable
from consumer.errors import ConfigurationError
from consumer.http.app import create_app
from consumer.http.server import Server
from consumer.limits import Limits
from consumer.monitoring.health import Health
from consumer.monitoring.logs import configure, event
from consumer.monitoring.metrics import Metrics
from consumer.reloading import introduce, look, renewing
from consumer.renewal import tell_switched
from consumer.serving import means, renewing_desk, scoring_of
from consumer.settings import load
from consumer.turns import Turns

if TYPE_CHECKING:
    import argparse

    from consumer.settings import Settings

SUMMARY = "label texts over HTTP alone, without Kafka: POST /predict, POST /tweet"
log = getLogger("consumer.serve")

_TURN_SECONDS = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """All its flags are settings."""


def run(args: argparse.Namespace) -> int:
    """Serve until a signal."""
    settings = load(args)
    if not settings.http_port or not settings.http_queue_texts:
        raise ConfigurationError("HTTP_PORT and HTTP_QUEUE_TEXTS: serve needs both above 0")
    configure(settings.log_level, settings.log_format)
    limits = Limits(time.monotonic)
    handle_signals(limits, lambda: os._exit(0))
    announce(settings, log)
    _serve(settings, limits)
    event(log, "stopped")
    os._exit(0)  # who asked does not wait for a scorer that may hang in a thread of its own


def _serve(settings: Settings, limits: Limits) -> None:
    metrics = Metrics()
    health = Health(stuck_after_seconds=settings.scorer_timeout_seconds + 60, stream=False)
    scoring = scoring_of(settings, metrics)
    assert scoring is not None  # noqa: S101 - the settings were judged
    with ExitStack() as stack:
        server = Server(create_app(health, metrics, scoring), settings.http_host, settings.http_port)
        server.start()
        stack.callback(server.stop)
        looked_at = look(settings)
        model, turns = load_model(settings), Turns()
        folder, rule = model.folder, label_rule(settings, model.folder)
        introduce(settings, folder, rule, comparable(folder, rule), metrics)
        stack.callback(scoring.desk.close)
        stack.callback(health.stopping)
        first = means(settings, model, turns)
        scoring.desk.open(first)
        health.model_warm()
        event(log, "serving", port=server.port)
        renewal = None
        if looked_at:
            at_desk = renewing_desk(settings, scoring.desk, turns)
            renewal = renewing(settings, looked_at, folder, load_model)(metrics, [at_desk])
            stack.callback(renewal.close)
        scorer, style = model.scorer, first.style
        del model, first  # where another one follows it, its memory is wanted
        while not limits.stopping():
            health.progressed()
            if renewal and (following := renewal.take()):
                following.adopt()
                with turns.take():  # nobody is in the middle of scoring with it
                    scorer.close()
                tell_switched(style, following.labeller.style)
                scorer, style = following.labeller.scorer, following.labeller.style
            limits.wait(_TURN_SECONDS)
