"""Whether a broker really answers, not merely listens."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_SECONDS = 1.0
ANSWER_MS = 5_000


def answers(bootstrap: str, client_options: Mapping[str, Any] | None = None) -> bool:
    """Whether the broker at HOST:PORT tells of a cluster it is part of.

    `client_options` are kafka-python's, for a broker that wants TLS or a password.
    """
    return _listens(bootstrap) and _describes_itself(bootstrap, client_options or {})


def _listens(bootstrap: str) -> bool:
    """Asked first, since the client logs every refused connection."""
    host, _, port = bootstrap.rpartition(":")
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def _describes_itself(bootstrap: str, client_options: Mapping[str, Any]) -> bool:
    from kafka import KafkaAdminClient  # noqa: PLC0415 - the command's --help needs no client
    from kafka.errors import KafkaError  # noqa: PLC0415 - as above

    try:
        admin = KafkaAdminClient(
            bootstrap_servers=bootstrap,
            bootstrap_timeout_ms=ANSWER_MS,
            request_timeout_ms=ANSWER_MS,
            **client_options,
        )
    except (KafkaError, OSError):
        return False
    with contextlib.closing(admin):
        try:
            return bool(admin.describe_cluster()["brokers"])
        except (KafkaError, OSError):
            return False
