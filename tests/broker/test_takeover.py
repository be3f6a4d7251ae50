"""SIGKILL in the middle of a transaction: how soon there are results again, as a subscriber sees it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from tests.broker.arrivals import Arrivals
from tests.broker.brokers import Broker
from tests.broker.replicas import Replica, reaching, with_http
from tests.broker.stream import Traffic, account, members, wait_until, wait_until_done
from tests.broker.topics import Topics, admin

PARTITIONS = 4
pytestmark = pytest.mark.partitions(PARTITIONS)

AFTER_READY_SECONDS = 5.0
SESSION_SECONDS = 6.0
IN_FLIGHT_SECONDS = 0.5
# The survivor hears of the rebalance by its next heartbeat, joins, reads its positions and scores: two or
# three seconds. Less than what a transaction timeout of three sessions would add.
MARGIN_SECONDS = 5.0
# Another try is for a machine that was busy in that moment; what the product does wrong, such as to wait for
# a timeout that is too long, it does each time.
ATTEMPTS = 3
SWEEP = "transaction.abort.timed.out.transaction.cleanup.interval.ms"


def _killed_in_a_transaction(settings: dict[str, str]) -> Replica:
    """A replica that stands before the commit of its second batch; the caller's ``with`` kills it."""
    replica = Replica(settings, gates="commit")
    replica.wait_at("commit")
    replica.go()
    replica.wait_at("commit")
    return replica


@pytest.mark.parametrize("session_seconds", [6, 60], ids=["dynamic", "static"])
def test_restarted_by_its_supervisor(
    kafka: Broker,
    topics: Topics,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    session_seconds: int,
) -> None:
    """A killed replica gives its first new result within five seconds of being ready again.

    As a static member it waits for nothing: within a session of a minute, too.
    """
    session = {"KAFKA_SESSION_TIMEOUT_MS": str(session_seconds * 1000)}
    settings = with_http(reaching(kafka.bootstrap, topics, tmp_path, **session))
    if session_seconds > SESSION_SECONDS:
        settings["KAFKA_GROUP_INSTANCE_ID"] = "one"
    measured: list[float] = []
    with Traffic(kafka.bootstrap, topics.tweets, PARTITIONS), Arrivals(kafka.bootstrap, topics.out) as seen:
        while not measured or (measured[-1] > AFTER_READY_SECONDS and len(measured) < ATTEMPTS):
            measured.append(_seconds_after_ready(settings, seen))
    record_property("seconds from ready to the first new result", [round(m, 2) for m in measured])
    assert measured[-1] <= AFTER_READY_SECONDS
    _finish(kafka, topics, settings)


def _seconds_after_ready(settings: dict[str, str], seen: Arrivals) -> float:
    with _killed_in_a_transaction(settings) as first:
        first.kill()
    begin = time.monotonic() + IN_FLIGHT_SECONDS
    with Replica(settings) as second:
        wait_until(lambda: second.ask("/readyz")[0] == 200, "it is ready")
        ready = time.monotonic()
        wait_until(lambda: seen.first_after(begin) is not None, "a new result")
        second.stop()
    return begin + (seen.first_after(begin) or 0.0) - ready


def test_taken_over_from_one_that_stays_dead(
    kafka: Broker, topics: Topics, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Its partitions give results again within the session timeout and the broker's sweep of transactions.

    And a margin that is too small for a transaction timeout above the session's.
    """
    settings = reaching(
        kafka.bootstrap, topics, tmp_path, KAFKA_SESSION_TIMEOUT_MS=str(int(SESSION_SECONDS * 1000))
    )
    sweep_seconds = _sweep_seconds(kafka)
    bound_seconds = SESSION_SECONDS + sweep_seconds + MARGIN_SECONDS
    measured: list[float] = []
    with Traffic(kafka.bootstrap, topics.tweets, PARTITIONS), Arrivals(kafka.bootstrap, topics.out) as seen:
        while not measured or (measured[-1] > bound_seconds and len(measured) < ATTEMPTS):
            measured.append(_seconds_taken_over(kafka, settings, seen))
    record_property("session timeout, seconds", SESSION_SECONDS)
    record_property("sweep, seconds", sweep_seconds)
    record_property("seconds from the kill to results in all partitions", [round(m, 2) for m in measured])
    assert measured[-1] <= bound_seconds
    _finish(kafka, topics, settings)


def _seconds_taken_over(kafka: Broker, settings: dict[str, str], seen: Arrivals) -> float:
    with Replica(settings) as heir, Replica(settings, gates="commit") as dead:
        wait_until(lambda: _shared(kafka, settings["KAFKA_CONSUMER_GROUP"]), "they share the partitions")
        dead.wait_at("commit")
        dead.go()
        dead.wait_at("commit")
        dead.kill()
        killed = time.monotonic()
        wait_until(lambda: _seconds_to_all(seen, killed) is not None, "results in every partition")
        heir.stop()
    return _seconds_to_all(seen, killed) or 0.0


def _shared(kafka: Broker, group: str) -> bool:
    found = members(kafka.bootstrap, group)
    return len(found) == 2 and all(member["member_assignment"] for member in found)


def _seconds_to_all(seen: Arrivals, killed: float) -> float | None:
    """From the kill until each partition gave a result that cannot have been on its way at that moment."""
    begin = killed + IN_FLIGHT_SECONDS
    found = [seen.first_after(begin, [n]) for n in range(PARTITIONS)]
    return None if None in found else IN_FLIGHT_SECONDS + max(f for f in found if f is not None)


def _sweep_seconds(kafka: Broker) -> float:
    """How often this broker looks for transactions past their time."""
    with admin(kafka.bootstrap) as client:
        number = str(client.describe_cluster()["brokers"][0]["broker_id"])
        answer = client.describe_configs(
            [ConfigResource(ConfigResourceType.BROKER, number)], config_filter="all"
        )
    return int(answer["broker"][number][SWEEP]["value"]) / 1000


def _finish(kafka: Broker, topics: Topics, settings: dict[str, str]) -> None:
    with Replica(settings) as rest:
        wait_until_done(kafka.bootstrap, settings["KAFKA_CONSUMER_GROUP"], topics.tweets)
        rest.stop()
    account(kafka.bootstrap, topics)
