"""Rows of labelled csv files, as they came."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from training.data.labelled_csv import BadInputError, LabelledCsv

__all__ = ["LABELS", "NEUTRAL", "BadInputError", "Row", "RowReader", "read_rows"]

LABELS = {"0": 0, "4": 1}
NEUTRAL = "2"
_TARGETS = frozenset({*LABELS, NEUTRAL})
# Files without a header, by their number of columns.
_BARE = {6: ("target", "ids", "date", "flag", "user", "text"), 2: ("target", "text")}
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")
_BLOCK_ROWS = 4096


class Row(NamedTuple):
    """One labelled tweet as it came: raw text, raw label ``"0"``, ``"2"`` or ``"4"``, name of its source.

    A tuple, because millions are made.
    """

    target: str
    text: str
    source: str
    weight: float = 1.0  # how much it counts in the loss
    date: str = ""  # as written, where there is one
    aim: float | None = None  # P(positive) to train towards instead of the label, as teachers say it

    @property
    def trains(self) -> bool:
        """Whether there is anything to train towards: a label that is not neutral, or an aim."""
        return self.aim is not None or self.target in LABELS


def read_rows(path: Path, source: str) -> Iterator[Row]:
    """Rows of a labelled csv, streamed. ``source`` names those that have no ``source`` of their own.

    Columns: ``target`` and ``text``, and where they are there ``source``, ``weight``, ``date``, ``aim``; a
    file without a header has two columns, target and text, or the six of Sentiment140. Plain or gzipped,
    UTF-8 or Latin-1.

    Raises ``BadInputError`` naming file and row: no such file, empty, a column missing, a label outside
    0, 2, 4, fields too few or too many, a weight or an aim that is none, cut short, corrupt.
    """
    with RowReader(path, source) as reader:
        for block in reader:
            yield from block


class RowReader:
    """``read_rows`` in blocks, so that the reader can tell how far it is; a context manager."""

    def __init__(self, path: Path, source: str) -> None:
        self._source = source
        self._file = LabelledCsv(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def bytes_read(self) -> int:
        """Of the file on the disk, so far."""
        return self._file.bytes_read

    @property
    def encoding(self) -> str:
        """As detected."""
        return self._file.encoding

    def __iter__(self) -> Iterator[list[Row]]:
        """Blocks of rows, in the file's order.

        Raises ``BadInputError`` as ``read_rows`` does.
        """
        rows = self._rows()
        while block := list(itertools.islice(rows, _BLOCK_ROWS)):
            yield block

    def _rows(self) -> Iterator[Row]:
        file, source = self._file, self._source
        records = iter(file)
        first = next(records, None)
        if first is None:
            raise BadInputError(f"{file.path}: empty file")
        columns, is_header = _columns(first, file)
        if is_header:
            file.row = 0  # rows are counted without it
        else:
            yield _row(first, columns, source, file)
        width, target, text, date = len(columns.names), columns.target, columns.text, columns.date
        is_plain = columns.source is None and columns.weight is None and columns.aim is None
        for record in records:
            # What nearly all rows of large files are, in few steps.
            if is_plain and len(record) == width and record[target] in _TARGETS:
                yield Row(record[target], record[text], source, 1.0, record[date] if date is not None else "")
            else:
                yield _row(record, columns, source, file)
        if not file.row:
            raise BadInputError(f"{file.path}: a header and no rows")


class _Columns(NamedTuple):
    names: tuple[str, ...]
    target: int
    text: int
    source: int | None
    weight: int | None
    date: int | None
    aim: int | None


def _columns(first: Sequence[str], file: LabelledCsv) -> tuple[_Columns, bool]:
    """Columns by the first record, and whether that was a header: no header begins with a number."""
    names = tuple(cell.strip().lower() for cell in first)
    is_header = not _NUMBER.fullmatch(names[0]) or "target" in names
    if not is_header:
        if len(first) not in _BARE:
            raise file.fault(f"{len(first)} columns and no header: needs one with target and text")
        names = _BARE[len(first)]
    if missing := {"target", "text"} - set(names):
        found = ", ".join(first)[:200]
        raise BadInputError(f"{file.path}: no column {' and '.join(sorted(missing))} in its header: {found}")
    at = {name: index for index, name in reversed(list(enumerate(names)))}
    others = (at.get(name) for name in ("source", "weight", "date", "aim"))
    return _Columns(names, at["target"], at["text"], *others), is_header


def _row(record: Sequence[str], columns: _Columns, source: str, file: LabelledCsv) -> Row:
    if len(record) != len(columns.names):
        problem = "cut short?" if len(record) < len(columns.names) else "a comma in a text needs quotes"
        raise file.fault(f"{len(record)} fields where {len(columns.names)} belong: {problem}")
    target = record[columns.target].strip()
    if target not in _TARGETS:
        raise file.fault(f"label {target[:40]!r} is not 0, 2 or 4")
    own = record[columns.source].strip() if columns.source is not None else ""
    weight = _number(record[columns.weight] or "1") if columns.weight is not None else 1.0
    if not 0 <= weight < math.inf:
        raise file.fault(f"weight {record[columns.weight or 0][:40]!r} is not a number from 0 up")
    date = record[columns.date] if columns.date is not None else ""
    aim = _number(record[columns.aim]) if columns.aim is not None and record[columns.aim] else None
    if aim is not None and not 0 <= aim <= 1:
        raise file.fault(f"aim {record[columns.aim or 0][:40]!r} is not a probability")
    return Row(target, record[columns.text], own or source, weight, date, aim)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan
