"""Better, same or worse: two models on the same rows."""

from __future__ import annotations

import numpy as np
import pytest

from training.measure.paired import compare


def made(won: int, lost: int, both: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities of a new and an old model, and labels: rows that only one gets right, or both."""
    new = np.array([0.9] * won + [0.1] * lost + [0.9] * both)
    old = np.array([0.1] * won + [0.9] * lost + [0.9] * both)
    return new, old, np.ones(won + lost + both, int)


@pytest.mark.parametrize(
    ("won", "lost", "verdict"), [(60, 20, "better"), (20, 60, "worse"), (42, 38, "same")]
)
def test_verdict_needs_the_whole_interval(won: int, lost: int, verdict: str) -> None:
    """Better or worse only where the interval leaves 0 out."""
    found = compare(*made(won, lost, 920))
    assert found.verdict == verdict
    assert found.difference == pytest.approx((won - lost) / 1000)
    assert found.n == 1000
    assert found.low < found.difference < found.high
    assert (found.low > 0 or found.high < 0) == (verdict != "same")


def test_interval_is_that_of_resampled_rows() -> None:
    """The shortcut over counts gives what drawing rows with replacement gives."""
    new, old, labels = made(60, 20, 920)
    won = (new > 0.5).astype(float) - (old > 0.5)
    rng = np.random.default_rng(1)
    drawn = [won[rng.integers(0, len(labels), len(labels))].mean() for _ in range(4000)]
    found = compare(new, old, labels, resamples=4000)
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(drawn, (2.5, 97.5))), abs=0.002)


def test_mcnemar_is_exact() -> None:
    """Of 5 rows that one alone got right all by the new model: 2 · 0.5⁵."""
    assert compare(*made(5, 0, 10)).mcnemar_p == pytest.approx(0.0625)
    assert compare(*made(0, 0, 10)).mcnemar_p == 1.0


def test_a_model_is_the_same_as_itself() -> None:
    """No row differs: difference and interval are 0."""
    p = np.array([0.2, 0.7, 0.9])
    found = compare(p, p, [0, 1, 0])
    assert (found.verdict, found.low, found.difference, found.high) == ("same", 0, 0, 0)


def test_each_model_has_its_threshold() -> None:
    """0.4 is positive for the one at threshold 0.4, negative for the other; equal belongs to positive."""
    p = np.full(50, 0.4)
    assert compare(p, p, np.ones(50), threshold_new=0.4, threshold_old=0.5).difference == 1.0


def test_same_seed_same_interval() -> None:
    """The comparison can be repeated to the last digit."""
    assert compare(*made(30, 20, 200), seed=3) == compare(*made(30, 20, 200), seed=3)


@pytest.mark.parametrize(
    ("new", "old", "labels"), [([0.1, 0.2], [0.1], [1, 0]), ([], [], []), ([float("nan")], [0.5], [1])]
)
def test_rows_that_do_not_pair_are_refused(new: list[float], old: list[float], labels: list[int]) -> None:
    """Another number of rows, none, or a score that is no number: an error, not a verdict."""
    with pytest.raises(ValueError, match=r"one row each|not a number"):
        compare(new, old, labels)


def test_sentence_says_verdict_and_interval() -> None:
    """What ``promote`` and ``train --add`` print."""
    sentence = compare(*made(60, 20, 920)).sentence()
    assert sentence.startswith("better: accuracy +4.00 points on 1,000 rows, 95 % interval +")
