"""Identities that outlive a process, and what happens when two live replicas claim one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.broker.replicas import Replica, reaching
from tests.broker.stream import Traffic, account, members, publish, tweets, wait_until, wait_until_done

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

PARTITIONS = 3


def _named(settings: dict[str, str], name: str) -> dict[str, str]:
    return {**settings, "KAFKA_GROUP_INSTANCE_ID": name, "KAFKA_SESSION_TIMEOUT_MS": "60000"}


@pytest.mark.parametrize("end", [Replica.stop, Replica.kill], ids=["stopped", "killed"])
def test_a_static_member_keeps_its_place(
    kafka: Broker, topics: Topics, tmp_path: Path, end: Callable[[Replica], None]
) -> None:
    """Started again within the session timeout it has its partitions again, and nobody else notices."""
    settings = reaching(kafka.bootstrap, topics, tmp_path)
    group = settings["KAFKA_CONSUMER_GROUP"]
    with Replica(_named(settings, "stays")) as stays:
        with Replica(_named(settings, "restarts")) as before:
            wait_until(lambda: {_held(stays), _held(before)} == {1, 2}, "they share the partitions")
            places, moves = _places(kafka, group), len(stays.events("partitions_assigned"))
            end(before)
        assert _places(kafka, group) == places
        with Replica(_named(settings, "restarts")) as after:
            after.wait_for_event("partitions_assigned")
            publish(kafka.bootstrap, topics.tweets, tweets(30))
            wait_until_done(kafka.bootstrap, group, topics.tweets)
            after.stop()
        assert len(stays.events("partitions_assigned")) == moves
        stays.stop()
    account(kafka.bootstrap, topics)


def _held(replica: Replica) -> int:
    """How many partitions a replica said it was given last."""
    given = [int(event["partitions"]) for event in replica.events("partitions_assigned")]
    return given[-1] if given else 0


def _places(kafka: Broker, group: str) -> dict[str, Any]:
    return {
        member["group_instance_id"]: member["member_assignment"] for member in members(kafka.bootstrap, group)
    }


def test_two_live_replicas_with_one_membership(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """The older one ends with 5 and says which setting must be unique; the newer one works on."""
    settings = _named(reaching(kafka.bootstrap, topics, tmp_path), "twin")
    with Replica(settings) as older, Traffic(kafka.bootstrap, topics.tweets, PARTITIONS):
        older.wait_for_event("batch_committed")
        with Replica(settings) as newer:
            assert older.wait() == 5
            assert "KAFKA_GROUP_INSTANCE_ID" in older.log().splitlines()[-1]
            newer.wait_for_event("batch_committed")
            newer.stop()
    with Replica(settings) as rest:
        wait_until_done(kafka.bootstrap, settings["KAFKA_CONSUMER_GROUP"], topics.tweets)
        rest.stop()
    account(kafka.bootstrap, topics)


def test_two_live_replicas_with_one_transactional_id(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """One of them ends with 5 and says which setting must be unique; nothing is lost or doubled."""
    settings = {**reaching(kafka.bootstrap, topics, tmp_path), "KAFKA_TRANSACTIONAL_ID": topics.tweets}
    elsewhere = {**settings, "STATE_DIR": str(tmp_path / "other-machine")}
    with Replica(settings) as one, Replica(elsewhere) as other:
        with Traffic(kafka.bootstrap, topics.tweets, PARTITIONS):
            wait_until(lambda: not (one.runs and other.runs), "one of them ends")
        fenced, survivor = (other, one) if one.runs else (one, other)
        assert fenced.wait() == 5
        assert "KAFKA_TRANSACTIONAL_ID" in fenced.log().splitlines()[-1]
        wait_until_done(kafka.bootstrap, settings["KAFKA_CONSUMER_GROUP"], topics.tweets)
        survivor.stop()
    account(kafka.bootstrap, topics)


def test_one_transactional_id_twice_on_one_machine(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """Where STATE_DIR is shared the second replica is refused before it does any harm."""
    settings = {**reaching(kafka.bootstrap, topics, tmp_path), "KAFKA_TRANSACTIONAL_ID": topics.tweets}
    with Replica(settings) as first:
        first.wait_for_event("partitions_assigned")
        with Replica(settings) as second:
            assert second.wait() == 2
            assert "KAFKA_TRANSACTIONAL_ID" in second.log().splitlines()[-1]
        first.stop()
