"""What one pass over the data takes, in which order: old chunks, or new rows mixed with a share of old ones.

The order follows from seed and pass alone, and only some chunks are in memory at a time, so a run can go
on at any place of it without having gone there.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from consumer.tokenise import Tokeniser
from training.data.batches import Example, Parts, bucketed, to_examples
from training.data.rows import LABELS, BadInputError, Row, read_rows
from training.data.split import TRAIN, place, split_of

Group = TypeVar("Group")
ROWS_TOGETHER = 12_000  # mixed with each other before they are put into batches


@dataclass(frozen=True, slots=True)
class Labelled:
    """A labelled file, how many rows of it train, and its hash."""

    path: Path
    rows: int
    sha256: str
    checked: bool = False  # rows of a held-out split are to be left out, and those of ``seen``
    seen: frozenset[int] = frozenset()  # keys of texts that are measured on
    left_out: int = 0  # rows of the train split, for what they say is in ``seen``


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of the rows that train, by their number among them."""

    file: Labelled
    rows: range


class Position(NamedTuple):
    """The next batch: which pass over the data, which group of files in it, which batch of the group."""

    epoch: int = 0
    group: int = 0
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Mixture:
    """All chunks; or, where there are new files, these with old rows as ``old_share`` of the whole."""

    old: tuple[Labelled, ...]
    new: tuple[Labelled, ...] = ()
    old_share: float = 0.5

    @property
    def rows(self) -> int:
        """Rows of one pass."""
        return sum(len(one.rows) for group in self.groups(0, 0) for one in group)

    def groups(self, seed: int, epoch: int) -> list[list[Slice]]:
        """One pass in order: groups of slices whose rows are mixed with each other."""
        rng = random.Random(f"{seed}/{epoch}")
        old = self._old(rng)
        new = [Slice(file, range(file.rows)) for file in self.new]
        count = max(1, -(-sum(len(one.rows) for one in (*old, *new)) // ROWS_TOGETHER))
        # New files give some rows to every group, old chunks are dealt out whole.
        return [
            [Slice(n.file, n.rows[g::count]) for n in new]
            + old[_cut(old, g, count) : _cut(old, g + 1, count)]
            for g in range(count)
        ]

    def _old(self, rng: random.Random) -> list[Slice]:
        order = list(self.old)
        rng.shuffle(order)
        wanted = sum(file.rows for file in order)
        if self.new:
            added = sum(file.rows for file in self.new)
            wanted = min(wanted, round(added * self.old_share / (1.0 - self.old_share)))
        taken: list[Slice] = []
        for file in order:
            part = min(file.rows, wanted)
            wanted -= part
            if part:
                taken.append(Slice(file, range(part)))
        return taken


def _cut(slices: Sequence[Slice], group: int, count: int) -> int:
    return len(slices) * group // count


def survey(path: Path, *, checked: bool = False, seen: frozenset[int] = frozenset()) -> Labelled:
    """Read a labelled file, to count and hash it; every fault of it is found before training starts.

    A ``checked`` file is one that may hold rows of a held-out split, or with a key of ``seen``: they do not
    train. Raises ``BadInputError`` naming file and row.
    """
    if not path.is_file():
        raise BadInputError(f"{path}: no such file")
    keys = [_key_to_train(row) if checked else 0 for row in _trained_on(path)]
    left_out = sum(key in seen for key in keys) if checked else 0
    rows = len(keys) - keys.count(None) - left_out
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Labelled(path, rows, digest, checked, seen, left_out)


def held_out(path: Path) -> Iterator[Row]:
    """The binary rows of a new file that ``survey`` leaves out: they belong to a held-out split."""
    for row in _trained_on(path):
        if row.target in LABELS and _key_to_train(row) is None:
            yield row


def _training_rows(path: Path, *, checked: bool, seen: frozenset[int] = frozenset()) -> Iterator[Row]:
    for row in _trained_on(path):
        if not checked or ((key := _key_to_train(row)) is not None and key not in seen):
            yield row


def _key_to_train(row: Row) -> int | None:
    """The key of the row's text; None where it belongs to a held-out split."""
    key, position = place(row.text)
    return key if split_of(position) == TRAIN else None


def _trained_on(path: Path) -> Iterator[Row]:
    return (row for row in read_rows(path, path.stem) if row.trains)


def read_slice(part: Slice) -> list[Row]:
    """The rows of a slice, in file order."""
    rows = _training_rows(part.file.path, checked=part.file.checked, seen=part.file.seen)
    return list(islice(rows, part.rows.start, part.rows.stop, part.rows.step))


def endless(
    mixture: Mixture, tokeniser: Tokeniser, batch_size: int, seed: int, most_tokens: int = sys.maxsize
) -> Callable[[Position], Iterator[tuple[Position, Parts]]]:
    """Batches from a position on, pass after pass, each with the position to go on from after it."""

    def read(group: Sequence[Slice]) -> list[Example]:
        return to_examples((row for part in group for row in read_slice(part)), tokeniser)

    return endless_groups(lambda epoch: mixture.groups(seed, epoch), read, batch_size, seed, most_tokens)


def endless_groups(
    groups_of: Callable[[int], Sequence[Group]],
    read: Callable[[Group], Sequence[Example]],
    batch_size: int,
    seed: int,
    most_tokens: int = sys.maxsize,
) -> Callable[[Position], Iterator[tuple[Position, Parts]]]:
    """As ``endless``, of groups of any kind."""

    def batches_of(group: Group, rng: random.Random) -> Iterator[Parts]:
        return bucketed(read(group), batch_size, rng, most_tokens)

    def batches(start: Position) -> Iterator[tuple[Position, Parts]]:
        epoch, first, skip = start
        while True:
            groups, found = groups_of(epoch), False
            for number in range(first, len(groups)):
                rng = random.Random(f"{seed}/{epoch}/{number}")
                for index, batch in enumerate(batches_of(groups[number], rng)):
                    found = True
                    if index >= skip:
                        yield Position(epoch, number, index + 1), batch
                skip = 0
            if not (found or first):
                raise BadInputError("no row with a label 0 or 4 and text: nothing to train on")
            epoch, first = epoch + 1, 0

    return batches
