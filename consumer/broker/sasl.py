"""Logging in once, to hear the answer: the client may miss it when the broker hangs up behind it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from kafka.errors import KafkaError
from kafka.net.sasl import get_sasl_mechanism

from consumer.broker.wire import SASL_AUTHENTICATE, SASL_HANDSHAKE, ask, read_bytes, read_text, text
from consumer.errors import ConfigurationError

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

_UNSUPPORTED_MECHANISM, _NO_SASL_HERE = 33, 34
_PROTOCOL = "KAFKA_SECURITY_PROTOCOL"
_ROUNDS = 5  # SCRAM takes two


def login_fault(
    address: str, connection: socket.socket, options: Mapping[str, Any]
) -> ConfigurationError | None:
    """Why the broker at the other end does not take this login, or the lack of one; None where it does.

    ``options`` are kafka-python's. A broker that does not answer is left to the client.
    """
    mechanism = options.get("sasl_mechanism")
    try:
        answer = ask(connection, SASL_HANDSHAKE, 1, text(mechanism or "PLAIN"))
        return _handshake_fault(address, mechanism, answer) or (
            _password_fault(address, connection, options) if mechanism else None
        )
    except (OSError, EOFError, ValueError, struct.error, KafkaError):
        return None


def _handshake_fault(address: str, mechanism: str | None, answer: bytes) -> ConfigurationError | None:
    (code,) = struct.unpack_from(">h", answer)
    if mechanism is None:
        if code == _NO_SASL_HERE:
            return None
        return ConfigurationError(f"{address} wants a password: {_PROTOCOL} should begin with SASL_")
    if code == _NO_SASL_HERE:
        return ConfigurationError(f"{address} wants no password: {_PROTOCOL} should be without SASL_")
    if code == _UNSUPPORTED_MECHANISM:
        offered = ", ".join(_mechanisms(answer))
        return ConfigurationError(
            f"{address} does not offer KAFKA_SASL_MECHANISM={mechanism}; it offers {offered or 'none'}"
        )
    return None


def _mechanisms(answer: bytes) -> list[str]:
    (count,) = struct.unpack_from(">i", answer, 2)
    at, found = 6, []
    for _ in range(count):
        name, at = read_text(answer, at)
        found.append(name)
    return found


def _password_fault(
    address: str, connection: socket.socket, options: Mapping[str, Any]
) -> ConfigurationError | None:
    login = get_sasl_mechanism(options["sasl_mechanism"])(host=address, **options)
    for _ in range(_ROUNDS):
        token = login.auth_bytes()
        answer = ask(connection, SASL_AUTHENTICATE, 0, struct.pack(">i", len(token)) + token)
        (code,) = struct.unpack_from(">h", answer)
        words, at = read_text(answer, 2)
        if code:
            return ConfigurationError(
                f"{address} refuses KAFKA_SASL_USERNAME or KAFKA_SASL_PASSWORD ({words or f'error {code}'})"
            )
        login.receive(read_bytes(answer, at))
        if login.is_done():
            break
    return None
