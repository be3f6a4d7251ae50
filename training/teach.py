"""``training teach``: chunks → the same chunks with what teachers say of every row, for a student to learn.

A label says which; a teacher also says how surely, and a label that is wrong by chance it does not believe.
A small student learns more from that than from the labels alone (Hinton, Vinyals and Dean 2015). A teacher
may be bound to one source, where sources do not mean the same by a label. ``train --chunks OUT/Chunks``
trains towards the column ``aim``: share · (mean of the teachers) + (1 - share) · label. Rows without a label,
from ``--also``, get the teachers' word alone.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from consumer.clean import clean
from consumer.model.folder import ModelFolder
from consumer.model.manifest import sha256
from consumer.scoring.load import load_scorer
from consumer.scoring.scorer import Scorer
from consumer.tokenise import Tokeniser
from training.data import chunk_files
from training.data.progress import progress
from training.data.rows import LABELS, BadInputError, Row, read_rows
from training.data.staging import staged
from training.fit.record import as_json, manifest_of
from training.fit.start import called
from training.measure.evaluation import usable_cores
from training.measure.labelled import score
from training.measure.measures import probabilities
from training.measure.opened import open_any
from training.measure.weighted import Floats

HEADER = ("target", "text", "source", "weight", "aim")


@dataclass(frozen=True)
class Teacher:
    """A model, and the source whose rows it speaks of; ``""``: those that no other teacher is bound to."""

    source: str
    model: ModelFolder
    scorer: Scorer

    def says(self, texts: Sequence[str]) -> Floats:
        """P(positive) of n cleaned texts, (n,), calibrated as the model is."""
        logits = score(self.scorer, [tokens.ids for tokens in self._tokeniser(texts)])
        return probabilities(logits, self.model.scale)

    @cached_property
    def _tokeniser(self) -> Tokeniser:
        return Tokeniser(self.model.tokeniser_path, self.model.max_length)


@dataclass(slots=True)
class Account:
    """What the teachers said of the labelled rows of one source."""

    rows: int = 0
    agreeing: int = 0


def teach(
    chunks: Path, out: Path, teachers: Sequence[Teacher], share: float, also: Sequence[Path] = ()
) -> dict[str, Account]:
    """Make the folder ``out``; returns how often the teachers agree with the labels, by source.

    Raises:
        BadInputError: no chunks, or not those of their manifest; a file named that is malformed; a source
            that no teacher speaks of.
        ModelRefusedError: a teacher's score is not a number.
    """
    paths = sorted(chunks.glob("chunk_*.csv"))
    if not paths:
        raise BadInputError(f"{chunks}: no chunk_*.csv; run `python -m training chunk` first")
    chunk_files.check_chunks(chunks, {path.name: sha256(path) for path in paths})
    chunk_files.check_replaceable(out, [*paths, *also])
    more = [row for path in also for row in read_rows(path, path.stem)]
    accounts: dict[str, Account] = {}
    with staged(out) as folder, progress("teaching") as report:
        (folder / chunk_files.CHUNKS).mkdir()
        done, written = 0, dict[str, dict[str, Any]]()
        for number, path in enumerate(paths):
            rows = [*read_rows(path, path.stem), *more[number :: len(paths)]]
            taught = _taught(rows, teachers, share, accounts)
            written[path.name] = _write(folder / chunk_files.CHUNKS / path.name, taught)
            done += len(rows)
            report((number + 1) / len(paths), done)
        made = _manifest(paths, teachers, share, also)
        chunk_files.write_manifest(folder, made | {"chunks": written})
    return accounts


def is_made(chunks: Path, out: Path, teachers: Sequence[Teacher], share: float, also: Sequence[Path]) -> bool:
    """Whether ``out`` was made of the same files, teachers and share, and is as it was made."""
    found = chunk_files.read_manifest(out)
    if found is None:
        return False
    made = as_json(_manifest(sorted(chunks.glob("chunk_*.csv")), teachers, share, also))
    if found | {"chunks": None} != made | {"chunks": None}:
        return False
    taught = out / chunk_files.CHUNKS
    try:
        chunk_files.check_chunks(taught, {path.name: sha256(path) for path in taught.glob("chunk_*.csv")})
    except BadInputError:  # somebody changed it since
        return False
    return True


def _taught(
    rows: Sequence[Row], teachers: Sequence[Teacher], share: float, accounts: dict[str, Account]
) -> list[Row]:
    """Rows with their aims; those that cleaning leaves nothing of go."""
    texts = [clean(row.text) for row in rows]
    rows, texts = [r for r, t in zip(rows, texts, strict=True) if t], [t for t in texts if t]
    by_source: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        by_source.setdefault(row.source, []).append(index)
    aims: list[float] = [0.0] * len(rows)
    for source, indices in by_source.items():
        said = np.mean(
            [teacher.says([texts[i] for i in indices]) for teacher in _of(source, teachers)], axis=0
        )
        account = accounts.setdefault(source, Account())
        for index, p in zip(indices, said.tolist(), strict=True):
            label = LABELS.get(rows[index].target)
            aims[index] = p if label is None else share * p + (1 - share) * label
            account.rows += label is not None
            account.agreeing += label is not None and (p >= 0.5) == (label == 1)  # noqa: PLR2004 - even odds
    return [row._replace(aim=aim) for row, aim in zip(rows, aims, strict=True)]


def _of(source: str, teachers: Sequence[Teacher]) -> list[Teacher]:
    bound = [teacher for teacher in teachers if teacher.source == source]
    found = bound or [teacher for teacher in teachers if not teacher.source]
    if not found:
        raise BadInputError(f"no teacher speaks of {source!r}: give one without a source")
    return found


def _write(path: Path, rows: Sequence[Row]) -> dict[str, Any]:
    """One chunk; returns its number of rows and its sha256."""
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(HEADER)
        for row in rows:
            lines.writerow((row.target, row.text, row.source, f"{row.weight:.6g}", f"{row.aim:.6f}"))
    return {"rows": len(rows), "sha256": sha256(path)}


def _manifest(
    paths: Sequence[Path], teachers: Sequence[Teacher], share: float, also: Sequence[Path]
) -> dict[str, Any]:
    chunks = paths[0].parent if paths else Path()
    return (manifest_of(chunks, len(paths)) or {}) | _made_by(paths, teachers, share, also)


def _made_by(
    paths: Sequence[Path], teachers: Sequence[Teacher], share: float, also: Sequence[Path]
) -> dict[str, Any]:
    named = [
        {
            "source": teacher.source,
            "name": called(teacher.model.path),
            "sha256": sha256(teacher.model.path / "model.safetensors"),
            "scale": asdict(teacher.model.scale),
        }
        for teacher in teachers
    ]
    return {
        "teachers": named,
        "share": share,
        "chunks_sha256": hashlib.sha256("".join(map(sha256, paths)).encode()).hexdigest(),
        "also": {path.name: sha256(path) for path in also},
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training teach``."""
    flag = parser.add_argument
    flag("--teacher", action="append", required=True, metavar="[SOURCE=]FOLDER",
         help="a model folder or checkpoint; bound to the rows of SOURCE, or for all that no other is bound "
         "to; several of a kind are averaged")  # fmt: skip
    flag("--chunks", type=Path, default=Path("Data/processed/Chunks"), help="folder of chunk_*.csv")
    flag("--also", type=Path, nargs="+", default=[], metavar="FILE",
         help="more texts, labels not needed: such as Data/processed/neutral.csv")  # fmt: skip
    flag("--share", type=_share, default=0.7, help="of the teachers' word beside the label, 0 to 1")
    flag("--out", type=Path, default=Path("Data/taught"), help="folder to make or to replace")
    flag("--keep", action="store_true", help="leave OUT as it is where it was made of the same chunks, "
         "teachers, texts and share")  # fmt: skip


def _share(argument: str) -> float:
    share = float(argument)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{argument} is not from 0 to 1")
    return share


def _teacher(argument: str) -> Teacher:
    source, equals, folder = argument.partition("=")
    path = Path(folder if equals else argument)
    model = open_any(path)
    scorer = load_scorer(model.path, "tensorflow", streams=usable_cores())
    return Teacher(source if equals else "", model, scorer)


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training teach``."""
    teachers = [_teacher(one) for one in args.teacher]
    if args.keep and is_made(args.chunks, args.out, teachers, args.share, args.also):
        print(f"{args.out} was made of the same chunks and teachers: kept")
        return 0
    accounts = teach(args.chunks, args.out, teachers, args.share, args.also)
    for source, account in accounts.items():
        if account.rows:
            share = account.agreeing / account.rows
            print(f"{source}: the teachers agree with {share:.2%} of {account.rows:,} labels")
    print(f"wrote {args.out}: train with --chunks {args.out / chunk_files.CHUNKS}")
    return 0
