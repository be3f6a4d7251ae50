"""A running consumer, watched for real: every expression there is returns data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.observability import panels
from tests.observability.scene import scene

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics


@pytest.mark.broker
@pytest.mark.needs_tool("prometheus", "promtool")
def test_every_expression_returns_data(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """What panels show, rules record, alerts look at and the manual names is there, of a consumer that runs.

    The scrape itself passes `promtool check metrics`; the metrics listed as not exported are indeed not,
    so that the list is emptied when they come.
    """
    with scene(kafka.bootstrap, topics, tmp_path) as (one, server):
        panels.settled(server)
        status, scrape = one.ask("/metrics")
        assert status == 200
        checked = subprocess.run(
            ["promtool", "check", "metrics"], input=scrape, capture_output=True, text=True, check=False
        )
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
        assert [name for name in panels.NOT_YET if name in scrape] == []
        asked = [*panels.of_panels(), *panels.of_alerts(), *panels.of_catalogue()]
        found = list(panels.account(server, asked))
        sys.stdout.write(panels.told(found))  # with `-s`, or where it fails
        assert panels.unanswered(found) == []
        rules = server.rules()
        assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}
        recorded = [rule["name"] for rule in rules if rule["type"] == "recording"]
        assert recorded
        assert [name for name in recorded if not server.ask(name)] == []
