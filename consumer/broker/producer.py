"""Sending: a batch's messages to their topics, each one's fate known before the batch is done."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kafka import KafkaProducer, errors

from consumer.broker.deadline import Deadline
from consumer.broker.faults import RECOVERABLE, PublishFailedError, is_fenced, is_too_large
from consumer.broker.leaving import LeavableProducer
from consumer.encode import Message
from consumer.errors import ConfigurationError, ConsumerError
from consumer.records import Position

log = logging.getLogger(__name__)

_MAX_REQUEST_BYTES = 32 * 1024 * 1024  # the topic's own limit decides, not the client's
_BLOCK_MS = 5_000
_NO_SUCH_PARTITION = "Unrecognized partition"  # the client has no error of its own for it


@dataclass(frozen=True, slots=True)
class Letters:
    """What one micro-batch publishes."""

    results: tuple[Message, ...] = ()
    dead: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Targets:
    """The topics written to."""

    results: str
    dead: str


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a batch may take on its way, in milliseconds."""

    transaction_ms: int  # not above the session timeout: over time by when a dead one's partitions move

    @property
    def delivery_ms(self) -> int:
        """A record's deadline, below the transaction's so that it fails first and by name."""
        return self.transaction_ms * 8 // 10


def make_producer(
    options: Mapping[str, Any], timing: Timing, batch_bytes: int, transactional_id: str | None
) -> KafkaProducer:
    """An idempotent ``LeavableProducer``; transactional where it is given an identity."""
    identity: dict[str, Any] = {}
    if transactional_id is not None:
        identity = {"transactional_id": transactional_id, "transaction_timeout_ms": timing.transaction_ms}
    ours = {
        "enable_idempotence": True,
        "acks": "all",
        "compression_type": "lz4",
        "linger_ms": 5,
        "batch_size": batch_bytes,
        "max_request_size": _MAX_REQUEST_BYTES,
        "max_block_ms": _BLOCK_MS,
        "delivery_timeout_ms": timing.delivery_ms,
        "request_timeout_ms": timing.delivery_ms - 100,
    }
    return LeavableProducer(**{**options, **identity, **ours})


def send_all(
    producer: KafkaProducer,
    targets: Targets,
    letters: Letters,
    alone: Collection[Position],
    flush: Callable[[], None],
) -> None:
    """Send a batch; see ``deliver``."""
    addressed = [(targets.results, m) for m in letters.results] + [(targets.dead, m) for m in letters.dead]
    deliver(producer, addressed, alone, flush, dead=frozenset(m.source.position for m in letters.dead))


def deliver(
    producer: KafkaProducer,
    addressed: Iterable[tuple[str, Message]],
    alone: Collection[Position],
    flush: Callable[[], None],
    dead: Collection[Position] = (),
) -> None:
    """Send, flush and look at every record's fate. Raises ``PublishFailedError``, and what ``flush`` raises.

    ``addressed`` are messages, each with its topic. A topic refuses a whole batch of records for its size;
    the ``alone`` are flushed and looked at one by one, so that the next refusal names its record: after
    one, the client refuses all others in its words. Where one of the ``dead`` is refused, there is nowhere
    left to put it, and that ends the process.
    """
    pending: list[tuple[Message, Any]] = []
    try:
        for topic, message in addressed:
            single = message.source.position in alone
            if single:
                flush()
                _check(pending, dead)
            pending.append((message, _send(producer, topic, message)))
            if single:
                flush()
                _check(pending, dead)
        flush()
    except RECOVERABLE as error:
        _settle(error, flush)
        _check([(m, f) for m, f in pending if f.failed()], dead)
        raise PublishFailedError(error) from error
    _check(pending, dead)


def _settle(error: BaseException, flush: Callable[[], None]) -> None:
    """After one record failed, the client refuses to send more, in words that do not tell why: see why."""
    if isinstance(error, errors.KafkaTimeoutError):
        return  # the broker is away, and waiting again would bring nothing
    with contextlib.suppress(*RECOVERABLE):
        flush()


def _send(producer: KafkaProducer, topic: str, message: Message) -> Any:
    source = message.source
    try:
        return producer.send(
            topic,
            value=message.value,
            key=source.key,
            headers=[(name, value or b"") for name, value in message.headers],  # the client refuses null
            partition=source.partition,
            timestamp_ms=source.timestamp_ms if source.timestamp_ms >= 0 else None,
        )
    except ValueError as error:
        if _NO_SUCH_PARTITION not in str(error):
            raise
        # The client looks again in five minutes; a process started anew knows at once.
        raise ConfigurationError(
            f"topic {topic}: had no partition {source.partition} when its partitions were last looked at; "
            "a record goes to its source's partition number, so add partitions there, then restart"
        ) from error


def _check(pending: Iterable[tuple[Message, Any]], dead: Collection[Position]) -> None:
    """Every future must have succeeded: the client commits a transaction without its failed records."""
    failed = [(m, f) for m, f in pending if not f.succeeded()]
    if not failed:
        return
    large = [m.source.position for m, f in failed if is_too_large(f.exception)]
    refused = [p for p in large if p in dead]
    if len(failed) == len(refused) == 1:
        raise ConsumerError(
            f"the dead letter of {_place(refused[0])} is larger than the dead-letter topic takes; "
            "raise its max.message.bytes"
        )
    causes = [f.exception for _, f in failed if f.exception is not None]
    cause = next(filter(is_fenced, causes), causes[0] if causes else None)
    raise PublishFailedError(cause or TimeoutError("no answer for a sent record"), large)


def _place(position: Position) -> str:
    return f"{position.topic}-{position.partition} at offset {position.offset}"


def flush_within(producer: KafkaProducer, timing: Timing, deadline: Deadline) -> Callable[[], None]:
    """A flush that ends with the transaction's time, or sooner when a stop is asked for."""
    seconds = timing.transaction_ms / 1000
    return lambda: deadline.call("flush", lambda: producer.flush(seconds))


def discard(producer: KafkaProducer | None) -> None:
    """Let go of a producer that may be broken: nothing of it may reach the broker again."""
    if producer is None:
        return
    try:
        producer.close(timeout=0)
    except Exception as error:  # noqa: BLE001 - closing a broken producer raises whatever broke it
        log.debug("producer_discarded", extra={"fields": {"error": repr(error)}})
    producer.let_go()  # with the broker away, close() raises before it ends anything
