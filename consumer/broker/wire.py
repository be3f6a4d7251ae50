"""As much of Kafka's protocol as it takes to find out why a client is not let in."""

from __future__ import annotations

import ssl
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

# Brokers answer these before they know who asks.
API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE = 18, 17, 36
_SHORTEST_ANSWER, _LONGEST_ANSWER = 6, 1 << 20


def ask(connection: socket.socket, key: int, version: int, body: bytes = b"") -> bytes:
    """One request and the answer's body.

    Raises:
        EOFError: No answer came, or nothing that is one of Kafka's.
        OSError: As the socket raises it.
    """
    request = struct.pack(">hhih5s", key, version, key, 5, b"probe") + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    size, correlation = struct.unpack(">ii", _read(connection, 8))
    if correlation != key or not _SHORTEST_ANSWER <= size < _LONGEST_ANSWER:
        raise EOFError
    return _read(connection, size - 4)


def speaks_kafka(connection: socket.socket) -> bool:
    """Whether a Kafka request gets a Kafka answer; errors of TLS itself go through."""
    try:
        ask(connection, API_VERSIONS, 0)
    except ssl.SSLError:
        raise
    except (OSError, EOFError):
        return False
    return True


def _read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def text(value: str) -> bytes:
    """A string as requests hold it."""
    data = value.encode()
    return struct.pack(f">h{len(data)}s", len(data), data)


def read_text(data: bytes, at: int) -> tuple[str, int]:
    """The string at this place (empty for none), and where the next field begins."""
    (length,) = struct.unpack_from(">h", data, at)
    end = at + 2 + max(0, length)
    return data[at + 2 : end].decode("utf-8", "replace"), end


def read_bytes(data: bytes, at: int) -> bytes:
    """The byte string at this place."""
    (length,) = struct.unpack_from(">i", data, at)
    return data[at + 4 : at + 4 + max(0, length)]
