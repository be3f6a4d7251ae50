"""The gate between the trained model and its int8 form."""

from __future__ import annotations

import numpy as np
import pytest

from consumer.errors import ModelRefusedError
from training.ship.parity import Limits, compare, require

LOGITS = np.linspace(-3, 3, 400)
LABELS = LOGITS > 0


def test_equal_passes() -> None:
    """A model is at parity with itself."""
    require(compare(LOGITS, LOGITS, LABELS), Limits())


@pytest.mark.parametrize(
    ("int8", "reason"),
    [
        (LOGITS * 1.2, r"mean \|Δp\| 0\.0\d+ > 0\.01"),
        (np.where(np.arange(400) % 50 == 0, -LOGITS, LOGITS), "labels agree 0.98"),
        (LOGITS + 0.02, "accuracy moves"),
        (np.full(400, np.nan), "mean"),
    ],
)
def test_too_far_is_refused(int8: np.ndarray, reason: str) -> None:
    """Each limit refuses by itself, and says by how much."""
    limits = Limits(accuracy_drop=0.001)
    with pytest.raises(ModelRefusedError, match=reason):
        require(compare(LOGITS, int8, LABELS), limits)
