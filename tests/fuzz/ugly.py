"""Inputs of every ugly kind, drawn from a seed: the same seed gives the same inputs for ever.

Most begin as a tweet that something is done to; a few are large, since those are what stalls.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator

from consumer.parse import MAX_VALUE_BYTES

PLANTED = "confidential"  # stands in many inputs, and may stand in no header of ours
_LARGE_SHARE = 0.02
_WORDS = (
    *["good", "bad", "day", "love", "hate", "so", "the", "@bob", "#happy", "https://t.co/x", "www.a.b"],
    *f"{PLANTED} 😂 👍🏽 &amp; &#39; it’s".split(),
)
_RIGHT_TO_LEFT = "שלום عليكم \u202e\u202d\u2066\u2069\u200f\u061c"
_INVISIBLE = "\u200b\u200d\ufeff\u00ad\u2060\ufe0f\U000e0041\u180e"
_CONTROLS = "".join(map(chr, range(32))) + "\x7f\x85"
_MARKS = "".join(map(chr, range(0x300, 0x370)))
_JOINED = "👨\u200d👩\u200d👧\u200d👦"
_NAMES = (
    "id",
    "id_str",
    "text",
    "full_text",
    "extended_tweet",
    "user",
    "author_id",
    "created_at",
    "lang",
    "data",
)
UNITS = (
    *("a", "é", "@", "#", "&", "<", "ﷺ", "ａ", "1", "中", ";", "_", "😂", "Ã", "&amp;", "&#", "&#1", "@a"),
    *("http://", "www.", "t.co/", "â€", "€™", "aЀ", "a.", " ", "\n", "\x00", "\u0301", "\u200d", "\u202e"),
    *("\ud83d", "#a ", "Â\u00a0", _JOINED, "👩\u200d", "❤\u200d"),
)
_SPACES = " \t\n\u3000\u2028\u00a0\u1680"

Draw = Callable[[random.Random], bytes]


def inputs(seed: int) -> Iterator[bytes]:
    """Inputs without end."""
    rng = random.Random(seed)
    while True:
        kinds = LARGE if rng.random() < _LARGE_SHARE else SMALL
        yield rng.choice(kinds)(rng)


def text(rng: random.Random) -> str:
    """A tweet's text, or something in its place."""
    kind = rng.choice(_TEXTS)
    return kind(rng)


def _words(rng: random.Random) -> str:
    return " ".join(rng.choices(_WORDS, k=rng.randint(0, 30)))


def _zalgo(rng: random.Random) -> str:
    return "".join(c + "".join(rng.choices(_MARKS, k=rng.randint(0, 40))) for c in _words(rng)[:40])


def _any_characters(rng: random.Random) -> str:
    return "".join(chr(rng.randrange(0x110000)) for _ in range(rng.randint(0, 60)))


def _sprinkled(alphabet: str) -> Callable[[random.Random], str]:
    def sprinkle(rng: random.Random) -> str:
        pieces = [*_words(rng)[:80], *rng.choices(alphabet, k=rng.randint(1, 20))]
        rng.shuffle(pieces)
        return "".join(pieces)

    return sprinkle


def _mojibake(rng: random.Random) -> str:
    broken = f"café 😂 it’s {_words(rng)}".encode()
    for _ in range(rng.randint(1, 3)):
        broken = broken.decode("latin-1").encode()
    return broken.decode()


def _entities(rng: random.Random) -> str:
    digits = rng.choice((1, 3, 7, 50, 5_000))
    return (
        rng.choice(("&#", "&#x", "&amp;#", "&amp;amp;#"))
        + "1" * digits
        + rng.choice((";", "", "&lt"))
        + _words(rng)
    )


def _nothing_left(rng: random.Random) -> str:
    return "".join(
        rng.choices((*_INVISIBLE, *_SPACES, " https://t.co/abc ", " www.x.y "), k=rng.randint(0, 12))
    )


_TEXTS: tuple[Callable[[random.Random], str], ...] = (
    _words,
    _zalgo,
    _any_characters,
    _mojibake,
    _entities,
    _nothing_left,
    _sprinkled(_RIGHT_TO_LEFT),
    _sprinkled(_INVISIBLE),
    _sprinkled(_CONTROLS),
    _sprinkled(_JOINED),
    _sprinkled("\ud800\udfff\ud83d"),
    _sprinkled("@#&;:/.<>\"'\\"),
)


