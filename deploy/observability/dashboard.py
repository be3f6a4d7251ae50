"""Panels → Grafana's JSON, by its own builders."""

from __future__ import annotations

import json
from typing import Any

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as d
from grafana_foundation_sdk.models import heatmap as heatmap_model
from grafana_foundation_sdk.models import prometheus as prometheus_model

from deploy.observability import flow, meaning
from deploy.observability.panel import MINE, Kind, Panel, Query

UID = "tweet-sentiment"
SOURCE = d.DataSourceRef(type_val="prometheus", uid="${datasource}")
ROWS = (
    *(flow.HEALTH, flow.THROUGHPUT, flow.LATENCY, flow.BATCHES),
    *(meaning.SENTIMENT, meaning.DRIFT, meaning.DEAD_LETTERS, meaning.MODEL),
)
# A change shows in one step of the range that is looked at, however wide the steps are.
MODEL_CHANGES = (
    f"count by (name, version) (sentiment_model_info{{{MINE}}})"
    f" unless count by (name, version) (sentiment_model_info{{{MINE}}} offset $__interval)"
)
_HEIGHT = 8


def as_json(runbooks: str) -> str:
    """The dashboard as Grafana reads it from a file; ``runbooks`` is where it finds them unless told."""
    made = (
        build.Dashboard("Tweet sentiment")
        .uid(UID)
        .description("The streaming sentiment consumer: health, flow, latency, sentiment and drift.")
        .tags(["kafka", "sentiment"])
        .time("now-3h", "now")
        .refresh("30s")
        .tooltip(d.DashboardCursorSync.CROSSHAIR)
        .readonly()
    )
    for variable in _variables(runbooks):
        made = made.with_variable(variable)
    number = 0
    for row in ROWS:
        made = made.with_row(build.Row(row.title))
        for panel in row.panels:
            number += 1
            made = made.with_panel(_panel(panel, number))
    content = json.loads(json.dumps(made.build(), cls=JSONEncoder))
    content["annotations"] = {"list": [_model_changes()]}
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _variables(runbooks: str) -> list[Any]:
    """A group's instances are looked up, so that a panel asks by instance alone."""
    return [
        build.DatasourceVariable("datasource").label("Data source").type("prometheus"),
        _query("job", "Job", "label_values(sentiment_build_info, job)"),
        _query(
            "consumer_group",
            "Consumer group",
            'label_values(sentiment_consumer_info{job=~"$job"}, consumer_group)',
        ),
        _query(
            "instance",
            "Replica",
            'label_values(sentiment_consumer_info{job=~"$job",consumer_group=~"$consumer_group"}, instance)',
        ),
        _query("stage", "Stage", 'label_values(sentiment_stage_duration_seconds_count{job=~"$job"}, stage)'),
        build.TextBoxVariable("runbooks").label("Runbooks at").default_value(runbooks),
    ]


def _query(name: str, label: str, query: str) -> Any:
    return (
        build.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(query)
        .refresh(d.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(d.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .current(d.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def _model_changes() -> dict[str, Any]:
    """The builders know an annotation's expression, and not how Prometheus' plug-in words and spaces it."""
    found = (
        build.AnnotationQuery()
        .name("Model changes")
        .datasource(SOURCE)
        .enable(True)
        .icon_color("purple")
        .expr(MODEL_CHANGES)
        .build()
    )
    words = {
        "titleFormat": "{{name}} {{version}}",
        "textFormat": "a replica took this model up",
        "step": "15s",
    }
    content: dict[str, Any] = json.loads(json.dumps(found, cls=JSONEncoder))
    return {**content, **words}


def _panel(panel: Panel, number: int) -> Any:
    made = _kind(panel)
    links = [
        build.DashboardLink(f"Runbook: {alert.name}")
        .type(d.DashboardLinkType.LINK)
        .url(f"${{runbooks:raw}}/{alert.name}.md")
        .target_blank(True)
        for alert in panel.alerts
    ]
    steps = [d.Threshold(value=value, color=colour) for value, colour in panel.steps()]
    made = (
        made.id(number)
        .title(panel.title)
        .description(_description(panel))
        .datasource(SOURCE)
        .unit(panel.unit)
        .min(0)
        .height(_HEIGHT)
        .span(panel.width)
        .links(links)
        .thresholds(build.ThresholdsConfig().mode(d.ThresholdsMode.ABSOLUTE).steps(steps))
    )
    if panel.highest is not None:
        made = made.max(panel.highest)
    if panel.repeat:
        made = made.repeat(panel.repeat).repeat_direction("h")
    for place, query in enumerate(panel.queries):
        made = made.with_target(_target(query, panel.kind, chr(ord("A") + place)))
    return made


def _description(panel: Panel) -> str:
    names = ", ".join(alert.name for alert in panel.alerts)
    return f"{panel.description} Alert: {names}." if names else panel.description


def _kind(panel: Panel) -> Any:
    if panel.kind is Kind.STAT:
        last = common_builders.ReduceDataOptions().calcs(["lastNotNull"])
        return stat.Panel().color_mode(common.BigValueColorMode.BACKGROUND).reduce_options(last)
    if panel.kind is Kind.TABLE:
        return table.Panel()
    if panel.kind is Kind.HEATMAP:
        scheme = heatmap.HeatmapColorOptions().mode(heatmap_model.HeatmapColorMode.SCHEME).scheme("Blues")
        axis = heatmap.YAxisConfig().unit(panel.unit)
        return heatmap.Panel().calculate(False).color(scheme.steps(64)).cell_gap(1).y_axis(axis)
    lines = timeseries.Panel().fill_opacity(10).show_points(common.VisibilityMode.NEVER)
    if panel.kind is Kind.STACK:
        return lines.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL))
    if panel.alerts:
        style = common_builders.GraphThresholdsStyleConfig().mode(common.GraphTresholdsStyleMode.DASHED)
        return lines.thresholds_style(style)
    return lines


def _target(query: Query, kind: Kind, letter: str) -> Any:
    target = (
        prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(letter).datasource(SOURCE)
    )
    if kind is Kind.TABLE:
        return target.instant().format(prometheus_model.PromQueryFormat.TABLE)
    if kind is Kind.HEATMAP:
        return target.range().format(prometheus_model.PromQueryFormat.HEATMAP)
    return target.range()
