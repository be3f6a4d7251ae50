"""Rows of labelled csv files, as they came."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

LABELS = {"0": 0, "4": 1}
_S140_HEADER = ("target", "ids", "date", "flag", "user", "text")


class BadInputError(ValueError):
    """A file the trainer cannot use; the message names the file and the row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled tweet as it came: raw text, raw label ``"0"`` or ``"4"``, name of its source."""

    target: str
    text: str
    source: str


def read_rows(path: Path, source: str) -> Iterator[Row]:
    """Rows of a ``target,…,text`` csv, plain or gzipped, UTF-8 or Latin-1, header or not.

    Raises ``BadInputError`` naming file and row for a missing column or a label outside 0, 2, 4.
    """
    for number, record in enumerate(_records(path), start=1):
        text, target = record.get("text"), record.get("target")
        if text is None or target is None:
            raise BadInputError(f"{path}, row {number}: needs the columns target and text")
        if target not in {"0", "2", "4"}:
            raise BadInputError(f"{path}, row {number}: label {target!r} is not 0, 2 or 4")
        yield Row(target, text, source)


def _records(path: Path) -> Iterator[dict[str, str]]:
    with _open_text(path) as lines:
        reader = csv.reader(lines)
        first = next(reader, None)
        if first is None:
            raise BadInputError(f"{path}: empty file")
        if "target" in first and "text" in first:
            header: tuple[str, ...] = tuple(first)
        else:
            header = _S140_HEADER if len(first) == len(_S140_HEADER) else ("target", "text")
            yield dict(zip(header, first, strict=False))
        for values in reader:
            yield dict(zip(header, values, strict=False))


def _open_text(path: Path) -> io.TextIOWrapper:
    return _text(path, _encoding(path))


def _text(path: Path, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(_open_bytes(path), encoding=encoding, newline="")


def _open_bytes(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.GzipFile(path)) if path.suffix == ".gz" else path.open("rb")


def _encoding(path: Path) -> str:
    try:
        with _text(path, "utf-8") as text:
            while text.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"
