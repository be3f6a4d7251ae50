"""``python -m consumer check``: would the stream run here? Beside a live replica it disturbs nothing."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from consumer.broker import cluster, rights, topics
from consumer.broker.connection import admin
from consumer.broker.identity import try_state
from consumer.cli.report import Report
from consumer.errors import ConfigurationError, ModelRefusedError
from consumer.settings import Settings, load, misspelt
from consumer.settings.agreement import band_fault
from consumer.settings.values import HubModel

SUMMARY = "verify settings, model, broker, topics and rights"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that are not settings."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object instead of a line a finding"
    )


def run(args: argparse.Namespace) -> int:
    """Check everything that can be checked; the first fault's exit code, or 0."""
    report = Report(None if args.json else sys.stdout)
    settings = _settings(args, report)
    shown = settings.redacted() if settings else {}
    if settings:
        if not args.json:
            for name, value in shown.items():
                print(f"         {name}={value}")
        _model(settings, report)
        _state(settings, report)
        if settings.tracing != "off":
            _tracing(settings, report)
        _broker(settings, report)
    if args.json:
        print(report.as_json(shown))
    return report.exit_code


def _settings(args: argparse.Namespace, report: Report) -> Settings | None:
    settings = None
    with report.area("settings"):
        settings = load(args)
        report.ok("settings", "all values are sound")
    report.warn("settings", misspelt())
    return settings


def _model(settings: Settings, report: Report) -> None:
    from consumer.cli.loading import load_model  # noqa: PLC0415 - loads the runtime; settings are judged before

    with report.area("model"):
        try:
            model = load_model(settings)
        except ImportError as error:
            raise ModelRefusedError(f"SCORER={settings.scorer} is not installed ({error})") from error
        model.scorer.close()
        folder = model.folder
        threshold = folder.threshold if settings.threshold is None else settings.threshold
        if fault := band_fault(settings.neutral_band, threshold):
            raise ConfigurationError(fault)
        report.ok(
            "model",
            f"{folder.name} {folder.version} loads with {settings.scorer}, threshold {threshold}"
            + (f", commit {folder.path.name}" if isinstance(settings.model_path, HubModel) else ""),
        )


def _state(settings: Settings, report: Report) -> None:
    with report.area("state"):
        try_state(settings)
        report.ok("state", f"STATE_DIR={settings.state_dir} can be written to")


def _tracing(settings: Settings, report: Report) -> None:
    from consumer.watching import tracing_of  # noqa: PLC0415 - loads what only the stream needs

    with report.area("tracing"):
        tracing_of(settings)
        report.ok("tracing", f"TRACING={settings.tracing} has its packages; no span is sent by a check")


def _broker(settings: Settings, report: Report) -> None:
    with report.area("broker"), admin(settings, "asking the broker") as client:
        nodes = cluster.nodes(client)
        report.ok("broker", f"{len(nodes)} reached: {', '.join(nodes)}")
        facts = cluster.read(client)
        report.faults("broker", cluster.faults(settings, facts))
        with report.area("topics"):
            _topics(settings, client, facts, len(nodes), report)
        with report.area("rights"):
            _rights(settings, client, report)


def _topics(settings: Settings, client: Any, facts: dict[str, str], nodes: int, report: Report) -> None:
    found = topics.verified(settings, topics.read(client, topics.needs(settings)))
    for topic in found:
        report.ok(
            "topics", f"{topic.name}: {topic.partitions} partitions, replication {topic.replication_factor}"
        )
    report.faults("topics", topics.missing_labels(settings, found))
    report.warn("topics", topics.warnings(found))
    report.warn("topics", cluster.warnings(found, facts, nodes))
    report.faults("rights", rights.topic_faults(found, settings))


def _rights(settings: Settings, client: Any, report: Report) -> None:
    rights.try_group(client, settings)
    report.ok("rights", f"group {settings.kafka_consumer_group} may be joined")
    if settings.delivery == "exactly_once":
        report.ok("rights", f"transactions may be made (tried as {rights.try_transactions(settings)})")
