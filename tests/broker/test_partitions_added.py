"""Partitions that are added to the input while the consumer runs, and to the output too late."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.broker.replicas import Replica, reaching
from tests.broker.stream import Sent, account, publish, tweet, tweets, wait_until_done
from tests.broker.topics import admin

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics


def _add(kafka: Broker, topic: str) -> None:
    """A fourth partition."""
    with admin(kafka.bootstrap) as client:
        client.create_partitions({topic: 4})


def test_an_input_with_more_partitions_than_the_output(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """Running or starting it ends with 2 and the topic's name; nothing is lost once partitions are added."""
    publish(kafka.bootstrap, topics.tweets, tweets(30))
    settings = reaching(
        kafka.bootstrap, topics, tmp_path, KAFKA_GROUP_INSTANCE_ID="one", METADATA_MAX_AGE_MS="1000"
    )
    with Replica(settings) as running:
        wait_until_done(kafka.bootstrap, settings["KAFKA_CONSUMER_GROUP"], topics.tweets)
        _add(kafka, topics.tweets)
        fourth = [Sent(tweet(n), 3, b"key") for n in range(100, 105)]
        publish(kafka.bootstrap, topics.tweets, fourth)
        assert running.wait() == 2
        last = running.log().splitlines()[-1]
        assert f"topic {topics.out}: had no partition 3" in last
        assert "add partitions there" in last
    with Replica(settings) as starting:
        assert starting.wait() == 2
        last = starting.log().splitlines()[-1]
        assert f"{topics.out} has 3, {topics.dlq} has 3, {topics.tweets} has 4" in last
    for topic in (topics.out, topics.dlq):
        _add(kafka, topic)
    with Replica(settings) as after:
        wait_until_done(kafka.bootstrap, settings["KAFKA_CONSUMER_GROUP"], topics.tweets)
        after.stop()
    found = account(kafka.bootstrap, topics)
    assert sum(partition == 3 for _, partition, _ in found.results) == len(fourth)
