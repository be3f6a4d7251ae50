"""Without drift, an alarm stands as often as the setting says: all signals and judgements together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from consumer.monitoring.drift.judge import Standards, judge
from tests.drift.population import synthetic
from tests.drift.trials import Plan, alarmed_windows

WINDOWS = 1_000


@pytest.mark.parametrize("tweets", [5_000, 2_000])
def test_a_thousand_windows_at_one_in_a_hundred(tweets: int) -> None:
    """The number of disjoint windows with any alarm lies in the 99 % interval of the stated rate."""
    rng = np.random.default_rng(20261125)
    plan = Plan(tweets=tweets, standards=Standards(0.01, 0.0, 500))
    alarmed, _ = alarmed_windows(synthetic(rng), plan, rng, WINDOWS)
    low, high = binom.interval(0.99, WINDOWS, 0.01)
    assert low <= alarmed <= high


@pytest.mark.parametrize("tweets", [5_000, 2_000])
def test_a_thousand_windows_at_one_in_ten(tweets: int) -> None:
    """At a rate that many alarms can be counted of: neither more, nor sensitivity given away."""
    rng = np.random.default_rng(7)
    plan = Plan(tweets=tweets, standards=Standards(0.1, 0.0, 500))
    alarmed, _ = alarmed_windows(synthetic(rng), plan, rng, WINDOWS)
    low, high = binom.interval(0.99, WINDOWS, 0.1)
    assert low <= alarmed <= high


def test_the_smallest_shift_that_matters_silences_the_rest() -> None:
    """A real shift too small to matter, seen in a million tweets, is no alarm; without that floor it is."""
    rng = np.random.default_rng(11)
    reference = synthetic(rng)
    shifted = synthetic(rng, positive=0.52)
    plan = Plan(tweets=500_000, rows=500_000, standards=Standards(0.01, 0.05, 500))
    then, now = reference.draw(rng, plan.rows), shifted.draw(rng, plan.tweets)
    assert judge(now, then.counts, plan.standards).alarms == set()
    assert "positive_share" in judge(now, then.counts, replace(plan.standards, smallest_psi=0.0)).alarms
