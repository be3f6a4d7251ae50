"""Log lines: parsable, stable, without tweets."""

from __future__ import annotations

import io
import itertools
import json
import logging
import string
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError
from pydantic import BaseModel

from consumer.errors import BrokerGoneError
from consumer.monitoring import logs
from consumer.monitoring.repeats import HOLD_SECONDS, MAX_KNOWN

TWEET = "my secret tweet"


class Input(BaseModel):
    """A stand-in for whatever quotes its input in its message."""

    id: int


class HandClock:
    """A monotonic clock turned by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs.TAMED}
    yield
    root.handlers[:], root.level = handlers, level
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def configured(format: str = "json", level: str = "INFO", clock: HandClock | None = None) -> io.StringIO:  # noqa: A002 - as in configure
    """Where the log now goes."""
    stream = io.StringIO()
    logs.configure(level, "json" if format == "json" else "text", stream, clock or HandClock())
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """The JSON lines written."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line() -> None:
    """Time, level, event and fields stand in one object a line."""
    stream = configured()
    logs.event(
        logging.getLogger("consumer.loop"), "batch_committed", messages=3, topic="tweets", at=Path("x")
    )
    (line,) = lines(stream)
    assert line.pop("ts").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "consumer.loop",
        "event": "batch_committed",
        "messages": 3,
        "topic": "tweets",
        "at": "x",
    }


def test_text_is_for_eyes() -> None:
    """LOG_FORMAT=text gives one readable line, whatever the values hold."""
    stream = configured("text")
    logs.event(logging.getLogger("consumer.loop"), "batch_committed", messages=3, why="two\nlines")
    assert stream.getvalue().count("\n") == 1
    assert 'batch_committed messages=3 why="two\\nlines"' in stream.getvalue()


@pytest.mark.parametrize("format", ["json", "text"])
def test_an_exception_does_not_quote_the_tweet(format: str) -> None:  # noqa: A002 - as in configure
    """A validation error's message holds its input; the log has its class and place, also as a cause."""
    stream = configured(format)
    try:
        try:
            Input.model_validate({"id": TWEET})
        except ValueError as error:
            raise RuntimeError(f"cannot read {TWEET}") from error
    except RuntimeError:
        logs.exception(logging.getLogger("consumer.loop"), "batch_failed")
    assert TWEET not in stream.getvalue()
    assert "ValidationError" in stream.getvalue()
    assert "test_logs.py" in stream.getvalue()


def test_a_cause_that_was_put_aside_is_not_told() -> None:
    """``raise … from None`` says that what came before is no reason."""
    stream = configured()
    try:
        try:
            raise KeyError("x")  # noqa: TRY301 - the shortest way to one in flight
        except KeyError:
            raise BrokerGoneError("no answer") from None
    except BrokerGoneError:
        logs.exception(logging.getLogger("consumer.loop"), "stopped")
    assert "cause" not in lines(stream)[0]["exception"]


def test_a_thread_that_dies_does_not_quote_the_tweet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one of a library's; its name, the class and the place are told."""
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)  # put back afterwards
    stream = configured()

    def die() -> None:
        raise ValueError(TWEET)

    thread = threading.Thread(target=die, name="fetcher")
    thread.start()
    thread.join()
    (line,) = lines(stream)
    assert (line["event"], line["thread"]) == ("thread_died", "fetcher")
    assert line["exception"]["class"] == "builtins.ValueError"
    assert TWEET not in stream.getvalue()


def test_an_object_in_a_field_does_not_quote_the_tweet() -> None:
    """A field that is no plain value shows its class only."""
    stream = configured()
    logs.event(logging.getLogger("consumer.loop"), "odd", item=BaseException(TWEET), names={"b", "a"})
    assert lines(stream)[0]["item"] == "<BaseException>"
    assert lines(stream)[0]["names"] == ["a", "b"]


def test_our_own_errors_are_told() -> None:
    """The message of an error made for the operator is in the log."""
    stream = configured()
    try:
        raise BrokerGoneError("no answer for 120 s")  # noqa: TRY301 - the shortest way to one in flight
    except BrokerGoneError:
        logs.exception(logging.getLogger("consumer.loop"), "stopped")
    assert lines(stream)[0]["exception"]["message"] == "no answer for 120 s"


def test_a_repeating_client_is_held_back() -> None:
    """A library's line that differs in numbers only passes once in half a minute, and counts the rest."""
    clock = HandClock()
    stream = configured(clock=clock)
    kafka = logging.getLogger("kafka.net.manager")
    for attempt in range(20):
        kafka.warning(
            "Bootstrap connection to %s failed (backoff %.2f secs)", f"node-{attempt}", attempt / 10
        )
    kafka.warning("something else")
    clock.now += HOLD_SECONDS
    kafka.warning("Bootstrap connection to %s failed (backoff %.2f secs)", "node-7", 1.0)
    first, other, later = lines(stream)
    assert first["event"] == logs.OUTSIDE_EVENT
    assert "repeats" not in first
    assert other["message"] == "something else"
    assert later["repeats"] == 19


