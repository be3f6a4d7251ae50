"""Two versions in one group: the rolling update, and the way back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.broker.brokers import Broker
from tests.chaos.fleet import ROOT
from tests.chaos.rolling import roll
from tests.chaos.versions import NoHistoryError, earlier, unpack
from tests.not_run import not_run


@pytest.fixture
def old(tmp_path: Path, pytestconfig: pytest.Config) -> Path:
    """The earlier version's files."""
    try:
        return unpack(earlier(), tmp_path / "old")
    except NoHistoryError as error:
        not_run(pytestconfig, str(error))


def test_the_workflow_has_an_earlier_version() -> None:
    """Its checkout brings all commits along: the newest alone has nothing to be updated from."""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert [step["with"]["fetch-depth"] for step in checkouts] == [0]


def test_a_replica_runs_the_code_of_its_folder(old: Path) -> None:
    """Not what is installed: else one version would be rolled to itself."""
    for tree in (old, ROOT):
        code = "import consumer.loop, tests.chaos.replica as r; print(consumer.loop.__file__, r.__file__)"
        said = subprocess.run(
            [sys.executable, "-c", code], cwd=tree, capture_output=True, text=True, check=True
        )
        assert [Path(path).is_relative_to(tree) for path in said.stdout.split()] == [True, True]


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
def test_an_update_under_load_and_the_way_back(
    kafka: Broker, old: Path, tmp_path: Path, *, static: bool
) -> None:
    """Replaced one by one, one of them killed: none lost, none doubled, order kept, by either version."""
    outcome = roll(kafka.bootstrap, old, tmp_path, print, static=static)
    report = "\n".join(outcome.lines())
    print(report)
    assert outcome.clean, report
