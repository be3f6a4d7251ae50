"""Every expression that people look at or are woken by, asked of a real Prometheus.

``python -m tests.observability.panels`` starts a Kafka, a consumer and a Prometheus and prints the account,
panel by panel.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from consumer.monitoring.catalogue import CATALOGUE
from deploy.local_kafka import LocalKafka
from deploy.observability.__main__ import DASHBOARD
from deploy.observability.alerts import ALERTS
from deploy.observability.objectives import JOB
from tests.broker.topics import make_topics
from tests.observability.prometheus import Prometheus
from tests.observability.scene import PARTITIONS, scene

# Named by panels and alerts, and not exported by this version. Empty when it is.
NOT_YET: tuple[str, ...] = ()
# Their queries in the manual give something only where something is wrong, or texts come over HTTP.
QUIET = (
    "sentiment_offset_gap_records_total",
    "sentiment_drift_alarm",
    "sentiment_http_request_duration_seconds",
)
STEP_SECONDS = 15
VARIABLES = {
    "$__rate_interval": "15s",
    "$__interval": f"{STEP_SECONDS}s",
    "$job": JOB,
    "$instance": ".*",
    "$consumer_group": ".*",
    "$stage": "score",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """An expression, and where it stands."""

    where: str
    expr: str
    over_time: bool = False  # of the last minutes, as an annotation is asked
    may_be_empty: bool = False

    @property
    def waits_for(self) -> list[str]:
        """The metrics in it that this version does not export."""
        return [name for name in NOT_YET if name in self.expr]


def dashboard() -> Any:
    """As it is shipped."""
    return json.loads(DASHBOARD.read_text("utf-8"))


def of_panels() -> list[Asked]:
    """Every expression of every panel and annotation, variables filled in."""
    content = dashboard()
    found = [
        Asked(f"panel: {panel['title']} ({target['refId']})", filled(target["expr"]))
        for panel in content["panels"]
        for target in panel.get("targets", [])
    ]
    notes = content["annotations"]["list"]
    return [
        *found,
        *(Asked(f"annotation: {note['name']}", filled(note["expr"]), over_time=True) for note in notes),
    ]


def of_catalogue() -> list[Asked]:
    """The query that the manual gives for each metric."""
    return [
        Asked(f"manual: {metric.name}", filled(metric.query), may_be_empty=metric.name in QUIET)
        for metric in CATALOGUE
    ]


def unanswered(found: Iterable[tuple[Asked, int]]) -> list[str]:
    """Where an expression stands that gives nothing and should."""
    return [asked.where for asked, series in found if not (series or asked.waits_for or asked.may_be_empty)]


def of_alerts() -> list[Asked]:
    """What each alert looks at, without the limit: while nothing is wrong the whole gives nothing."""
    return [Asked(f"alert: {alert.name}", alert.value) for alert in ALERTS]


def filled(expr: str, chosen: Mapping[str, str] = VARIABLES) -> str:
    """With Grafana's variables replaced as it would."""
    for name, value in chosen.items():
        expr = expr.replace(name, value)
    return expr


def account(server: Prometheus, asked: Iterable[Asked]) -> Iterator[tuple[Asked, int]]:
    """How many series with a number each expression gives; 0 / 0 is none."""
    for one in asked:
        ask = partial(server.ask_over, step_seconds=STEP_SECONDS) if one.over_time else server.ask
        yield one, sum(not math.isnan(value) for _, value in ask(one.expr))


def told(found: Sequence[tuple[Asked, int]]) -> str:
    """The account, a line an expression."""
    lines = []
    for one, series in found:
        why_not = "no, not exported yet" if one.waits_for else "no, all is well" if one.may_be_empty else "NO"
        word = f"yes, {series} series" if series else why_not
        lines.append(f"{one.where:<64} {word:<22} {' '.join(one.expr.split())}\n")
    answered = sum(bool(series) for _, series in found)
    return "".join([*lines, f"{answered} of {len(found)} expressions return data\n"])


def settled(server: Prometheus) -> None:
    """Return when rules have built on rules: the last link of each chain has data."""
    for name in ("consumer_group:sentiment_fleet_drift_psi:1h", "job:sentiment_latency_budget_burn:rate6h"):
        server.wait_until(partial(server.ask, name), f"{name} has data")


def main() -> int:
    """Print it; 1 where an expression gives nothing that should."""
    broker = LocalKafka(start_seconds=180)  # a busy machine
    broker.start()
    try:
        topics = make_topics(broker.bootstrap, PARTITIONS)
        with (
            tempfile.TemporaryDirectory() as folder,
            scene(broker.bootstrap, topics, Path(folder)) as (_, server),
        ):
            settled(server)
            found = list(account(server, [*of_panels(), *of_alerts(), *of_catalogue()]))
    finally:
        broker.close()
    sys.stdout.write(told(found))
    return int(bool(unanswered(found)))


if __name__ == "__main__":
    raise SystemExit(main())
