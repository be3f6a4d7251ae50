"""Topics of a test's own, so that tests share a broker without meeting."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import dataclass, fields

from kafka import KafkaAdminClient

RETRY_MS = 20


@dataclass(frozen=True)
class Topics:
    """The three topics of the stream."""

    tweets: str
    out: str
    dlq: str

    @property
    def all(self) -> list[str]:
        """Their names."""
        return [getattr(self, field.name) for field in fields(self)]


def new_names() -> Topics:
    """Names nobody else uses, of topics that do not exist yet."""
    unique = uuid.uuid4().hex[:8]
    return Topics(f"tweets-{unique}", f"tweets-{unique}.sentiment", f"tweets-{unique}.dlq")


def make_topics(
    bootstrap: str,
    partitions: int = 3,
    configs: dict[str, str] | None = None,
    replication_factor: int = 1,
) -> Topics:
    """Create the three topics and return when all partitions have a leader."""
    topics = new_names()
    wanted = {
        "num_partitions": partitions,
        "replication_factor": replication_factor,
        "configs": configs or {},
    }
    with admin(bootstrap) as client:
        client.create_topics(dict.fromkeys(topics.all, wanted), wait_for_metadata=True)
    return topics


def remove_topics(bootstrap: str, topics: Topics) -> None:
    """Ask for their removal; those a test has removed itself are no fault."""
    with admin(bootstrap) as client:
        client.delete_topics(topics.all, raise_errors=False)


def admin(bootstrap: str) -> contextlib.closing[KafkaAdminClient]:
    """An admin client that is closed at the end of the `with`."""
    return contextlib.closing(
        KafkaAdminClient(bootstrap_servers=bootstrap.split(","), retry_backoff_ms=RETRY_MS)
    )
