"""Micro-batch → chunks of texts alike in length, cut under a budget of padded tokens. Pure.

A chunk much above 512 padded tokens falls out of a core's cache; a batch that is not sorted by length
first computes mostly over padding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One call of the model: which texts, padded to which width."""

    rows: tuple[int, ...]  # positions in the caller's list, the longest text first
    width: int

    @property
    def padded_tokens(self) -> int:
        """What the model computes over, padding included."""
        return len(self.rows) * self.width


def cut(lengths: Sequence[int], budget: int, width_step: int = 1) -> Iterator[Chunk]:
    """Every position once, longest texts first, each chunk at most ``budget`` padded tokens.

    A text that is longer than the budget by itself makes a chunk alone. Widths are rounded up to a
    multiple of ``width_step``: fewer shapes for a runtime that keeps kernels for every shape it met.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    start = 0
    while start < len(order):
        width = max(1, -(-lengths[order[start]] // width_step)) * width_step
        count = max(1, budget // width)
        yield Chunk(tuple(order[start : start + count]), width)
        start += count


def pad(ids: Sequence[Sequence[int]], chunk: Chunk) -> tuple[Ints, Ints]:
    """A chunk's word-piece ids and attention mask, both (rows, width); padding is 0 in both."""
    input_ids = np.zeros((len(chunk.rows), chunk.width), np.int32)
    mask = np.zeros_like(input_ids)
    for row, position in enumerate(chunk.rows):
        length = len(ids[position])
        input_ids[row, :length] = ids[position]
        mask[row, :length] = 1
    return input_ids, mask
