"""A broker that stops, hangs or never was: the consumer waits, says so, and gives up in good order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deploy.local_kafka import free_port
from tests.broker.replicas import EXIT_SECONDS, Replica, reaching, with_http
from tests.broker.stream import account, publish, tweets, wait_until, wait_until_done
from tests.broker.topics import Topics, make_topics

if TYPE_CHECKING:
    from tests.broker.brokers import Broker

pytestmark = pytest.mark.timeout(200)

STOP_SECONDS = 10


def test_stopped_and_started(own_kafka: Broker, tmp_path: Path) -> None:
    """While the broker is away the replica is live and unready with a reason; then it resumes by itself."""
    bootstrap = own_kafka.bootstrap
    topics = make_topics(bootstrap)
    settings = with_http(reaching(bootstrap, topics, tmp_path, MAX_BATCH_MESSAGES="10"))
    group = settings["KAFKA_CONSUMER_GROUP"]
    publish(bootstrap, topics.tweets, tweets(60))
    with Replica(settings, gates="commit") as one:
        one.wait_at("commit")
        one.go()
        wait_until(lambda: one.ask("/readyz")[0] == 200, "it is ready")
        one.wait_at("commit")
        own_kafka.stop()
        one.open_gates()
        wait_until(lambda: one.ask("/readyz")[0] == 503, "it is unready")
        assert "broker" in one.ask("/readyz")[1]
        assert one.ask("/livez")[0] == 200
        own_kafka.start()
        publish(bootstrap, topics.tweets, tweets(60, first=60))
        wait_until_done(bootstrap, group, topics.tweets)
        wait_until(lambda: one.ask("/readyz")[0] == 200, "it is ready again")
        one.stop(STOP_SECONDS)
    account(bootstrap, topics)


def test_killed_for_good(own_kafka: Broker, tmp_path: Path) -> None:
    """Past BROKER_TIMEOUT_SECONDS the replica ends with 4 and one line that names the setting."""
    topics = make_topics(own_kafka.bootstrap)
    settings = reaching(own_kafka.bootstrap, topics, tmp_path, BROKER_TIMEOUT_SECONDS="3")
    with Replica(settings) as one:
        one.wait_for_event("partitions_assigned")
        own_kafka.kill()
        assert one.wait() == 4
        assert "BROKER_TIMEOUT_SECONDS" in one.log().splitlines()[-1]


def test_hung_in_a_commit(own_kafka: Broker, tmp_path: Path) -> None:
    """A commit that gets no answer ends the replica: soon after a signal with 0, past the timeout with 4."""
    bootstrap = own_kafka.bootstrap
    topics = make_topics(bootstrap)
    settings = reaching(
        bootstrap, topics, tmp_path, BROKER_TIMEOUT_SECONDS="4", KAFKA_GROUP_INSTANCE_ID="one"
    )
    publish(bootstrap, topics.tweets, tweets(30))
    _freeze_in_a_commit(own_kafka, settings, signalled=True, exit_code=0)
    publish(bootstrap, topics.tweets, tweets(30, first=30))  # the broker may have carried out that commit
    _freeze_in_a_commit(own_kafka, settings, signalled=False, exit_code=4)
    with Replica(settings | {"BROKER_TIMEOUT_SECONDS": "60"}) as successor:
        wait_until_done(bootstrap, settings["KAFKA_CONSUMER_GROUP"], topics.tweets)
        successor.stop(STOP_SECONDS)
    account(bootstrap, topics)


def _freeze_in_a_commit(kafka: Broker, settings: dict[str, str], *, signalled: bool, exit_code: int) -> None:
    if signalled:  # so that the timeout cannot be what ends it
        settings = settings | {"BROKER_TIMEOUT_SECONDS": "120"}
    with Replica(settings, gates="commit") as one:
        one.wait_at("commit")
        kafka.pause()
        one.go()
        if signalled:
            one.signal()
        assert one.wait(STOP_SECONDS if signalled else EXIT_SECONDS) == exit_code
        kafka.resume()


def test_never_there(tmp_path: Path) -> None:
    """Without a broker the replica waits as long as it may, then ends with 4 and names the address."""
    address = f"127.0.0.1:{free_port()}"
    settings = reaching(address, Topics("a", "b", "c"), tmp_path, BROKER_TIMEOUT_SECONDS="2")
    with Replica(settings) as one:
        assert one.wait() == 4
        assert len(one.events("broker_not_reached")) > 1
        assert address in one.log().splitlines()[-1]


def test_stopped_while_waiting_for_a_broker(tmp_path: Path) -> None:
    """SIGTERM ends the wait for a broker that is not there."""
    settings = reaching(f"127.0.0.1:{free_port()}", Topics("a", "b", "c"), tmp_path)
    with Replica(settings) as one:
        one.wait_for_event("broker_not_reached")
        one.stop(STOP_SECONDS)
