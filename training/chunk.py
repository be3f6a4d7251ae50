"""``training chunk``: raw labelled files → train chunks and held-out splits.

A row is placed by the hash of its normalised text, so one tweet never stands on both sides of a
split, however often data is added. Duplicates are dropped; a text with two labels is dropped whole.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from consumer.clean import CLEANING_VERSION, clean

FIELDS = ("target", "text", "source")
LABELS = {"0": 0, "4": 1}
# Upper bounds of a row's place in [0, 1); what is left over trains.
SPLITS = (("validation", 0.02), ("test", 0.04), ("calibration", 0.06), ("drift_reference", 0.08))
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


def place(text: str) -> tuple[int, float]:
    """Hash of the normalised text, and its place in [0, 1) that decides the split."""
    digest = hashlib.blake2b(clean(text).casefold().encode(), digest_size=8).digest()
    value = int.from_bytes(digest, "big")
    return value, value / 2**64


def split_of(position: float) -> str:
    """Name of the split that a place in [0, 1) belongs to."""
    return next((name for name, bound in SPLITS if position < bound), "train")


def chunk(sources: list[tuple[str, Path]], out: Path, rows_per_chunk: int, seed: int) -> dict[str, object]:
    """Write ``Chunks/chunk_*.csv`` and the held-out splits under ``out``; returns the manifest."""
    counts: Counter[str] = Counter()
    labels: dict[int, str | None] = {}
    kept: dict[int, Row] = {}
    for name, path in sources:
        for row in read_rows(path, name):
            counts["read"] += 1
            if row.target == "2":
                counts["neutral_dropped"] += 1
                continue
            key, _ = place(row.text)
            if key not in labels:
                labels[key] = row.target
                kept[key] = row
            elif labels[key] == row.target:
                counts["duplicates_dropped"] += 1
            else:
                counts["contradictory_dropped"] += 1
                labels[key] = None
                kept.pop(key, None)
    splits: dict[str, list[Row]] = {"train": [], **{name: [] for name, _ in SPLITS}}
    for key, row in kept.items():
        splits[split_of(key / 2**64)].append(row)
    for name, _ in SPLITS:
        _write(out / f"{name}.csv", splits[name])
    written = _write_chunks(splits["train"], out / "Chunks", rows_per_chunk, random.Random(seed))
    manifest: dict[str, object] = {
        "cleaning_version": CLEANING_VERSION,
        "seed": seed,
        "sources": {name: _sha256(path) for name, path in sources},
        "counts": dict(counts),
        "splits": {name: len(rows) for name, rows in splits.items()},
        "chunks": written,
        "unbalanced_left_out": len(splits["train"]) - sum(int(c["rows"]) for c in written.values()),
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    return manifest


def _write_chunks(
    rows: list[Row], folder: Path, size: int, rng: random.Random
) -> dict[str, dict[str, str | int]]:
    """Balanced chunks, human-labelled sources first in line when one label runs out."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("chunk_*.csv"):
        old.unlink()
    rng.shuffle(rows)
    by_source = Counter(row.source for row in rows)
    rows.sort(key=lambda row: by_source[row.source])  # small sources are never the ones left out
    halves = {target: [r for r in rows if r.target == target] for target in LABELS}
    even = min(len(half) for half in halves.values())
    halves = {target: half[:even] for target, half in halves.items()}
    for half in halves.values():
        rng.shuffle(half)
    written: dict[str, dict[str, str | int]] = {}
    for index, start in enumerate(range(0, even, size // 2), start=1):
        part = [row for half in halves.values() for row in half[start : start + size // 2]]
        rng.shuffle(part)
        path = folder / f"chunk_{index:04d}.csv"
        _write(path, part)
        written[path.name] = {"rows": len(part), "sha256": _sha256(path)}
    return written


def _write(path: Path, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        writer.writerows((row.target, row.text, row.source) for row in rows)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training chunk``."""
    parser.add_argument("sources", nargs="+", metavar="NAME=FILE", help="labelled csv, plain or .gz")
    parser.add_argument("--out", type=Path, default=Path("Data/processed"))
    parser.add_argument("--rows", type=int, default=1000, help="rows a chunk, half of each label")
    parser.add_argument("--seed", type=int, default=7)


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training chunk``."""
    pairs = [(name, Path(file)) for name, _, file in (s.rpartition("=") for s in args.sources)]
    manifest = chunk([(name or path.stem, path) for name, path in pairs], args.out, args.rows, args.seed)
    json.dump({k: v for k, v in manifest.items() if k != "chunks"}, sys.stdout, indent=1)
    print()
    return 0
