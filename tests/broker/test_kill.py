"""SIGKILL at any point of a batch: nothing lost, nothing twice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.broker.replicas import Replica, reaching
from tests.broker.stream import Sent, account, publish, tweets

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

BATCHES_OF_20 = {"MAX_BATCH_MESSAGES": "20"}
# A successor waits for no timeout: it has the place in the group, and ends the transaction left open.
SUCCESSION = {"KAFKA_GROUP_INSTANCE_ID": "one", "KAFKA_SESSION_TIMEOUT_MS": "120000"}

SUCCESSION_SECONDS = 60.0


@pytest.mark.parametrize(
    ("gate", "batches_before"), [("score", 0), ("commit", 0), ("commit", 2), ("committed", 2)]
)
def test_killed_in_a_batch(
    kafka: Broker, topics: Topics, tmp_path: Path, gate: str, batches_before: int
) -> None:
    """Killed while scoring, before or after the commit: the successor neither repeats nor forgets."""
    publish(kafka.bootstrap, topics.tweets, [*tweets(90), Sent(b"no json", partition=1)])
    settings = reaching(kafka.bootstrap, topics, tmp_path, **BATCHES_OF_20, **SUCCESSION)
    with Replica(settings, gates=gate) as first:
        for _ in range(batches_before):
            first.wait_at(gate)
            first.go()
        first.wait_at(gate)
        first.kill()
    with Replica(
        settings, "--max-messages", str(91 - 20 * (batches_before + (gate == "committed")))
    ) as second:
        second.finish(SUCCESSION_SECONDS)
    account(kafka.bootstrap, topics, dead=1)
