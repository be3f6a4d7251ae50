"""Reading: a request → its texts, or the ``Refusal`` that names what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from consumer.http.scoring.refusal import Refusal

MAX_BODY_BYTES = 1024 * 1024
# A body above the limit is read to its end, unkept, so that its sender hears why; not one this long.
_MAX_DECLARED_BYTES = 4 * 1024 * 1024
# Of all requests under way; what is in memory of them is some times as much. The desk has room for less.
MAX_KEPT_BYTES = 32 * 1024 * 1024


class Bodies:
    """Reads bodies, and bounds what is kept of all: of those being sent, and of those that await an answer.

    Else as many connections as there may be could each have a whole one in memory. Small ones find room,
    however many ask.
    """

    def __init__(self) -> None:
        self._kept_bytes = 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytearray]:
        """The whole body, kept for as long as the ``with`` lasts.

        It is read before anything is answered: who is still sending would not hear it.

        Raises:
            Refusal: 413, or 429 where too much is kept already.
        """
        body = bytearray()
        try:
            await self._receive(request, body)
            yield body
        finally:
            self._kept_bytes -= len(body)

    async def _receive(self, request: Request, body: bytearray) -> None:
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > _MAX_DECLARED_BYTES:
            raise _too_large()
        size, crowded = 0, False
        try:
            async for part in request.stream():
                size += len(part)
                crowded = crowded or self._kept_bytes + len(part) > MAX_KEPT_BYTES
                if size <= MAX_BODY_BYTES and not crowded:
                    body += part
                    self._kept_bytes += len(part)
        except ClientDisconnect:
            raise Refusal(400, "incomplete", "the body did not come to its end") from None  # nobody hears it
        if size > MAX_BODY_BYTES:
            raise _too_large()
        if crowded:
            raise Refusal(429, "busy", "as much as may be kept of requests is kept already")


def object_of(request: Request, body: bytearray) -> dict[str, Any]:
    """The body's JSON object; raises ``Refusal`` with 415 or 422."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "not_json", "send JSON, with the header content-type: application/json")
    try:
        found = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):  # also bad UTF-8, a number of thousands of digits, deep nesting
        raise Refusal(422, "invalid_json", "the body should be JSON in UTF-8", "body") from None
    if not isinstance(found, dict):
        raise Refusal(422, "not_an_object", f"the body should be a JSON object, not {_kind(found)}", "body")
    return found


def _too_large() -> Refusal:
    return Refusal(413, "body_too_large", f"the body should have at most {MAX_BODY_BYTES} bytes", "body")


def texts_of(body: dict[str, Any], most: int) -> list[str]:
    """The field ``texts`` of ``/predict``.

    Raises:
        Refusal: 413 where there are more than ``most``, 422 where it is not a list of strings.
    """
    texts = _field(body, "texts")
    if not isinstance(texts, list):
        raise Refusal(422, "invalid_texts", f"texts should be a list, not {_kind(texts)}", "texts")
    if not texts:
        raise Refusal(422, "invalid_texts", "texts should hold at least one text", "texts")
    if len(texts) > most:
        raise Refusal(413, "too_many_texts", f"texts should hold at most {most}, not {len(texts)}", "texts")
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            name = f"texts[{place}]"
            raise Refusal(422, "invalid_text", f"{name} should be a string, not {_kind(text)}", name)
    return texts


def text_of(body: dict[str, Any]) -> str:
    """The field ``text`` of ``/tweet``; raises ``Refusal`` with 422."""
    text = _field(body, "text")
    if not isinstance(text, str):
        raise Refusal(422, "invalid_text", f"text should be a string, not {_kind(text)}", "text")
    return text


def _field(body: dict[str, Any], name: str) -> Any:
    if name not in body:
        raise Refusal(422, f"missing_{name}", f"{name} is missing", name)
    return body[name]


def _kind(value: object) -> str:
    """A value's JSON type.

    >>> _kind(True), _kind(None), _kind(2.5)
    ('a boolean', 'null', 'a number')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    kinds: dict[type, str] = {str: "a string", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a number")
