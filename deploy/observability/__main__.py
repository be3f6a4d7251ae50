"""``python -m deploy.observability``: write Prometheus' rules and Grafana's dashboard anew."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from deploy.observability import fleet_drift, latency
from deploy.observability.alerts import ALERTS
from deploy.observability.objectives import RUNBOOKS, RUNBOOKS_FROM_GRAFANA
from deploy.observability.rule import Group, write

DEPLOY = Path(__file__).parents[1]
RECORDING = DEPLOY / "prometheus" / "rules" / "recording.yml"
ALERTING = DEPLOY / "prometheus" / "rules" / "alerts.yml"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "tweet-sentiment.json"
# A chart reads no file outside of itself.
CHART_FILES = DEPLOY / "helm" / "tweet-sentiment" / "files"


def content(runbooks: str = "") -> Mapping[Path, str]:
    """Every file that follows from the code; ``runbooks`` where they are not with Prometheus."""
    from deploy.observability.dashboard import as_json  # noqa: PLC0415 - the rules need no Grafana package

    recording = [
        Group("sentiment-latency", latency.recordings()),
        Group("sentiment-fleet-drift", fleet_drift.recordings()),
    ]
    files = {
        RECORDING: write(recording, runbooks or RUNBOOKS),
        ALERTING: write([Group("sentiment-alerts", ALERTS)], runbooks or RUNBOOKS),
        DASHBOARD: as_json(runbooks or RUNBOOKS_FROM_GRAFANA),
    }
    return {**files, **{CHART_FILES / path.name: text for path, text in files.items()}}


def main() -> None:
    """Write them."""
    parser = argparse.ArgumentParser(prog="python -m deploy.observability", description=__doc__)
    parser.add_argument(
        "--runbooks",
        default="",
        metavar="ADDRESS",
        help="where docs/runbooks is served to whoever is called, such as https://git.example/docs/runbooks "
        "(default: by Prometheus itself, as compose has it)",
    )
    for path, text in content(parser.parse_args().runbooks.rstrip("/")).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
