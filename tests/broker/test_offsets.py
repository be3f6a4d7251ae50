"""Where reading begins, and what happens when that place is gone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kafka import TopicPartition

from tests.broker.reading import read_all
from tests.broker.replicas import Replica, reaching, with_http
from tests.broker.stream import (
    Sent,
    account,
    committed,
    metric,
    publish,
    source_of,
    tweet,
    tweets,
    wait_until_done,
)
from tests.broker.topics import admin

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

pytestmark = pytest.mark.partitions(1)

EPOCH_MS = 1_700_000_000_000


def _labelled(kafka: Broker, topics: Topics) -> list[int]:
    """Offsets of the tweets that have a result, in the order of the results."""
    return [source_of(record)[2] for record in read_all(kafka.bootstrap, topics.out)]


def test_records_deleted_before_they_were_read(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """The gap is counted and logged, and reading goes on at the first record that is left."""
    publish(kafka.bootstrap, topics.tweets, tweets(30, partitions=1))
    settings = with_http(reaching(kafka.bootstrap, topics, tmp_path))
    with Replica(settings, "--max-messages", "10") as before:
        before.finish()
    with admin(kafka.bootstrap) as client:
        client.delete_records({TopicPartition(topics.tweets, 0): 20})
    with Replica(settings) as after:
        wait_until_done(kafka.bootstrap, settings["KAFKA_CONSUMER_GROUP"], topics.tweets)
        assert metric(after.ask("/metrics")[1], "sentiment_offset_gap_records_total") == 10
        gap = {"topic": topics.tweets, "partition": 0, "records": 10, "committed": 10, "begins_at": 20}
        assert [event.items() >= gap.items() for event in after.events("offset_gap")] == [True]
        after.stop()
    assert _labelled(kafka, topics) == [*range(10), *range(20, 30)]


def test_records_deleted_while_a_batch_is_read_again(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """A running replica that falls behind retention counts the gap, too, and goes on."""
    publish(kafka.bootstrap, topics.tweets, tweets(30, partitions=1))
    settings = reaching(kafka.bootstrap, topics, tmp_path, MAX_BATCH_MESSAGES="10")
    with Replica(settings, "--until-idle", "2", gates="score") as one:
        one.wait_at("score")
        with admin(kafka.bootstrap) as client:
            client.delete_records({TopicPartition(topics.tweets, 0): 30})
        publish(kafka.bootstrap, topics.tweets, tweets(5, first=30, partitions=1))
        one.open_gates()
        one.finish()
        labelled = _labelled(kafka, topics)
        gaps = [event["records"] for event in one.events("offset_gap")]
    assert labelled[-5:] == list(range(30, 35))
    assert len(set(labelled)) == len(labelled) == 35 - sum(gaps)


@pytest.mark.parametrize("policy", ["earliest", "latest"])
def test_a_new_group_begins_where_the_policy_says(
    kafka: Broker, topics: Topics, tmp_path: Path, policy: str
) -> None:
    """With earliest it labels what the topic holds, latest only what comes after the group was joined."""
    publish(kafka.bootstrap, topics.tweets, tweets(10, partitions=1))
    settings = reaching(kafka.bootstrap, topics, tmp_path, KAFKA_AUTO_OFFSET_RESET=policy)
    with Replica(settings) as one:
        one.wait_for_event("partitions_assigned")
        if policy == "latest":  # held at once, or a rebalance before the first batch would begin further on
            assert committed(kafka.bootstrap, settings["KAFKA_CONSUMER_GROUP"]) == {0: 10}
        publish(kafka.bootstrap, topics.tweets, tweets(5, first=10, partitions=1))
        wait_until_done(kafka.bootstrap, settings["KAFKA_CONSUMER_GROUP"], topics.tweets)
        one.stop()
    assert _labelled(kafka, topics) == list(range(0 if policy == "earliest" else 10, 15))


def test_history_from_a_time(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """--from labels what was published since then in a new group, and is refused in one that has begun."""
    stamped = [Sent(tweet(n), 0, timestamp_ms=EPOCH_MS + 1_000 * n) for n in range(10)]
    publish(kafka.bootstrap, topics.tweets, stamped)
    settings = reaching(kafka.bootstrap, topics, tmp_path)
    since = datetime.fromtimestamp(EPOCH_MS / 1000 + 4, UTC).isoformat()
    with Replica(settings, "--from", since, "--max-messages", "6") as one:
        one.finish()
    assert _labelled(kafka, topics) == list(range(4, 10))
    with Replica(settings, "--from", since) as again:
        assert again.wait() == 2
        assert "--from" in again.log().splitlines()[-1]


def test_rescoring_leaves_the_first_group_alone(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """Two groups each label everything: (topic, partition, offset) names the input in both."""
    publish(kafka.bootstrap, topics.tweets, tweets(10, partitions=1))
    for _ in range(2):
        settings = reaching(kafka.bootstrap, topics, tmp_path)
        with Replica(settings, "--max-messages", "10") as one:
            one.finish()
    ids = [json.loads(record.value)["id"] for record in read_all(kafka.bootstrap, topics.out)]
    assert ids == [str(n) for n in range(10)] * 2


def test_at_least_once_loses_nothing(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """Killed between publishing and committing, the batch is published again, and nothing is missing."""
    publish(kafka.bootstrap, topics.tweets, [*tweets(20, partitions=1), Sent(b"no json", 0)])
    settings = reaching(
        kafka.bootstrap, topics, tmp_path, DELIVERY="at_least_once", KAFKA_GROUP_INSTANCE_ID="one"
    )
    with Replica(settings, gates="positions") as first:
        first.wait_at("positions")
        first.kill()
    assert _labelled(kafka, topics) != []
    with Replica(settings, "--max-messages", "21") as second:
        second.finish()
    labelled = _labelled(kafka, topics)
    assert set(labelled) == set(range(20))
    assert len(labelled) > 20
    assert labelled[-20:] == list(range(20))


def test_at_least_once_without_trouble(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """As long as nothing fails each record has one result here, too."""
    publish(kafka.bootstrap, topics.tweets, [*tweets(20, partitions=1), Sent(b"no json", 0)])
    settings = reaching(kafka.bootstrap, topics, tmp_path, DELIVERY="at_least_once")
    with Replica(settings, "--max-messages", "21") as one:
        one.finish()
    account(kafka.bootstrap, topics, dead=1)
