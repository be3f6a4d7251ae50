"""The committed position after a question that nobody answered in time, on a real broker."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError
from kafka.structs import OffsetAndMetadata

from consumer.broker import positions
from consumer.broker.positions import Positions
from tests.broker.stream import wait_until
from tests.broker.topics import make_topics

if TYPE_CHECKING:
    from tests.broker.brokers import Broker


@contextlib.contextmanager
def member(bootstrap: str, tp: TopicPartition) -> Iterator[KafkaConsumer]:
    """A client of the group with this partition."""
    client = KafkaConsumer(bootstrap_servers=bootstrap, group_id="group", enable_auto_commit=False)
    with contextlib.closing(client):
        client.assign([tp])
        yield client


def commit(client: KafkaConsumer, tp: TopicPartition, offset: int) -> None:
    """In the group's name."""
    client.commit({tp: OffsetAndMetadata(offset, "", -1)})


def test_what_another_replica_did_meanwhile_is_not_done_again(
    own_kafka: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker hangs while the position is asked for; another replica commits; the next answer knows it."""
    monkeypatch.setattr(positions, "CALL_TIMEOUT_MS", 2_000)
    tp = TopicPartition(make_topics(own_kafka.bootstrap).tweets, 0)
    with member(own_kafka.bootstrap, tp) as ours, member(own_kafka.bootstrap, tp) as theirs:
        commit(theirs, tp, 1)
        where = Positions(ours, "earliest", lambda _records: None)
        wait_until(lambda: where.seek([tp]) == {tp: 1}, "the first position")
        # The oldest offsets are asked for first: it is the group's coordinator that must not answer.
        monkeypatch.setattr(ours, "beginning_offsets", lambda tps, **_time: dict.fromkeys(tps, 0))
        own_kafka.pause()
        with pytest.raises(KafkaTimeoutError):
            where.seek([tp])
        own_kafka.resume()
        wait_until(lambda: theirs.committed(tp) == 1, "the broker answers again")
        commit(theirs, tp, 50)
        assert where.seek([tp]) == {tp: 50}
