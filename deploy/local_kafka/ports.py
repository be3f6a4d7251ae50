"""Ports nobody else takes while the broker is away."""

from __future__ import annotations

import random
import socket

# Below the range from which systems take the source ports of connections (Linux: from 32768). A client that
# knocks at a stopped broker's port in that range can be given that very port and connect to itself; the
# broker then never gets it back.
CANDIDATES = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Kafka does: TIME_WAIT is free
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port that is free now and that no outgoing connection will be given."""
    # From the system's randomness: a seeded test run must not choose the same ports as its neighbour.
    return next(port for port in iter(lambda: random.SystemRandom().choice(CANDIDATES), 0) if is_free(port))


def free_ports(count: int) -> list[int]:
    """As many different ones."""
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return sorted(ports)
