"""Replicas that come and go under load: nothing lost, nothing twice, every partition in order."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.broker.replicas import Replica, reaching
from tests.broker.stream import (
    Traffic,
    account,
    members,
    publish,
    state,
    tweets,
    wait_until,
    wait_until_done,
)

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

PARTITIONS = 4
pytestmark = pytest.mark.partitions(PARTITIONS)


def test_replicas_join_leave_and_die_under_load(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """Through joins, leaves and a crash every tweet gets one result."""
    settings = reaching(kafka.bootstrap, topics, tmp_path, MAX_BATCH_MESSAGES="10")
    with Replica(settings) as first, Replica(settings) as last:
        with Traffic(kafka.bootstrap, topics.tweets, PARTITIONS):
            _work(first, last)
            with Replica(settings) as crasher:
                _work(crasher, first, last)
                crasher.kill()
            with Replica(settings) as leaver:
                _work(leaver)
                leaver.stop()
            _work(first, last)
            first.stop()
            _work(last)
        _finish(kafka, topics, last)
    account(kafka.bootstrap, topics)


def _work(*replicas: Replica) -> None:
    """Return when each of them has committed a few more batches."""
    for replica in replicas:
        replica.wait_for_event("batch_committed", len(replica.events("batch_committed")) + 3)


def _finish(kafka: Broker, topics: Topics, last: Replica) -> None:
    wait_until_done(kafka.bootstrap, last.settings["KAFKA_CONSUMER_GROUP"], topics.tweets)
    last.stop()


def test_a_rebalance_begins_while_scoring(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """A batch in hand when another replica joins is published once, by whoever then has its partitions."""
    publish(kafka.bootstrap, topics.tweets, tweets(200, partitions=PARTITIONS))
    settings = reaching(kafka.bootstrap, topics, tmp_path, MAX_BATCH_MESSAGES="50")
    group = settings["KAFKA_CONSUMER_GROUP"]
    with Replica(settings, gates="score") as slow:
        slow.wait_at("score")
        with Replica(settings) as quick:
            wait_until(
                lambda: state(kafka.bootstrap, group) == "PreparingRebalance", "the other one asks to join"
            )
            slow.open_gates()
            wait_until_done(kafka.bootstrap, group, topics.tweets)
            quick.stop()
        slow.stop()
    account(kafka.bootstrap, topics)


@pytest.mark.parametrize("gate", ["score", "commit"])
def test_a_replica_that_hung_past_its_session(
    kafka: Broker, topics: Topics, tmp_path: Path, gate: str
) -> None:
    """Frozen until all it held went to another, it repeats nothing, rejoins and goes on working."""
    publish(kafka.bootstrap, topics.tweets, tweets(40, partitions=PARTITIONS))
    settings = reaching(kafka.bootstrap, topics, tmp_path)
    group = settings["KAFKA_CONSUMER_GROUP"]
    with Replica(settings, gates=gate) as frozen:
        frozen.wait_at(gate)
        frozen.signal(signal.SIGSTOP)
        with Replica(settings) as heir:
            wait_until_done(kafka.bootstrap, group, topics.tweets)
            frozen.signal(signal.SIGCONT)
            wait_until(lambda: _knows_it_was_dropped(frozen), "its client hears that it is no member")
            frozen.open_gates()
            wait_until(lambda: len(members(kafka.bootstrap, group)) == 2, "it is back in the group")
            heir.stop()
        publish(kafka.bootstrap, topics.tweets, tweets(40, first=40, partitions=PARTITIONS))
        _finish(kafka, topics, frozen)
    account(kafka.bootstrap, topics)


def _knows_it_was_dropped(replica: Replica) -> bool:
    """From here on its group metadata name no member: sent with a commit they would pass unfenced."""
    return "local member_id was not recognized" in replica.log()
