"""The circuit breaker on a real broker: a topic full of garbage is not emptied into the dead letters."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.broker.reading import read_all
from tests.broker.replicas import Replica, new_group, reaching, with_http
from tests.broker.stream import (
    Sent,
    account,
    committed,
    draw,
    members,
    metric,
    publish,
    state,
    tweets,
    wait_until,
    wait_until_done,
)

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

LEAST, BATCH, PROBE = 60, 20, 20
BREAKER = {
    "MAX_BATCH_MESSAGES": str(BATCH),
    "DLQ_BREAKER_WINDOW": "100",
    "DLQ_BREAKER_MIN": str(LEAST),
    "DLQ_BREAKER_PAUSE_SECONDS": "600",
}
AT_MOST = LEAST + BATCH
SESSION_SECONDS = 8.0  # shorter, a starved machine loses the member, and it is not the pause's doing


def garbage(count: int, partitions: int = 3) -> list[Sent]:
    """Records that are no tweets, spread over the partitions."""
    return [Sent(b"no json", n % partitions, str(n).encode()) for n in range(count)]


def test_garbage_stays_where_it_is(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """Unready with the reason, live, counted; lag is seen to grow; a SIGTERM ends the pause at once."""
    publish(kafka.bootstrap, topics.tweets, garbage(900))
    settings = with_http(reaching(kafka.bootstrap, topics, tmp_path, **BREAKER))
    with Replica(settings) as one:
        one.wait_for_event("breaker_opened")
        status, body = one.ask("/readyz")
        assert status == 503
        assert "circuit breaker is open" in json.loads(body)["reason"]
        assert one.ask("/livez")[0] == 200
        dead = len(read_all(kafka.bootstrap, topics.dlq))
        assert LEAST <= dead <= AT_MOST
        _, scrape = one.ask("/metrics")
        assert metric(scrape, 'sentiment_breaker_state{state="open"}') == 1
        assert metric(scrape, "sentiment_breaker_opened_total") == 1
        assert metric(scrape, "sentiment_breaker_dead_letter_ratio") == 1
        publish(kafka.bootstrap, topics.tweets, garbage(300))
        wait_until(lambda: _lag(one) == 1_200 - dead, "the lag of what comes in a pause")
        assert len(read_all(kafka.bootstrap, topics.dlq)) == dead
        assert sum(committed(kafka.bootstrap, settings["KAFKA_CONSUMER_GROUP"]).values()) >= dead
        one.stop()  # fails long before the pause would be over
        assert one.events("batch_abandoned") == []  # it was not the last resort that ended it


def _lag(replica: Replica) -> float:
    _, scrape = replica.ask("/metrics")
    lines = [line for line in scrape.splitlines() if line.startswith("sentiment_consumer_lag_records{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


@pytest.mark.partitions(1)
def test_it_goes_on_when_good_records_follow(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """A few are tried; where those are no better it waits longer; in the end each record is there once."""
    # Wherever within a batch it opens, the first probe is garbage throughout, and some is left.
    bad = AT_MOST + PROBE + 4
    publish(kafka.bootstrap, topics.tweets, [*garbage(bad, 1), *tweets(300, partitions=1)])
    settings = reaching(kafka.bootstrap, topics, tmp_path, **BREAKER | {"DLQ_BREAKER_PAUSE_SECONDS": "0.3"})
    settings = with_http(settings)
    with Replica(settings) as one:
        wait_until_done(kafka.bootstrap, settings["KAFKA_CONSUMER_GROUP"], topics.tweets)
        wait_until(lambda: one.ask("/readyz")[0] == 200, "ready again")
        _, scrape = one.ask("/metrics")
        assert metric(scrape, 'sentiment_breaker_state{state="closed"}') == 1
        opened = [event["pause_seconds"] for event in one.events("breaker_opened")]
        assert opened[:2] == [0.3, 0.6]
        assert len(one.events("breaker_closed")) == 1
        one.stop()
    account(kafka.bootstrap, topics, dead=bad)


def test_a_replica_that_pauses_stays_in_its_group(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """It outlives its session timeout and takes part in rebalances; what it keeps it keeps unread."""
    publish(kafka.bootstrap, topics.tweets, garbage(600))
    group = {"KAFKA_CONSUMER_GROUP": new_group()}
    patient = {"KAFKA_SESSION_TIMEOUT_MS": str(int(SESSION_SECONDS * 1000))}
    paused = reaching(kafka.bootstrap, topics, tmp_path / "a", **BREAKER | group | patient)
    reading = reaching(kafka.bootstrap, topics, tmp_path / "b", **group, DLQ_BREAKER_RATIO="0")
    with Replica(paused) as one:
        one.wait_for_event("breaker_opened")
        before = committed(kafka.bootstrap, group["KAFKA_CONSUMER_GROUP"])
        (member,) = members(kafka.bootstrap, group["KAFKA_CONSUMER_GROUP"])
        time.sleep(SESSION_SECONDS + 1)
        assert members(kafka.bootstrap, group["KAFKA_CONSUMER_GROUP"]) == [member]
        with Replica(reading) as two:
            two.wait_for_event("partitions_assigned")
            wait_until(lambda: _emptied(kafka, group, topics) >= 1, "the share of the one that reads")
            wait_until(lambda: len(one.events("partitions_assigned")) >= 2, "a share for the one that pauses")
            wait_until(
                lambda: state(kafka.bootstrap, group["KAFKA_CONSUMER_GROUP"]) == "Stable", "a stable group"
            )
            assert len(members(kafka.bootstrap, group["KAFKA_CONSUMER_GROUP"])) == 2
            assert (
                one.events("partitions_assigned")[-1]["partitions"]
                + two.events("partitions_assigned")[-1]["partitions"]
                == 3
            )
            two.stop()
        wait_until(
            lambda: one.events("partitions_assigned")[-1]["partitions"] == 3, "all with the first again"
        )
        after = committed(kafka.bootstrap, group["KAFKA_CONSUMER_GROUP"])
        assert any(after.get(n, 0) == before.get(n, 0) for n in range(3))
        assert len(one.events("breaker_opened")) == 1
        one.stop()
    assert draw(kafka.bootstrap, topics).twice == []


def _emptied(kafka: Broker, group: dict[str, str], topics: Topics) -> int:
    positions = committed(kafka.bootstrap, group["KAFKA_CONSUMER_GROUP"])
    return sum(position == 200 for position in positions.values())
