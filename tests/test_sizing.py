"""Capacity: what a plan follows from what was measured, and the page says it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs import generate, limits, sizing
from docs.sizing import LOAD, SMALL_GROUP, Cost, plan

CHEAP = Cost(score=2e-3, loop=2e-4, commit=10e-3, batch=512, read=300.0, written=700.0)
DEAR = Cost(score=20e-3, loop=2e-4, commit=10e-3, batch=512, read=300.0, written=700.0)


def test_page_is_what_was_measured() -> None:
    """Costs, replicas and plans on the page follow from the measurements that are kept."""
    assert generate.CAPACITY.read_text("utf-8") == generate.capacity_page()


def test_a_replica_is_bound_by_its_cores_and_by_its_one_thread() -> None:
    """Twice the cores carry twice as much, until the loop's own thread has no more time."""
    assert CHEAP.replica(2) == pytest.approx(2 * CHEAP.replica(1))
    assert CHEAP.replica(64) == CHEAP.replica(128) == pytest.approx(1 / (2e-4 + 10e-3 / 512))


@given(st.integers(1, 3_000_000), st.floats(1e-4, 1e-2), st.floats(1e-5, 5e-4))
def test_a_plan_carries_its_rate(rate: int, score: float, loop: float) -> None:
    """With what is left for peaks, with a partition for every replica, and none to spare of replicas."""
    cost = Cost(score, loop, 10e-3, 512, 300.0, 700.0)
    found = plan(rate, cost)
    carried = LOAD * cost.replica(found.cores)
    assert found.replicas * carried >= rate * (1 - 1e-9)
    assert found.replicas == 2 or (found.replicas - 1) * carried < rate
    assert found.partitions >= 2 * found.replicas
    assert found.brokers >= 3
    assert found.core_hours == 24 * found.cores * found.replicas


def test_larger_replicas_only_where_the_group_would_be_large() -> None:
    """Small replicas first: one that is away takes less with it."""
    small = plan(10_000, CHEAP)
    large = plan(200_000, CHEAP)
    assert (small.cores, small.replicas) == (2, math.ceil(10_000 / (LOAD * CHEAP.replica(2))))
    assert large.cores > small.cores
    assert large.replicas <= SMALL_GROUP


def test_brokers_follow_from_the_bytes() -> None:
    """Ten times the bytes, ten times the brokers; copies count."""
    wide = Cost(2e-3, 2e-4, 10e-3, 512, 30_000.0, 70_000.0)
    assert plan(10_000, CHEAP).brokers == sizing.FEWEST_BROKERS
    assert plan(10_000, wide).brokers == 30
    assert plan(10_000, wide).network == 2 * 10_000 * 100_000


def test_what_gives_way_follows_from_the_plans() -> None:
    """No row of it names other replicas or partitions than the plan for its rate."""
    measured = {"cost": {name: getattr(DEAR, name) for name in Cost.__dataclass_fields__}}
    rows = limits.limits(measured).splitlines()[2:]
    assert [row.split(" | ")[0] for row in rows] == [f"| {rate:,}/s" for rate in sizing.RATES]
    small, wide, _, vast = (plan(rate, DEAR) for rate in sizing.RATES)
    assert f"{small.replicas} replicas of {small.cores} cores" in rows[0]
    assert f"--partitions {small.partitions}`" in rows[0]
    assert f"{wide.partitions} partitions" in rows[1]
    assert f"{vast.replicas:,} members" in rows[3]


def test_a_commit_a_replica_and_second_at_least() -> None:
    """Many replicas with little to do each still commit what they have."""
    assert plan(1_000_000, CHEAP).commits == pytest.approx(1_000_000 / 512)
    assert plan(100, CHEAP).commits == 2.0
