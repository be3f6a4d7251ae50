"""Encoding: results and rejects → the bytes and headers that are published."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from consumer.cloudevent import event_headers
from consumer.records import SCHEMA_VERSION, Headers, Record, Reject, Result

ERROR_PREFIX = "__sentiment.errors."
ATTEMPT = ERROR_PREFIX + "attempt"
_MAX_ATTEMPT_DIGITS = 9  # a header is anybody's; Python refuses to read a number of thousands of digits


@dataclass(frozen=True, slots=True)
class Message:
    """One record to publish: to the source record's partition, with its key and timestamp."""

    source: Record
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class ResultStyle:
    """What is the same in every result of a run."""

    model_name: str
    model_version: str
    include_text: bool = True
    event_source: str | None = None  # of CloudEvents; None: results are none


def encode_result(result: Result, style: ResultStyle, scored_at: float) -> Message:
    """The result record; ``scored_at`` in seconds since 1970."""
    ours: Headers = (
        ("content-type", b"application/json"),
        ("sentiment-schema-version", str(SCHEMA_VERSION).encode()),
        ("sentiment-model-version", style.model_version.encode()),
    )
    if style.event_source is not None:
        ours += event_headers(result.record.position, style.event_source, utc(scored_at))
    body = result_body(result, style, scored_at) | {"source": _source(result.record)}
    return Message(result.record, to_json(body), result.record.headers + ours)


def result_body(result: Result, style: ResultStyle, scored_at: float) -> dict[str, Any]:
    """The fields of a result, but for its source; absent optional fields are left out."""
    tweet = result.tweet
    optional = {"author_id": tweet.author_id, "created_at": tweet.created_at, "lang": tweet.lang}
    return {
        "schema_version": SCHEMA_VERSION,
        "id": tweet.id,
        **{name: value for name, value in optional.items() if value is not None},
        **({"text": tweet.text} if style.include_text else {}),
        "label": result.label.value,
        "probability": round(result.probability, 6),
        "confidence": round(result.confidence, 6),
        "threshold": result.threshold,
        "truncated": result.truncated,
        "model": {"name": style.model_name, "version": style.model_version},
        "scored_at": utc(scored_at),
    }


def _source(record: Record) -> dict[str, Any]:
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": utc(record.timestamp_ms / 1000),
    }


def encode_dead_letter(reject: Reject, group: str, model_version: str, failed_at: float) -> Message:
    """The record as it came, with headers that say what happened to it."""
    record = reject.record
    facts = {
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "stage": reject.stage.value,
        "reason": reject.reason.value,
        "exception.class.name": reject.exception_class,
        "exception.message": reject.message,
        "attempt": str(attempts(record.headers) + 1),
        "timestamp": utc(failed_at),
        "consumer.group": group,
        "model.version": model_version,
    }
    ours = tuple((ERROR_PREFIX + name, value.encode()) for name, value in facts.items())
    return Message(record, record.value, record.headers + ours)


def attempts(headers: Headers) -> int:
    """How often a record was dead-lettered before; 0 when its headers do not say."""
    told = [value for name, value in headers if name == ATTEMPT and value is not None]
    readable = bool(told) and told[-1].isdigit() and len(told[-1]) <= _MAX_ATTEMPT_DIGITS
    return int(told[-1]) if readable else 0


def to_json(body: dict[str, Any]) -> bytes:
    """Compact UTF-8 JSON; a lone surrogate, which UTF-8 cannot hold, stays escaped."""
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":")).encode()


def utc(seconds: float) -> str:
    """Seconds since 1970 → ISO 8601 in UTC with milliseconds.

    >>> utc(1763805600.123)
    '2025-11-22T10:00:00.123Z'
    """
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # a publisher may stamp a record with any number
        moment = datetime.fromtimestamp(0, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
