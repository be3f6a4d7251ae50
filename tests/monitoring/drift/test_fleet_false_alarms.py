"""Without drift, the fleet's alert fires less often than its index crosses: its wait keeps the rate."""

from __future__ import annotations

import numpy as np
import pytest

from consumer.monitoring.drift.distance import psi
from tests.drift.fleet import HOUR, hours, judged, shipped

TWEETS, COUNT = 1_200, 2_000  # an hour, hours
MOST = 0.005  # of the hours, both signals together


def test_the_wait_keeps_the_rate() -> None:
    """Some hours in a hundred have a judgement above the critical value; few have ten minutes of them."""
    found, rows = shipped()
    rng = np.random.default_rng(20261129)
    told = [hours(of, of, rows, TWEETS, COUNT, rng) for of in found.values()]
    assert sum(one.fired for one in told) <= MOST * COUNT < sum(one.crossed for one in told)


def test_a_shift_fires_all_the_same() -> None:
    """Where a tenth of the tweets turns from one end to the other, no hour is silent."""
    found, rows = shipped()
    shifted = found["score"].copy()
    shifted[0] += 0.1
    shifted[-1] -= 0.1
    told = hours(shifted, found["score"], rows, TWEETS, 20, np.random.default_rng(2))
    assert told.fired == 20


def test_the_index_is_that_of_the_last_hour() -> None:
    """Each judgement looks at sixty minutes and at no other, with the replicas' own index."""
    rng = np.random.default_rng(3)
    minutes = rng.poisson(5.0, (2 * HOUR, 4))
    reference = np.array([300, 200, 100, 400])
    index, tweets = judged(minutes, reference)
    assert len(index) == HOUR + 1
    for begin in (0, 17, HOUR):
        counts = minutes[begin : begin + HOUR].sum(axis=0)
        assert tweets[begin] == counts.sum()
        assert index[begin] == pytest.approx(psi(counts, reference))
