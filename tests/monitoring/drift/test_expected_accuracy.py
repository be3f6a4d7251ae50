"""The accuracy that calibrated probabilities promise: true while they stay calibrated, blind where not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from consumer.model.folder import open_model
from consumer.monitoring.drift.judge import Judgement, Standards
from consumer.monitoring.drift.monitor import DriftMonitor, Yardstick
from consumer.monitoring.drift.tally import Rule
from consumer.monitoring.drift.window import Extent
from consumer.records import Label, Result, Tweet
from consumer.signals import Pieces
from tests.doubles import record
from tests.imports import ROOT

TWEETS, BATCH = 5_000, 500
NO_PIECES = Pieces(np.zeros(8, np.bool_), np.zeros(8, np.bool_))
RECORD, TWEET = record(), Tweet("1", "x")
TWO_POINTS = 0.02


def expected(tmp_path: Path, probability: npt.NDArray[np.float64], threshold: float = 0.5) -> float:
    """What the monitor expects of a stream with these calibrated probabilities."""
    said: list[Judgement] = []
    standards, extent = Standards(0.01, 0.05, 1_000), Extent(TWEETS, 3_600.0)
    yardstick = Yardstick("m", Rule(threshold, (), NO_PIECES, {}), {}, standards, extent)
    monitor = DriftMonitor(yardstick, tmp_path / "state.json", said.append, 0.0)
    for at in range(0, len(probability), BATCH):
        monitor.committed([result(float(p), threshold) for p in probability[at : at + BATCH]], 1.0)
    found = said[-1]
    assert found.expected_accuracy is not None
    assert found.sure == found.tweets == TWEETS
    return found.expected_accuracy


def result(p: float, threshold: float) -> Result:
    """As the stream labels it."""
    positive = p >= threshold
    name = Label.POSITIVE if positive else Label.NEGATIVE
    return Result(RECORD, TWEET, name, p, p if positive else 1 - p, threshold, 2, truncated=False)


def accuracy(
    probability: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_], threshold: float = 0.5
) -> float:
    """Share of right labels."""
    return float(np.mean((probability >= threshold) == positive))


# Name → (a, b) of the beta distribution that P(positive) is drawn from, and the threshold.
STREAMS = {
    "sure": (0.25, 0.25, 0.5),
    "unsure": (2.0, 2.0, 0.5),
    "mostly negative": (0.4, 1.6, 0.5),
    "mostly positive": (3.0, 0.5, 0.5),
    "another threshold": (0.5, 0.5, 0.3),
}


@pytest.mark.parametrize("stream", STREAMS)
def test_it_is_within_two_points_of_the_truth(tmp_path: Path, stream: str) -> None:
    """On streams whose probabilities are calibrated, however sure or one-sided they are."""
    a, b, threshold = STREAMS[stream]
    rng = np.random.default_rng(5)
    probability = rng.beta(a, b, TWEETS)
    positive = rng.random(TWEETS) < probability
    truth = accuracy(probability, positive, threshold)
    assert expected(tmp_path, probability, threshold) == pytest.approx(truth, abs=TWO_POINTS)


SHIPPED = open_model(ROOT / "Models" / "CURRENT").path
SETS = json.loads((SHIPPED / "evaluation.json").read_text("utf-8"))["curves"]["openvino"]


@pytest.mark.parametrize("held_out", SETS)
def test_of_the_model_that_ships_it_is_within_two_points_on_held_out_tweets(
    tmp_path: Path, held_out: str
) -> None:
    """What the monitor expects of their probabilities, as measured, against how many of its labels are right.

    The probabilities are those of the reliability diagram: of each of its bins the mean, as often as it was
    met, made up to a window.
    """
    found = SETS[held_out]
    share = np.array(found["reliability"]["calibrated"]["rows"], np.float64)
    ends = np.rint(share.cumsum() / share.sum() * TWEETS).astype(int)
    probability = np.repeat(found["reliability"]["calibrated"]["mean_probability"], np.diff(ends, prepend=0))
    confusion = found["confusion"]
    truth = (confusion["true_positive"] + confusion["true_negative"]) / sum(confusion.values())
    assert expected(tmp_path, probability) == pytest.approx(truth, abs=TWO_POINTS)


def test_it_follows_a_stream_that_becomes_harder(tmp_path: Path) -> None:
    """More unsure tweets lower the truth, and the expectation with it."""
    rng = np.random.default_rng(6)
    easy, hard = rng.beta(0.25, 0.25, TWEETS), rng.beta(2.0, 2.0, TWEETS)
    assert expected(tmp_path / "easy", easy) > expected(tmp_path / "hard", hard) + 0.1


def test_it_does_not_see_words_change_their_meaning(tmp_path: Path) -> None:
    """Its limit: where three in ten tweets now mean the opposite, the truth falls and it stays."""
    rng = np.random.default_rng(7)
    probability = rng.beta(0.25, 0.25, TWEETS)
    positive = rng.random(TWEETS) < probability
    before = accuracy(probability, positive)
    after = accuracy(probability, positive ^ (rng.random(TWEETS) < 0.3))
    told = expected(tmp_path, probability)
    assert told == pytest.approx(before, abs=TWO_POINTS)
    assert after < told - 0.2
