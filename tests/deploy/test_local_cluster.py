"""Three brokers as one cluster: what one of them took with it, the others have."""

from __future__ import annotations

import contextlib

import pytest
from kafka import KafkaProducer

from deploy.local_kafka import LocalCluster
from tests.broker.reading import read_all
from tests.broker.topics import make_topics


def _publish(bootstrap: str, topic: str, value: bytes) -> None:
    client = KafkaProducer(bootstrap_servers=bootstrap.split(","), acks="all", retry_backoff_ms=20)
    with contextlib.closing(client) as producer:
        producer.send(topic, value).get(timeout=60)


@pytest.mark.broker
def test_acknowledged_records_survive_the_crash_of_any_one_node() -> None:
    """With each node killed in turn the topic can be written and read, and in the end holds every record."""
    written = []
    with LocalCluster() as cluster:
        topic = make_topics(cluster.bootstrap, partitions=3, replication_factor=3).tweets
        for node in cluster.nodes:
            node.kill()
            written.append(f"without {node.port}".encode())
            _publish(cluster.bootstrap, topic, written[-1])
            node.start()
        records = read_all(cluster.bootstrap, topic)
        folders = [node.data_dir for node in cluster.nodes]
    assert sorted(record.value for record in records) == sorted(written)
    assert not any(folder.exists() for folder in folders)
