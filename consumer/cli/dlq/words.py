"""Dead letters in words: a line or an object, never with what the record says unless asked for."""

from __future__ import annotations

from typing import Any

from consumer.dead_letter import DeadLetter, place
from consumer.encode import ERROR_PREFIX, utc


def facts(letter: DeadLetter, *, show_text: bool) -> dict[str, Any]:
    """What a list tells of one dead letter."""
    body: dict[str, Any] = {
        "position": place(letter.record.position),
        "source": None if letter.source is None else place(letter.source),
        "stage": letter.stage,
        "reason": letter.reason,
        "attempt": letter.attempt,
        "failed_at": utc(letter.failed_at),
    }
    return body | {"value": readable(letter.record.value)} if show_text else body


def everything(letter: DeadLetter, *, show_text: bool) -> dict[str, Any]:
    """The whole of it; the value, and headers that are not ours, may hold text."""
    record = letter.record
    ours = [(name, value) for name, value in record.headers if name.startswith(ERROR_PREFIX)]
    theirs = [(name, value) for name, value in record.headers if not name.startswith(ERROR_PREFIX)]
    return {
        **facts(letter, show_text=False),
        "message": readable(letter.message.encode()),
        "exception_class": letter.exception_class,
        "consumer_group": letter.group,
        "model_version": letter.model_version,
        "timestamp": utc(record.timestamp_ms / 1000),
        "key": readable(record.key),
        "headers": [[readable(n.encode()), readable(v)] for n, v in theirs],
        "error_headers": [[readable(n.encode()), readable(v)] for n, v in ours],
        "value_bytes": None if record.value is None else len(record.value),
        **({"value": readable(record.value)} if show_text else {}),
    }


def readable(data: bytes | None) -> str | None:
    r"""Bytes as text that does a terminal no harm: what cannot be shown stands as an escape.

    >>> readable(b"caf\xc3\xa9 \xff \x1b[2J")
    'café \\xff \\x1b[2J'
    """
    if data is None:
        return None
    text = data.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
