"""Bad records made on purpose, each with the reason a dead letter must give for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from producer_sim.shapes import Fields, encode, flat

TOMBSTONE = "tombstone"  # not bad, but not labelled either: it is skipped
_TOO_MANY_BYTES = 65 * 1024  # the topic's contract says 64 KiB at most

Plant = Callable[[Fields, Random], bytes | None]


def _invalid_utf8(fields: Fields, rng: Random) -> bytes:
    # A byte that no UTF-8 holds, a lone continuation byte, an encoded surrogate.
    wrong = rng.choice((b"\xff", b"\x80", b"\xed\xa0\x80"))
    return encode(flat(fields), ascii_only=True).replace(b'"text": "', b'"text": "' + wrong, 1)


def _invalid_json(fields: Fields, rng: Random) -> bytes:
    whole = encode(flat(fields), ascii_only=True)
    return rng.choice((whole[: len(whole) // 2], b"<html>502 Bad Gateway</html>", b"{'id': 1, 'text': 'x'}"))


def _not_an_object(fields: Fields, rng: Random) -> bytes:
    return encode(rng.choice(([flat(fields)], fields.text, 42, True, None)), ascii_only=True)


def _missing_id(fields: Fields, _rng: Random) -> bytes:
    return _without(fields, "id")


def _missing_text(fields: Fields, _rng: Random) -> bytes:
    return _without(fields, "text")


def _invalid_id(fields: Fields, rng: Random) -> bytes:
    return _with(fields, "id", rng.choice(([fields.id], {"value": fields.id}, True)))


def _invalid_text(fields: Fields, rng: Random) -> bytes:
    return _with(fields, "text", rng.choice(([fields.text], {"value": fields.text}, 42, False)))


def _too_large(fields: Fields, _rng: Random) -> bytes:
    return _with(fields, "text", "so long " * (_TOO_MANY_BYTES // 8))


def _empty_after_cleaning(fields: Fields, rng: Random) -> bytes:
    link = f"https://t.co/{fields.id[-8:]}"
    return _with(
        fields, "text", rng.choice((link, f"  {link} {link}\n", "\u200b\u200d\ufeff", f"\u200b {link}"))
    )


def _tombstone(_fields: Fields, _rng: Random) -> None:
    return None


PLANTED: dict[str, Plant] = {
    "invalid_utf8": _invalid_utf8,
    "invalid_json": _invalid_json,
    "not_an_object": _not_an_object,
    "missing_id": _missing_id,
    "invalid_id": _invalid_id,
    "missing_text": _missing_text,
    "invalid_text": _invalid_text,
    "too_large": _too_large,
    "empty_after_cleaning": _empty_after_cleaning,
    TOMBSTONE: _tombstone,
}


def _with(fields: Fields, name: str, value: object) -> bytes:
    return json.dumps({**flat(fields), name: value}).encode()


def _without(fields: Fields, name: str) -> bytes:
    return json.dumps({key: value for key, value in flat(fields).items() if key != name}).encode()
