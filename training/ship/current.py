"""Which model is in use: ``Models/CURRENT``, one line, and how it came to be: ``Models/HISTORY.jsonl``."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import RawIOBase
from pathlib import Path
from typing import Any

from consumer.model.folder import POINTER
from training.fit.disk import sync

HISTORY = "HISTORY.jsonl"
PROMOTE, ROLLBACK = "promote", "rollback"


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of the model in use."""

    time: str  # UTC, ISO 8601
    action: str
    before: str | None  # name of the folder
    after: str
    versions: tuple[str | None, str]  # of both
    verdict: str  # better, same, worse, first, or why there was no comparison
    reason: str | None = None  # what the person said
    comparison: dict[str, Any] | None = None


def in_use(models: Path) -> str | None:
    """The name in ``CURRENT``; ``None`` where there is none."""
    pointer = models / POINTER
    return pointer.read_text(encoding="utf-8", errors="replace").strip() if pointer.is_file() else None


def move(models: Path, entry: Entry) -> None:
    """Write the entry, then move ``CURRENT``.

    In this order a kill between the two leaves an entry whose move did not happen, which ``way_here`` tells
    by where ``CURRENT`` is; the other way round it would leave a move that nobody can tell from a promotion.

    Raises:
        OSError: a full disk, for one; says what ``CURRENT`` names now.
    """
    try:
        record(models, entry)
        point(models, entry.after)
    except OSError as error:
        moved = in_use(models) == entry.after
        file, reason = error.filename or models / HISTORY, error.strerror or error
        raise OSError(
            f"{file}: {reason}; {POINTER} {'moved and' if moved else 'did not move,'} "
            f"names {in_use(models) or 'no model'}"
        ) from error


def point(models: Path, name: str) -> None:
    """Move ``CURRENT`` to another name in one rename, on the disk before this returns."""
    pointer = models / POINTER
    temporary = models / f".{POINTER}.{os.getpid()}.tmp"
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(name + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(pointer)
    finally:
        temporary.unlink(missing_ok=True)
    sync(models)


@contextmanager
def alone(models: Path) -> Iterator[None]:
    """Nobody else changes ``CURRENT`` meanwhile; the kernel lets go when the process ends."""
    with (models / ".promote.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def record(models: Path, entry: Entry) -> None:
    """Append one line to the history, on the disk before this returns; after a line cut short, a new one."""
    path = models / HISTORY
    line = json.dumps(asdict(entry), ensure_ascii=False) + "\n"
    with path.open("ab+", buffering=0) as file:
        size = file.tell()
        if size:
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else "\n" + line
        try:
            _write_all(file, line.encode())
            os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):  # part of a line says nothing, and is told at every reading
                file.truncate(size)
            raise
    sync(models)


def _write_all(file: RawIOBase, content: bytes) -> None:
    while content:
        content = content[file.write(content) or 0 :]


def read_history(models: Path) -> tuple[list[Entry], list[str]]:
    """The entries in order, and a sentence on every line that is none."""
    path = models / HISTORY
    lines = path.read_bytes().decode("utf-8", "replace").splitlines() if path.is_file() else []
    entries: list[Entry] = []
    faults: list[str] = []
    for number, line in enumerate(lines, 1):
        try:
            raw = json.loads(line)
            entry = Entry(**{**raw, "versions": tuple(raw["versions"])})
            if not isinstance(entry.after, str) or not isinstance(entry.before, str | None):
                raise TypeError("names must be strings")  # noqa: TRY301 - one handler tells of all faults
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            if line.strip():
                faults.append(f"{path}, line {number}: not an entry, passed over: {error}")
        else:
            entries.append(entry)
    return entries, faults


def way_here(entries: Sequence[Entry], current: str | None) -> list[str]:
    """The names in use one after the other up to ``current``, without what was rolled back.

    An entry whose move did not happen (a kill between the two writes, a full disk) is passed over. A change
    that left no entry (a hand) is a rollback where it leads to the one before, else a promotion.

    >>> one, two = (Entry("", PROMOTE, b, a, (None, ""), "") for b, a in (("a", "b"), ("b", "c")))
    >>> way_here([one, two, Entry("", ROLLBACK, "c", "b", (None, ""), "")], "b")
    ['a', 'b']
    >>> way_here([one, two], "b")
    ['a', 'b']
    """
    way: list[str] = []
    found_by_next = [*(entry.before for entry in entries), current][1:]
    for entry, found in zip(entries, found_by_next, strict=True):
        _arrive_by_hand(way, entry.before)
        if found == entry.before:  # so ``CURRENT`` did not move, or a hand took it back
            continue
        if entry.action == ROLLBACK and entry.after in way:
            del way[len(way) - way[::-1].index(entry.after) :]
        _arrive(way, entry.after)
    _arrive_by_hand(way, current)
    return way


def _arrive_by_hand(way: list[str], name: str | None) -> None:
    """Be at ``name``, wherever the way was said to lead."""
    if name is None:
        return
    if way[-2:-1] == [name]:
        way.pop()
    _arrive(way, name)


def _arrive(way: list[str], name: str) -> None:
    if not way or way[-1] != name:
        way.append(name)
