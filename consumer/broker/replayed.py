"""The ledger of a replay: which dead letters were put back, one record each in a compacted topic.

An entry is written in the transaction that puts its dead letter back, so both are there or neither. Its
key is the dead letter's position, its value the dead letter's traits: positions begin anew where a topic
is made anew, and an entry for the dead letter of yesterday must not hide the one of today. Both are compared
byte for byte: their form is for ever, or a later version would replay what this one has replayed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from consumer.broker import topics
from consumer.broker.connection import admin
from consumer.broker.rights import may
from consumer.dead_letter import place
from consumer.encode import Message
from consumer.errors import ConfigurationError
from consumer.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumer.broker.onlooker import Onlooker
    from consumer.broker.topics import TopicFacts
    from consumer.dead_letter import DeadLetter
    from consumer.settings import Settings

_NO_TIME = -1


def facts(settings: Settings, *, create: bool) -> tuple[TopicFacts, TopicFacts | None]:
    """The dead-letter topic and its ledger; a missing ledger is created, or else None.

    Raises:
        ConfigurationError: The dead-letter topic is missing, a right is missing, or the ledger would forget.
        BrokerGoneError: No broker answers.
    """
    name = settings.replayed_topic
    with admin(settings, f"reading the topics {settings.kafka_dlq_topic} and {name}") as client:
        found = topics.read(client, [settings.kafka_dlq_topic, name])
        letters = found.get(settings.kafka_dlq_topic)
        if letters is None:
            raise ConfigurationError(
                f"topic {settings.kafka_dlq_topic}: does not exist; `{topics.CREATE_COMMAND}` creates it"
            )
        if name not in found and create:
            replicas = letters.replication_factor
            configs = {"cleanup.policy": "compact", "min.insync.replicas": str(max(1, replicas - 1))}
            topics.make(client, {name: configs}, letters.partitions, replicas)
            found |= topics.read(client, [name])
    ledger = found.get(name)
    if ledger is not None:
        _verify(ledger, letters)
    return letters, ledger


def _verify(ledger: TopicFacts, letters: TopicFacts) -> None:
    if ledger.partitions < letters.partitions:
        raise ConfigurationError(
            f"topic {ledger.name} has {ledger.partitions} partitions, {letters.name} has "
            f"{letters.partitions}: add partitions there"
        )
    policy = ledger.settings.get("cleanup.policy", "compact")
    if policy != "compact":
        raise ConfigurationError(
            f"topic {ledger.name} has cleanup.policy={policy}: it should be compact, or what was replayed is "
            "forgotten and replayed again"
        )


def check_rights(letters: TopicFacts, ledger: TopicFacts | None, *, write: bool) -> None:
    """Raises ``ConfigurationError`` with every right that is missing on the two topics."""
    wanted = [(letters, "READ")]
    if ledger is not None:
        wanted += [(ledger, "READ"), *([(ledger, "WRITE")] if write else [])]
    missing = [f"{right} on topic {topic.name}" for topic, right in wanted if not may(topic, right)]
    if missing:
        raise ConfigurationError(f"rights are missing: {', '.join(missing)}")


def entry(letter: DeadLetter) -> Message:
    """What is written when a dead letter is put back: to its own partition number, stamped by the broker."""
    position = letter.record.position
    record = Record(position.topic, position.partition, position.offset, _NO_TIME, _key(letter), None)
    return Message(record, _value(letter), ())


def _key(letter: DeadLetter) -> bytes:
    return place(letter.record.position).encode()


def _value(letter: DeadLetter) -> bytes:
    names = ("source", "stage", "reason", "attempt", "failed_at")
    return json.dumps(dict(zip(names, letter.traits, strict=True))).encode()


class Replayed:
    """The ledger in memory: about 200 bytes for each dead letter that was ever put back."""

    def __init__(self, topic: Onlooker | None) -> None:
        """``topic``: where it is written; None where there is none yet."""
        self._topic = topic
        self._entries: dict[bytes, int] = {}  # position → hash of the traits

    def catch_up(self) -> None:
        """Read what was committed since the last time."""
        for records in self._topic.catch_up() if self._topic else ():
            for record in records:
                if record.key is not None:
                    self._entries[record.key] = hash(record.value)

    def note(self, letters: Iterable[DeadLetter]) -> None:
        """These were put back by a commit that was answered."""
        self._entries.update((_key(letter), hash(_value(letter))) for letter in letters)

    def __contains__(self, letter: DeadLetter) -> bool:
        return self._entries.get(_key(letter)) == hash(_value(letter))