def test_what_is_held_back_is_bounded() -> None:
    """A library that says something else each time fills no memory: what was said before is forgotten."""
    stream = configured()
    kafka = logging.getLogger("kafka.client")
    words = ["".join(pair) for pair in itertools.product(string.ascii_lowercase, repeat=2)][: MAX_KNOWN + 1]
    for word in (words[0], words[0], *words[1:], words[0]):
        kafka.warning(word)
    passed = [line["message"] for line in lines(stream)]
    assert passed == [*words, words[0]]


def test_our_own_lines_always_pass() -> None:
    """Two batches of the same size are two events."""
    stream = configured()
    for _ in range(2):
        logs.event(logging.getLogger("consumer.loop"), "batch_committed", messages=1)
    assert len(lines(stream)) == 2


def test_libraries_stay_quiet_at_debug() -> None:
    """LOG_LEVEL=DEBUG opens our own lines, not those in which a client prints records."""
    stream = configured(level="DEBUG")
    logging.getLogger("kafka.consumer").debug("Record(value=%r)", TWEET)
    logs.event(logging.getLogger("consumer.loop"), "polled", level=logging.DEBUG)
    assert [line["event"] for line in lines(stream)] == ["polled"]


def test_an_exception_on_the_way_from_another_tells_of_it() -> None:
    """Without a ``from`` there is a reason, too."""
    error = BrokerGoneError("no answer")
    error.__context__ = KeyError("x")
    assert logs.describe(error)["cause"]["class"] == "builtins.KeyError"


@pytest.mark.parametrize("error", [OSError(28, "disk full"), KafkaTimeoutError("took too long")])
def test_errors_that_cannot_quote_a_tweet_are_told(error: Exception) -> None:
    """Of the system, and of the client."""
    assert logs.describe(error)["message"] == str(error)


def test_what_nobody_foresaw_is_one_line() -> None:
    """Whatever the message holds, and where nothing is known of its place."""
    assert logs.unforeseen(BrokerGoneError("two\nlines")) == (
        "consumer.errors.BrokerGoneError at an unknown place (two lines)"
    )


def test_an_exception_that_is_not_there_is_not_told() -> None:
    """Where a line is written outside of handling one."""
    stream = configured()
    logs.exception(logging.getLogger("consumer.loop"), "odd")
    assert "exception" not in lines(stream)[0]


def test_a_thread_nobody_knows_dies_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python may not know which one it was."""
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)  # put back afterwards
    stream = configured()
    threading.excepthook(threading.ExceptHookArgs((ValueError, ValueError(TWEET), None, None)))
    assert [(line["event"], line["thread"]) for line in lines(stream)] == [("thread_died", "")]


@pytest.mark.parametrize("format", ["json", "text"])
def test_fields_are_readable_in_either_format(format: str) -> None:  # noqa: A002 - as in configure
    """Letters of any language as they are, sets in order whatever is in them, a path as its text."""
    stream = configured(format)
    names = frozenset({"b", "a", "c", "d", "e", 1})
    logs.event(logging.getLogger("consumer.loop"), "odd", word="grün", names=names, at=Path("x"))
    assert "grün" in stream.getvalue()
    assert '[1, "a", "b", "c", "d", "e"]' in stream.getvalue()
    assert '"x"' in stream.getvalue()


def test_libraries_are_no_louder_than_we() -> None:
    """LOG_LEVEL=ERROR holds for their warnings, too."""
    stream = configured(level="ERROR")
    logging.getLogger("kafka.client").warning("slow")
    assert stream.getvalue() == ""


def test_the_log_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output belongs to results."""
    logs.configure()
    logs.event(logging.getLogger("consumer.loop"), "polled")
    told = capsys.readouterr()
    assert told.out == ""
    assert "polled" in told.err


def test_what_is_said_without_end_is_heard_twice_a_minute() -> None:
    """A line held back does not hold back the next; another logger's same words are another line."""
    clock = HandClock()
    stream = configured(clock=clock)
    for _ in range(4):
        logging.getLogger("kafka.client").warning("away")
        clock.now += HOLD_SECONDS * 0.6
    assert len(lines(stream)) == 2
    logging.getLogger("kafka.client").warning("away")
    logging.getLogger("kafka.conn").warning("away")
    assert [line["logger"] for line in lines(stream)] == [*["kafka.client"] * 3, "kafka.conn"]
