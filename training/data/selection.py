"""Which rows stay, and where each goes. All of it follows from the texts' hashes, labels and sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from training.data.ledger import Columns, Indices, UInt64s
from training.data.split import SPLITS
from training.data.weights import Floats


@dataclass(frozen=True, slots=True)
class Distinct:
    """Rows of which no two say the same, ordered by hash, and what was left out for it."""

    rows: Indices
    duplicates: int
    contradictory_texts: int
    contradictory_rows: int

    @property
    def counts(self) -> dict[str, int]:
        """As the manifest tells them."""
        return {
            "duplicates_dropped": self.duplicates,
            "contradictory_texts": self.contradictory_texts,
            "contradictory_dropped": self.contradictory_rows,
        }


def distinct(keys: UInt64s, labels: np.typing.NDArray[np.uint8]) -> Distinct:
    """The first row of every text; none of a text that stands there with two labels, wherever they stand."""
    if not len(keys):
        return Distinct(np.empty(0, np.intp), 0, 0, 0)
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=keys[order[0]] ^ np.uint64(1)))
    sizes = np.diff(starts, append=len(keys))
    grouped = labels[order]
    clash = np.minimum.reduceat(grouped, starts) != np.maximum.reduceat(grouped, starts)
    return Distinct(
        rows=order[starts[~clash]],
        duplicates=int(sizes[~clash].sum() - np.count_nonzero(~clash)),
        contradictory_texts=int(np.count_nonzero(clash)),
        contradictory_rows=int(sizes[clash].sum()),
    )


def in_share(rows: Indices, columns: Columns, shares: Floats) -> Indices:
    """Of ``rows`` that train those within their source's share, (sources,): a larger one holds a smaller."""
    first = SPLITS[-1][1]
    place = (columns.keys[rows] / 2.0**64 - first) / (1 - first)  # even over [0, 1) for rows that train
    return rows[place <= shares[columns.sources[rows]]]


def shuffled(keys: UInt64s, seed: int) -> UInt64s:
    """Numbers to sort by: a random order that follows from the texts and the seed, not from the rows' order.

    The finaliser of SplitMix64 (Steele, Lea and Flood 2014): a bijection, so no two texts tie.
    """
    offset = (0x9E3779B97F4A7C15 * (seed + 1)) % 2**64
    mixed = keys + np.uint64(offset)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def balanced_chunks(halves: Sequence[Indices], keys: UInt64s, size: int, seed: int) -> Iterator[Indices]:
    """Chunks of ``size`` rows, as many of one half as of the other; the last may be shorter.

    Each half lists its rows with those first that are to stay when it is the longer one.
    """
    even = min(len(half) for half in halves)
    mixed = [half[:even][np.argsort(shuffled(keys[half[:even]], 3 * seed + 1))] for half in halves]
    for start in range(0, even, size // 2):
        part = np.concatenate([half[start : start + size // 2] for half in mixed])
        yield part[np.argsort(shuffled(keys[part], 3 * seed + 2))]


def plain_chunks(rows: Indices, keys: UInt64s, size: int, seed: int) -> Iterator[Indices]:
    """All rows in random order, cut into chunks of ``size``; the last may be shorter."""
    mixed = rows[np.argsort(shuffled(keys[rows], 3 * seed + 1))]
    for start in range(0, len(mixed), size):
        yield mixed[start : start + size]


def in_line(rows: Indices, sources: np.typing.NDArray[np.uint32], keys: UInt64s, seed: int) -> Indices:
    """Rows in random order, those of small sources first: they are never the ones left out."""
    counts = np.bincount(sources[rows])
    return rows[np.lexsort((shuffled(keys[rows], 3 * seed), counts[sources[rows]]))]