def _tweet(rng: random.Random) -> bytes:
    """A sound one, in one of the accepted shapes, whatever its text holds."""
    body: dict[str, object] = {"id": rng.choice((7, "7", 2**63, str(2**63))), "text": text(rng)}
    shape = rng.randrange(4)
    if shape == 1:
        body = {"id_str": "9", "full_text": text(rng), "user": {"id_str": "8"}, "lang": "en"}
    elif shape == 2:
        body = {"data": body}
    elif shape == 3:
        body |= {"created_at": _moment(rng), "author_id": rng.choice((1, "a", "", None, [], 1.5))}
    return json.dumps(body, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")


def _moment(rng: random.Random) -> object:
    return rng.choice(
        (
            "2026-11-22T10:00:00Z",
            "0001-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-23:59",
            "Wed Oct 10",
            text(rng),
            5,
        )
    )


def _value(rng: random.Random, depth: int = 3) -> object:
    plain = (None, True, 0, -1, 1.5, 10**30, "", " ", "x", text(rng), float("nan"), float("inf"))
    if depth == 0 or rng.random() < 0.5:
        return rng.choice(plain)
    if rng.random() < 0.5:
        return [_value(rng, depth - 1) for _ in range(rng.randint(0, 3))]
    return {rng.choice(_NAMES): _value(rng, depth - 1) for _ in range(rng.randint(0, 4))}


def _wrong_types(rng: random.Random) -> bytes:
    body = {name: _value(rng) for name in rng.sample(_NAMES, rng.randint(0, 5))}
    whole = body if rng.random() < 0.8 else _value(rng)
    return json.dumps(whole).encode()


def _damaged(rng: random.Random) -> bytes:
    """Bytes turned over, cut out, put in twice."""
    data = bytearray(_tweet(rng))
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data) + 1)
        how = rng.randrange(4)
        if how == 0:
            data[at : at + 1] = bytes([rng.randrange(256)])
        elif how == 1:
            del data[at : at + rng.randint(1, 10)]
        elif how == 2:
            data[at:at] = data[: rng.randint(0, 20)]
        else:
            data[at:at] = rng.choice(
                (
                    b"\x00",
                    b"\xff",
                    b"\xed\xa0\x80",
                    b"\xc0\x80",
                    b"\xf4\x90\x80\x80",
                    b"\\ud800",
                    b"\xef\xbb\xbf",
                )
            )
    return bytes(data)


def _noise(rng: random.Random) -> bytes:
    return rng.randbytes(rng.randint(0, 200))


def _tokens(rng: random.Random) -> bytes:
    """JSON's own words in any order."""
    words = (
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        '"',
        '"id"',
        '"text"',
        "null",
        "NaN",
        "-Infinity",
        "1e999",
        "-0",
        "\\u0000",
        " ",
    )
    return "".join(rng.choices(words, k=rng.randint(1, 40))).encode()


def _number(rng: random.Random) -> bytes:
    digits = "9" * rng.choice((1, 20, 400, 4_299, 4_300, 4_301, 20_000))
    number = rng.choice(
        (digits, "-" + digits, digits + ".5", "0." + digits, "1e" + digits, "1e-" + digits[:300])
    )
    return f'{{"id": {number}, "text": "{PLANTED}"}}'.encode()


def _nested(rng: random.Random) -> bytes:
    """Shallow, or far deeper than any parser takes; open or closed."""
    depth = rng.choice((1, 10, 100, 5_000, 20_000))
    opening, closing = rng.choice((("[", "]"), ('{"text":', "}"), ('{"data":', "}"), ('{"user":[', "]}")))
    depth = min(depth, (MAX_VALUE_BYTES - 40) // (len(opening) + len(closing)))
    inner = opening * depth + "1" + (closing * depth if rng.random() < 0.7 else "")
    return rng.choice((inner, f'{{"id": 1, "text": "x", "more": {inner}}}')).encode()[:MAX_VALUE_BYTES]


def _filled(rng: random.Random) -> bytes:
    """A value of 64 KiB or just above, of one thing over and over."""
    return filled(rng.choice(UNITS), MAX_VALUE_BYTES + rng.choice((0, 0, -1, 1)))


def filled(unit: str, size_bytes: int) -> bytes:
    """A tweet of this size whose text is one thing over and over."""
    size = size_bytes - len(b'{"id": 1, "text": ""}')
    escaped = json.dumps(unit, ensure_ascii=unit == "\ud83d")[1:-1].encode()
    filling = escaped * (size // len(escaped)) + b" " * (size % len(escaped))
    return b'{"id": 1, "text": "' + filling + b'"}'


def _bomb(rng: random.Random) -> bytes:
    """Much structure in few bytes."""
    many = rng.choice((1_000, 8_000))
    inner = rng.choice(
        (
            "[" + "[]," * many + "1]",
            "{" + ",".join(f'"{n}":{n}' for n in range(many // 2)) + "}",
            "{" + '"a":{},' * many + '"b":1}',
            '"' + "\u0061" * many + '"',
            "[" + "1e308," * many + "0]",
        )
    )
    return rng.choice(
        (inner, f'{{"id": 1, "text": {inner}}}', f'{{"id": 1, "text": "x", "z": {inner}}}')
    ).encode()


def _mixed(rng: random.Random) -> bytes:
    """A long text out of everything at once."""
    parts: list[str] = []
    while sum(map(len, parts)) < 12_000:
        parts.append(text(rng))
    return json.dumps({"id": 1, "text": "".join(parts)}).encode("utf-8", "surrogatepass")[
        : MAX_VALUE_BYTES + 1
    ]


SMALL: tuple[Draw, ...] = (_tweet, _tweet, _wrong_types, _damaged, _noise, _tokens, _number, _nested)
LARGE: tuple[Draw, ...] = (_filled, _bomb, _mixed)
