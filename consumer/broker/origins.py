"""The topics that dead letters came from: whether they can take them back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from consumer.broker import topics
from consumer.broker.connection import admin
from consumer.broker.rights import may
from consumer.errors import ConfigurationError

if TYPE_CHECKING:
    from consumer.broker.topics import TopicFacts
    from consumer.dead_letter import DeadLetter
    from consumer.settings import Settings


class Origins:
    """Asks the broker once for each topic."""

    def __init__(self, settings: Settings, wall_clock: Callable[[], float] = time.time) -> None:
        """``settings`` reach the broker; ``wall_clock`` gives seconds since 1970."""
        self._settings, self._wall_clock = settings, wall_clock
        self._known: dict[str, TopicFacts | None] = {}

    def fault(self, letter: DeadLetter) -> str | None:
        """Why a dead letter cannot go back; None where it can.

        Raises:
            ConfigurationError: WRITE is missing on its topic.
            BrokerGoneError: No broker answers.
        """
        if letter.source is None:
            return "the headers do not say where it came from"
        name, partition = letter.source.topic, letter.source.partition
        if name == letter.record.topic:
            return "the headers say that it came from the dead-letter topic itself"
        topic = self._topic(name)
        if topic is None:
            return f"topic {name} does not exist"
        if partition >= topic.partitions:
            return f"topic {name} has no partition {partition}"
        if self._too_old(letter, topic):
            retention = topic.settings["retention.ms"]
            return f"it is older than topic {name} keeps records (retention.ms={retention})"
        return None

    def _too_old(self, letter: DeadLetter, topic: TopicFacts) -> bool:
        """Put back with its own timestamp, the broker could delete it before anyone has read it."""
        retention_ms = topic.number("retention.ms")
        if retention_ms is None or retention_ms < 0 or letter.record.timestamp_ms < 0:
            return False
        if topic.settings.get("message.timestamp.type") == "LogAppendTime":
            return False
        return letter.record.timestamp_ms < self._wall_clock() * 1000 - retention_ms

    def _topic(self, name: str) -> TopicFacts | None:
        if name not in self._known:
            with admin(self._settings, f"reading the topic {name}") as client:
                found = topics.read(client, [name]).get(name)
            if found is not None and not may(found, "WRITE"):
                raise ConfigurationError(f"the right WRITE on topic {name} is missing")
            self._known[name] = found
        return self._known[name]
