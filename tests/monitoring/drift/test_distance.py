"""Distances of histograms, and the bins they are taken over."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from consumer.monitoring.drift.bins import gather, group
from consumer.monitoring.drift.distance import jensen_shannon, psi, shares

COUNTS = st.lists(st.integers(0, 1_000), min_size=2, max_size=25)


def test_jensen_shannon_is_what_scipy_says() -> None:
    """The square of its distance, in nats."""
    window, reference = np.array([3, 50, 47, 0]), np.array([30, 40, 20, 10])
    expected = jensenshannon(shares(window), shares(reference)) ** 2
    assert float(jensen_shannon(window, reference)) == pytest.approx(expected)


def test_psi_by_hand() -> None:
    """Each bin's difference times the logarithm of its ratio, half a tweet more in every bin."""
    by_hand = (2.5 / 11 - 0.5) * math.log(2.5 / 11 / 0.5) + (8.5 / 11 - 0.5) * math.log(8.5 / 11 / 0.5)
    assert float(psi([2, 8], [5, 5])) == pytest.approx(by_hand)


@given(COUNTS)
def test_what_is_the_same_is_not_apart(counts: list[int]) -> None:
    """Nothing is finite and nothing negative where bins are empty."""
    assert float(psi(counts, counts)) == 0
    assert float(jensen_shannon(counts, counts)) == pytest.approx(0, abs=1e-12)
    other = counts[::-1]
    assert 0 <= float(psi(counts, other)) < math.inf
    assert -1e-12 <= float(jensen_shannon(counts, other)) <= math.log(2)


@given(COUNTS.filter(any), st.integers(100, 100_000))
@example([5, 5, 45, 45], 10_000)  # where it is the reference that is small
def test_every_bin_that_is_told_apart_can_be_filled(counts: list[int], tweets: int) -> None:
    """Two groups at least, neighbours in one, and ten tweets expected in each where there are more."""
    reference = np.array(counts)
    groups = group(reference, tweets)
    gathered = gather(reference, groups)
    assert len(gathered) >= 2
    assert gathered.sum() == reference.sum()
    if len(gathered) > 2:
        assert list(groups) == sorted(groups)
        expected = gathered * min(tweets, reference.sum()) / reference.sum()
        assert expected.min() >= 9.99
