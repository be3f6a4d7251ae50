"""Whether the broker lets this user do what the stream does, tried without disturbing a live replica."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from kafka import KafkaProducer
from kafka import errors as kafka_errors
from kafka.admin import MemberToRemove

from consumer.broker import topics
from consumer.broker.connection import connect
from consumer.broker.identity import prefix
from consumer.broker.refusals import named
from consumer.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.broker.topics import TopicFacts, Topics
    from consumer.settings import Settings

_INIT_SECONDS = 8.0
_TRIES, _RETRY_SECONDS = 20, 0.25
_NOBODY = MemberToRemove(member_id="consumer-check")


def topic_faults(found: Topics, settings: Settings) -> Iterator[str]:
    """A line for each right that is missing on a topic."""
    needed = topics.needs(settings)
    for topic in found:
        if not may(topic, needed[topic.name]):
            yield topics.missing_right(topic.name, needed[topic.name])


def verify_topics(found: Topics, settings: Settings) -> None:
    """Raise ``ConfigurationError`` at the start, not at the first record, where a right is missing."""
    if faults := list(topic_faults(found, settings)):
        raise ConfigurationError("; ".join(faults))


def may(topic: TopicFacts, right: str) -> bool:
    """Whether this user has the right on the topic, as far as the broker says."""
    return not topic.operations or bool({right, "ALL"} & topic.operations)


def try_group(client: Any, settings: Settings) -> None:
    """Ask the group to remove a member that it does not have, which wants the right to be a member.

    Raises:
        ConfigurationError: READ on the group is missing.
        BrokerGoneError: No broker leads the group.
    """
    group = settings.kafka_consumer_group
    for left in reversed(range(_TRIES)):
        try:
            client.remove_group_members(group, [_NOBODY])
        except kafka_errors.KafkaError as error:
            if not left or not isinstance(error, kafka_errors.RetriableError):
                raise named(error, f"consumer group {group}") from error
            time.sleep(_RETRY_SECONDS)  # a new cluster makes its topic of positions when first asked
        else:
            return


def try_transactions(settings: Settings) -> str:
    """Begin as a transactional producer does, under an id beside the real one; returns that id.

    Raises:
        ConfigurationError: WRITE on the id is missing, or the transaction timeout is above the broker's.
        BrokerGoneError: The transaction coordinator did not answer.
    """
    name = f"{settings.kafka_transactional_id or prefix(settings)}-check"
    producer = connect(
        KafkaProducer,
        settings,
        transactional_id=name,
        transaction_timeout_ms=settings.transaction_timeout_ms,
        max_block_ms=int(_INIT_SECONDS * 1000),
        delivery_timeout_ms=settings.transaction_timeout_ms,
        request_timeout_ms=settings.transaction_timeout_ms - 100,
    )
    try:
        producer.init_transactions()
    except kafka_errors.KafkaError as error:
        raise named(error, f"transactional id {name}") from error
    finally:
        with contextlib.suppress(kafka_errors.KafkaError):
            producer.close(timeout=1)
    return name
