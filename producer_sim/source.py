"""A file replayed as tweets: csv or JSON lines, gzipped or not, one row a tweet.

csv: columns by name when the first row names a ``text`` column; without a header six columns are
Sentiment140's ``target,ids,date,flag,user,text`` and two are ``target,text``.
JSON lines: ``text`` (or ``full_text``), and where present ``label`` or ``target``, ``id``,
``author_id``, ``lang``; a Twitter v2 envelope is opened.
A row that cannot be read is named with its number: a replay that left rows out would be a lie.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from producer_sim.errors import UsageError
from producer_sim.tweets import Tweet

_LABELS: dict[str, str | None] = {
    **dict.fromkeys(("0", "negative"), "negative"),
    **dict.fromkeys(("1", "4", "positive"), "positive"),
    **dict.fromkeys(("", "2", "neutral"), None),
}
_HEADERLESS = {6: ("target", "ids", "date", "flag", "user", "text"), 2: ("target", "text")}
_FORMATS = (".csv", ".jsonl", ".ndjson")


def read_source(path: Path) -> Iterator[Tweet]:
    """The file's tweets in order, read as they are asked for.

    Raises:
        UsageError: the file cannot be opened or its format is not known, at once; a bad row, when
            it is reached. The message names file and row.
    """
    kind = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if kind not in _FORMATS:
        raise UsageError(f"{path}: the name must end in one of {', '.join(_FORMATS)} (and .gz)")
    try:
        encoding = _encoding(path)
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    return _rows(path, encoding, kind)


def _rows(path: Path, encoding: str, kind: str) -> Iterator[Tweet]:
    with _open(path) as raw, codecs.getreader(encoding)(raw) as text:
        # The csv reader splits lines itself: a quoted field may hold line breaks.
        yield from (_csv_tweets if kind == ".csv" else _json_tweets)(path, cast("IO[str]", text))


def _open(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb"))


def _encoding(path: Path) -> str:
    """UTF-8 where the whole file is; else Latin-1, as Sentiment140 is distributed."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _open(path) as raw:
        try:
            while block := raw.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8"


def _csv_tweets(path: Path, text: IO[str]) -> Iterator[Tweet]:
    columns: tuple[str, ...] | None = None
    try:
        for number, row in enumerate(csv.reader(text), start=1):
            if columns is None:
                columns = _columns(path, row)
                if "text" in row:
                    continue
            if not row:
                continue
            if len(row) != len(columns):
                raise UsageError(
                    f"{path}, row {number}: {len(row)} columns where {len(columns)} are expected"
                )
            yield _tweet(path, number, dict(zip(columns, row, strict=True)))
    except csv.Error as error:
        raise UsageError(f"{path}: not a csv file: {error}") from error


def _columns(path: Path, first: list[str]) -> tuple[str, ...]:
    if "text" in first:
        return tuple(first)
    if len(first) not in _HEADERLESS:
        raise UsageError(
            f"{path}, row 1: no column is called text, and {len(first)} columns have no known layout"
        )
    return _HEADERLESS[len(first)]


def _json_tweets(path: Path, text: IO[str]) -> Iterator[Tweet]:
    for number, line in enumerate(text, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{path}, row {number}: not JSON: {error}") from error
        row = row.get("data", row) if isinstance(row, dict) else row
        if not isinstance(row, dict):
            raise UsageError(f"{path}, row {number}: not a JSON object")
        yield _tweet(path, number, row)


def _tweet(path: Path, number: int, row: dict[str, Any]) -> Tweet:
    text = row.get("full_text", row.get("text"))
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"{path}, row {number}: no text")
    word = _word(row, "label", "target", "sentiment").lower()
    if word not in _LABELS:
        raise UsageError(
            f"{path}, row {number}: {word!r} is no label: 0 or negative, 2 or neutral, 1, 4 or positive"
        )
    author_id = _word(row, "author_id") or _author_id(_word(row, "user"))
    return Tweet(text, _LABELS[word], _word(row, "lang") or "en", _word(row, "id", "ids") or None, author_id)


def _word(row: dict[str, Any], *names: str) -> str:
    """The first of the named fields that is there, as a word; objects count as not there."""
    for name in names:
        value = row.get(name)
        if value is not None and not isinstance(value, (dict, list)):
            return str(value).strip()
    return ""


def _author_id(user: str) -> str | None:
    """A user's name as a number, the same one every time."""
    return str(zlib.crc32(user.encode())) if user else None
