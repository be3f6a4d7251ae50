"""Parsing: the bytes of an input record → a ``Tweet``, a ``Skip`` or a ``Reject``.

Accepted shapes: Twitter v1.1 (``id_str``, ``full_text``, ``extended_tweet``, ``user.id_str``), v2
(``id``, ``text``, ``author_id``), v2 in its ``{"data": {…}}`` envelope, or a bare line of text.
Only faults of id and text reject a record; an optional field of a wrong type is left out and named.
For a topic that looks like none of these, JSON Pointers say where id and text stand.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from consumer.json_pointer import ABSENT, follow, write_pointer
from consumer.records import Reason, Record, Reject, Skip, SkipReason, Stage, Tweet

InputFormat = Literal["json", "text"]
MAX_VALUE_BYTES = 64 * 1024
_TWITTER_TIME = "%a %b %d %H:%M:%S %z %Y"
_ABSENT = (None, "")


Way = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Where text and id stand in the whole document; None: where Twitter has them."""

    text: Way | None = None
    id: Way | None = None


TWITTERS = Places()


class _Fault(Exception):  # noqa: N818 - carries a reason up to parse(), never leaves this file
    def __init__(self, reason: Reason, message: str, cause: Exception | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.cause = type(cause).__name__ if cause else ""


def parse(
    record: Record,
    input_format: InputFormat = "json",
    languages: Collection[str] = (),
    places: Places = TWITTERS,
) -> Tweet | Skip | Reject:
    """What the record says. ``languages``, where not empty, skips tweets that say another one."""
    if record.value is None:
        return Skip(record, SkipReason.TOMBSTONE)
    try:
        tweet = _read(record, record.value, input_format, places)
    except _Fault as fault:
        return Reject(record, Stage.PARSE, fault.reason, str(fault), fault.cause)
    if languages and tweet.lang is not None and tweet.lang.casefold() not in languages:
        return Skip(record, SkipReason.LANGUAGE)
    return tweet


def _read(record: Record, value: bytes, input_format: InputFormat, places: Places) -> Tweet:
    if len(value) > MAX_VALUE_BYTES:
        raise _Fault(
            Reason.TOO_LARGE, f"the value has {len(value)} bytes, at most {MAX_VALUE_BYTES} are read"
        )
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Fault(Reason.INVALID_UTF8, f"byte {error.start} is not UTF-8", error) from None
    if input_format == "text":
        return Tweet(id="-".join(map(str, record.position)), text=text)
    return _tweet(_document(text), places)


def _document(text: str) -> Mapping[str, Any]:
    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        raise _Fault(Reason.INVALID_JSON, f"not JSON at character {error.pos}", error) from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, deep nesting
        raise _Fault(Reason.INVALID_JSON, "JSON beyond the parser's limits", error) from None
    if not isinstance(body, dict):
        raise _Fault(Reason.NOT_AN_OBJECT, f"a JSON object is wanted, not a {type(body).__name__}")
    return body


def _out_of_envelope(body: Mapping[str, Any]) -> Mapping[str, Any]:
    data = body.get("data")
    if isinstance(data, dict) and not body.keys() & {"id", "id_str", "text", "full_text"}:
        return data
    return body


def _tweet(document: Mapping[str, Any], places: Places) -> Tweet:
    body = _out_of_envelope(document)
    identity = _identity(*(_twitters_id(body) if places.id is None else _at(document, places.id)))
    text = _text(*(_twitters_text(body) if places.text is None else _at(document, places.text)))
    left_out: list[str] = []
    created_at = _optional(body, "created_at", left_out)
    if created_at is not None:
        created_at = _utc(created_at)
        if created_at is None:
            left_out.append("created_at")
    return Tweet(
        id=identity,
        text=text,
        author_id=_author(body, left_out),
        created_at=created_at,
        lang=_optional(body, "lang", left_out),
        left_out=tuple(left_out),
    )


def _at(document: Mapping[str, Any], way: Way) -> tuple[object, str]:
    """What a pointer points at, None where nothing stands; and its name in a message."""
    found = follow(document, way)
    return (None if found is ABSENT else found), write_pointer(way)


def _twitters_id(body: Mapping[str, Any]) -> tuple[object, str]:
    found = body.get("id_str")
    return (body.get("id") if found is None else found), "id"


def _twitters_text(body: Mapping[str, Any]) -> tuple[object, str]:
    extended = body.get("extended_tweet")
    found = body.get("full_text")
    if found is None and isinstance(extended, dict):
        found = extended.get("full_text")
    return (body.get("text") if found is None else found), "text"


_WHERE = {"id": "neither id_str nor id is there", "text": "neither full_text nor text is there"}


def _missing(name: str) -> str:
    return _WHERE.get(name, f"nothing is at {name}")


def _identity(found: object, name: str) -> str:
    if found is None:
        raise _Fault(Reason.MISSING_ID, _missing(name))
    identity = _as_id(found)
    if identity is None:
        kind = "blank" if isinstance(found, str) else f"a {type(found).__name__}"
        raise _Fault(Reason.INVALID_ID, f"{name} is {kind}, a string or an integer is wanted")
    return identity


def _text(found: object, name: str) -> str:
    if found is None:
        raise _Fault(Reason.MISSING_TEXT, _missing(name))
    if not isinstance(found, str):
        raise _Fault(Reason.INVALID_TEXT, f"{name} is a {type(found).__name__}, a string is wanted")
    return found


def _author(body: Mapping[str, Any], left_out: list[str]) -> str | None:
    found = body.get("author_id")
    user = body.get("user")
    if found is None and isinstance(user, dict):
        found = user.get("id_str", user.get("id"))
    if found in _ABSENT:
        return None
    author = _as_id(found)
    if author is None:
        left_out.append("author_id")
    return author


def _as_id(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value.strip() else None


def _optional(body: Mapping[str, Any], name: str, left_out: list[str]) -> str | None:
    value = body.get(name)
    if value in _ABSENT:
        return None
    if isinstance(value, str):
        return value
    left_out.append(name)
    return None


def _utc(text: str) -> str | None:
    """ISO 8601 or Twitter's own form → ISO 8601 in UTC; None when it is neither."""
    try:
        twitter = text[:1].isalpha()
        moment = datetime.strptime(text, _TWITTER_TIME) if twitter else datetime.fromisoformat(text)  # noqa: DTZ007 - the format has %z
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return None
