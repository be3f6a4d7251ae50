"""Labelled files → balanced chunks to train on, held-out splits, and a manifest that accounts for every row.

One pass reads: of every row a few numbers stay in memory and its text goes to the disk (``ledger``). What
stays and where it goes follows from the numbers (``selection``), then the files are written one by one. All
of it happens in a folder beside the target, which takes its place at the end (``staging``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import consumer
from consumer.clean import CLEANING_VERSION
from training.data import chunk_files
from training.data.chunk_files import write_rows
from training.data.keyed import Keys, children, keyed, sensible_children
from training.data.labelled_csv import sha256
from training.data.ledger import TARGETS, Columns, Indices, Ledger
from training.data.progress import Report, progress
from training.data.rows import LABELS, NEUTRAL, BadInputError, Row, RowReader
from training.data.selection import balanced_chunks, distinct, in_line, in_share, plain_chunks
from training.data.split import SPLIT_NAMES, SPLITS, TRAIN, splits_of
from training.data.staging import staged
from training.data.weights import UNKNOWN_DAY, Floats, day_of, row_weights

NEUTRAL_CHOICES = ("drop", "keep", "error")
_NEUTRAL_CODE = TARGETS.index(NEUTRAL)

Sources = list[tuple[str, Path]]


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen; the defaults are those of the shipped model's recipe."""

    rows_per_chunk: int = 1000
    seed: int = 7
    neutral: str = "drop"  # one of NEUTRAL_CHOICES
    even_days: float = 0.0  # exponent; 0 = off
    weights: dict[str, float] = field(default_factory=dict)  # name of a source → factor
    shares: dict[str, float] = field(default_factory=dict)  # name of a source → of its rows that train
    balanced: bool = True  # as many rows of one label as of the other


def chunk(sources: Sources, out: Path, options: Options, workers: int | None = None) -> dict[str, Any]:
    """Make the folder ``out`` from labelled files; returns its manifest.

    ``workers`` processes clean beside this one (0: none; as many as pay by default); the result does not
    depend on them.

    Raises ``BadInputError`` naming file and row, or ``OSError`` naming ``out``; ``out`` is then untouched.
    """
    chunk_files.check_replaceable(out, [path for _, path in sources])
    with staged(out) as folder:
        ledger = Ledger(folder)
        try:
            with progress("reading") as report:
                inputs = _read(sources, ledger, options, workers, report)
            with progress("writing") as report:
                manifest = _write(folder, ledger, inputs, options, report)
        finally:
            ledger.close()
        chunk_files.write_manifest(folder, manifest)
    return manifest


def _read(
    sources: Sources, ledger: Ledger, options: Options, workers: int | None, report: Report
) -> list[dict[str, Any]]:
    """Every row of every file into the ledger; returns an account of each file."""
    hashes = [sha256(path) for _, path in sources]  # first: a file that is not there is known at once
    sizes = [path.stat().st_size for _, path in sources]
    inputs: list[dict[str, Any]] = []
    done_bytes = done_rows = 0
    with children(sensible_children(sum(sizes)) if workers is None else workers) as pipes:
        for (name, path), digest, size in zip(sources, hashes, sizes, strict=True):
            counts: Counter[str] = Counter()
            with RowReader(path, name) as reader:
                for rows, keys in keyed(_wanted(reader, path, options, counts), pipes):
                    _remember(rows, keys, ledger, options, counts)
                    report((done_bytes + reader.bytes_read) / sum(sizes), done_rows + counts["read"])
                about = {"name": name, "file": path.name, "sha256": digest, "encoding": reader.encoding}
            inputs.append(about | dict(sorted(counts.items())))
            done_bytes += size
            done_rows += counts["read"]
    return inputs


def _wanted(
    blocks: Iterable[list[Row]], path: Path, options: Options, counts: Counter[str]
) -> Iterator[list[Row]]:
    """Blocks, counted, without the neutral rows where they are not wanted."""
    for block in blocks:
        labels = Counter(row.target for row in block)
        if labels[NEUTRAL] and options.neutral == "error":
            number = counts["read"] + next(i for i, row in enumerate(block, 1) if row.target == NEUTRAL)
            raise BadInputError(f"{path}, row {number}: label 2, neutral, and --neutral says error")
        counts["read"] += len(block)
        counts.update({f"label_{target}": n for target, n in labels.items()})
        if labels[NEUTRAL] and options.neutral == "drop":
            counts["neutral_dropped"] += labels[NEUTRAL]
            block = [row for row in block if row.target != NEUTRAL]  # noqa: PLW2901 - the same rows, fewer
        yield block


def _remember(rows: list[Row], keys: Keys, ledger: Ledger, options: Options, counts: Counter[str]) -> None:
    """Rows of a block into the ledger, but for those that cleaning leaves nothing of."""
    if None in keys:
        counts["empty_after_cleaning"] += keys.count(None)
        rows = [row for row, key in zip(rows, keys, strict=True) if key is not None]
    days = (day_of(row.date) for row in rows) if options.even_days else [UNKNOWN_DAY] * len(rows)
    ledger.add(rows, [key for key in keys if key is not None], days)


