"""What panels show of a given set of series, by Prometheus' own tool."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.observability.dashboard import ROWS
from deploy.observability.objectives import JOB
from tests.observability.cases import START, J
from tests.observability.panels import VARIABLES, filled
from tests.observability.promtool import promtool

PANELS = {panel.title: panel for row in ROWS for panel in row.panels}
CHOICES = ("$instance", "$consumer_group")
WHOLE_JOB = "How fast the latency budget burns"  # recorded of a job, as its alerts are
MINUTES = 10
GONE = "gone"
UP = {"a": 1, "b": 1, GONE: 0, "never up": 0}


def shows(
    title: str, series: Mapping[str, str], expected: Mapping[str, float], folder: Path, named: str = ""
) -> None:
    """Of these series the panel shows these instances with these values, where replica ``a`` is chosen.

    ``named`` is the metric's name, where the expression leaves it.
    """
    (query,) = PANELS[title].queries
    asked = {
        "expr": filled(query.expr, {**VARIABLES, "$instance": "a"}),
        "eval_time": f"{MINUTES}m",
        "exp_samples": [
            {"labels": f'{named}{{job="{JOB}",instance="{instance}"}}', "value": value}
            for instance, value in expected.items()
        ],
    }
    given = [{"series": name, "values": values} for name, values in series.items()]
    path = folder / "panel.json"
    test = {"interval": "1m", "input_series": given, "promql_expr_test": [asked]}
    path.write_text(json.dumps({"tests": [test]}), "utf-8")
    promtool("test", "rules", str(path))


@pytest.mark.needs_tool("promtool")
def test_a_replica_that_only_starts_is_not_coloured(tmp_path: Path) -> None:
    """Its alert leaves the first two minutes out, and so does the panel."""
    polls = {f'sentiment_last_poll_timestamp_seconds{{{J},instance="a"}}': "0x10", START: "500x10"}
    shows("Since the last poll", polls, {}, tmp_path)


@pytest.mark.needs_tool("promtool")
def test_a_replica_that_never_polled_is_seen_to_wait(tmp_path: Path) -> None:
    """Its alert looks at the time since its start, and so does the panel."""
    polls = {f'sentiment_last_poll_timestamp_seconds{{{J},instance="a"}}': "0x10", START: "60x10"}
    shows("Since the last poll", polls, {"a": 540}, tmp_path)


@pytest.mark.needs_tool("promtool")
def test_replicas_of_another_group_are_left_out_and_those_without_one_are_not(tmp_path: Path) -> None:
    """Of those that went, their last hour tells; one that never came up belongs to nobody."""
    answered = {f'up{{{J},instance="{name}"}}': f"{value}x10" for name, value in UP.items()}
    info = {
        f'sentiment_consumer_info{{{J},instance="a",consumer_group="g"}}': "1x10",
        f'sentiment_consumer_info{{{J},instance="b",consumer_group="h"}}': "1x10",
        f'sentiment_consumer_info{{{J},instance="{GONE}",consumer_group="h"}}': "1 1 stale",
    }
    shows("Replicas that answer", {**answered, **info}, {"a": 1, "never up": 0}, tmp_path, "up")


@pytest.mark.parametrize("title", sorted(PANELS.keys() - {WHOLE_JOB}))
def test_a_panel_heeds_what_is_chosen(title: str) -> None:
    """A replica or a group that was not chosen is not shown."""
    for query in PANELS[title].queries:
        assert any(choice in query.expr for choice in CHOICES), query.expr


def test_the_one_panel_of_the_whole_job_says_so() -> None:
    """Nobody takes it for the replicas that were chosen."""
    assert "whatever group or replica is chosen" in PANELS[WHOLE_JOB].description
    assert not any(choice in query.expr for query in PANELS[WHOLE_JOB].queries for choice in CHOICES)
