"""One replica, then four, then two, on eight partitions under load."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.broker.arrivals import Arrivals
from tests.broker.brokers import Broker
from tests.broker.replicas import Replica, reaching
from tests.broker.stream import Traffic, account, wait_until, wait_until_done
from tests.broker.topics import Topics

PARTITIONS = 8
pytestmark = pytest.mark.partitions(PARTITIONS)

# All leave in order, so nothing has to wait for a session to end: that is a minute, a stall may take half.
SESSION = {"KAFKA_SESSION_TIMEOUT_MS": "60000", "MAX_BATCH_MESSAGES": "20"}
STALL_SECONDS = 30.0


def test_from_one_to_four_to_two(
    kafka: Broker, topics: Topics, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Shared evenly each time, no stall as long as a session, nothing lost, nothing doubled."""
    settings = reaching(kafka.bootstrap, topics, tmp_path, **SESSION)
    with contextlib.ExitStack() as stack:
        stack.enter_context(Traffic(kafka.bootstrap, topics.tweets, PARTITIONS))
        seen = stack.enter_context(Arrivals(kafka.bootstrap, topics.out))
        replicas = [stack.enter_context(Replica(settings))]
        _wait_for_shares(replicas, [8])
        began = time.monotonic()
        replicas += [stack.enter_context(Replica(settings)) for _ in range(3)]
        _wait_for_shares(replicas, [2, 2, 2, 2])
        four = time.monotonic()
        for leaver in replicas[:2]:
            leaver.stop()
        _wait_for_shares(replicas[2:], [4, 4])
        _wait_for_results(seen, time.monotonic())
        up, down = seen.longest_gap(began, four), seen.longest_gap(four, time.monotonic())
        record_property("longest stall from 1 to 4 replicas, seconds", round(up, 2))
        record_property("longest stall from 4 to 2 replicas, seconds", round(down, 2))
    with Replica(settings) as rest:
        wait_until_done(kafka.bootstrap, settings["KAFKA_CONSUMER_GROUP"], topics.tweets, seconds=180)
        rest.stop()
    account(kafka.bootstrap, topics)
    assert max(up, down) < STALL_SECONDS


def _wait_for_shares(replicas: list[Replica], shares: list[int]) -> None:
    """Until each was last given so many partitions, and has committed a batch since."""

    def shared() -> bool:
        return [_share(replica) for replica in replicas] == shares

    wait_until(shared, f"shares {shares}")
    for replica in replicas:
        replica.wait_for_event("batch_committed", len(replica.events("batch_committed")) + 1)
    wait_until(shared, f"shares {shares} to stay")


def _share(replica: Replica) -> int:
    given: list[dict[str, Any]] = replica.events("partitions_assigned")
    return int(given[-1]["partitions"]) if given else 0


def _wait_for_results(seen: Arrivals, since: float) -> None:
    every = range(PARTITIONS)
    wait_until(lambda: all(seen.first_after(since, [n]) for n in every), "results in every partition")
