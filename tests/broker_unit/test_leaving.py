"""A producer that is left takes its threads with it: the client's own would stay, one an outage."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition, errors
from kafka.future import Future
from kafka.structs import ConsumerGroupMetadata, OffsetAndMetadata

from consumer.broker import deadline, transaction
from consumer.broker.deadline import Deadline
from consumer.broker.faults import PublishFailedError
from consumer.broker.leaving import LeavableProducer
from consumer.broker.producer import Timing, make_producer
from consumer.broker.transaction import TransactionalPublisher
from tests.broker_unit.client import TARGETS, letters
from tests.doubles import Clock

OUTAGES = 10
WAIT_SECONDS = 30.0  # for a busy machine
AWAY = "away"  # after a transaction has begun, no connection can be made any more
OFFSETS = {TopicPartition("tweets", 0): OffsetAndMetadata(offset=5, metadata="", leader_epoch=-1)}


class Network:
    """Below the real producer, its sender and its transaction manager: a broker that falls silent."""

    def __init__(self, silent: str, **_options: Any) -> None:
        self._silent = silent
        self._begun = False
        self.cluster = SimpleNamespace(
            add_coordinator=lambda *_: 0, request_update=Future, ttl=lambda: 1e6, add_topic=lambda _: None
        )
        self._manager = SimpleNamespace(
            broker_version_data=(2, 8), broker_version=(2, 8), cluster=self.cluster
        )

    def _is_away(self) -> bool:
        return self._begun and self._silent == AWAY

    def least_loaded_node(self) -> int | None:
        """There is one broker."""
        return None if self._is_away() else 0

    def await_ready(self, _node: int, timeout_ms: float) -> bool:
        """As the client tells that it cannot connect."""
        assert timeout_ms > 0
        if self._is_away():
            time.sleep(0.01)
            raise errors.KafkaConnectionError("no connection")
        return True

    def send(self, _node: int, request: Any) -> Future:
        """Answered at once, or never."""
        answer = Future()
        kind = type(request).__name__
        if not kind.startswith(self._silent):
            answer.success(_answer(kind))
        self._begun = self._begun or kind.startswith("AddOffsets")
        return answer

    def poll(self, **_until: object) -> None:
        """Nothing comes."""
        time.sleep(0.001)

    def in_flight_request_count(self) -> int:
        """What is not answered stays on its way."""
        return 1

    def wakeup(self) -> None:
        """It never sleeps for long."""

    def close(self) -> None:
        """It tells nobody."""


def _answer(kind: str) -> Any:
    offsets = [("tweets", [(0, 0)])] if kind.startswith("TxnOffset") else []
    return SimpleNamespace(error_code=0, coordinators=[], producer_id=7, producer_epoch=1, topics=offsets)


def made(silent: str) -> LeavableProducer:
    """The real one."""
    options = {"kafka_client": lambda **given: Network(silent, **given), "retry_backoff_ms": 1}
    producer: LeavableProducer = make_producer(options, Timing(10_000), 1 << 14, "identity")
    return producer


def publisher(silent: str, timing: Timing) -> TransactionalPublisher:
    """It is served like this by each of its producers."""
    return TransactionalPublisher(lambda: made(silent), TARGETS, timing, Deadline(3600), Clock())


def publish(by: TransactionalPublisher) -> None:
    """Positions alone."""
    by.publish(letters(), OFFSETS, ConsumerGroupMetadata("group", 1, "member", None))


def test_the_network_is_good_for_a_transaction() -> None:
    """Where it answers everything: or the next test would show nothing."""
    before = threading.active_count()
    by = publisher("nothing", Timing(10_000))
    publish(by)
    publish(by)
    by.close()
    assert _threads_down_to(before) == before


@pytest.mark.parametrize("silent", ["AddOffsets", "TxnOffsetCommit", "EndTxn", AWAY])
def test_ten_outages_leave_no_thread_behind(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the one that waits for the call, nor the one that waits for the abort, nor the sender."""
    monkeypatch.setattr(deadline, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(transaction, "_ABORT_SECONDS", 0.0)
    before = threading.active_count()
    by = publisher(silent, Timing(0))
    for _ in range(OUTAGES):
        with pytest.raises(PublishFailedError, match="got no answer"):
            publish(by)
    assert _threads_down_to(before) == before


def _threads_down_to(count: int) -> int:
    until = time.monotonic() + WAIT_SECONDS
    while threading.active_count() > count and time.monotonic() < until:
        time.sleep(0.02)
    return threading.active_count()


def test_what_is_asked_of_a_producer_that_was_left_fails_at_once() -> None:
    """Also what a thread asks that had not got so far yet."""
    producer = made("nothing")
    producer.init_transactions()
    producer.begin_transaction()
    producer.let_go()
    with pytest.raises(errors.KafkaConnectionError, match="let go"):
        producer.abort_transaction()
