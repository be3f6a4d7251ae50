"""Chunks → length-bucketed batches of word-piece ids."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from consumer.clean import clean
from consumer.tokenise import Tokeniser
from training.data.rows import LABELS, read_rows

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
_WIDTH_STEP = 8  # batches are padded to a multiple of this: few shapes to trace


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded ids with their mask and labels."""

    input_ids: Ints  # (n, t)
    attention_mask: Ints  # (n, t)
    labels: Floats  # (n,) 0 or 1


@dataclass(frozen=True, slots=True)
class Example:
    """One tokenised tweet and its label."""

    ids: list[int]
    label: int


def read_examples(path: Path, tokeniser: Tokeniser) -> list[Example]:
    """Tokenised rows of a labelled csv; neutral rows and rows empty after cleaning are left out."""
    rows = [(clean(r.text), LABELS[r.target]) for r in read_rows(path, path.stem) if r.target in LABELS]
    rows = [(text, label) for text, label in rows if text]
    tokens = tokeniser([text for text, _ in rows])
    return [Example(t.ids, label) for t, (_, label) in zip(tokens, rows, strict=True)]


def pad(examples: Sequence[Example]) -> Batch:
    """One batch, padded to the longest example rounded up to the width step."""
    width = -(-max(len(e.ids) for e in examples) // _WIDTH_STEP) * _WIDTH_STEP
    ids = np.zeros((len(examples), width), np.int32)
    mask = np.zeros_like(ids)
    for row, example in enumerate(examples):
        ids[row, : len(example.ids)] = example.ids
        mask[row, : len(example.ids)] = 1
    return Batch(ids, mask, np.array([e.label for e in examples], np.float32))


def bucketed(examples: list[Example], batch_size: int, rng: random.Random) -> Iterator[Batch]:
    """Every example once, neighbours in a batch alike in length, batches in random order.

    The last, short batch is left out unless it is the only one: its gradient would weigh too much.
    """
    order = sorted(range(len(examples)), key=lambda i: (len(examples[i].ids), rng.random()))
    starts = list(range(0, len(order) - batch_size + 1, batch_size)) or [0]
    rng.shuffle(starts)
    for start in starts:
        yield pad([examples[i] for i in order[start : start + batch_size]])
