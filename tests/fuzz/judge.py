"""What must become of an input, worked out from its bytes in other words than the consumer's."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

LIMIT_BYTES = 65_536
# Between these depths it depends on the stack below whether the parser still takes it.
_SURELY_READ, _SURELY_NOT = 150, 3_000
_LINK = re.compile(
    r"(https?://|www\.|t\.co/|bit\.ly/|goo\.gl/|tinyurl\.com/|pic\.twitter\.com/)", re.IGNORECASE
)
_MOJIBAKE = re.compile("[\u00c2-\u00f4][\u0080-\u00bf]{1,3}")  # UTF-8 read as Latin-1
_LETTERS = re.compile(r"(?:^|\s)[a-z]{2,}(?=\s|$)")


def allowed(value: bytes) -> set[str]:
    """The reasons of which one must be given; ``"result"`` where it is to be labelled."""
    if len(value) > LIMIT_BYTES:
        return {"too_large"}
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return {"invalid_utf8"}
    depth = _depth(text)
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return {"invalid_json"}
    found = _of_body(body)
    return found if depth <= _SURELY_READ else found | {"invalid_json"}


def _depth(text: str) -> int:
    """At least how deep it is nested; brackets within strings only make it look deeper."""
    depth = deepest = 0
    for character in text if "[[" in text or "{" in text[1:] else "":
        depth += (character in "[{") - (character in "]}")
        deepest = max(deepest, depth)
    return deepest


def _of_body(body: object) -> set[str]:
    if not isinstance(body, dict):
        return {"not_an_object"}
    tweet = tweet_of(body)
    identity = tweet["id_str"] if tweet.get("id_str") is not None else tweet.get("id")
    if identity is None:
        return {"missing_id"}
    if not (type(identity) is int or (type(identity) is str and identity.strip())):
        return {"invalid_id"}
    text = text_of(tweet)
    if text is None:
        return {"missing_text"}
    if not isinstance(text, str):
        return {"invalid_text"}
    return _of_text(text)


def tweet_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The tweet in its envelope, or without one."""
    bare = any(name in body for name in ("id", "id_str", "text", "full_text"))
    inner = body.get("data")
    return inner if isinstance(inner, dict) and not bare else body


def text_of(tweet: Mapping[str, Any]) -> object:
    """What stands where the text should be."""
    extended = tweet.get("extended_tweet")
    places = [tweet.get("full_text"), extended.get("full_text") if isinstance(extended, dict) else None]
    return next((found for found in [*places, tweet.get("text")] if found is not None), None)


def _of_text(text: str) -> set[str]:
    if _LETTERS.search(text):  # a plain word among blanks outlives any cleaning
        return {"result"}
    return {"result", "empty_after_cleaning"} if _may_be_empty(text) else {"result"}


def _may_be_empty(text: str) -> bool:
    for _ in range(3):
        text = html.unescape(re.sub(r"&#\d{40,};?", "x", text))
    text = unicodedata.normalize("NFKC", _MOJIBAKE.sub(_read_again, text))
    seen = "".join(c for c in text if unicodedata.category(c)[0] not in "CM")
    return all(_LINK.search(word) for word in seen.split())


def _read_again(match: re.Match[str]) -> str:
    try:
        return match[0].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return match[0]
