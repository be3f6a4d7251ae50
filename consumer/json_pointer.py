"""JSON Pointers (RFC 6901): where in a document a value stands, such as ``/payload/lines/0``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

ABSENT: Final = object()  # nothing stands there; null is a value
_STRAY_TILDE = re.compile(r"~(?![01])")
_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,8})")


def read_pointer(text: str) -> tuple[str, ...]:
    """The names and indexes on the way, from the outside in.

    >>> read_pointer("/user/full~1name/0")
    ('user', 'full/name', '0')

    Raises:
        ValueError: it is no pointer, or points at the whole document.
    """
    if not text.startswith("/"):
        raise ValueError("should be a JSON Pointer that begins with /, such as /payload/body")
    if _STRAY_TILDE.search(text):
        raise ValueError("should have ~0 where a name holds ~, and ~1 where it holds /")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/"))


def follow(document: object, way: Sequence[str]) -> Any:
    """What stands there, or ``ABSENT``.

    >>> follow({"lines": [{"text": "so good"}]}, ("lines", "0", "text"))
    'so good'
    """
    found = document
    for step in way:
        if isinstance(found, dict):
            found = found.get(step, ABSENT)
        elif isinstance(found, list) and _INDEX.fullmatch(step) and int(step) < len(found):
            found = found[int(step)]
        else:
            return ABSENT
    return found


def write_pointer(way: Sequence[str]) -> str:
    """The way as it is written.

    >>> write_pointer(("user", "full/name", "0"))
    '/user/full~1name/0'
    """
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in way)
