"""CloudEvents: a result is an event to those who read events, and the same record to all others."""

from __future__ import annotations

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event

from consumer.encode import Message, ResultStyle, encode_result
from consumer.records import Headers, Record
from tests.doubles import record
from tests.test_encode import NOON, body, result

SOURCE = "/sentiment/production"
STYLE = ResultStyle("m", "1", event_source=SOURCE)
PLAIN = ResultStyle("m", "1")


def message(source: Record | None = None, style: ResultStyle = STYLE, scored_at: float = NOON) -> Message:
    """A result as it is published."""
    return encode_result(result(source=source or record(partition=1, offset=42)), style, scored_at)


def told(message: Message) -> dict[str, str]:
    """The headers; of a name that is there twice the last counts, as CloudEvents' own readers have it."""
    return {name: (value or b"").decode() for name, value in message.headers}


def test_without_the_setting_a_result_is_as_it_was() -> None:
    """Off by default: not a header more, and the value is the same with it."""
    plain, event = message(style=PLAIN), message()
    assert not [name for name, _ in plain.headers if name.startswith("ce_")]
    assert event.value == plain.value
    assert event.headers[: len(plain.headers)] == plain.headers


def test_another_implementation_reads_the_event() -> None:
    """The CloudEvents project's own reader takes it, with all that the standard wants."""
    sent = message()
    headers = {name: value or b"" for name, value in sent.headers}
    event = from_binary_event(KafkaMessage(headers, b"77", sent.value or b""))
    assert event.get_specversion() == "1.0"
    assert event.get_id() == "tweets-1-42"
    assert event.get_source() == SOURCE
    assert event.get_type() == "tweet-sentiment.result.v1"
    assert event.get_datacontenttype() == "application/json"
    assert event.get_dataschema() == "urn:tweet-sentiment:result:1"
    moment = event.get_time()
    assert moment is not None
    assert moment.timestamp() == NOON
    assert event.get_data() == body(sent)


def test_the_id_is_the_positions_own() -> None:
    """Labelled again, by another model and at another time, it is the same event; its neighbour is not."""
    again = message(style=ResultStyle("m", "2", event_source=SOURCE), scored_at=NOON + 60)
    other = message(record(partition=1, offset=43))
    assert told(again)["ce_id"] == told(message())["ce_id"] != told(other)["ce_id"]


def test_an_event_in_makes_another_event_out() -> None:
    """Where the input was an event, its headers are copied, and ours, after them, tell of the result."""
    theirs: Headers = (("ce_id", b"theirs"), ("ce_type", b"tweet"), ("ce_traceparent", b"00-ab-cd-01"))
    sent = message(record(partition=1, offset=42, headers=theirs))
    assert sent.headers[:3] == theirs
    assert told(sent)["ce_id"] == "tweets-1-42"
    assert told(sent)["ce_traceparent"] == "00-ab-cd-01"
