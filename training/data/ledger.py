"""What is remembered of every row while chunking: a few numbers in memory, the text on the disk."""

from __future__ import annotations

import itertools
import os
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.data.rows import Row

TARGETS = ("0", "2", "4")  # codes of labels are indices of these
_CODES = {target: code for code, target in enumerate(TARGETS)}
_SPECIAL = (",", '"', "\r", "\n")

UInt64s = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Columns:
    """The numbers of all rows, in the order they were added; (n,) each."""

    keys: UInt64s  # hash of the normalised text
    labels: npt.NDArray[np.uint8]  # index of TARGETS
    sources: npt.NDArray[np.uint32]  # index of Ledger.sources
    days: npt.NDArray[np.uint32]  # index of Ledger.days
    weights: npt.NDArray[np.float32]  # as they came with the rows


class Ledger:
    """Rows by number: about 30 bytes each in memory, their csv lines in an unnamed file under ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.sources: dict[str, int] = {}
        self.days: dict[str, int] = {}
        self._spill = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by close()
        self._keys = array("Q")
        self._labels = array("B")
        self._sources = array("I")
        self._days = array("I")
        self._weights = array("f")
        self._ends = array("Q", [0])

    def add(self, rows: Sequence[Row], keys: Iterable[int], days: Iterable[str]) -> None:
        """Rows with the hashes of their normalised texts and the days they were written on."""
        if not rows:
            return
        targets, texts, sources, weights, *_ = zip(*rows, strict=True)
        names = {source: _quoted_if_needed(source) for source in dict.fromkeys(sources)}
        for source in names:
            self.sources.setdefault(source, len(self.sources))
        lines = [
            f"{target},{_quoted(text)},{names[source]}".encode()
            for target, text, source in zip(targets, texts, sources, strict=True)
        ]
        self._spill.write(b"".join(lines))
        self._ends.extend(itertools.accumulate(map(len, lines), initial=self._ends.pop()))
        self._keys.extend(keys)
        self._labels.extend(map(_CODES.__getitem__, targets))
        self._sources.extend(map(self.sources.__getitem__, sources))
        self._days.extend(self.days.setdefault(day, len(self.days)) for day in days)
        self._weights.extend(weights)

    def columns(self) -> Columns:
        """The numbers of all rows added so far, which are the last."""
        self._spill.flush()
        return Columns(
            np.frombuffer(self._keys, np.uint64),
            np.frombuffer(self._labels, np.uint8),
            np.frombuffer(self._sources, np.uint32),
            np.frombuffer(self._days, np.uint32),
            np.frombuffer(self._weights, np.float32),
        )

    def lines(self, rows: Indices) -> Iterator[bytes]:
        """``target,text,source`` of these rows as csv, without the line's end."""
        file, ends = self._spill.fileno(), self._ends
        for row in rows.tolist():
            # Not mapped into memory: pages of a mapped file count as resident.
            yield os.pread(file, ends[row + 1] - ends[row], ends[row])

    def close(self) -> None:
        """Give the space on the disk back."""
        self._spill.close()


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _quoted_if_needed(text: str) -> str:
    return _quoted(text) if any(special in text for special in _SPECIAL) else text
