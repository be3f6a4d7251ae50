"""One walk to a broker with nothing but a socket: name, port, TLS, whether Kafka answers, the login."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any

from consumer.broker.sasl import login_fault
from consumer.broker.wire import speaks_kafka
from consumer.errors import BrokerGoneError, ConfigurationError, ConsumerError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROTOCOL = "KAFKA_SECURITY_PROTOCOL"


def server(address: str, options: Mapping[str, Any], seconds: float) -> ConsumerError | None:
    """Why ``host:port`` does not let us in with kafka-python's ``options``; None where it does."""
    host, port = _host_and_port(address)
    try:
        with socket.create_connection((host, port), seconds) as connection:
            walk = _tls if "ssl_context" in options else _plain
            return walk(address, connection, options, seconds)
    except socket.gaierror as error:
        return _gone(address, f"the name {host} is not known ({error.strerror})")
    except ConnectionRefusedError:
        return _gone(address, "the connection is refused, nothing listens there")
    except TimeoutError:
        return _gone(address, f"no answer within {seconds:.0f} s: a wrong address, or a firewall between")
    except OSError as error:
        return _gone(address, f"not reachable ({error.strerror or error})")


def _plain(
    address: str, connection: socket.socket, options: Mapping[str, Any], seconds: float
) -> ConsumerError | None:
    if speaks_kafka(connection):
        return login_fault(address, connection, options)
    if _answers_tls(address, seconds):
        return ConfigurationError(f"{address} speaks TLS: {_PROTOCOL} should be SSL or SASL_SSL")
    return _gone(address, "something listens there, but it does not answer as Kafka does")


def _tls(
    address: str, connection: socket.socket, options: Mapping[str, Any], seconds: float
) -> ConsumerError | None:
    host, _ = _host_and_port(address)
    try:
        with options["ssl_context"].wrap_socket(connection, server_hostname=host) as secured:
            # With TLS 1.3 a refused client certificate shows only at the first answer.
            if speaks_kafka(secured):
                return login_fault(address, secured, options)
            return _gone(address, "it speaks TLS, but closes the connection; is it Kafka?")
    except ssl.SSLCertVerificationError as error:
        return ConfigurationError(
            f"the certificate of {address} is not trusted ({error.verify_message}): KAFKA_SSL_CAFILE should "
            "hold the certificate that signed it, and the address should be one it names"
        )
    except (ssl.SSLError, ConnectionError, TimeoutError) as error:
        if _answers_plainly(address, seconds):
            return ConfigurationError(
                f"{address} does not speak TLS: {_PROTOCOL} should be PLAINTEXT or SASL_PLAINTEXT"
            )
        if isinstance(error, ssl.SSLError) and "CERTIFICATE" in str(error.reason):
            return _client_certificate(address, str(error.reason))
        return _gone(address, f"the TLS handshake failed ({error})")


def _client_certificate(address: str, reason: str) -> ConsumerError:
    return ConfigurationError(
        f"{address} refuses this client's certificate, or the lack of one ({reason}): KAFKA_SSL_CERTFILE and "
        "KAFKA_SSL_KEYFILE should hold one that it trusts"
    )


def _gone(address: str, why: str) -> BrokerGoneError:
    return BrokerGoneError(f"KAFKA_BOOTSTRAP_SERVERS={address}: {why}")


def _answers_tls(address: str, seconds: float) -> bool:
    """Whether a TLS handshake begins there; nothing is said over it, so nobody needs to be trusted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection(_host_and_port(address), seconds) as connection:
            context.wrap_socket(connection).close()
    except ssl.SSLError as error:
        return "CERTIFICATE" in str(error.reason)  # it asks for ours, so it speaks TLS
    except OSError:
        return False
    return True


def _answers_plainly(address: str, seconds: float) -> bool:
    try:
        with socket.create_connection(_host_and_port(address), seconds) as connection:
            return speaks_kafka(connection)
    except OSError:
        return False


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
