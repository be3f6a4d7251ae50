"""Labelled csv files as they are found: gzipped or plain, UTF-8 or Latin-1, whole or cut short."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

_GZIP_MAGIC = b"\x1f\x8b"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_PIECE_BYTES = 1 << 20
_DAMAGE = (EOFError, OSError, zlib.error)


class BadInputError(ValueError):
    """A file the trainer cannot use; the message names the file and the row."""


class LabelledCsv:
    """An open labelled file: iterate over its records, then close it.

    Raises ``BadInputError`` for a path that is no readable file and for content that is no csv.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.encoding, self._damage = _survey(path)
        self.row = 0  # records given so far
        self._raw = _open_raw(path)
        lines = io.TextIOWrapper(_inflated(path, self._raw), encoding=self.encoding, newline="")
        self._lines = _Lines(lines, self)
        self._reader = csv.reader(self._lines)

    @property
    def bytes_read(self) -> int:
        """How far the file has been read, in bytes on the disk."""
        return self._raw.tell()

    def fault(self, what: str) -> BadInputError:
        """An error at the record that was given last; garbage out of a damaged file is called what it is."""
        return BadInputError(
            f"{self.path}, row {self.row} (line {self._lines.number}): {self._damage or what}"
        )

    def __iter__(self) -> Iterator[list[str]]:
        try:
            for record in self._reader:
                if record:  # a blank line is no record
                    self.row += 1
                    if self._lines.ended:
                        raise self.fault("the file ends within a quoted field: it was cut short")
                    yield record
        except csv.Error as error:
            self.row += 1
            raise self.fault(str(error)) from error
        except (*_DAMAGE, UnicodeDecodeError) as error:
            raise BadInputError(f"{self.path}, after row {self.row}: {_broken(error)}") from error

    def close(self) -> None:
        """The file is no longer needed."""
        self._raw.close()


class _Lines:
    """Lines of a text; remembers whether their end was asked for, as within an open quote it is too early."""

    def __init__(self, lines: IO[str], file: LabelledCsv) -> None:
        self.number = 0
        self.ended = False
        self._lines = lines
        self._file = file

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.number += 1
            if "\0" in line:
                self._file.row += 1
                raise self._file.fault("a NUL byte: this is not a text file")
            yield line
        self.ended = True


class _Survey(NamedTuple):
    """What a first reading of the bytes tells."""

    encoding: str  # utf-8-sig (UTF-8 with or without a byte order mark) where all of the file is, or latin-1
    damage: str | None  # what is wrong with the compression, met again when the rows are read


def _survey(path: Path) -> _Survey:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _open_raw(path) as raw, _inflated(path, raw) as inflated:
        try:
            start = inflated.read(len(codecs.BOM_UTF8))
            piece = start
            while piece:
                decoder.decode(piece)  # a character cut in two at the very end still passes
                piece = inflated.read(_PIECE_BYTES)
        except UnicodeDecodeError:
            return _Survey("utf-8-sig" if start == codecs.BOM_UTF8 else "latin-1", None)
        except _DAMAGE as error:
            return _Survey("utf-8-sig", _broken(error))
    return _Survey("utf-8-sig", None)


def sha256(path: Path) -> str:
    """Of the file as it lies on the disk."""
    with _open_raw(path) as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


def _open_raw(path: Path) -> io.BufferedReader:
    if not path.exists():
        raise BadInputError(f"{path}: no such file")
    if not path.is_file():
        raise BadInputError(f"{path}: not a file")
    try:
        return path.open("rb")
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror}") from error


def _inflated(path: Path, raw: io.BufferedReader) -> IO[bytes]:
    start = raw.peek(2)[:2]
    if start in _UTF16_MARKS:
        raise BadInputError(f"{path}: UTF-16; save it as UTF-8")
    return cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if start == _GZIP_MAGIC else raw


def _broken(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        is_end = error.reason == "unexpected end of data"
        return (
            "ends within a character: it was cut short"
            if is_end
            else "not UTF-8, as its byte order mark says"
        )
    if isinstance(error, EOFError):
        return "the gzip file ends too early: it was cut short"
    if isinstance(error, (gzip.BadGzipFile, zlib.error)):
        return f"the gzip file is corrupt: {error}"
    return str(error)