def _write(
    folder: Path, ledger: Ledger, inputs: list[dict[str, Any]], options: Options, report: Report
) -> dict[str, Any]:
    """All files but the manifest, which is returned."""
    columns = ledger.columns()
    factors = _by_name(ledger, options.weights, "--weight")
    shares = _by_name(ledger, options.shares, "--share")
    found = distinct(columns.keys, columns.labels)
    splits = splits_of(columns.keys[found.rows])
    parts = {name: found.rows[splits == code] for code, name in enumerate(SPLIT_NAMES)}
    neutral = columns.labels[parts[TRAIN]] == _NEUTRAL_CODE
    held_out = {f"{name}.csv": parts[name] for name, _ in SPLITS}
    if options.neutral == "keep":
        held_out[chunk_files.NEUTRALS] = parts[TRAIN][neutral]
    parts[TRAIN] = parts[TRAIN][~neutral]
    chosen = in_share(parts[TRAIN], columns, shares)
    train = _train_chunks(chosen, columns, options)
    weights = row_weights(np.concatenate(train), columns, ledger.days, options.even_days, factors)
    left_out = len(chosen) - sum(map(len, train))
    beyond = len(parts[TRAIN]) - len(chosen)
    return {
        "cleaning_version": CLEANING_VERSION,
        "package_version": consumer.__version__,
        "seed": options.seed,
        "options": asdict(options),
        "split_bounds": dict(SPLITS),
        "sources": _hash_by_source(inputs),
        "inputs": inputs,
        "counts": _totals(inputs)
        | found.counts
        | {"beyond_share_left_out": beyond, "unbalanced_left_out": left_out},
        "splits": {name: len(rows) for name, rows in parts.items()},
        "splits_by_source": {name: _by_source(rows, columns, ledger) for name, rows in parts.items()},
        "files": _write_held_out(folder, held_out, columns, ledger),
        "chunks": _write_chunks(folder / chunk_files.CHUNKS, train, weights, ledger, report),
        "unbalanced_left_out": left_out,
    }


def _train_chunks(rows: Indices, columns: Columns, options: Options) -> list[Indices]:
    """Rows of each chunk, in order. Raises ``BadInputError`` where one of the labels has none."""
    size, seed = options.rows_per_chunk, options.seed
    line = in_line(rows, columns.sources, columns.keys, seed)
    halves = [line[columns.labels[line] == TARGETS.index(target)] for target in LABELS]
    for target, half in zip(LABELS, halves, strict=True):
        if not len(half):
            raise BadInputError(f"nothing to train on: of label {target} no row is left in the train split")
    if not options.balanced:
        return list(plain_chunks(rows, columns.keys, size, seed))
    return list(balanced_chunks(halves, columns.keys, size, seed))


def _write_held_out(
    folder: Path, files: dict[str, Indices], columns: Columns, ledger: Ledger
) -> dict[str, dict[str, Any]]:
    """Held-out rows keep the weight they came with: measures treat sources and days as they are."""
    return {
        name: write_rows(folder / name, ledger, rows, columns.weights[rows]) for name, rows in files.items()
    }


def _write_chunks(
    folder: Path, chunks: list[Indices], weights: Floats, ledger: Ledger, report: Report
) -> dict[str, dict[str, Any]]:
    """``weights`` are those of all rows of all chunks, in order."""
    digits = max(4, len(str(len(chunks))))  # names sort as numbers do
    folder.mkdir()
    written: dict[str, dict[str, Any]] = {}
    done = 0
    for number, rows in enumerate(chunks, start=1):
        name = f"chunk_{number:0{digits}d}.csv"
        written[name] = write_rows(folder / name, ledger, rows, weights[done : done + len(rows)])
        done += len(rows)
        report(done / len(weights), done)
    return written


def _by_name(ledger: Ledger, told: dict[str, float], flag: str) -> Floats:
    """What ``flag`` says of every source, (sources,); 1 where it says nothing."""
    if strangers := told.keys() - ledger.sources.keys():
        known = ", ".join(ledger.sources)
        raise BadInputError(f"{flag}: no row is of the source {min(strangers)!r}; there are {known}")
    return np.array([told.get(name, 1.0) for name in ledger.sources])


def _hash_by_source(inputs: list[dict[str, Any]]) -> dict[str, str]:
    """Name → sha256; a name given to several files is numbered from the second on."""
    hashes: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for account in inputs:
        name = account["name"]
        seen[name] += 1
        hashes[name if seen[name] == 1 else f"{name} {seen[name]}"] = account["sha256"]
    return hashes


def _totals(inputs: list[dict[str, Any]]) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for account in inputs:
        totals.update({name: value for name, value in account.items() if isinstance(value, int)})
    return dict(totals)


def _by_source(rows: Indices, columns: Columns, ledger: Ledger) -> dict[str, dict[str, int]]:
    """Name of the source → label → rows."""
    cells = columns.sources[rows].astype(np.intp) * len(TARGETS) + columns.labels[rows]
    counts = np.bincount(cells, minlength=len(ledger.sources) * len(TARGETS)).reshape(-1, len(TARGETS))
    table = zip(ledger.sources, counts.tolist(), strict=True)
    return {name: {t: n for t, n in zip(TARGETS, row, strict=True) if n} for name, row in table if any(row)}
