"""A short chaos: every kind of fault once, in some two minutes; `make chaos` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local_kafka import LocalCluster
from tests.broker.brokers import Broker
from tests.chaos.brokers import Brokers, OneBroker, ThreeBrokers
from tests.chaos.perform import Run, perform
from tests.chaos.plan import Shape
from tests.chaos.report import kept, lines

pytestmark = [pytest.mark.broker, pytest.mark.timeout(1_200)]
SEED = 20261124


def _perform(brokers: Brokers, run: Run, folder: Path) -> None:
    outcome = perform(brokers, run, folder, print)
    report = "\n".join(lines(run, outcome, None))
    print(report)
    assert kept(run, outcome), report


def test_every_fault_once(own_kafka: Broker, tmp_path: Path) -> None:
    """Killed, frozen, stalled, stopped, scaled, the broker crashed and away: none lost, none doubled.

    Order is kept, too. Away for 12 s: longer than the session, and every pause has grown to its longest.
    """
    shape = Shape(kills=4, replicas=2, gap_seconds=2.0, away_seconds=12.0)
    _perform(OneBroker(own_kafka), Run(shape, SEED), tmp_path)


@pytest.mark.slow
def test_at_least_once(own_kafka: Broker, tmp_path: Path) -> None:
    """Without transactions none is lost, and the copies stay within the bound."""
    shape = Shape(kills=10, gap_seconds=2.0)
    _perform(OneBroker(own_kafka), Run(shape, SEED, "at_least_once"), tmp_path)


@pytest.mark.slow
def test_static_members(own_kafka: Broker, tmp_path: Path) -> None:
    """Replicas that keep their place in the group while they are away keep the same promise."""
    shape = Shape(kills=10, gap_seconds=2.0)
    _perform(OneBroker(own_kafka), Run(shape, SEED, static=True), tmp_path)


@pytest.mark.slow
def test_three_brokers(tmp_path: Path) -> None:
    """Each broker killed in turn, one away, leaders moved: the same zeros."""
    with LocalCluster() as cluster:
        shape = Shape(kills=10, brokers=3, gap_seconds=2.0)
        _perform(ThreeBrokers(cluster), Run(shape, SEED), tmp_path)
