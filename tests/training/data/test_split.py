"""A text's split follows from the text alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from training.data.split import SPLIT_NAMES, SPLITS, place, split_of, splits_of

# Once and for all: were one of these to move, rows a model was measured on would be trained on.
PLACED = {
    "sample text 10": "validation",
    "sample text 5": "test",
    "sample text 3": "calibration",
    "sample text 23": "drift_reference",
    "we won the match": "train",
}


@pytest.mark.parametrize("text", PLACED)
def test_places_never_move(text: str) -> None:
    """The split of a text is the same in every version of the package."""
    bounds = {"validation": 0.02, "test": 0.06, "calibration": 0.08, "drift_reference": 0.10}
    assert dict(SPLITS) == bounds
    assert split_of(place(text)[1]) == PLACED[text]


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1))
@example([0, 2**64 - 1, int(0.02 * 2**64), int(0.06 * 2**64), int(0.08 * 2**64), int(0.1 * 2**64)])
def test_many_are_placed_as_one_is(keys: list[int]) -> None:
    """The quick way over an array and the plain one agree, at the bounds too."""
    found = [SPLIT_NAMES[code] for code in splits_of(np.array(keys, np.uint64))]
    assert found == [split_of(key / 2**64) for key in keys]


def test_what_cleaning_takes_away_does_not_move_a_text() -> None:
    """A retweet with other capitals, link and blanks stays on the side of the first."""
    assert place("@ann SO good &amp; free  http://t.co/x") == place("@bob so Good & free")
