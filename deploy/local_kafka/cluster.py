"""Several nodes on one machine as one cluster: every record on three disks, acknowledged by two."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

from deploy.local_kafka.broker import LocalKafka
from deploy.local_kafka.node import START_SECONDS, new_cluster_id
from deploy.local_kafka.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Mapping

SIZE = 3
REPLICATION = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
}


class LocalCluster:
    """Three brokers, each a controller too, numbered from 0; node ids in the cluster count from 1."""

    def __init__(
        self, properties: Mapping[str, str] | None = None, start_seconds: float = 2 * START_SECONDS
    ) -> None:
        """`properties` are added to every node's settings and win; three nodes take longer to start."""
        ports = free_ports(2 * SIZE)  # at once: none is bound yet, and the same could be given twice
        addresses = list(zip(ports[:SIZE], ports[SIZE:], strict=True))
        voters = ",".join(f"{n}@127.0.0.1:{controller}" for n, (_, controller) in enumerate(addresses, 1))
        cluster_id = new_cluster_id()
        self.nodes = [
            LocalKafka(
                port=port,
                properties=_of_a_node(number, port, controller, voters) | dict(properties or {}),
                cluster_id=cluster_id,
                start_seconds=start_seconds,
            )
            for number, (port, controller) in enumerate(addresses, 1)
        ]

    @property
    def bootstrap(self) -> str:
        """The addresses clients are given, HOST:PORT,HOST:PORT,HOST:PORT."""
        return ",".join(node.bootstrap for node in self.nodes)

    def start(self) -> None:
        """Start what does not run, all at once, since no node answers before two can elect a leader."""
        with ThreadPoolExecutor(SIZE) as pool:
            list(pool.map(LocalKafka.start, self.nodes))

    def close(self) -> None:
        """Stop all of it, and remove the data."""
        with ThreadPoolExecutor(SIZE) as pool:
            list(pool.map(LocalKafka.close, self.nodes))

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:  # Ctrl-C during a start, too, must not leave brokers behind
            self.close()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def _of_a_node(number: int, port: int, controller_port: int, voters: str) -> dict[str, str]:
    return REPLICATION | {
        "node.id": str(number),
        "controller.quorum.voters": voters,
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
    }
