"""The critical value: exceeded without drift as often as it says, whatever the sizes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, chi2

from consumer.monitoring.drift.bins import gather, group
from consumer.monitoring.drift.critical import _exact, critical
from consumer.monitoring.drift.distance import jensen_shannon, psi

PAIRS = 40_000
SCORE_SHAPE = np.array([9, 8, 7, 6, 5, 4, 3, 3, 2.5, 2.5, 2.5, 2.5, 3, 3, 4, 5, 6, 7, 8, 9])


@pytest.mark.parametrize(("tweets", "rows"), [(1_000, 5_000), (5_000, 5_000), (5_000, 1_000), (200, 2_000)])
@pytest.mark.parametrize("tail", [0.05, 0.002])
def test_many_bins_follow_chi_squared(tweets: int, rows: int, tail: float) -> None:
    """Of 40,000 pairs of samples of one law the stated share exceeds it: neither statistic more or far less.

    Without the reference's own noise (1/m) it would be up to six times as many.
    """
    rng = np.random.default_rng(tweets + rows)
    law = SCORE_SHAPE / SCORE_SHAPE.sum()
    groups = group((law * rows).astype(np.int64), tweets)
    law = np.bincount(groups, weights=law)
    windows, references = rng.multinomial(tweets, law, PAIRS), rng.multinomial(rows, law, PAIRS)
    limit = critical(references[0], tweets, tail)
    beyond = (psi(windows, references) > limit.psi).sum()
    also = (jensen_shannon(windows, references) > limit.jensen_shannon).sum()
    most = binom.ppf(0.999, PAIRS, 1.25 * tail)
    least = binom.ppf(0.001, PAIRS, 0.7 * tail)
    assert least <= beyond <= most
    assert least <= also <= most


@pytest.mark.parametrize("share", [0.0, 0.0003, 0.001, 0.005, 0.015])
@pytest.mark.parametrize(("tweets", "rows"), [(1_000, 5_000), (5_000, 5_000), (5_000, 1_000)])
def test_a_rare_kind_is_judged_exactly(share: float, tweets: int, rows: int) -> None:
    """Never more often than stated, where chi-squared would be wrong several times over."""
    rng = np.random.default_rng(int(share * 1e4) + tweets + rows)
    tail, pairs = 0.005, 20_000
    window, reference = rng.binomial(tweets, share, pairs), rng.binomial(rows, share, pairs)
    limit = {
        rare: critical(np.array([rows - rare, rare]), tweets, tail) for rare in np.unique(reference).tolist()
    }
    now = np.stack([tweets - window, window], axis=1)
    then = np.stack([rows - reference, reference], axis=1)
    limits = np.array([(limit[rare].psi, limit[rare].jensen_shannon) for rare in reference.tolist()])
    most = binom.ppf(0.999, pairs, tail)
    assert (psi(now, then) > limits[:, 0]).sum() <= most
    assert (jensen_shannon(now, then) > limits[:, 1]).sum() <= most


def test_a_rare_kind_that_becomes_common_is_told() -> None:
    """None in 5,000 reference rows: 13 in a window of 5,000 may be chance at 1 in 10,000, 14 are not."""
    reference = np.array([5_000, 0])
    limit = critical(reference, 5_000, 2e-4).psi
    assert float(psi([5_000 - 13, 13], reference)) <= limit < float(psi([5_000 - 14, 14], reference))


def test_common_kinds_are_judged_by_chi_squared() -> None:
    """From 100 expected on it is as good as the exact law, and costs nothing however large the window."""
    found = critical(np.array([60_000, 40_000]), 50_000, 1e-3).psi
    assert found == pytest.approx(chi2.isf(1e-3, 1) * (1 / 50_000 + 1 / 100_000), rel=1e-6)


def test_more_tweets_see_smaller_shifts() -> None:
    """The critical value falls with both sizes, and a fixed 0.2 is far from either."""
    small, large = np.array([500, 500]), np.array([50_000, 50_000])
    assert (
        critical(large, 100, 1e-3).psi > critical(large, 1_000, 1e-3).psi > critical(large, 10_000, 1e-3).psi
    )
    assert critical(small, 10_000, 1e-3).psi > 5 * critical(large, 10_000, 1e-3).psi
    twenty = gather(np.full(20, 250), np.arange(20))
    assert critical(twenty, 100, 0.05).psi == pytest.approx(0.31, abs=0.01)


@pytest.mark.parametrize(("rare", "rows", "tweets"), [(300, 5_000, 1_000), (60, 2_000, 10_000)])
def test_the_smaller_sample_says_whether_a_kind_is_rare(rare: int, rows: int, tweets: int) -> None:
    """Where either expects fewer than a hundred, the exact law holds, and not chi-squared."""
    found = critical(np.array([rows - rare, rare]), tweets, 0.002)
    assert found == _exact(rare, rows, tweets, 0.002)


def test_a_reference_of_few_rows_has_a_critical_value() -> None:
    """Also where a window may hold more of a kind than the reference has rows."""
    assert 0 < critical(np.array([50, 50]), 1_000, 0.01).psi < np.inf


def test_ten_expected_tweets_make_a_bin() -> None:
    """From there on the chi-squared law holds."""
    assert group(np.array([10, 10, 10]), 30).tolist() == [0, 1, 2]
