"""Sending a batch: to the right place, and every record's fate looked at."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest
from kafka import errors

from consumer.broker.faults import PublishFailedError
from consumer.broker.producer import Letters, Timing, discard, send_all
from consumer.encode import Message
from consumer.errors import ConsumerError
from consumer.records import Position
from tests.broker_unit.client import TARGETS, Producer, letters
from tests.doubles import record

TOO_LARGE = errors.MessageSizeTooLargeError()


def position(offset: int) -> Position:
    """Where a message's record lies."""
    return record(offset=offset).position


def send(producer: Producer, batch: Letters, alone: Collection[Position] = ()) -> None:
    """Send a batch through a stand-in."""
    flush: Callable[[], None] = lambda: producer.flush(1.0)  # noqa: E731 - as the publisher gives it
    send_all(producer, TARGETS, batch, alone, flush)


def failure(producer: Producer, batch: Letters, alone: Collection[Position] = ()) -> PublishFailedError:
    """How sending a batch fails."""
    with pytest.raises(PublishFailedError) as caught:
        send(producer, batch, alone)
    return caught.value


def test_results_and_dead_letters_go_to_their_topics_in_order() -> None:
    """And are flushed before anyone looks at their fate."""
    producer = Producer()
    send(producer, letters([0, 2, 3], dead=[1]))
    assert [(m["topic"], m["value"]) for m in producer.sent] == [
        ("results", b'{"offset": 0}'),
        ("results", b'{"offset": 2}'),
        ("results", b'{"offset": 3}'),
        ("dead", b'{"offset": 1}'),
    ]
    assert producer.calls[-1] == "flush"


def test_key_partition_and_timestamp_are_those_of_the_source() -> None:
    """An author's order survives, and so does the time at which the tweet was published."""
    source = record(partition=2, key=b"\xff", timestamp_ms=1234)
    producer = Producer()
    send(producer, Letters((Message(source, b'{"offset": 0}', (("h", b"v"),)),)))
    (sent,) = producer.sent
    assert (sent["key"], sent["partition"], sent["timestamp_ms"]) == (b"\xff", 2, 1234)
    assert sent["headers"] == [("h", b"v")]


def test_a_record_without_a_time_gets_the_brokers() -> None:
    """-1 is Kafka's word for no timestamp; the client would refuse to send it."""
    producer = Producer()
    send(producer, Letters((Message(record(timestamp_ms=-1), b'{"offset": 0}', ()),)))
    assert producer.sent[0]["timestamp_ms"] is None


def test_a_header_without_a_value_does_not_stop_the_stream() -> None:
    """Kafka allows one, the client refuses to send it: it goes as an empty value."""
    producer = Producer()
    send(producer, letters([0]))
    assert producer.sent[0]["headers"] == [("a", b"1"), ("none", b"")]


@pytest.mark.parametrize(
    "fate", [errors.KafkaTimeoutError("late"), TOO_LARGE, errors.NotEnoughReplicasError()]
)
def test_one_failed_record_fails_the_batch(fate: Exception) -> None:
    """The client would commit the transaction without it."""
    assert failure(Producer(fates={1: fate}), letters([0, 1, 2])).cause is fate


def test_a_record_of_unknown_fate_fails_the_batch() -> None:
    """No answer is not a success."""
    failure(Producer(fates={1: TimeoutError()}), letters([0, 1, 2]))


@pytest.mark.parametrize("call", ["send", "flush"])
def test_a_broken_client_fails_the_batch(call: str) -> None:
    """Also where it raises at once."""
    broken = errors.KafkaConnectionError()
    assert failure(Producer(raises={call: broken}), letters([0])).cause is broken


def test_a_fault_of_the_program_comes_out_as_it_is() -> None:
    """Retrying a TypeError would loop for ever."""
    with pytest.raises(TypeError):
        send(Producer(raises={"send": TypeError()}), letters([0]))


@pytest.mark.parametrize("settles_at", ["flush", "send"])
def test_what_was_refused_for_its_size_is_named(settles_at: str) -> None:
    """Also where the refusal comes while others are sent: without a name it would be repeated for ever."""
    producer = Producer(fates={1: TOO_LARGE}, settles_at=settles_at)
    assert failure(producer, letters([0, 1, 2])).too_large == (position(1),)


def test_suspects_are_sent_one_by_one() -> None:
    """So that a refusal names one record, and all before it are known to have passed."""
    producer = Producer()
    send(producer, letters([0, 1, 2]), {position(1)})
    assert producer.calls == ["send", "flush", "send", "flush", "send", "flush"]


def test_a_guilty_suspect_is_named_alone() -> None:
    """Those sent after it are refused by the client for another reason, which is not theirs."""
    producer = Producer(fates={1: TOO_LARGE, 2: TOO_LARGE})
    found = failure(producer, letters([0, 1, 2, 3]), {position(1), position(2)})
    assert found.too_large == (position(1),)


@pytest.mark.parametrize("alone", [(), (position(1),)])
def test_a_dead_letter_that_is_refused_ends_the_process_naming_the_position(
    alone: Collection[Position],
) -> None:
    """There is nowhere left to put the record; dropping it is not an option."""
    with pytest.raises(ConsumerError, match=r"tweets-0 at offset 1 .*max\.message\.bytes") as caught:
        send(Producer(fates={1: TOO_LARGE}), letters([0], dead=[1, 2]), alone)
    assert caught.value.exit_code == 1
    assert not isinstance(caught.value, PublishFailedError)


def test_several_refused_dead_letters_are_told_apart_first() -> None:
    """Sent alone when read again, one of them is named."""
    fates = {1: TOO_LARGE, 2: TOO_LARGE}
    assert failure(Producer(fates=fates), letters([0], dead=[1, 2])).too_large == (position(1), position(2))
    with pytest.raises(ConsumerError, match="offset 1"):
        send(Producer(fates=fates), letters([0], dead=[1, 2]), {position(1), position(2)})


@pytest.mark.parametrize("settles_at", ["flush", "send"])
def test_fencing_is_seen_behind_the_errors_it_causes(settles_at: str) -> None:
    """A replica that takes it for a passing fault would fence the other one in turn, for ever."""
    fenced = errors.ProducerFencedError()
    producer = Producer(fates={0: errors.KafkaError("aborted"), 1: fenced}, settles_at=settles_at)
    if settles_at == "send":
        producer.fates = {0: fenced}
    assert failure(producer, letters([0, 1, 2])).cause is fenced


def test_a_records_deadline_is_below_the_transactions() -> None:
    """It fails first, and by name."""
    timing = Timing(10_000)
    assert 0 < timing.delivery_ms < timing.transaction_ms


def test_a_producer_that_cannot_be_closed_is_let_go_all_the_same() -> None:
    """With the broker away close() raises, and its thread would live on and send."""
    producer = Producer(raises={"close": errors.KafkaTimeoutError()})
    discard(producer)
    assert producer.calls == ["close", "let_go"]
    discard(None)
