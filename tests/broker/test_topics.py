"""Creating and verifying topics, against a real broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from consumer.__main__ import main
from consumer.broker import topics
from consumer.broker.topics import TopicFacts, Topics
from consumer.errors import ConfigurationError
from consumer.settings import Settings
from tests.broker.topics import admin, new_names, remove_topics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.broker.brokers import Broker

DAY_MS = 86_400_000


@pytest.fixture
def settings(kafka: Broker) -> Iterator[Settings]:
    """Three topics that do not exist yet."""
    names = new_names()
    yield Settings(
        kafka_bootstrap_servers=kafka.bootstrap,
        kafka_input_topic=names.tweets,
        kafka_output_topic=names.out,
        kafka_dlq_topic=names.dlq,
    )
    remove_topics(kafka.bootstrap, names)


def make(kafka: Broker, name: str, partitions: int) -> None:
    """One topic, made by somebody else."""
    with admin(kafka.bootstrap) as client:
        client.create_topics(
            {name: {"num_partitions": partitions, "replication_factor": 1}}, wait_for_metadata=True
        )


def test_missing_topics_are_created_once(settings: Settings) -> None:
    """The second run finds all as it should be and changes nothing."""
    found, created = topics.create(settings)
    assert created == list(topics.names(settings))
    assert {topic.partitions for topic in found} == {6}
    again, created = topics.create(settings)
    assert created == []
    assert again == found


def test_what_is_created_keeps_and_takes_enough(settings: Settings) -> None:
    """Kept to be read again, room for the largest record with its headers, the publisher's timestamps."""
    found, _ = topics.create(settings, partitions=2)
    assert [topic.number("retention.ms") for topic in found] == [7 * DAY_MS, 30 * DAY_MS, 30 * DAY_MS]
    largest = found.input.number("max.message.bytes")
    assert largest is not None
    assert found.max_message_bytes >= 2 * (largest - 1024)
    for topic in found:
        assert topic.settings["cleanup.policy"] == "delete"
        assert topic.settings["message.timestamp.type"] == "CreateTime"


def test_new_topics_follow_the_input_topics_partitions(kafka: Broker, settings: Settings) -> None:
    """A result goes to its record's partition number, so parity is the default."""
    make(kafka, settings.kafka_input_topic, 4)
    found, created = topics.create(settings)
    assert [topic.partitions for topic in found] == [4, 4, 4]
    assert settings.kafka_input_topic not in created


def test_the_topic_of_labels_is_made_where_it_is_set(kafka: Broker, settings: Settings) -> None:
    """With the others, which do without it; where it is there, its partitions are its publisher's matter."""
    made, there = (f"{settings.kafka_input_topic}.labels-{n}" for n in range(2))
    wanting, having = (settings.model_copy(update={"kafka_labels_topic": name}) for name in (made, there))
    topics.create(settings, partitions=2)
    make(kafka, there, 1)
    try:
        assert topics.describe(wanting).labels is None
        assert topics.create(wanting)[1] == [made]
        found, created = topics.create(having, partitions=2)
        assert created == []
        assert found.labels
        assert found.labels.partitions == 1
    finally:
        with admin(kafka.bootstrap) as client:
            client.delete_topics([made, there], raise_errors=False)


def test_an_output_with_fewer_partitions_is_refused(kafka: Broker, settings: Settings) -> None:
    """Both the command and the start of the stream name the topic and the numbers."""
    make(kafka, settings.kafka_input_topic, 4)
    make(kafka, settings.kafka_output_topic, 3)
    make(kafka, settings.kafka_dlq_topic, 5)
    for step in (topics.create, topics.describe):
        with pytest.raises(ConfigurationError) as refusal:
            step(settings)
        assert f"{settings.kafka_output_topic} has 3" in str(refusal.value)
        assert settings.kafka_dlq_topic not in str(refusal.value)


def test_a_missing_topic_is_named_with_the_command_that_makes_it(settings: Settings) -> None:
    """The stream does not wait for a topic that nobody makes."""
    with pytest.raises(ConfigurationError) as refusal:
        topics.describe(settings)
    assert all(name in str(refusal.value) for name in topics.names(settings))
    assert "python -m consumer topics" in str(refusal.value)


def test_a_number_of_partitions_that_cannot_be_had_is_refused(settings: Settings) -> None:
    """Asking for another number does not move anybody's keys."""
    topics.create(settings, partitions=2)
    with pytest.raises(ConfigurationError, match="has 2 partitions, not 3"):
        topics.create(settings, partitions=3)


def test_more_replicas_than_brokers_is_one_clear_line(
    kafka: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 with the flag's name."""
    names = new_names()
    words = ["--kafka-bootstrap-servers", kafka.bootstrap, "--kafka-input-topic", names.tweets]
    words += ["--kafka-output-topic", names.out, "--kafka-dlq-topic", names.dlq]
    assert main(["topics", *words, "--replication-factor", "99"]) == 2
    assert "fewer brokers than --replication-factor" in capsys.readouterr().err


SAFE = {
    "min.insync.replicas": "2",
    "cleanup.policy": "delete",
    "retention.ms": str(7 * DAY_MS),
    "max.message.bytes": "1048588",
    "message.timestamp.type": "CreateTime",
}


def facts(replicas: int = 3, **odd: str) -> Topics:
    """Three safe topics, but for ``odd`` in the output."""
    safe = TopicFacts("t", 6, 3, SAFE)
    return Topics(
        safe, TopicFacts("o", 6, replicas, SAFE | {k.replace("_", "."): v for k, v in odd.items()}), safe
    )


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (facts(replicas=1), "replication factor 1"),
        (facts(min_insync_replicas="1"), "min.insync.replicas=1"),
        (facts(min_insync_replicas="3"), "min.insync.replicas=3"),
        (facts(cleanup_policy="compact,delete"), "compact"),
        (facts(retention_ms="3600000"), "retention.ms=3600000"),
        (facts(unclean_leader_election_enable="true"), "unclean"),
        (facts(max_message_bytes="1000"), "max.message.bytes=1000"),
        (facts(message_timestamp_type="LogAppendTime"), "LogAppendTime"),
    ],
)
def test_unsafe_settings_are_warned_of(found: Topics, told: str) -> None:
    """Each in one line that says what can be lost."""
    (warning,) = topics.warnings(found)
    assert told in warning
    assert "topic o" in warning


def test_safe_topics_and_unreadable_ones_give_no_warning() -> None:
    """Where settings may not be read nothing is claimed; endless retention is not short."""
    assert topics.warnings(facts(retention_ms="-1")) == []
    blind = TopicFacts("t", 6, 3)
    assert topics.warnings(Topics(blind, blind, blind)) == []
    assert Topics(blind, blind, blind).max_message_bytes == 1024 * 1024
