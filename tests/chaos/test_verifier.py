"""The verifier finds what is planted, shares no code with the consumer, believes only what is committed."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from tests.broker.brokers import Broker
from tests.broker.topics import Topics
from tests.chaos.feeder import tweet
from tests.chaos.verifier import Verdict, verify

pytestmark = [pytest.mark.broker, pytest.mark.partitions(1)]
ROOT = Path(__file__).parents[2]
COUNT = 6  # tweets; the one with number 0 is no JSON
BAD, LAST = 0, COUNT - 1


def _result(number: int, **changed: Any) -> bytes:
    body = json.loads(tweet(number)) | {"scored_at": "2026-11-22T10:00:00.000Z", **changed}
    return json.dumps(body | {"id": str(body["id"]), "source": {"partition": 0, "offset": number}}).encode()


@contextlib.contextmanager
def _producing(kafka: Broker, **options: Any) -> Any:
    client = KafkaProducer(bootstrap_servers=kafka.bootstrap, retry_backoff_ms=20, **options)
    with contextlib.closing(client) as producer:
        yield producer
        producer.flush()


def _verdict(kafka: Broker, topics: Topics, results: list[bytes], dead: tuple[int, ...] = (BAD,)) -> Verdict:
    """After these results and dead letters of the six tweets, each in its order."""
    with _producing(kafka) as producer:
        for number in range(COUNT):
            producer.send(topics.tweets, tweet(number), key=b"k", timestamp_ms=1000 + number)
        for value in results:
            offset = json.loads(value)["source"]["offset"]
            producer.send(topics.out, value, key=b"k", timestamp_ms=1000 + offset)
        for number in dead:
            told = [("__sentiment.errors.partition", b"0"), ("__sentiment.errors.offset", b"%d" % number)]
            producer.send(topics.dlq, tweet(number), key=b"k", headers=told, timestamp_ms=1000 + number)
    return verify(kafka.bootstrap, topics.tweets, topics.out, topics.dlq)


GOOD = [_result(number) for number in range(1, COUNT)]


def test_all_in_order(kafka: Broker, topics: Topics) -> None:
    """One outcome for each tweet, in order, is clean."""
    verdict = _verdict(kafka, topics, GOOD)
    assert verdict.clean
    assert (verdict.published, verdict.labelled, verdict.dead_lettered) == (COUNT, COUNT - 1, 1)


@pytest.mark.parametrize(
    ("results", "lost", "duplicated", "out_of_order"),
    [
        (GOOD[:-1], [(0, LAST)], [], []),
        ([*GOOD, GOOD[-1]], [], [(0, LAST)], []),
        ([*GOOD[1:], GOOD[0]], [], [], [(0, 1)]),
    ],
    ids=["lost", "duplicated", "out of order"],
)
def test_a_planted_fault_is_found(
    kafka: Broker, topics: Topics, results: list[bytes], lost: Any, duplicated: Any, out_of_order: Any
) -> None:
    """Each by its own name and place, and the verdict is not clean."""
    verdict = _verdict(kafka, topics, results)
    found = (verdict.lost, verdict.duplicated, sorted(set(verdict.out_of_order)))
    assert found == (lost, duplicated, out_of_order)
    assert verdict.copies == len(duplicated)
    assert not verdict.clean


@pytest.mark.parametrize("changed", [{"id": 1}, {"text": "other"}])
def test_a_result_of_another_record_is_wrong(
    kafka: Broker, topics: Topics, changed: dict[str, object]
) -> None:
    """A result that carries another tweet's number or text does not count for this one."""
    verdict = _verdict(kafka, topics, [*GOOD[:-1], _result(LAST, **changed)])
    assert len(verdict.wrong) == 1
    assert verdict.lost == [(0, LAST)]


def test_a_good_record_among_the_dead_is_wrong(kafka: Broker, topics: Topics) -> None:
    """A tweet that could have been labelled is not accounted for by a dead letter."""
    verdict = _verdict(kafka, topics, GOOD[:-1], dead=(BAD, LAST))
    assert len(verdict.wrong) == 1
    assert verdict.lost == [(0, LAST)]


def test_what_was_aborted_does_not_count(kafka: Broker, topics: Topics) -> None:
    """A result whose transaction was aborted is as good as none."""
    with _producing(kafka, transactional_id=topics.out) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(topics.out, GOOD[-1], key=b"k", partition=0)
        producer.flush()
        producer.abort_transaction()
    assert _verdict(kafka, topics, GOOD[:-1]).lost == [(0, LAST)]


def test_it_shares_no_code_with_the_consumer() -> None:
    """A fault of the consumer cannot hide in its own proof."""
    program = "import sys, tests.chaos.verifier; print([m for m in sys.modules if m.startswith('consumer')])"
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True)
    assert told.stdout.decode().strip() == "[]"
