"""How a broker is reached, and in which words it is said that it is not.

kafka-python retries a failed TLS handshake or a refused password until its time is up, then says "Unable
to bootstrap"; so the way is walked once beforehand (``probe``), and what the client logs is listened to.
"""

from __future__ import annotations

import contextlib
import logging
import ssl
from typing import TYPE_CHECKING, Any, TypeVar

from kafka import KafkaAdminClient
from kafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from consumer.broker import probe
from consumer.broker.refusals import REFUSALS, named
from consumer.errors import BrokerGoneError, ConfigurationError, ConsumerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from consumer.settings import Settings

PROBE_SECONDS = 5.0
CONNECT_SECONDS = 6.0
_FIRST_TRY_SECONDS = 2.0  # long enough for a healthy broker, short enough to name a refused password soon
_REQUEST_SECONDS = 15.0

Client = TypeVar("Client")


class _Hidden(str):
    """A secret that the client may use but not write: it logs its whole configuration at DEBUG."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'********'"


def client_options(settings: Settings) -> dict[str, Any]:
    """Arguments that kafka-python's consumer, producer and admin client have in common."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers.split(","),
        "client_id": settings.kafka_group_instance_id or settings.kafka_consumer_group,
        "security_protocol": settings.kafka_security_protocol,
        # The client's own 30 s would make a broker's restart cost 15 s and more.
        "reconnect_backoff_max_ms": 1_000,
        "retry_backoff_ms": 20,
        "request_timeout_ms": int(_REQUEST_SECONDS * 1000),
        "bootstrap_timeout_ms": int(CONNECT_SECONDS * 1000),
    }
    if settings.kafka_security_protocol.endswith("SSL"):
        options["ssl_context"] = tls_context(settings)
    if settings.kafka_sasl_mechanism and settings.kafka_sasl_password:
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_sasl_username
        options["sasl_plain_password"] = _Hidden(settings.kafka_sasl_password.get_secret_value())
    return options


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Whom we trust and how we prove ourselves.

    Raises:
        ConfigurationError: A file that is not what its setting says.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.kafka_ssl_cafile:
        try:
            context.load_verify_locations(settings.kafka_ssl_cafile)
        except OSError:  # ssl.SSLError is one
            raise ConfigurationError(
                f"KAFKA_SSL_CAFILE={settings.kafka_ssl_cafile}: should hold certificates in PEM"
            ) from None
    else:
        context.load_default_certs()
    if settings.kafka_ssl_certfile:
        key = settings.kafka_ssl_keyfile or settings.kafka_ssl_certfile
        try:
            # Without a password given, an encrypted key would ask for one on the terminal.
            context.load_cert_chain(settings.kafka_ssl_certfile, key, password="")
        except OSError:
            raise ConfigurationError(
                f"KAFKA_SSL_CERTFILE={settings.kafka_ssl_certfile}: should hold a certificate in PEM, and "
                f"{key} the private key that belongs to it, not encrypted"
            ) from None
    return context


def explain_unreachable(settings: Settings, timeout_seconds: float = PROBE_SECONDS) -> ConsumerError | None:
    """Why no bootstrap server lets us in, or None where one does.

    Asks each server in turn, with a share of ``timeout_seconds`` each. ``ConfigurationError`` is what
    waiting does not cure, ``BrokerGoneError`` what it may.
    """
    try:
        options = client_options(settings)
    except ConfigurationError as error:
        return error
    servers = options["bootstrap_servers"]
    faults = []
    for server in servers:
        fault = probe.server(server, options, timeout_seconds / len(servers))
        if fault is None:
            return None
        faults.append(fault)
    return next((f for f in faults if isinstance(f, ConfigurationError)), faults[0])


def connect(
    make: Callable[..., Client], settings: Settings, seconds: float = CONNECT_SECONDS, **options: Any
) -> Client:
    """A kafka-python client, made by ``make`` with the common options and ``options``.

    Raises:
        ConfigurationError: Certificate, password, mechanism or protocol refused: waiting does not cure it.
        BrokerGoneError: No broker answered within ``PROBE_SECONDS`` and ``seconds`` together.
    """
    if fault := explain_unreachable(settings):
        raise fault
    common = client_options(settings) | options
    with _listening() as heard:
        for share in (min(_FIRST_TRY_SECONDS, seconds), max(0.0, seconds - _FIRST_TRY_SECONDS)):
            try:
                return make(**common | {"bootstrap_timeout_ms": int(share * 1000)})
            except (KafkaTimeoutError, KafkaConnectionError):
                for error in heard:
                    if isinstance(error, REFUSALS):
                        raise named(error, f"connecting to {settings.kafka_bootstrap_servers}") from None
            except KafkaError as error:
                raise named(error, f"connecting to {settings.kafka_bootstrap_servers}") from None
    last = f": {heard[-1]}" if heard else ""
    raise explain_unreachable(settings) or BrokerGoneError(
        f"KAFKA_BOOTSTRAP_SERVERS={settings.kafka_bootstrap_servers}: no broker is ready{last}"
    )


@contextlib.contextmanager
def admin(settings: Settings, doing: str, seconds: float = CONNECT_SECONDS) -> Iterator[Any]:
    """A ``KafkaAdminClient``, closed at the end; the client's errors come out as ours, with what was done."""
    client = connect(KafkaAdminClient, settings, seconds)
    try:
        with _listening():
            yield client
    except KafkaError as error:
        raise named(error, doing) from error
    finally:
        with contextlib.suppress(KafkaError, OSError):
            client.close()


class _Ear(logging.Handler):
    """Keeps the exceptions that the client only logs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        arguments = record.args if isinstance(record.args, tuple) else ()
        self.heard += [argument for argument in arguments if isinstance(argument, BaseException)]


@contextlib.contextmanager
def _listening() -> Iterator[list[BaseException]]:
    """What the client logs, kept from the log: who listens says it in one line instead of twenty."""
    logger, ear = logging.getLogger("kafka"), _Ear()
    level, propagate = logger.level, logger.propagate
    logger.addHandler(ear)
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    try:
        yield ear.heard
    finally:
        logger.removeHandler(ear)
        logger.propagate = propagate
        logger.setLevel(level)
