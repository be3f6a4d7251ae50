"""The brokers that a run breaks: one alone, or three of which one is away at a time."""

from __future__ import annotations

import time
from typing import Any, Protocol

from kafka import TopicPartition
from kafka.errors import KafkaError

from deploy.local_kafka import LocalCluster
from tests.broker.brokers import Broker
from tests.broker.topics import admin

_IN_SYNC_SECONDS = 120.0
_LOOK_SECONDS = 0.25


class Brokers(Protocol):
    """The cluster, each broker by its number."""

    @property
    def bootstrap(self) -> str:
        """Where clients begin."""

    @property
    def size(self) -> int:
        """How many there are."""

    def kill(self, number: int) -> None:
        """As a crash would."""

    def stop(self, number: int) -> None:
        """In order."""

    def start(self, number: int) -> None:
        """On the data it has; returns when it answers and has caught up."""

    def move_leaders(self) -> None:
        """Every partition's, to another broker."""


class OneBroker:
    """A cluster of one."""

    size = 1

    def __init__(self, kafka: Broker) -> None:
        self._kafka = kafka

    @property
    def bootstrap(self) -> str:
        """Its address."""
        return self._kafka.bootstrap

    def kill(self, _number: int) -> None:
        """SIGKILL."""
        self._kafka.kill()

    def stop(self, _number: int) -> None:
        """In order."""
        self._kafka.stop()

    def start(self, _number: int) -> None:
        """Same address, same data."""
        self._kafka.start()

    def move_leaders(self) -> None:
        """There is nobody to move them to."""


class ThreeBrokers:
    """A cluster that has two of its three brokers at any time."""

    size = 3

    def __init__(self, cluster: LocalCluster) -> None:
        self._cluster = cluster

    @property
    def bootstrap(self) -> str:
        """All addresses."""
        return self._cluster.bootstrap

    def kill(self, number: int) -> None:
        """SIGKILL."""
        self._cluster.nodes[number].kill()

    def stop(self, number: int) -> None:
        """In order: it hands its leaderships over first."""
        self._cluster.nodes[number].stop()

    def start(self, number: int) -> None:
        """Until all replicas are in sync: before that, to take the next broker would stop all writing."""
        self._cluster.nodes[number].start()
        until = time.monotonic() + _IN_SYNC_SECONDS
        while not self._in_sync():
            if time.monotonic() > until:
                raise TimeoutError(f"not in sync {_IN_SYNC_SECONDS:g} s after broker {number} was started")
            time.sleep(_LOOK_SECONDS)

    def _in_sync(self) -> bool:
        try:
            partitions = [partition for topic in self._topics() for partition in topic["partitions"]]
        except KafkaError:
            return False
        return all(len(p["isr_nodes"]) == len(p["replica_nodes"]) for p in partitions)

    def _topics(self) -> Any:
        with admin(self.bootstrap) as client:
            return client.describe_topics()

    def move_leaders(self) -> None:
        """The first of the replicas should lead: turn their order. Groups' and transactions' move, too."""
        turned = {
            TopicPartition(topic["name"], partition["partition_index"]): _turned(partition)
            for topic in self._topics()
            for partition in topic["partitions"]
        }
        with admin(self.bootstrap) as client:
            client.alter_partition_reassignments(turned)
            client.elect_leaders(0, raise_errors=False)


def _turned(partition: Any) -> list[int]:
    """The same replicas, the leader last."""
    leader = partition["leader_id"]
    return [*(node for node in partition["replica_nodes"] if node != leader), leader]
