"""Planted shifts, as `producer_sim --drift` makes them, scored by the model in use, are told of in time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from consumer.monitoring.drift.judge import Standards
from tests.drift.population import Population, Scored
from tests.drift.trials import NEVER, Plan, detections

TRIALS = 20
PLAN = Plan(standards=Standards(0.01, 0.05, 1_000))  # as it comes: 5,000 tweets, judged every 1,000


@pytest.fixture(scope="module")
def scored() -> Iterator[Scored]:
    """The simulator's tweets and the model in use."""
    made = Scored()
    yield made
    made.close()


@pytest.fixture(scope="module")
def quiet(scored: Scored) -> Population:
    """The stream before its shift."""
    return scored.quiet()


@pytest.mark.parametrize(
    ("kind", "most_tweets", "signal"),
    [
        ("negative", 5_000, "score"),
        ("topic", 2_000, "continued_share"),
        ("caps", 2_000, "capital_share"),
        ("language", 2_000, "continued_share"),
        ("garbled", 2_000, "continued_share"),
    ],
)
def test_a_planted_shift_is_told_of(
    scored: Scored, quiet: Population, kind: str, most_tweets: int, signal: str
) -> None:
    """In each of twenty streams: within two judgements where the texts change, five where the mood does."""
    rng = np.random.default_rng(3)
    found = list(detections(quiet, scored.drifted(kind), PLAN, rng, TRIALS))
    assert all(NEVER < one.tweets <= most_tweets for one in found), sorted(one.tweets for one in found)
    assert sum(signal in one.signals for one in found) > TRIALS / 2


def test_no_shift_is_not_told_of(quiet: Population) -> None:
    """The same trial without a shift: the alarms above are the shift's."""
    rng = np.random.default_rng(4)
    found = list(detections(quiet, quiet, PLAN, rng, TRIALS))
    assert [one for one in found if one.tweets != NEVER] == []
