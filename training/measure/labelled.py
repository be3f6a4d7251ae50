"""Labelled texts and their scores, from a model folder and a back end."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from consumer.scoring.scorer import Logits, Scorer
from consumer.tokenise import Tokeniser
from training.data.batches import read_examples
from training.data.rows import BadInputError

_AT_ONCE = 2048  # texts a call: sorts well, and memory stays bounded


@dataclass(frozen=True, slots=True)
class Labelled:
    """Word-piece ids of n texts and their labels, 0 or 1."""

    name: str
    ids: list[list[int]]
    labels: npt.NDArray[np.int8]  # (n,)

    def sample(self, count: int, seed: int) -> Labelled:
        """At most ``count`` of the texts, chosen by ``seed``, in file order."""
        chosen = random.Random(seed).sample(range(len(self.ids)), min(count, len(self.ids)))
        chosen.sort()
        return Labelled(self.name, [self.ids[i] for i in chosen], self.labels[chosen])


def read_labelled(path: Path, tokeniser: Tokeniser) -> Labelled:
    """The binary rows of a labelled csv; raises ``BadInputError`` when there are none."""
    if not path.is_file():
        raise BadInputError(f"{path}: no such file")
    examples = read_examples(path, tokeniser)
    if not examples:
        raise BadInputError(f"{path}: no row labelled 0 or 4 with text")
    labels = np.array([e.label for e in examples], np.int8)
    return Labelled(set_name(path), [e.ids for e in examples], labels)


def set_name(path: Path) -> str:
    """The name of a file without its endings.

    >>> set_name(Path("Data/raw/manual_test.csv.gz"))
    'manual_test'
    """
    return path.name.split(".", 1)[0]


def score(scorer: Scorer, ids: list[list[int]]) -> Logits:
    """Logits (n,) in order."""
    parts = [scorer.logits(ids[start : start + _AT_ONCE]) for start in range(0, len(ids), _AT_ONCE)]
    return np.concatenate(parts)
