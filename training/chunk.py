"""``training chunk``: raw labelled files → train chunks and held-out splits.

A row is placed by the hash of its normalised text, so one tweet never stands on both sides of a
split, however often data is added. Duplicates are dropped; a text with two labels is dropped whole.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import random
import sys
from collections import Counter
from pathlib import Path

from consumer.clean import CLEANING_VERSION
from training.data.rows import LABELS, Row, read_rows
from training.data.split import SPLITS, place, split_of

FIELDS = ("target", "text", "source")


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
