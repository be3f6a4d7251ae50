"""The shapes in which a tweet comes over the wire, as JSON objects in UTF-8."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

_SHORT_TEXT = 140  # characters; v1.1 cut longer texts in `text` and gave them whole in `full_text`
# Spelled out, since strftime's names follow the machine's language.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Fields(NamedTuple):
    """What every shape says."""

    id: str
    text: str
    author_id: str
    created_at: datetime  # UTC
    lang: str


def v1_1(fields: Fields) -> dict[str, Any]:
    """Twitter's API v1.1, extended mode: number and string ids, a nested user, its own date format."""
    shown = fields.text if len(fields.text) <= _SHORT_TEXT else fields.text[: _SHORT_TEXT - 1] + "…"
    return {
        "created_at": twitter_date(fields.created_at),
        **_ids(fields.id),
        "text": shown,
        "full_text": fields.text,
        "truncated": shown != fields.text,
        "user": {"id_str": fields.author_id, "screen_name": f"user{fields.author_id}"},
        "lang": fields.lang,
    }


def v1_1_compatible(fields: Fields) -> dict[str, Any]:
    """API v1.1, compatibility mode: the text stands in ``text`` alone."""
    return {
        "created_at": twitter_date(fields.created_at),
        **_ids(fields.id),
        "text": fields.text,
        "user": {"id_str": fields.author_id, "followers_count": len(fields.text)},
        "entities": {"hashtags": [], "urls": [], "user_mentions": []},
        "lang": fields.lang,
    }


def v2(fields: Fields) -> dict[str, Any]:
    """Twitter's API v2: an envelope, string ids, ISO dates."""
    return {"data": {**flat(fields), "id": fields.id}}


def flat(fields: Fields) -> dict[str, Any]:
    """The plain object, its id a number where it can be one."""
    return {
        "id": int(fields.id) if fields.id.isdecimal() else fields.id,
        "text": fields.text,
        "author_id": fields.author_id,
        "created_at": iso_date(fields.created_at),
        "lang": fields.lang,
    }


SHAPES: tuple[Callable[[Fields], dict[str, Any]], ...] = (v1_1, v1_1_compatible, v2, flat)


def encode(value: object, *, ascii_only: bool) -> bytes:
    r"""JSON as bytes; publishers in the wild write ``é`` both as itself and as ``\u00e9``."""
    return json.dumps(value, ensure_ascii=ascii_only).encode()


def iso_date(moment: datetime) -> str:
    """Like ``2026-11-22T10:00:00.000Z``."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def twitter_date(moment: datetime) -> str:
    """Like ``Wed Oct 10 20:19:24 +0000 2018``."""
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day} {month} {moment:%d %H:%M:%S} +0000 {moment.year}"


def _ids(id_: str) -> dict[str, Any]:
    return {"id": int(id_), "id_str": id_} if id_.isdecimal() else {"id_str": id_}
