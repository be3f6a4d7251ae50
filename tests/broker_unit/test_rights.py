"""What is said of the rights on topics, from what a broker answers about them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import errors

from consumer.broker import topics
from consumer.broker.rights import topic_faults, verify_topics
from consumer.broker.topics import TopicFacts, Topics
from consumer.cli import run
from consumer.errors import ConfigurationError
from consumer.limits import Limits
from consumer.monitoring.health import Health
from consumer.settings import Settings
from tests.doubles import Clock

SETTINGS = Settings()
SEEN = frozenset({"DESCRIBE"})


def found(*operations: frozenset[str] | None) -> Topics:
    """The three topics with these rights on them."""
    names = topics.names(SETTINGS)
    return Topics(*(TopicFacts(n, 1, 1, operations=o) for n, o in zip(names, operations, strict=True)))


@pytest.mark.parametrize("enough", [frozenset({"READ", "WRITE"}), frozenset({"ALL"}), None])
def test_enough_is_no_fault(enough: frozenset[str] | None) -> None:
    """Each right by itself, all in one, or a broker that does not say."""
    assert list(topic_faults(found(enough, enough, enough), SETTINGS)) == []


def test_all_that_are_missing_stand_in_one_line() -> None:
    """With operation and topic."""
    with pytest.raises(ConfigurationError) as refused:
        verify_topics(found(SEEN, SEEN, frozenset({"WRITE"})), SETTINGS)
    assert str(refused.value) == (
        "the right READ on topic tweets is missing; the right WRITE on topic tweets.sentiment is missing"
    )


def test_labels_are_to_be_read_where_they_are_wanted() -> None:
    """Their topic is set: the right READ on it is asked for with the others."""
    settings = Settings(kafka_labels_topic="tweets.labels")
    all_may = found(*[frozenset({"ALL"})] * 3)
    labels = TopicFacts("tweets.labels", 1, 1, operations=SEEN)
    assert list(topic_faults(replace(all_may, labels=labels), settings)) == [
        "the right READ on topic tweets.labels is missing"
    ]


def test_the_stream_does_not_begin_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would show at the first record, hours later."""
    monkeypatch.setattr(run, "describe", lambda _settings: found(frozenset({"READ"}), SEEN, SEEN))
    with pytest.raises(ConfigurationError, match=r"WRITE on topic tweets\.dlq"):
        run._describe(SETTINGS, Health(), Limits(Clock(), None))


def test_a_topic_that_may_not_even_be_seen_is_named_with_its_right() -> None:
    """The answer says only that something is refused."""
    code = errors.TopicAuthorizationFailedError.errno
    answer: list[dict[str, Any]] = [{"name": "tweets.dlq", "error_code": code}]
    client = SimpleNamespace(describe_topics=lambda _names: answer)
    with pytest.raises(ConfigurationError, match=r"the right WRITE on topic tweets\.dlq is missing"):
        topics.read(client, topics.needs(SETTINGS))
