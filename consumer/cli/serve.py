"""``python -m consumer serve``: HTTP scoring alone, without Kafka."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack
from logging import getLogger
from typing import TYPE_CHECKING

from consumer import __version__
from consumer.assembly import label_rule
from consumer.cli.loading import load_model
from consumer.comparable import comparable
from consumer.errors import ConfigurationError
from consumer.http.app import create_app
from consumer.http.server import Server
from consumer.monitoring.health import Health
from consumer.monitoring.logs import configure, event
from consumer.monitoring.metrics import Metrics
from consumer.reloading import introduce, pointer, renewing
from consumer.renewal import tell_switched
from consumer.serving import means, renewing_desk, scoring_of
from consumer.settings import load, misspelt
from consumer.turns import Turns

if TYPE_CHECKING:
    import argparse
    from types import FrameType

    from consumer.settings import Settings

SUMMARY = "label texts over HTTP alone, without Kafka: POST /predict, POST /tweet"
log = getLogger("consumer.serve")

_TURN_SECONDS = 0.5
_STOP_SECONDS = 8.0  # supervisors kill after ten


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """All its flags are settings."""


def run(args: argparse.Namespace) -> int:
    """Serve until a signal."""
    settings = load(args)
    if not settings.http_port or not settings.http_queue_texts:
        raise ConfigurationError("HTTP_PORT and HTTP_QUEUE_TEXTS: serve needs both above 0")
    configure(settings.log_level, settings.log_format)
    stop = threading.Event()
    _handle_signals(stop)
    event(log, "starting", version=__version__, settings=settings.redacted())
    for warning in misspelt():
        event(log, "setting_misspelt", 30, warning=warning)
    _serve(settings, stop)
    event(log, "stopped")
    os._exit(0)  # who asked does not wait for a scorer that may hang in a thread of its own


def _serve(settings: Settings, stop: threading.Event) -> None:
    metrics = Metrics()
    health = Health(stuck_after_seconds=settings.scorer_timeout_seconds + 60, stream=False)
    scoring = scoring_of(settings, metrics)
    assert scoring is not None  # noqa: S101 - the settings were judged
    with ExitStack() as stack:
        server = Server(create_app(health, metrics, scoring), settings.http_host, settings.http_port)
        server.start()
        stack.callback(server.stop)
        looked_at = (at, at.mark()) if (at := pointer(settings)) else None  # a move from here on is noticed
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
        while not stop.wait(_TURN_SECONDS):
            health.progressed()
            if renewal and (following := renewal.take()):
                following.adopt()
                with turns.take():  # nobody is in the middle of scoring with it
                    scorer.close()
                tell_switched(style, following.labeller.style)
                scorer, style = following.labeller.scorer, following.labeller.style


def _handle_signals(stop: threading.Event) -> None:
    def end(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()
        signal.setitimer(signal.ITIMER_REAL, _STOP_SECONDS)

    signal.signal(signal.SIGALRM, lambda _number, _frame: os._exit(0))
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, end)
