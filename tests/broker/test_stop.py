"""SIGTERM and SIGINT: a clean end within ten seconds, whatever the replica is doing."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.broker.replicas import Replica, reaching
from tests.broker.stream import account, members, publish, tweets, wait_until, wait_until_done

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

STOP_SECONDS = 10
LONG_SESSION = {"KAFKA_SESSION_TIMEOUT_MS": "60000"}  # so that nothing here can be its doing


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_while_idle(kafka: Broker, topics: Topics, tmp_path: Path, number: signal.Signals) -> None:
    """An idle replica ends with 0 and leaves its group at once, so that others take over without a wait."""
    settings = reaching(kafka.bootstrap, topics, tmp_path, **LONG_SESSION)
    with Replica(settings) as one:
        one.wait_for_event("partitions_assigned")
        one.signal(number)
        one.finish(STOP_SECONDS)
    assert members(kafka.bootstrap, settings["KAFKA_CONSUMER_GROUP"]) == []


def test_stopped_while_scoring(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """The batch in hand is finished or given back, and nothing after it is begun."""
    publish(kafka.bootstrap, topics.tweets, tweets(60))
    settings = reaching(kafka.bootstrap, topics, tmp_path, **LONG_SESSION, MAX_BATCH_MESSAGES="20")
    with Replica(settings, gates="score") as one:
        one.wait_at("score")
        one.signal()
        one.open_gates()
        one.finish(STOP_SECONDS)
        assert len(one.events("batch_committed")) <= 1
    with Replica(settings, "--until-idle", "1") as successor:
        successor.finish()
    account(kafka.bootstrap, topics)


def test_a_successor_works_at_once(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """The replica beside a stopped one has its partitions long before a session could time out."""
    settings = reaching(kafka.bootstrap, topics, tmp_path, **LONG_SESSION)
    group = settings["KAFKA_CONSUMER_GROUP"]
    with Replica(settings) as leaver, Replica(settings) as stayer:
        wait_until(lambda: len(members(kafka.bootstrap, group)) == 2, "both are in the group")
        leaver.stop(STOP_SECONDS)
        publish(kafka.bootstrap, topics.tweets, tweets(30))
        wait_until_done(kafka.bootstrap, group, topics.tweets, seconds=20)
        stayer.stop(STOP_SECONDS)
    account(kafka.bootstrap, topics)


def test_stopped_while_the_scorer_hangs(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """A batch that would take too long is abandoned, which loses nothing."""
    publish(kafka.bootstrap, topics.tweets, tweets(9))
    settings = reaching(kafka.bootstrap, topics, tmp_path, KAFKA_GROUP_INSTANCE_ID="one")
    with Replica(settings, gates="score") as one:
        one.wait_at("score")
        one.stop(STOP_SECONDS)
    with Replica(settings, "--max-messages", "9") as successor:
        successor.finish()
    account(kafka.bootstrap, topics)


def test_a_second_signal_ends_at_once(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """Who cannot wait signals twice: the exit code is 128 and the signal's number, and nothing is lost."""
    publish(kafka.bootstrap, topics.tweets, tweets(9))
    settings = reaching(kafka.bootstrap, topics, tmp_path, KAFKA_GROUP_INSTANCE_ID="one")
    with Replica(settings, gates="score") as one:
        one.wait_at("score")
        wait_until(lambda: _signalled(one), "it ends")
        assert one.wait(STOP_SECONDS) == 128 + signal.SIGTERM
    with Replica(settings, "--max-messages", "9") as successor:
        successor.finish()
    account(kafka.bootstrap, topics)


def _signalled(one: Replica) -> bool:
    """Whether it has ended, if not so far, then by yet another signal."""
    one.signal()
    return not one.runs
