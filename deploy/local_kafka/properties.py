"""The broker's own settings: one node that is broker and controller, quick for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ONE_NODE = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": (
        "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL"
    ),
    # Internal topics: one copy, for there is one node; few partitions, for each costs start-up time.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "5",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "5",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # Groups' positions are read whole at each start, and the cleaner leaves the segment in use as it is:
    # in small ones they stay short (default: 100 MB), and a broker that was killed is a coordinator sooner.
    "offsets.topic.segment.bytes": "1048576",
    # The cleaner of compacted topics claims 128 MB otherwise.
    "log.cleaner.dedupe.buffer.size": "10485760",
    # A misspelt topic is an error, not a new topic.
    "auto.create.topics.enable": "false",
    # A group starts at once and may notice a dead member soon.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # A transaction left open by a killed producer ends this soon after its timeout (default: 10 s).
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
    # A killed broker is let back in when the session of its predecessor has ended (default: 9 s).
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
}


def server_properties(
    data: Path, port: int, controller_port: int, overrides: Mapping[str, str] | None = None
) -> dict[str, str]:
    """All properties of one node; `overrides` win, so a caller can add listeners, TLS, SASL or nodes."""
    return {
        **ONE_NODE,
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "log.dirs": str(data),
        **(overrides or {}),
    }


def as_text(properties: Mapping[str, str]) -> str:
    """Java's properties format: backslashes and line ends are the only characters to guard."""
    guarded = ((key, value.replace("\\", "\\\\").replace("\n", "\\n")) for key, value in properties.items())
    return "".join(f"{key}={value}\n" for key, value in guarded)
