"""Small labelled files, and what chunking made of them."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from training.data.chunking import Options, chunk
from training.data.rows import Row, read_rows
from training.data.split import SPLITS

Pair = tuple[str, str]  # target, text
FEELINGS = {"0": "sad", "2": "plain", "4": "glad"}


def write_csv(
    path: Path, rows: Iterable[Sequence[object]], header: Sequence[str] = ("target", "text")
) -> Path:
    """A labelled file as others would write it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def many(count: int, first: int = 0, targets: str = "04") -> list[Pair]:
    """``count`` rows that all say something else, labels in turn."""
    numbers = range(first, first + count)
    labels = [targets[n % len(targets)] for n in numbers]
    return [(t, f"{FEELINGS[t]} day number {n}") for t, n in zip(labels, numbers, strict=True)]


def chunked(
    folder: Path, options: Options | None = None, workers: int = 0, **sources: Iterable[Sequence[object]]
) -> dict[str, Any]:
    """``folder/out`` made from these sources; its manifest."""
    files = [(name, write_csv(folder / f"{name}.csv", rows)) for name, rows in sources.items()]
    return chunk(files, folder / "out", options or Options(), workers)


def rows_of(out: Path) -> dict[str, list[Row]]:
    """Rows of every file that chunking left, by its name."""
    paths = [*sorted((out / "Chunks").glob("*.csv")), *sorted(out.glob("*.csv"))]
    return {path.name: list(read_if_any(path)) for path in paths}


def read_if_any(path: Path) -> list[Row]:
    """Rows of a file; none where only the header is written."""
    return list(read_rows(path, "unnamed")) if path.read_bytes().count(b"\n") > 1 else []


def by_split(out: Path) -> dict[str, list[Row]]:
    """Rows of every split; ``train`` is what all chunks hold."""
    found = rows_of(out)
    held_out = {name: found[f"{name}.csv"] for name, _ in SPLITS}
    return held_out | {
        "train": [row for name, rows in found.items() if name.startswith("chunk_") for row in rows]
    }


def state(folder: Path) -> dict[str, str]:
    """Path → sha256 of everything below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def manifest_of(out: Path) -> dict[str, Any]:
    """The manifest as it stands on the disk."""
    found: dict[str, Any] = json.loads((out / "manifest.json").read_text("utf-8"))
    return found
