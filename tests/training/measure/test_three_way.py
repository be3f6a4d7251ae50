"""Three labels from one probability and a band."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.label import LabelRule
from training.data.rows import BadInputError
from training.measure.intervals import Resampling
from training.measure.three_way import (
    CLASSES,
    best_band,
    confusion,
    intervals,
    measure,
    parse_band,
    three_way,
)

NEGATIVE, NEUTRAL, POSITIVE = (
    np.array([0.1, 0.2, 0.45]),
    np.array([0.4, 0.6]),
    np.array([0.61, 0.9, 0.3, 0.7]),
)
ROWS = three_way(NEGATIVE, NEUTRAL, POSITIVE)


def test_by_hand() -> None:
    """Recalls 2/3, 2/2 and 3/4; both ends of the band are neutral."""
    cells = confusion(ROWS, (0.4, 0.6), 0.5)
    assert cells.tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 3]]
    numbers = {name: float(value) for name, value in measure(cells).items()}
    assert numbers["macro_recall"] == pytest.approx((2 / 3 + 1 + 3 / 4) / 3)
    assert numbers["f1_pos_neg"] == pytest.approx((4 / 6 + 6 / 7) / 2)
    assert numbers["accuracy"] == pytest.approx(7 / 9)


def test_without_a_band_nothing_is_neutral() -> None:
    """The consumer's two labels: the neutral rows fall on one side."""
    assert confusion(ROWS, None, 0.5)[:, 1].tolist() == [0, 0, 0]


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 2)), min_size=1, max_size=40),
    st.integers(0, 50),
    st.integers(50, 100),
)
def test_verdicts_are_the_consumers(rows: list[tuple[int, int]], low: int, high: int) -> None:
    """Counting by bisection gives what labelling every row gives."""
    band = (low / 100, high / 100)
    of = [np.array([p / 100 for p, c in rows if c == k]) for k in range(3)]
    rule = LabelRule(threshold=0.5, neutral_band=band)
    expected = np.zeros((3, 3), int)
    for p, true in rows:
        expected[true, CLASSES.index(rule.label(p / 100))] += 1
    assert confusion(three_way(*of), band, 0.5).tolist() == expected.tolist()


def test_best_band_is_the_best_that_holds_the_threshold() -> None:
    """Neutral rows between 0.45 and 0.7: a band around them is found, and it holds the threshold."""
    rows = three_way(np.array([0.1, 0.3, 0.4]), np.array([0.45, 0.6, 0.7]), np.array([0.75, 0.9]))
    low, high = best_band(rows, 0.5)
    assert 0.4 < low <= 0.45
    assert 0.7 <= high < 0.75
    assert float(measure(confusion(rows, (low, high), 0.5))["macro_recall"]) == 1.0
    low, high = best_band(rows, 0.9)
    assert low <= 0.9 <= high


def test_intervals_hold_the_values() -> None:
    """Each measure lies in its interval, and a class without rows has none."""
    cells = np.array([[40, 8, 2], [10, 30, 10], [1, 9, 40]])
    found = intervals(cells, Resampling(200))
    for name, value in measure(cells).items():
        assert found[name][0] < float(value) < found[name][1]
    assert np.isnan(intervals(np.array([[5, 0, 0], [0, 0, 0], [0, 0, 5]]), Resampling(20))["macro_recall"][0])


@pytest.mark.parametrize("text", ["0.6,0.4", "0.4", "a,b", "-0.1,0.6", "0.4,1.1", "0.4,0.5,0.6", "nan,0.6"])
def test_no_band_is_refused(text: str) -> None:
    """Two ends from 0 to 1, the lower first; one line that says so."""
    with pytest.raises(BadInputError, match="must be LOW,HIGH"):
        parse_band(text, 0.5)


def test_band_must_hold_the_threshold() -> None:
    """As the consumer asks of ``NEUTRAL_BAND``."""
    with pytest.raises(BadInputError, match=r"must contain the model.s threshold, 0\.7"):
        parse_band("0.4,0.6", 0.7)
    assert parse_band("0.4,0.6", 0.6) == (0.4, 0.6)
