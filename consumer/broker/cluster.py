"""The cluster's own settings that decide whether ours can work, as far as this user may read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kafka.admin import ConfigResource, ConfigResourceType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from consumer.broker.topics import Topics
    from consumer.settings import Settings

_MINUTE_MS = 60_000


def nodes(client: Any) -> list[str]:
    """``host:port`` of every broker, as the cluster advertises them."""
    return [f"{broker['host']}:{broker['port']}" for broker in client.describe_cluster()["brokers"]]


def read(client: Any) -> dict[str, str]:
    """One broker's settings; empty where this user may not read them."""
    brokers = client.describe_cluster()["brokers"]
    resource = ConfigResource(ConfigResourceType.BROKER, str(brokers[0]["broker_id"]))
    answer = client.describe_configs([resource], config_filter="all")
    found: Mapping[str, Any] = next(iter(answer.get("broker", {}).values()), {})
    return {key: str(entry["value"]) for key, entry in found.items() if entry["value"] is not None}


def faults(settings: Settings, cluster: Mapping[str, str]) -> Iterator[str]:
    """A line for each of our settings that the brokers will refuse."""
    session = settings.kafka_session_timeout_ms
    lowest = int(cluster.get("group.min.session.timeout.ms", session))
    highest = int(cluster.get("group.max.session.timeout.ms", session))
    if not lowest <= session <= highest:
        yield f"KAFKA_SESSION_TIMEOUT_MS={session}: the brokers take {lowest} to {highest}"
    longest = int(cluster.get("transaction.max.timeout.ms", session))
    if settings.delivery == "exactly_once" and settings.transaction_timeout_ms > longest:
        yield (
            f"KAFKA_SESSION_TIMEOUT_MS={session}: also the transaction timeout, of which the brokers take "
            f"at most {longest} (transaction.max.timeout.ms)"
        )


def warnings(topics: Topics, cluster: Mapping[str, str], brokers: int) -> Iterator[str]:
    """A line for each cluster setting under which positions or transactions can be lost."""
    offsets_ms = int(cluster.get("offsets.retention.minutes", 0)) * _MINUTE_MS
    retention_ms = topics.input.number("retention.ms")
    if offsets_ms and retention_ms is not None and not 0 <= retention_ms <= offsets_ms:
        yield (
            f"the brokers keep positions for {offsets_ms // _MINUTE_MS} minutes (offsets.retention.minutes), "
            f"less than {topics.input.name} keeps records: a group stopped for longer starts anew"
        )
    for key in ("offsets.topic.replication.factor", "transaction.state.log.replication.factor"):
        if brokers > 1 and cluster.get(key) == "1":
            yield f"the brokers have {key}=1: with one broker's disk all positions of its groups are lost"
