"""Batches of texts of about one length, padded as little as pays."""

from __future__ import annotations

import random

from training.data.batches import Example, bucketed


def test_a_batch_is_hardly_wider_than_its_longest_text() -> None:
    """What is computed for nothing stays small: a few pieces beyond the longest, and those are masked."""
    rng = random.Random(3)
    texts = [Example([7] * rng.randint(3, 60), 1.0, 1.0) for _ in range(640)]
    batches = [batch for parts in bucketed(texts, 64, random.Random(1)) for batch in parts]
    assert sum(len(batch.input_ids) for batch in batches) == len(texts)
    for batch in batches:
        longest = int(batch.attention_mask.sum(axis=1).max())
        assert longest <= batch.input_ids.shape[1] < longest + 4
    padded = sum(batch.input_ids.size for batch in batches)
    assert padded < 1.2 * sum(len(text.ids) for text in texts)
