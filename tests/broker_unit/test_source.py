"""What a source says of its assignment while positions are still on their way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from unittest import mock

from kafka import TopicPartition

from consumer.broker.poll import Source

ALL = {TopicPartition("tweets", n) for n in range(3)}


class Consumer:
    """As much of the client as an assignment needs; the broker answers nothing."""

    def __init__(self, **_options: Any) -> None:
        self.assigned: set[TopicPartition] = set()
        self.listener: Any = None

    def subscribe(self, _topics: Iterable[str], listener: Any) -> None:
        """Remember who wants to hear of moves."""
        self.listener = listener

    def assignment(self) -> set[TopicPartition]:
        """The partitions."""
        return self.assigned


def test_an_assignment_is_counted_before_its_positions_are_known() -> None:
    """The client's own thread may assign between a poll and the log line; the line has the right number."""
    consumer = Consumer()
    with mock.patch("consumer.broker.poll.KafkaConsumer", return_value=consumer):
        source = Source({}, topic="tweets", group="g")
    assert not source.take_assigned()
    consumer.assigned = set(ALL)
    consumer.listener.on_partitions_assigned(ALL)
    assert source.take_assigned()
    assert source.states() == []
    assert source.partitions() == 3
