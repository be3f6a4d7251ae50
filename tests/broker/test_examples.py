"""The examples do on a real broker what the documentation says of them, and all clients agree."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer
from kafka.partitioner.default import murmur2

from tests.broker.examples import PYTHONS, TOOLS, Example
from tests.broker.replicas import Replica, reaching

if TYPE_CHECKING:
    from pathlib import Path

    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

pytestmark = pytest.mark.timeout(1200)  # a build tool fetches what it builds with

AUTHORS = [f"author {number}" for number in range(8)]
PARTITIONS = 3
CLIENTS = (*PYTHONS, *TOOLS)


@pytest.mark.parametrize("name", CLIENTS)
def test_what_an_example_publishes_an_example_reads(
    kafka: Broker, topics: Topics, tmp_path: Path, pytestconfig: pytest.Config, name: str
) -> None:
    """Each tweet's result, under its author and on the author's partition; nothing that was not committed."""
    example = Example(name, tmp_path / "example", pytestconfig)
    lines = [json.dumps({"id": f"{n}", "text": "a good day", "author_id": a}) for n, a in enumerate(AUTHORS)]
    example.publish(kafka.bootstrap, topics, [*lines, json.dumps({"id": "last", "text": "bad"})])
    unfinished(kafka.bootstrap, topics.out)
    with Replica(
        reaching(kafka.bootstrap, topics, tmp_path / "state"), "--max-messages", str(len(lines) + 1)
    ) as one:
        one.finish()
    told = [json.loads(line) for line in example.subscribe(kafka.bootstrap, topics, len(lines) + 1)]
    by_id = {result["id"]: result for result in told}
    assert {one: (by_id[one]["author"], by_id[one]["label"]) for one in by_id} == {
        **{str(number): (author, "positive") for number, author in enumerate(AUTHORS)},
        "last": (None, "negative"),
    }
    assert {r["author"]: r["partition"] for r in told if r["author"]} == {
        author: java_partition(author) for author in AUTHORS
    }


def unfinished(bootstrap: str, topic: str) -> None:
    """What a consumer that crashed leaves: on each partition a result whose transaction was aborted."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"{topic}-unfinished")
    with contextlib.closing(producer):
        producer.init_transactions()
        producer.begin_transaction()
        for partition in range(PARTITIONS):
            producer.send(topic, b'{"id": "unfinished", "label": "positive"}', partition=partition)
        producer.flush()
        producer.abort_transaction()


def java_partition(author: str) -> int:
    """Where the Java client's own rule puts a key; its example shows that this is its rule."""
    return int(murmur2(author.encode()) & 0x7FFFFFFF) % PARTITIONS
