"""What is on the topics is what the contract says: schemas, CloudEvents, records of another shape."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from consumer.contract.schemas import schema
from consumer.contract.terms import Terms
from tests.broker.reading import read_all
from tests.broker.replicas import Replica, reaching
from tests.broker.stream import Sent, error, header, place_of, publish

if TYPE_CHECKING:
    from pathlib import Path

    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

SOURCE = "/sentiment/production"
POSTS: list[dict[str, Any]] = [
    {"meta": {"uuid": "a-1"}, "payload": {"body": "a good day"}},
    {"meta": {"uuid": 2}, "payload": {"body": "a bad day", "lang": "en"}},
    {"meta": {}, "payload": {"body": "good"}, "id": "not here"},
    {"meta": {"uuid": "a-4"}, "payload": {}, "text": "nor here"},
    {"meta": {"uuid": " "}, "payload": {"body": "good"}},
    {"meta": {"uuid": "a-6"}, "payload": {"body": ["good"]}},
]


def faults(name: str, value: object) -> list[str]:
    """What one of the schemas has against it."""
    return [fault.message for fault in Draft202012Validator(schema(name, Terms())).iter_errors(value)]


def told(record: Any) -> dict[str, str]:
    """The headers, the last of each name."""
    return {name: value.decode() for name, value in record.headers}


def run(kafka: Broker, topics: Topics, state: Path, **settings: str) -> None:
    """Label all that was posted, as a group of its own."""
    with Replica(
        reaching(kafka.bootstrap, topics, state, **settings), "--max-messages", str(len(POSTS))
    ) as one:
        one.finish()


def test_posts_become_events_by_pointers(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """Id and text from where the pointers say; what is not there is a dead letter for the usual reasons."""
    publish(kafka.bootstrap, topics.tweets, [Sent(json.dumps(post).encode(), 1) for post in POSTS])
    settings = {
        "INPUT_ID_POINTER": "/meta/uuid",
        "INPUT_TEXT_POINTER": "/payload/body",
        "OUTPUT_CLOUDEVENTS_SOURCE": SOURCE,
    }
    run(kafka, topics, tmp_path / "first", **settings)
    results, dead = read_all(kafka.bootstrap, topics.out), read_all(kafka.bootstrap, topics.dlq)
    bodies = [json.loads(record.value) for record in results]
    assert {body["id"]: body["label"] for body in bodies} == {"a-1": "positive", "2": "negative"}
    assert [fault for body in bodies for fault in faults("output", body)] == []
    for record, body in zip(results, bodies, strict=True):
        assert faults("output-headers", told(record)) == []
        place = body["source"]
        assert {name: header(record, name) for name in told(record) if name.startswith("ce_")} == {
            "ce_specversion": "1.0",
            "ce_id": f"{place['topic']}-{place['partition']}-{place['offset']}",
            "ce_source": SOURCE,
            "ce_type": "tweet-sentiment.result.v1",
            "ce_time": body["scored_at"],
            "ce_dataschema": "urn:tweet-sentiment:result:1",
        }
    assert [error(record, "reason") for record in dead] == [
        "missing_id",
        "missing_text",
        "invalid_id",
        "invalid_text",
    ]
    assert [fault for record in dead for fault in faults("dead-letter-headers", told(record))] == []

    # Labelled again by another group, a tweet is the same event.
    run(kafka, topics, tmp_path / "second", **settings)
    again = read_all(kafka.bootstrap, topics.out)[len(results) :]
    assert [header(record, "ce_id") for record in again] == [header(record, "ce_id") for record in results]
    assert len({place_of(record) for record in (*results, *again)}) == len(results) * 2


def test_without_the_setting_results_are_no_events(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """Off by default."""
    publish(kafka.bootstrap, topics.tweets, [Sent(b'{"id": 1, "text": "good"}')] * len(POSTS))
    run(kafka, topics, tmp_path)
    names = {name for record in read_all(kafka.bootstrap, topics.out) for name in told(record)}
    assert "content-type" in names
    assert not [name for name in names if name.startswith("ce_")]
