"""The rules by Prometheus' own tool: well-formed, firing where they must and silent where they must not."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy.observability.__main__ import ALERTING, RECORDING, content
from deploy.observability.alerts import ALERTS
from deploy.observability.objectives import JOB
from deploy.observability.rule import Alert, Severity
from tests.observability.cases import CASES, Case
from tests.observability.prometheus import ASSETS, ROOT, Prometheus
from tests.observability.promtool import promtool

CONFIG = ROOT / "deploy" / "prometheus" / "prometheus.yml"
SECTIONS = ("## What it means", "## Look at", "## Do")


@pytest.mark.needs_tool("promtool")
def test_configuration_and_rules_are_well_formed() -> None:
    """Prometheus takes what is shipped, and finds nothing to say against it."""
    promtool("check", "config", "--lint-fatal", str(CONFIG))
    promtool("check", "rules", "--lint-fatal", str(RECORDING), str(ALERTING))


@pytest.mark.needs_tool("promtool")
@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_fires_where_it_must(alert: Alert, tmp_path: Path) -> None:
    """On some series the alert fires with its labels, on others it does not; the case tells which."""
    path = tmp_path / "cases.json"  # JSON is YAML
    path.write_text(json.dumps(written([case for case in CASES if case.alert is alert])), "utf-8")
    promtool("test", "rules", str(path))


def written(cases: Sequence[Case], *, words: bool = False) -> dict[str, Any]:
    """As promtool reads it; with ``words`` it is made to print every alert that fires."""
    return {
        "rule_files": [str(RECORDING), str(ALERTING)],
        "evaluation_interval": "1m",
        "tests": [_written(case, words=words) for case in cases],
    }


def _written(case: Case, *, words: bool) -> dict[str, Any]:
    firing = f'alertname="{case.alert.name}",alertstate="firing"'
    labels = {"job": JOB, **case.labels, "severity": str(case.alert.severity)}
    told = "".join(f',{name}="{value}"' for name, value in labels.items())
    expected = [{"labels": f"ALERTS{{{firing}{told}}}", "value": 1}] if case.told else []
    minute = f"{case.minute}m"
    asked: dict[str, Any] = (
        {"alert_rule_test": [{"eval_time": minute, "alertname": case.alert.name, "exp_alerts": []}]}
        if words
        else {
            "promql_expr_test": [
                {"expr": f"ALERTS{{{firing}}}", "eval_time": minute, "exp_samples": expected}
            ]
        }
    )
    series = [{"series": name, "values": values} for name, values in case.series.items()]
    return {"interval": "1m", "input_series": series, **asked}


@pytest.mark.needs_tool("promtool")
def test_an_alert_says_what_it_should(tmp_path: Path) -> None:
    """The words that reach a person are filled in: the number, and whose it is."""
    firing = [case for case in CASES if case.told]
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(written(firing, words=True)), "utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr  # no alert is expected, so each is printed as a surprise
    assert [case.told for case in firing if case.told not in said] == []
    assert "error expanding" not in said


def test_every_alert_has_both_kinds_of_case() -> None:
    """No alert goes without one that fires and one that does not."""
    for alert in ALERTS:
        assert {bool(case.told) for case in CASES if case.alert is alert} == {True, False}, alert.name


def test_every_alert_has_its_page() -> None:
    """Whoever is called finds what to look at and what to do, and no page is left over."""
    folder = ASSETS / "runbooks"
    assert {path.stem for path in folder.glob("*.md")} == {alert.name for alert in ALERTS}
    for alert in ALERTS:
        text = (folder / f"{alert.name}.md").read_text("utf-8")
        assert text.startswith(f"# {alert.name}\n")
        assert [section for section in SECTIONS if section not in text] == []


@pytest.mark.needs_tool("prometheus")
def test_an_alert_brings_whoever_is_called_to_its_page(tmp_path: Path) -> None:
    """Its address is whole, and the Prometheus that sent the alert serves the page there."""
    with Prometheus(tmp_path, []) as server:
        server.wait_until(server.alerts, "an alert, since nobody is scraped")
        (alert,) = server.alerts()
        with urllib.request.urlopen(alert["annotations"]["runbook_url"]) as answer:  # noqa: S310 - its own address
            assert answer.read().decode().startswith(f"# {alert['labels']['alertname']}\n")


def test_pages_elsewhere_are_a_matter_of_one_address() -> None:
    """Where somebody serves them otherwise, no alert says anything else."""
    address = "https://wiki.example/runbooks"
    text = content(address)[ALERTING]
    assert [line.split("'")[1] for line in text.splitlines() if " runbook_url: " in line] == [
        f"{address}/{alert.name}.md" for alert in ALERTS
    ]


def test_every_alert_is_complete() -> None:
    """Each waits before it fires, has a severity, a summary, a description and a page."""
    text = ALERTING.read_text("utf-8")
    for word in ("expr", "for", "labels", "annotations"):
        assert text.count(f"\n        {word}:") == len(ALERTS)
    for word in ("severity", "summary", "description", "runbook_url"):
        assert text.count(f"\n          {word}: '") == len(ALERTS)
    assert {alert.severity for alert in ALERTS} <= set(Severity)
