"""Sending, and knowing that it arrived: the only file here that knows Kafka."""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from contextlib import suppress
from typing import Any

from kafka import KafkaProducer
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    KafkaTimeoutError,
    RetriableError,
    SaslAuthenticationFailedError,
)

from producer_sim.errors import BrokerUnreachableError, PublisherError, UsageError
from producer_sim.mix import Message
from producer_sim.options import Connection
from producer_sim.stop import Stop

_BOOTSTRAP_TIMEOUT_MS = 10_000
_REQUEST_TIMEOUT_MS = 30_000
_MAX_IN_FLIGHT = 5_000  # records: the client's own buffer has no bound
_CLOSE_SECONDS = 5.0
_STOP_SECONDS = 10.0  # what is on its way when a stop is asked for gets this long
_SLICE_SECONDS = 0.2  # a stop is noticed this soon
# What the client only writes to its log when a secured connection is refused.
_REFUSALS = ("authentication", "sasl", "certificate", "ssl")


class Sender:
    """Publishes messages and checks each of them: ``delivered`` counts by kind what is confirmed."""

    def __init__(self, connection: Connection, stop: Stop) -> None:
        """Connect and see that the topic is there.

        Raises:
            BrokerUnreachableError: nobody answered within 10 s.
            UsageError: the connection was refused, or there is no such topic.
        """
        self._topic, self._stop = connection.topic, stop
        self._timeout_seconds = connection.broker_timeout_seconds
        self._in_flight: deque[tuple[str, Any]] = deque()
        self.delivered: Counter[str] = Counter()
        self._producer = _connect(connection)
        self._find_topic()

    def send(self, message: Message, timestamp_ms: int) -> None:
        """Hand one message over; waits when many are on their way.

        Raises:
            PublisherError: an earlier message was not delivered.
        """
        try:
            future = self._producer.send(
                self._topic,
                key=message.key,
                value=message.value,
                headers=list(message.headers),
                timestamp_ms=timestamp_ms,
            )
        except KafkaError as error:
            raise _failure(error) from error
        self._in_flight.append((message.kind, future))
        while self._in_flight and (self._in_flight[0][1].is_done or self._full()):
            self._settle_oldest(time.monotonic() + self._timeout_seconds)

    def flush(self) -> None:
        """Wait until everything sent is confirmed.

        Raises:
            PublisherError: something was not delivered, or not in time.
        """
        wait_seconds = (
            min(_STOP_SECONDS, self._timeout_seconds) if self._stop.asked else self._timeout_seconds
        )
        until = time.monotonic() + wait_seconds
        while self._in_flight:
            self._settle_oldest(until)

    @property
    def unconfirmed(self) -> int:
        """How many messages were handed over and are not confirmed."""
        return sum(not future.succeeded() for _, future in self._in_flight)

    def close(self) -> None:
        """Let go of the connection; what is not confirmed by then stays so."""
        with suppress(KafkaError):  # with the broker gone the client raises here, and nothing is left to save
            self._producer.close(timeout=_CLOSE_SECONDS)
        for kind, future in self._in_flight:
            self.delivered[kind] += future.succeeded()

    def _full(self) -> bool:
        return len(self._in_flight) > _MAX_IN_FLIGHT and not self._stop.asked

    def _settle_oldest(self, until: float) -> None:
        kind, future = self._in_flight[0]
        asked_before = self._stop.asked
        while not future.is_done and time.monotonic() < until:
            with suppress(KafkaError):  # the slice is over, or it failed: read below
                future.get(timeout=_SLICE_SECONDS)
            if self._stop.asked and not asked_before:
                until, asked_before = min(until, time.monotonic() + _STOP_SECONDS), True
        if not future.is_done:
            raise BrokerUnreachableError(
                f"{len(self._in_flight)} records are not confirmed: the broker is silent"
            )
        if future.failed():
            raise _failure(future.exception)
        self._in_flight.popleft()
        self.delivered[kind] += 1

    def _find_topic(self) -> None:
        try:
            self._producer.partitions_for(self._topic)
        except AuthorizationError as error:
            self.close()
            raise UsageError(f"no right to publish to topic {self._topic}") from error
        except KafkaError as error:
            self.close()
            raise UsageError(
                f"topic {self._topic} does not exist: python -m consumer topics creates it"
            ) from error


class _Cause(logging.Handler):
    """Keeps why a connection failed: the client raises a bare timeout and only logs the cause."""

    def __init__(self) -> None:
        super().__init__(level=logging.WARNING)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        for mark in ("Connection failed: ", "Connection lost: "):
            if mark in message:
                self.text = message.partition(mark)[2]


def _connect(connection: Connection) -> KafkaProducer:
    client_log, cause = logging.getLogger("kafka"), _Cause()
    client_log.addHandler(cause)
    try:
        return KafkaProducer(**_client_options(connection))
    except (KafkaError, OSError, ValueError) as error:
        raise _refusal(connection, error, cause.text) from error
    finally:
        client_log.removeHandler(cause)
        # From here on its failures reach us through the futures.
        client_log.addHandler(logging.NullHandler())
        client_log.propagate = False


def _client_options(connection: Connection) -> dict[str, Any]:
    timeout_ms = int(connection.broker_timeout_seconds * 1000)
    options = {
        "bootstrap_servers": [server.strip() for server in connection.bootstrap_servers.split(",")],
        "bootstrap_timeout_ms": min(_BOOTSTRAP_TIMEOUT_MS, timeout_ms),
        "max_block_ms": min(_BOOTSTRAP_TIMEOUT_MS, timeout_ms),
        "delivery_timeout_ms": timeout_ms,
        "request_timeout_ms": min(_REQUEST_TIMEOUT_MS, timeout_ms // 2),
        "enable_idempotence": True,
        "acks": "all",
        "allow_auto_create_topics": False,
        "compression_type": "lz4",
        "linger_ms": 5,
        "batch_size": 64 * 1024,
        "retry_backoff_ms": 20,
        "reconnect_backoff_max_ms": 1_000,
        "security_protocol": connection.security_protocol,
        "sasl_mechanism": connection.sasl_mechanism,
        "sasl_plain_username": connection.sasl_username,
        "sasl_plain_password": connection.sasl_password,
        "ssl_cafile": connection.ssl_cafile,
        "ssl_certfile": connection.ssl_certfile,
        "ssl_keyfile": connection.ssl_keyfile,
    }
    return {name: value for name, value in options.items() if value is not None}


def _refusal(connection: Connection, error: Exception, logged: str) -> PublisherError:
    where, cause = connection.bootstrap_servers, logged or str(error)
    secured = connection.security_protocol != "PLAINTEXT"
    refused = isinstance(error, SaslAuthenticationFailedError) or (
        secured and any(word in cause.lower() for word in _REFUSALS)
    )
    if refused or not isinstance(error, KafkaTimeoutError):
        return UsageError(f"connection to {where} refused ({connection.security_protocol}): {cause}")
    return BrokerUnreachableError(f"no broker answers at {where}: {cause}")


def _failure(error: KafkaError) -> PublisherError:
    # What the client would have tried again until its time was up: the broker was not there.
    kind = BrokerUnreachableError if isinstance(error, RetriableError) else PublisherError
    return kind(f"not delivered: {type(error).__name__}: {error}")
