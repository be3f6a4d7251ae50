"""Log lines a machine can read: stable event names and fields, no tweet text.

An exception's message may quote the input (a validation error does), so only the messages of errors
known to be free of it are logged; of all others the class and the way through the code.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TextIO

from consumer.errors import ConsumerError
from consumer.monitoring.repeats import DropRepeats

OUTSIDE_EVENT = "library_message"  # the event of a line that a library wrote, whose words may change
TAMED = ("kafka", "uvicorn", "asyncio", "httpx", "httpcore", "opentelemetry", "urllib3")


def configure(
    level: str | int = "INFO",
    format: Literal["json", "text"] = "json",  # noqa: A002 - named as the setting LOG_FORMAT
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Sends every logger's lines to one stream, in place of what was set up before.

    Libraries speak from WARNING on, whatever the level, and a line they repeat is held back for
    half a minute.

    Args:
        level: the least level of our own lines.
        format: ``json`` for machines, ``text`` for a person at a terminal.
        stream: standard error if None; standard output belongs to results.
        clock: monotonic seconds.
    """
    handler = logging.StreamHandler(stream)  # standard error if None
    handler.setFormatter(JsonLines() if format == "json" else TextLines())
    handler.addFilter(DropRepeats(TAMED, clock))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    threading.excepthook = _thread_died
    for name in TAMED:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


def _thread_died(arguments: threading.ExceptHookArgs) -> None:
    """A thread's end, also of a library's: Python's own account of it would quote the message."""
    logging.getLogger(__name__).error(
        "thread_died",
        exc_info=arguments.exc_value,
        extra={"fields": {"thread": getattr(arguments.thread, "name", "")}},
    )


def event(logger: logging.Logger, name: str, /, level: int = logging.INFO, **fields: Any) -> None:
    """Logs an event by its stable name; what varies stands in fields, never tweet text."""
    logger.log(level, name, extra={"fields": fields})


def exception(logger: logging.Logger, name: str, /, level: int = logging.ERROR, **fields: Any) -> None:
    """Logs an event together with the exception being handled, without what its message may quote."""
    logger.log(level, name, extra={"fields": fields}, exc_info=True)


class JsonLines(logging.Formatter):
    """One JSON object a line: ts, level, logger, event, then the event's fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line, without its end."""
        line = {
            "ts": _timestamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            **_facts(record),
        }
        return json.dumps(line, ensure_ascii=False, default=_plain)


class TextLines(logging.Formatter):
    """For eyes: time, level, event, ``name=value`` pairs."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line, without its end."""
        facts = _facts(record)
        head = f"{_timestamp(record)} {record.levelname:<7} {facts.pop('event')}"
        pairs = [
            f"{name}={json.dumps(value, ensure_ascii=False, default=_plain)}" for name, value in facts.items()
        ]
        return " ".join([head, *pairs])


def describe(error: BaseException) -> dict[str, Any]:
    """An exception as fields: class, way through the code, its message only where it cannot quote input."""
    frames = traceback.extract_tb(error.__traceback__)
    described: dict[str, Any] = {
        "class": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if isinstance(error, (ConsumerError, OSError)) or type(error).__module__.startswith("kafka."):
        described["message"] = str(error)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        described["cause"] = describe(cause)
    return described


def unforeseen(error: BaseException) -> str:
    """One line for an exception that nobody handles: class, way through the code, cause; no quoted input."""
    facts = describe(error)
    line = f"{facts['class']} at {' < '.join(reversed(facts['at'])) or 'an unknown place'}"
    if "message" in facts:
        line += f" ({' '.join(facts['message'].split())})"
    return line if "cause" not in facts else f"{line}; caused by {facts['cause']['class']}"


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    fields = getattr(record, "fields", None)
    if fields is not None:
        facts = {"event": record.msg, **fields}
    else:
        facts = {"event": OUTSIDE_EVENT, "message": record.getMessage()}
    repeats = getattr(record, "repeats", 0)
    if repeats:
        facts["repeats"] = repeats
    if record.exc_info and record.exc_info[1] is not None:
        facts["exception"] = describe(record.exc_info[1])
    return facts


def _timestamp(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: object) -> object:
    """A path as its text, a set as a list, of all else only the class: its text may quote a tweet."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    return f"<{type(value).__name__}>"
