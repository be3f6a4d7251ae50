"""Labelled texts and their scores, from a model folder and a back end."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from consumer.clean import clean
from consumer.errors import ModelRefusedError
from consumer.scoring.scorer import Logits, Scorer
from consumer.tokenise import Tokeniser
from training.data.rows import LABELS, BadInputError, Row, read_rows

Weights = npt.NDArray[np.float64]
_AT_ONCE = 2048  # texts a call: sorts well, and memory stays bounded


@dataclass(frozen=True, slots=True)
class Labelled:
    """Word-piece ids of n texts and their labels, 0 or 1; neutral texts stand apart, they have no label."""

    name: str
    ids: list[list[int]]
    labels: npt.NDArray[np.int8]  # (n,)
    texts: list[str] = field(default_factory=list)  # n as they came, or none where nobody asks for slices
    sources: list[str] = field(default_factory=list)  # n, or none
    neutral_ids: list[list[int]] = field(default_factory=list)

    def sample(self, count: int, seed: int) -> Labelled:
        """At most ``count`` of the labelled texts, chosen by ``seed``, in file order."""
        chosen = random.Random(seed).sample(range(len(self.ids)), min(count, len(self.ids)))
        chosen.sort()
        return Labelled(
            self.name,
            [self.ids[i] for i in chosen],
            self.labels[chosen],
            [self.texts[i] for i in chosen] if self.texts else [],
            [self.sources[i] for i in chosen] if self.sources else [],
        )


def read_labelled(path: Path, tokeniser: Tokeniser) -> Labelled:
    """The rows of a labelled csv; rows empty after cleaning are left out.

    Raises ``BadInputError`` when none is labelled positive or negative.
    """
    if not path.is_file():
        raise BadInputError(f"{path}: no such file")
    rows = [(row, clean(row.text)) for row in read_rows(path, set_name(path))]
    binary = [(row, text) for row, text in rows if text and row.target in LABELS]
    if not binary:
        raise BadInputError(f"{path}: no row labelled 0 or 4 with text")
    neutral = [text for row, text in rows if text and row.target not in LABELS]
    return Labelled(
        set_name(path),
        _ids(tokeniser, [text for _, text in binary]),
        np.array([LABELS[row.target] for row, _ in binary], np.int8),
        [row.text for row, _ in binary],
        _sources([row for row, _ in binary]),
        _ids(tokeniser, neutral),
    )


def read_together(paths: Sequence[Path], tokeniser: Tokeniser) -> tuple[Labelled, Weights]:
    """The labelled rows of all files as one set, and weights (n,), mean 1, by which each file counts alike.

    Raises as ``read_labelled`` does.
    """
    sets = [read_labelled(path, tokeniser) for path in paths]
    total = sum(len(one.ids) for one in sets)
    weights = [np.full(len(one.ids), total / (len(sets) * len(one.ids))) for one in sets]
    together = Labelled(
        "+".join(one.name for one in sets),
        [ids for one in sets for ids in one.ids],
        np.concatenate([one.labels for one in sets]),
        [text for one in sets for text in one.texts],
        [source for one in sets for source in one.sources],
    )
    return together, np.concatenate(weights)


def _ids(tokeniser: Tokeniser, texts: Sequence[str]) -> list[list[int]]:
    return [tokens.ids for tokens in tokeniser(texts)]


def _sources(rows: Sequence[Row]) -> list[str]:
    return [row.source for row in rows]


def set_name(path: Path) -> str:
    """The name of a file without its endings.

    >>> set_name(Path("Data/raw/manual_test.csv.gz"))
    'manual_test'
    """
    return path.name.split(".", 1)[0]


def score(scorer: Scorer, ids: list[list[int]]) -> Logits:
    """Logits (n,) in order; raises ``ModelRefusedError`` where one is not a number."""
    parts = [scorer.logits(ids[start : start + _AT_ONCE]) for start in range(0, len(ids), _AT_ONCE)]
    logits = np.concatenate(parts) if parts else np.empty(0, np.float32)
    wrong = int(np.sum(~np.isfinite(logits)))
    if wrong:
        raise ModelRefusedError(f"the model gave no number for {wrong} of {len(logits)} texts")
    return logits
