"""What the stream counts is what the reference was counted by."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from consumer.batch import Rules, label, prepare
from consumer.label import LabelRule
from consumer.monitoring.drift.tally import Rule, bins, tally
from consumer.records import Label, Result
from consumer.signals import SIGNALS, WATCHED, Pieces, read_pieces
from consumer.tokenise import Tokeniser
from tests.doubles import FirstIdScorer, tweet_record, write_tokeniser
from training.measure.labelled import Labelled
from training.ship.calibration import Calibration
from training.ship.drift import make_reference

TEXTS = ["SO good", "day", "π bad loving", "the GREAT day so good", "hate hate", "x " * 40]
THRESHOLD = 0.7


@pytest.fixture
def rule(tmp_path: Path) -> Rule:
    """The bins that ship, and the small vocabulary."""
    return Rule(THRESHOLD, {"en", "und"}, read_pieces(write_tokeniser(tmp_path)), bins(SIGNALS))


@pytest.fixture
def results(tmp_path: Path) -> list[Result]:
    """Through the consumer's own steps; a text's logit comes of its first id, spread by the temperature."""
    rules = Rules(Tokeniser(write_tokeniser(tmp_path), 16))
    items = prepare([tweet_record(text, i, lang="en") for i, text in enumerate(TEXTS)], rules)
    scorer = FirstIdScorer()
    found = list(label(items, scorer, LabelRule(threshold=0.5)).results)
    spread = np.linspace(0.03, 0.98, len(found))
    return [replace(r, probability=float(p)) for r, p in zip(found, spread, strict=True)]


def test_stream_and_reference_count_alike(tmp_path: Path, results: list[Result], rule: Rule) -> None:
    """The same texts and scores give the same histograms here and in `training export`."""
    probability = np.array([r.probability for r in results])
    tokeniser = Tokeniser(tmp_path / "tokenizer.json", 16)
    rows = Labelled("d", [list(r.pieces) for r in results], np.ones(len(results), np.int8), TEXTS)
    logits = np.log(probability / (1 - probability))
    calibration = Calibration(1.0, 0.0, 0.0, THRESHOLD, "fixed", "", "d", len(TEXTS), "openvino", {})
    reference = make_reference(rows, logits, calibration, tokeniser, rule.pieces)
    found = tally(results, rule)
    for name in SIGNALS:
        assert tuple(found.counts[name]) == reference.signals[name].counts, name
    assert found.counts["positive_share"][1] == round(reference.positive_share * len(TEXTS))
    assert found.counts["truncated_share"][1] == round(reference.truncated_share * len(TEXTS)) == 1


def test_every_signal_counts_every_tweet(results: list[Result], rule: Rule) -> None:
    """None is left out or counted twice, whatever is watched."""
    found = tally(results, rule)
    assert set(found.counts) == set(WATCHED)
    assert {int(counts.sum()) for counts in found.counts.values()} == {len(TEXTS)}
    twice = found + found
    assert twice.tweets == 2 * len(TEXTS)
    assert {int(counts.sum()) for counts in twice.counts.values()} == {2 * len(TEXTS)}


def test_a_text_of_no_pieces_has_no_share_of_them(results: list[Result], rule: Rule) -> None:
    """[CLS] and [SEP] alone divide by nothing: no piece is unknown, none goes on with a word."""
    with np.errstate(all="raise"):
        found = tally([replace(results[0], pieces=(2, 3))], rule)
    assert found.counts["unknown_share"][0] == found.counts["continued_share"][0] == 1


def test_without_a_reference_the_expected_accuracy_alone_is_counted(results: list[Result]) -> None:
    """Nothing is compared, so nothing need be known of the vocabulary."""
    nothing = np.zeros(0, np.bool_)
    found = tally(results, Rule(THRESHOLD, (), Pieces(nothing, nothing), {}))
    assert (found.tweets, found.sure, dict(found.counts)) == (len(results), len(results), {})


@pytest.mark.parametrize(
    ("said", "other"), [("en", 0), ("en-GB", 0), ("EN", 0), (None, 0), ("", 0), ("und", 0), ("es", 1)]
)
def test_a_language_is_ours_or_another(
    results: list[Result], rule: Rule, said: str | None, other: int
) -> None:
    """A region is no other language, and who says nothing is no stranger."""
    one = replace(results[0], tweet=replace(results[0].tweet, lang=said))
    assert tally([one], rule).counts["other_language_share"][1] == other


def test_the_expected_accuracy_leaves_neutral_out(results: list[Result], rule: Rule) -> None:
    """It sums the confidence of the labels given, whatever threshold they were given by."""
    given = [replace(r, label=Label.NEGATIVE, confidence=0.75) for r in results]
    found = tally([*given, replace(results[0], label=Label.NEUTRAL, confidence=0.9)], rule)
    assert (found.sure, found.confidence) == (len(given), 0.75 * len(given))


def test_it_costs_a_few_microseconds_a_tweet(results: list[Result], rule: Rule) -> None:
    """Of the process's own time, the best of many batches of 512: 1.1 measured, 10 allowed."""
    batch = (results * 512)[:512]

    def spent() -> int:
        before = time.process_time_ns()
        tally(batch, rule)
        return time.process_time_ns() - before

    assert min(spent() for _ in range(20)) / len(batch) < 10_000


def test_a_text_without_pieces_counts_as_one(results: list[Result], rule: Rule) -> None:
    """Also where it is the last of its batch: every signal has as many tweets as there are."""
    found = tally([*results, replace(results[-1], pieces=())], rule)
    assert {int(counts.sum()) for counts in found.counts.values()} == {len(results) + 1}


def test_a_histogram_the_reference_lacks_is_not_watched() -> None:
    """Its bins are not made up; a share always has two."""
    assert bins({}) == {name: (0.0,) for name in WATCHED if name not in SIGNALS}
