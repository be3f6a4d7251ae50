"""Fixed validation sets, scored the same way every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.data.batches import Batch, Example, Floats, pad

_AT_ONCE = 128
Sets = Mapping[str, Sequence[Example]]


class Validation:
    """Batches of each set, made once: alike in length, nothing left out."""

    def __init__(self, sets: Sets) -> None:
        self._batches = {name: _batches(examples) for name, examples in sets.items()}

    def scores(self, scorer: Any) -> dict[str, dict[str, float]]:
        """Accuracy at probability 0.5 and mean log loss, by set."""
        return {name: _scores(scorer, batches) for name, batches in self._batches.items()}


def _batches(examples: Sequence[Example]) -> list[Batch]:
    ordered = sorted(examples, key=lambda e: len(e.ids))
    return [pad(ordered[start : start + _AT_ONCE]) for start in range(0, len(ordered), _AT_ONCE)]


def _scores(scorer: Any, batches: Sequence[Batch]) -> dict[str, float]:
    hits, loss, count = 0, 0.0, 0
    for batch in batches:
        logits = scorer(batch.input_ids, batch.attention_mask).numpy()
        hits += int(np.sum((logits >= 0) == (batch.labels == 1)))  # a logit of 0 is a probability of 0.5
        loss += float(np.sum(np.logaddexp(0, logits) - batch.labels * logits))
        count += len(logits)
    return {"accuracy": hits / count, "log_loss": loss / count}


def probabilities_in_order(scorer: Any, examples: Sequence[Example]) -> Floats:
    """P(positive) (n,) of n examples, in their order."""
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].ids))
    found = np.empty(len(examples), np.float32)
    for start in range(0, len(order), _AT_ONCE):
        rows = order[start : start + _AT_ONCE]
        batch = pad([examples[i] for i in rows])
        logits = scorer(batch.input_ids, batch.attention_mask).numpy().astype(np.float64)
        found[rows] = 1.0 / (1.0 + np.exp(-logits))
    return found
