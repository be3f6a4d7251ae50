"""Rows → length-bucketed batches of word-piece ids."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from consumer.clean import clean
from consumer.tokenise import Tokeniser
from training.data.rows import LABELS, Row, read_rows

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
_WIDTH_STEP = 4  # batches are padded to a multiple of this; 8 would be 7 % more to compute on tweets


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded ids with their mask, labels and weights: all rows of a batch, or a part of them."""

    input_ids: Ints  # (n, t)
    attention_mask: Ints  # (n, t)
    labels: Floats  # (n,) 0 or 1, or between where there are teachers
    weights: Floats  # (n,) how much a row counts, 1 on average

    @property
    def arrays(self) -> tuple[Ints, Ints, Floats, Floats]:
        """As a graph takes them."""
        return self.input_ids, self.attention_mask, self.labels, self.weights


Parts = tuple[Batch, ...]  # of one batch, whose losses add up to the batch's mean loss


@dataclass(frozen=True, slots=True)
class Example:
    """One tokenised tweet, its label or what teachers say instead, and how much it counts."""

    ids: list[int]
    label: float  # 0 to 1
    weight: float = 1.0


def read_examples(path: Path, tokeniser: Tokeniser) -> list[Example]:
    """Tokenised rows of a labelled csv; neutral rows and rows empty after cleaning are left out."""
    return to_examples((row._replace(aim=None) for row in read_rows(path, path.stem)), tokeniser)


def to_examples(rows: Iterable[Row], tokeniser: Tokeniser) -> list[Example]:
    """Tokenised rows that train, in order, without those that are empty after cleaning."""
    kept = [(clean(row.text), row) for row in rows if row.trains]
    kept = [(text, row) for text, row in kept if text]
    tokens = tokeniser([text for text, _ in kept])
    return [Example(t.ids, _aim(row), row.weight) for t, (_, row) in zip(tokens, kept, strict=True)]


def _aim(row: Row) -> float:
    return float(LABELS[row.target]) if row.aim is None else row.aim


def pad(examples: Sequence[Example]) -> Batch:
    """One batch, padded to the longest example rounded up to the width step."""
    ids = np.zeros((len(examples), _width(examples)), np.int32)
    mask = np.zeros_like(ids)
    for row, example in enumerate(examples):
        ids[row, : len(example.ids)] = example.ids
        mask[row, : len(example.ids)] = 1
    labels = np.array([e.label for e in examples], np.float32)
    return Batch(ids, mask, labels, np.array([e.weight for e in examples], np.float32))


def _width(examples: Sequence[Example]) -> int:
    return -(-max(len(e.ids) for e in examples) // _WIDTH_STEP) * _WIDTH_STEP


def bucketed(
    examples: Sequence[Example], batch_size: int, rng: random.Random, most_tokens: int = sys.maxsize
) -> Iterator[Parts]:
    """Neighbours in a batch alike in length, batches in random order, every example at most once.

    What does not fill a last batch is left out, by chance and not by length: a short batch's gradient
    would weigh too much. Fewer examples than a batch make one. A batch of more padded tokens than
    ``most_tokens`` comes in several parts, whose rows count for their share of the batch: the longest texts
    would otherwise decide how much memory a run takes.
    """
    whole = len(examples) // batch_size * batch_size or len(examples)
    chosen = rng.sample(range(len(examples)), whole)  # in random order, so that equal lengths mix
    chosen.sort(key=lambda i: len(examples[i].ids))
    starts = list(range(0, whole, batch_size))
    rng.shuffle(starts)
    for start in starts:
        yield tuple(_parts([examples[i] for i in chosen[start : start + batch_size]], most_tokens))


def _parts(examples: Sequence[Example], most_tokens: int) -> Iterator[Batch]:
    count = min(len(examples), -(-len(examples) * _width(examples) // most_tokens))
    for number in range(count):
        part = examples[number::count]
        share = len(part) / len(examples)
        yield pad([replace(one, weight=one.weight * share) for one in part] if count > 1 else part)
