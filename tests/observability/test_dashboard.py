"""The dashboard: current, complete, and of one mind with the alerts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from consumer.monitoring.catalogue import CATALOGUE, Kind
from deploy.observability.__main__ import ALERTING, DASHBOARD, content
from tests.observability.panels import NOT_YET, dashboard, of_alerts, of_panels
from tests.observability.prometheus import ROOT

ALERTS = [rule for group in yaml.safe_load(ALERTING.read_text("utf-8"))["groups"] for rule in group["rules"]]
PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"
LIMIT = re.compile(r"\) [<>] ([\d.]+)")
OURS = re.compile(r"\bsentiment_\w+\b(?!:)")


def panels() -> list[dict[str, Any]]:
    """Those that show something."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def test_what_is_shipped_is_current() -> None:
    """Rules and dashboard are what the code writes today; `make docs` writes them."""
    for path, text in content().items():
        assert path.read_text("utf-8") == text, path.name


def test_grafanas_own_types_read_it() -> None:
    """Its schema's classes take the dashboard in and give the same back."""
    shipped = dashboard()
    del shipped["annotations"]  # words of Prometheus' plug-in, which the schema does not know
    again = json.loads(json.dumps(Dashboard.from_json(shipped), cls=JSONEncoder))
    assert again == {**shipped, "annotations": {}}


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_every_panel_is_complete(panel: dict[str, Any]) -> None:
    """It says what it shows and in what unit, has thresholds, and asks the data source that was chosen."""
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["description"]
    assert defaults["unit"]
    assert defaults["thresholds"]["steps"]
    assert panel["targets"]
    for asks in (panel, *panel["targets"]):
        assert asks["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_the_variables_are_those_that_panels_use() -> None:
    """Data source, job, consumer group and replica can be chosen, and every variable in use is there."""
    names = [variable["name"] for variable in dashboard()["templating"]["list"]]
    assert {"datasource", "job", "consumer_group", "instance"} <= set(names)
    used = set(re.findall(r"\$\{?([a-z]\w*)", DASHBOARD.read_text("utf-8")))
    assert used == set(names)


def test_rows_tell_the_story_in_order() -> None:
    """From whether it runs to what it says."""
    assert [panel["title"] for panel in dashboard()["panels"] if panel["type"] == "row"] == [
        *("Health", "Throughput and lag", "Latency by stage", "Batches and padding"),
        *("Sentiment over time", "Confidence and drift", "Dead letters", "Model and build"),
    ]
    assert [note["name"] for note in dashboard()["annotations"]["list"]] == ["Model changes"]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_a_panel_changes_colour_where_its_alert_fires(alert: dict[str, Any]) -> None:
    """The limit in the alert's expression is a threshold of a panel that names the alert and its page."""
    found = LIMIT.search(alert["expr"])
    assert found
    showing = [panel for panel in panels() if f"{alert['alert']}" in panel["description"]]
    assert showing
    for panel in showing:
        steps = [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
        assert float(found[1]) in steps
        if "_drift_" in alert["expr"]:  # what is shown is what is compared, the smallest shift included
            (target,) = panel["targets"]
            assert all(name in target["expr"] for name in OURS.findall(alert["expr"]))
            assert "smallest" in target["expr"]
        page = alert["annotations"]["runbook_url"].rpartition("/")[2]
        assert f"${{runbooks:raw}}/{page}" in [link["url"] for link in panel["links"]]


def test_a_panel_without_alert_raises_no_false_colour() -> None:
    """Only what an alert fires on is ever red or orange."""
    for panel in panels():
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert ("Alert: " in panel["description"]) == (len(steps) > 1), panel["title"]


def test_every_metric_that_is_asked_for_exists() -> None:
    """A panel or an alert on a name that nobody exports would be silent for ever."""
    parts = ("_bucket", "_sum", "_count")
    known = {metric.name for metric in CATALOGUE} | set(NOT_YET)
    known |= {metric.name + part for metric in CATALOGUE if metric.kind is Kind.HISTOGRAM for part in parts}
    rules = "\n".join(path.read_text("utf-8") for path in ALERTING.parent.glob("*.yml"))
    exprs = "\n".join(asked.expr for asked in (*of_panels(), *of_alerts()))
    asked = {
        name
        for text in (exprs, rules)
        for name in OURS.findall(re.sub(r"[a-z_]+:sentiment\w+:\w+", "", text))
    }
    assert len(asked) > 20
    assert asked - known == set()


def test_grafana_finds_what_is_provisioned() -> None:
    """Compose mounts the folders where provisioning looks for them, and the data source is Prometheus'."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    mounts = dict(volume.split(":")[:2] for volume in services["grafana"]["volumes"])
    assert mounts["./deploy/grafana/provisioning"] == "/etc/grafana/provisioning"
    provider = yaml.safe_load((PROVISIONING / "dashboards" / "files.yml").read_text("utf-8"))["providers"][0]
    assert mounts[f"./{DASHBOARD.parent.relative_to(ROOT)}"] == provider["options"]["path"]
    source = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text("utf-8"))[
        "datasources"
    ][0]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    for name in ("prometheus", "grafana"):
        assert services[name]["profiles"] == ["observability"]


def test_composes_prometheus_serves_the_runbooks_where_links_lead() -> None:
    """Those of the dashboard by the address it suggests, those of alerts by its own."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    flags = dict(flag.split("=", 1) for flag in services["prometheus"]["command"])
    mounts = dict(volume.split(":")[:2] for volume in services["prometheus"]["volumes"])
    assert flags["--config.file"].startswith(f"{mounts['./deploy/prometheus']}/")
    assert flags["--storage.tsdb.path"] == mounts["prometheus-data"]
    assert mounts["./docs/runbooks"] == f"{flags['--web.user-assets']}/runbooks"
    address = flags["--web.external-url"].replace("${PROMETHEUS_PORT:-9090}", "9090")
    (suggested,) = [one["query"] for one in dashboard()["templating"]["list"] if one["type"] == "textbox"]
    assert suggested == f"{address}/user/runbooks"
