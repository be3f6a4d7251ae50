"""Bad input: one bad record costs one record, whatever is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.broker import replica
from tests.broker.replicas import Replica, reaching
from tests.broker.stream import Account, Sent, account, draw, error, publish, tweet

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

pytestmark = pytest.mark.partitions(1)

SECRET = "confidential"  # noqa: S105 - a word of the input, which no header may repeat
TOMBSTONE = None
POISONS: list[tuple[bytes | None, str, str]] = [
    (b'{"id": 1, "text": "confidential \xff"}', "parse", "invalid_utf8"),
    (b'{"id": 1, "text": "confidential', "parse", "invalid_json"),
    (b'["confidential"]', "parse", "not_an_object"),
    (b'{"text": "confidential"}', "parse", "missing_id"),
    (b'{"id": ["confidential"], "text": "good"}', "parse", "invalid_id"),
    (b'{"id": "confidential"}', "parse", "missing_text"),
    (b'{"id": 1, "text": {"is": "confidential"}}', "parse", "invalid_text"),
    (tweet(1, "confidential " * 6_000), "parse", "too_large"),
    (tweet(1, "https://confidential.example"), "clean", "empty_after_cleaning"),
    (tweet(1, "confidential poison"), "score", "scorer_failed"),
    (tweet(1, "confidential and immeasurable"), "score", "scorer_failed"),
    (TOMBSTONE, "", ""),
]


def interleaved() -> list[Sent]:
    """Good and bad tweets in turn around each poison, with a key, headers and a time of their own."""
    values: list[bytes | None] = []
    for number, (value, _, _) in enumerate(POISONS):
        values += [tweet(2 * number, "a good day"), value, tweet(2 * number + 1, "a bad day")]
    headers = (("traceparent", b"00-11-22-01"), ("traceparent", b"again"), ("empty", b""))
    return [
        Sent(value, 0, key=f"author {n}".encode(), headers=headers, timestamp_ms=1_700_000_000_000 + n)
        for n, value in enumerate(values)
    ]


def in_one_batch(count: int) -> dict[str, str]:
    """Settings under which so many records are one micro-batch."""
    return {"MAX_BATCH_MESSAGES": str(count), "MAX_BATCH_WAIT_MS": "20000"}


def test_every_poison_in_one_batch(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """Each goes to the dead letters alone, as it came, with its reason; its mates are scored, in order."""
    records = interleaved()
    publish(kafka.bootstrap, topics.tweets, records)
    settings = reaching(kafka.bootstrap, topics, tmp_path, **in_one_batch(len(records)))
    with Replica(settings, "--max-messages", str(len(records))) as one:
        one.finish()
        assert [event["messages"] for event in one.events("batch_committed")] == [len(records)]

    found = account(kafka.bootstrap, topics, skipped=1, dead=len(POISONS) - 1)
    assert [body["label"] for body in found.bodies] == ["positive", "negative"] * len(POISONS)
    assert [body["id"] for body in found.bodies] == [str(number) for number in range(2 * len(POISONS))]
    expected = [(stage, reason) for value, stage, reason in POISONS if value is not TOMBSTONE]
    dead = [found.dead[place] for place in sorted(found.dead)]
    assert [(error(letter, "stage"), error(letter, "reason")) for letter in dead] == expected
    for place, letter in found.dead.items():
        _check_letter(letter, found.inputs[place], settings["KAFKA_CONSUMER_GROUP"])


def _check_letter(letter: Any, source: Any, group: str) -> None:
    assert letter.value == source.value
    facts = {name: error(letter, name) for name in ("topic", "partition", "offset", "attempt")}
    assert facts == {
        "topic": source.topic,
        "partition": "0",
        "offset": str(source.offset),
        "attempt": "1",
    }
    assert (error(letter, "consumer.group"), error(letter, "model.version")) == (group, replica.VERSION)
    assert error(letter, "exception.message")
    assert error(letter, "exception.class.name") is not None
    assert str(error(letter, "timestamp")).endswith("Z")
    ours = letter.headers[len(source.headers) :]
    assert not [name for name, value in ours if SECRET in value.decode()]


def test_a_batch_of_nothing_but_poison(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """A batch without one result is published and committed like any other."""
    records = [Sent(b"no json", 0), Sent(tweet(1, "poison"), 0), Sent(tweet(2, "poison poison"), 0)]
    publish(kafka.bootstrap, topics.tweets, records)
    settings = reaching(kafka.bootstrap, topics, tmp_path, **in_one_batch(3))
    with Replica(settings, "--max-messages", "3") as one:
        one.finish()
    account(kafka.bootstrap, topics, dead=3)


def test_dead_letters_share_their_batchs_transaction(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """Before the commit neither a result nor a dead letter of the batch can be seen, afterwards all."""
    publish(kafka.bootstrap, topics.tweets, [Sent(tweet(1), 0), Sent(b"no json", 0), Sent(tweet(2), 0)])
    settings = reaching(
        kafka.bootstrap, topics, tmp_path, **in_one_batch(3), KAFKA_GROUP_INSTANCE_ID="replica"
    )
    with Replica(settings, gates="commit") as first:
        first.wait_at("commit")
        assert _counts(draw(kafka.bootstrap, topics, "read_uncommitted")) == (2, 1)
        assert _counts(draw(kafka.bootstrap, topics)) == (0, 0)
        first.kill()
    assert _counts(draw(kafka.bootstrap, topics)) == (0, 0)
    with Replica(settings, "--max-messages", "3") as second:
        second.finish()
    assert _counts(account(kafka.bootstrap, topics, dead=1)) == (2, 1)


def _counts(drawn: Account) -> tuple[int, int]:
    return len(drawn.results), len(drawn.dead)


def test_what_is_passed_over_is_counted(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """A tombstone and a tweet in another language leave neither result nor dead letter, and are committed."""
    values = [None, tweet(1, lang="de"), tweet(2, lang="en"), tweet(3), tweet(4, lang="EN")]
    publish(kafka.bootstrap, topics.tweets, [Sent(value, 0, b"key") for value in values])
    settings = reaching(kafka.bootstrap, topics, tmp_path, LANGUAGES="en,und")
    with Replica(settings, "--max-messages", "5") as one:
        one.finish()
    found = account(kafka.bootstrap, topics, skipped=2)
    assert [json.loads(record.value)["id"] for record in found.results.values()] == ["2", "3", "4"]
