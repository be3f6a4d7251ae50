"""Results that a topic refuses for their size: each is dead-lettered alone, and nothing loops."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from tests.broker.replicas import Replica, reaching
from tests.broker.stream import Sent, account, draw, error, publish, tweet
from tests.broker.topics import admin

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

pytestmark = pytest.mark.partitions(1)

LIMIT_BYTES = 2_000
COUNT = 30
LARGE = {7, 8, 20}


def _allow(kafka: Broker, topic: str, size_bytes: int) -> None:
    """Let a topic take so much at once."""
    with admin(kafka.bootstrap) as client:
        configs = {"max.message.bytes": str(size_bytes)}
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=configs)])


def _mixed() -> list[Sent]:
    """Tweets of which a few have a text that is too large for the output topic, and does not compress."""
    rng = random.Random(7)
    long = [f"good {rng.randbytes(LIMIT_BYTES).hex()}" for _ in range(COUNT)]
    return [Sent(tweet(n, long[n] if n in LARGE else "good"), 0) for n in range(COUNT)]


@pytest.mark.parametrize("delivery", ["exactly_once", "at_least_once"])
def test_results_too_large(kafka: Broker, topics: Topics, tmp_path: Path, delivery: str) -> None:
    """Mates are published in order; the batch is read again only until the guilty are found."""
    _allow(kafka, topics.out, LIMIT_BYTES)
    publish(kafka.bootstrap, topics.tweets, _mixed())
    settings = reaching(
        kafka.bootstrap,
        topics,
        tmp_path,
        DELIVERY=delivery,
        MAX_BATCH_MESSAGES=str(COUNT),
        MAX_BATCH_WAIT_MS="20000",
    )
    with Replica(settings, "--max-messages", str(COUNT)) as one:
        one.finish()
        assert len(one.events("batch_abandoned")) <= 1 + len(LARGE)
    exactly = delivery == "exactly_once"
    found = account(kafka.bootstrap, topics, dead=len(LARGE)) if exactly else draw(kafka.bootstrap, topics)
    assert found.missing == []
    assert {offset for _, _, offset in found.dead} == LARGE
    for place, letter in found.dead.items():
        assert (error(letter, "stage"), error(letter, "reason")) == ("publish", "result_too_large")
        assert letter.value == found.inputs[place].value


def test_even_the_dead_letter_is_refused(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """Exit 1 names the position and what to raise; once that is done, the same records go through."""
    for topic in (topics.out, topics.dlq):
        _allow(kafka, topic, LIMIT_BYTES)
    publish(kafka.bootstrap, topics.tweets, _mixed())
    settings = reaching(kafka.bootstrap, topics, tmp_path, KAFKA_GROUP_INSTANCE_ID="one")
    with Replica(settings) as one:
        assert one.wait() == 1
        last = one.log().splitlines()[-1]
        assert f"{topics.tweets}-0 at offset {min(LARGE)}" in last
        assert "max.message.bytes" in last
    _allow(kafka, topics.dlq, 1_000_000)
    with Replica(settings, "--max-messages", str(COUNT)) as successor:
        successor.finish()
    account(kafka.bootstrap, topics, dead=len(LARGE))
