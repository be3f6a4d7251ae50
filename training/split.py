"""``training split``: one labelled file → two, by a hash of what each row says.

For a held-out file that has to serve twice: one part chooses and calibrates, the other only measures. A text
goes to the same part in every run and every file, and texts that say the same go together.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable
from pathlib import Path

from training.data.rows import BadInputError, Row, read_rows
from training.data.split import part_of
from training.data.staging import written

HEADER = ("target", "text", "source", "weight")


def split(path: Path, outs: tuple[Path, Path], share: float) -> tuple[int, int]:
    """Write ``share`` of the rows to the first of ``outs``, the others to the second; how many each got.

    Raises ``BadInputError`` as ``read_rows`` does, or where a part would be empty; nothing is written then.
    """
    if not path.is_file():
        raise BadInputError(f"{path}: no such file")
    rows = list(read_rows(path, path.name.split(".", 1)[0]))
    first = [row for row in rows if part_of(row.text) < share]
    second = [row for row in rows if part_of(row.text) >= share]
    if not first or not second:
        raise BadInputError(f"{path}: {len(rows)} rows cannot be parted at {share}: one part would be empty")
    for out, part in zip(outs, (first, second), strict=True):
        _write(out, part)
    return len(first), len(second)


def _write(path: Path, rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with written(path) as file:
        lines = csv.writer(file)
        lines.writerow(HEADER)
        lines.writerows((row.target, row.text, row.source, f"{row.weight:.6g}") for row in rows)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training split``."""
    flag = parser.add_argument
    flag("file", type=Path, help="labelled csv, plain or gzipped")
    flag("--share", type=float, default=0.5, help="of the rows that go to the first file, between 0 and 1")
    flag("--out", type=Path, nargs=2, required=True, metavar="FILE", help="the two files to write")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training split``."""
    first, second = split(args.file, tuple(args.out), args.share)
    print(f"{args.out[0]}: {first:,} rows; {args.out[1]}: {second:,} rows")
    return 0
