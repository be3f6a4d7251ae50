"""The broker that tests stop and start: the same promises whether it is local or a container."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from kafka import KafkaProducer

from tests.broker.reading import read_all
from tests.broker.topics import make_topics

if TYPE_CHECKING:
    from tests.broker.brokers import Broker


def _publish(bootstrap: str, topic: str, value: bytes) -> None:
    with contextlib.closing(KafkaProducer(bootstrap_servers=bootstrap, retry_backoff_ms=20)) as producer:
        producer.send(topic, value).get(timeout=30)


def test_data_and_address_survive_stop_kill_and_pause(own_kafka: Broker) -> None:
    """What was acknowledged is there after an orderly stop, after a crash and after a freeze."""
    bootstrap = own_kafka.bootstrap
    topics = make_topics(bootstrap, partitions=1)
    _publish(bootstrap, topics.tweets, b"before")

    own_kafka.stop()
    own_kafka.start()
    _publish(bootstrap, topics.tweets, b"after a stop")

    own_kafka.kill()
    own_kafka.start()
    _publish(bootstrap, topics.tweets, b"after a crash")

    own_kafka.pause()
    thaw = threading.Timer(1.0, own_kafka.resume)
    thaw.start()
    _publish(bootstrap, topics.tweets, b"after a freeze")
    thaw.join()

    values = [record.value for record in read_all(own_kafka.bootstrap, topics.tweets)]
    assert values == [b"before", b"after a stop", b"after a crash", b"after a freeze"]
