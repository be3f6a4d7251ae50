"""Cutting a micro-batch into chunks and padding them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from consumer.scoring.chunks import Chunk, cut, pad

lengths_lists = st.lists(st.integers(0, 200), max_size=120)
budgets = st.integers(1, 600)
steps = st.integers(1, 16)


@given(lengths_lists, budgets, steps)
def test_every_row_once(lengths: list[int], budget: int, step: int) -> None:
    """No text is left out and none is scored twice."""
    rows = [row for chunk in cut(lengths, budget, step) for row in chunk.rows]
    assert sorted(rows) == list(range(len(lengths)))


@given(lengths_lists, budgets, steps)
def test_budget_kept(lengths: list[int], budget: int, step: int) -> None:
    """A chunk stays within the budget, or is one text that is longer by itself."""
    for chunk in cut(lengths, budget, step):
        assert chunk.padded_tokens <= budget or len(chunk.rows) == 1


@given(lengths_lists, budgets, steps)
def test_width_fits_and_is_no_wider_than_needed(lengths: list[int], budget: int, step: int) -> None:
    """A chunk is as wide as its longest text, rounded up to the step."""
    for chunk in cut(lengths, budget, step):
        longest = max(lengths[row] for row in chunk.rows)
        assert longest <= chunk.width <= max(longest, 1) + step - 1
        assert chunk.width % step == 0


@given(lengths_lists, budgets)
def test_alike_in_length(lengths: list[int], budget: int) -> None:
    """Texts of a chunk are neighbours in length: no text of a later chunk is longer."""
    chunks = list(cut(lengths, budget))
    for chunk, later in pairwise(chunks):
        assert min(lengths[r] for r in chunk.rows) >= max(lengths[r] for r in later.rows)


@given(st.lists(st.lists(st.integers(1, 999), min_size=1, max_size=40), min_size=1, max_size=40), budgets)
def test_padding_keeps_every_piece_and_masks_the_rest(ids: list[list[int]], budget: int) -> None:
    """What the mask uncovers is exactly the text; everything else is 0."""
    for chunk in cut([len(text) for text in ids], budget, 4):
        input_ids, mask = pad(ids, chunk)
        assert input_ids.dtype == mask.dtype == np.int32
        assert input_ids.shape == mask.shape == (len(chunk.rows), chunk.width)
        for row, position in enumerate(chunk.rows):
            assert input_ids[row][mask[row] == 1].tolist() == ids[position]
        assert not input_ids[mask == 0].any()


def test_example() -> None:
    """Five texts under a budget of 12: the longest alone, then two by two."""
    assert list(cut([3, 12, 6, 2, 5], 12)) == [Chunk((1,), 12), Chunk((2, 4), 6), Chunk((0, 3), 3)]
