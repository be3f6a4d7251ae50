"""One micro-batch: one bad record costs one record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.batch import Item, Rules, StageClock, label, prepare
from consumer.label import LabelRule
from consumer.records import Outcome, Prepared, Reason, Record, Reject, Stage, Tokens, Tweet
from consumer.tokenise import Tokeniser
from tests.doubles import (
    Clock,
    ConstantScorer,
    FailingScorer,
    FirstIdScorer,
    record,
    small_tokeniser,
    tweet_record,
)

RULE = LabelRule()


@pytest.fixture(scope="module")
def tokeniser(tmp_path_factory: pytest.TempPathFactory) -> Tokeniser:
    """A small one."""
    return small_tokeniser(tmp_path_factory.mktemp("tokeniser"))


def ready(count: int) -> list[Item]:
    """Prepared records whose first ids are their offsets."""
    return [
        Prepared(record(offset=n), Tweet(str(n), "x"), Tokens([n, 1], truncated=False)) for n in range(count)
    ]


def offsets(outcome: Outcome) -> tuple[list[int], list[int], list[int]]:
    """Offsets of results, rejects and skips, in order."""
    return (
        [r.record.offset for r in outcome.results],
        [r.record.offset for r in outcome.rejects],
        [s.record.offset for s in outcome.skips],
    )


values = st.one_of(
    st.none(),
    st.binary(max_size=30),
    st.text(max_size=40).map(lambda t: json.dumps({"id": 1, "text": t}).encode()),
    st.just(json.dumps({"id": 1, "text": "good day", "lang": "de"}).encode()),
    st.just(json.dumps({"id": 1, "text": "https://t.co/x"}).encode()),
)


@given(values=st.lists(values, max_size=20), marked=st.sets(st.integers(0, 200)))
def test_every_record_ends_in_exactly_one_list(
    tokeniser: Tokeniser, values: list[bytes | None], marked: set[int]
) -> None:
    """Nothing is dropped, nothing doubled, and results keep the order of the input."""
    records = [record(value, offset) for offset, value in enumerate(values)]
    items = prepare(records, Rules(tokeniser, languages=frozenset({"en"})))
    assert [item.record for item in items] == records
    results, rejects, skips = offsets(label(items, FailingScorer({2} if marked else set()), RULE))
    assert sorted(results + rejects + skips) == list(range(len(values)))
    assert results == sorted(results)
    assert skips == sorted(skips)


def test_bad_records_do_not_touch_their_mates(tokeniser: Tokeniser) -> None:
    """Poison of every kind in the middle of a batch."""
    records = [
        tweet_record("good day", 0),
        record(b"\xff", 1),
        tweet_record("bad day", 2),
        record(None, 3),
        tweet_record("@bob https://t.co/x", 4),
        tweet_record("https://t.co/x \u200b", 5),
        tweet_record("so good", 6, lang="de"),
        tweet_record("&#" + "1" * 5_000 + ";", 7),
        tweet_record("great", 8),
    ]
    rules = Rules(tokeniser, languages=frozenset({"en"}))
    outcome = label(prepare(records, rules), ConstantScorer(), RULE)
    assert offsets(outcome) == ([0, 2, 4, 7, 8], [1, 5], [3, 6])
    assert [(r.stage, r.reason) for r in outcome.rejects] == [
        (Stage.PARSE, Reason.INVALID_UTF8),
        (Stage.CLEAN, Reason.EMPTY_AFTER_CLEANING),
    ]


def test_a_result_tells_the_tweet_as_it_came(tokeniser: Tokeniser) -> None:
    """The model reads the clean text, the reader the original."""
    (found,) = label(
        prepare([tweet_record("@bob  #good", 1)], Rules(tokeniser)), ConstantScorer(), RULE
    ).results
    assert found.tweet.text == "@bob  #good"


def test_truncation_reaches_the_result(tokeniser: Tokeniser) -> None:
    """Marked, and with the tokens that were scored."""
    records = [tweet_record("good " * 300, 0), tweet_record("good", 1)]
    long, short = label(prepare(records, Rules(tokeniser)), ConstantScorer(), RULE).results
    assert (long.truncated, long.tokens) == (True, 32)
    assert (short.truncated, short.tokens) == (False, 3)


@given(st.integers(1, 17).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
def test_halving_finds_exactly_the_guilty(case: tuple[int, set[int]]) -> None:
    """However many fail the scorer, only they are rejected, in at most 2n - 1 calls."""
    count, guilty = case
    scorer = FailingScorer(guilty)
    outcome = label(ready(count), scorer, RULE)
    results, rejects, _ = offsets(outcome)
    assert results == [n for n in range(count) if n not in guilty]
    assert rejects == sorted(guilty)
    assert {(r.stage, r.reason) for r in outcome.rejects} <= {(Stage.SCORE, Reason.SCORER_FAILED)}
    assert scorer.calls <= 2 * count - 1
    assert [r.probability for r in outcome.results] == [RULE.probability(float(n)) for n in results]


def test_a_batch_without_guilty_records_is_one_call() -> None:
    """Halving costs nothing while nothing fails."""
    scorer = FirstIdScorer()
    label(ready(64), scorer, RULE)
    assert scorer.calls == 1


@pytest.mark.parametrize(
    "scorer",
    [
        FailingScorer({4}, float("nan")),
        FailingScorer({4}, float("inf")),
        FailingScorer({4}, float("-inf")),
        FailingScorer({4}, surplus=1),
        FailingScorer({4}, surplus=-1),
    ],
)
def test_logits_that_cannot_be_are_faults_of_their_record(scorer: FailingScorer) -> None:
    """A logit that is not finite, one too many or one too few: never a result, never another's result."""
    outcome = label(ready(9), scorer, RULE)
    results, rejects, _ = offsets(outcome)
    assert (results, rejects) == ([0, 1, 2, 3, 5, 6, 7, 8], [4])
    assert [r.probability for r in outcome.results] == [RULE.probability(float(n)) for n in results]


def test_logits_of_a_wrong_shape_are_not_taken() -> None:
    """(n, 1) would be a column of arrays, not of numbers."""

    class Column(ConstantScorer):
        def logits(self, ids: Sequence[Sequence[int]]) -> Any:
            return np.zeros((len(ids), 1), dtype=np.float32)

    assert offsets(label(ready(2), Column(), RULE)) == ([], [0, 1], [])


@pytest.mark.parametrize("fault", [MemoryError(), RuntimeError("x"), ValueError(), KeyError("x")])
def test_whatever_a_runtime_raises_costs_one_record(fault: Exception) -> None:
    """Its class is named in the dead letter."""
    (found,) = label(ready(3), FailingScorer({1}, fault), RULE).rejects
    assert found.exception_class == type(fault).__name__


def test_being_stopped_is_not_a_fault_of_a_record() -> None:
    """A signal in the middle of scoring ends the process; it makes no dead letters."""

    class Interrupted(ConstantScorer):
        def logits(self, ids: Sequence[Sequence[int]]) -> Any:
            raise KeyboardInterrupt(len(ids))

    with pytest.raises(KeyboardInterrupt):
        label(ready(2), Interrupted(), RULE)


def test_a_batch_of_nothing_to_score_asks_no_scorer(tokeniser: Tokeniser) -> None:
    """Runtimes do not take empty batches."""
    scorer = ConstantScorer()
    items = prepare([record(None, 0), record(b"\xff", 1)], Rules(tokeniser))
    assert offsets(label(items, scorer, RULE)) == ([], [1], [0])
    assert offsets(label([], scorer, RULE)) == ([], [], [])
    assert scorer.calls == 0


def test_a_text_that_fails_the_tokeniser_is_rejected_alone(tokeniser: Tokeniser) -> None:
    """As with the scorer: its batch mates go on."""

    class Choosy:
        max_length = 32

        def __call__(self, texts: Sequence[str]) -> list[Tokens]:
            if any("bad" in text for text in texts):
                raise ValueError(texts)
            return tokeniser(texts)

    records = [tweet_record(text, n) for n, text in enumerate(["good", "bad", "great"])]
    items = prepare(records, Rules(Choosy()))  # type: ignore[arg-type] # fails as no real one can be made to
    assert [type(item) for item in items] == [Prepared, Reject, Prepared]
    assert [item.record for item in items] == records


def test_padded_tokens_are_those_of_answered_calls() -> None:
    """The padding ratio compares what was computed with what was real."""
    assert label(ready(4), FirstIdScorer(), RULE).padded_tokens == 8
    assert label(ready(4), FailingScorer({0}), RULE).padded_tokens == 2 + 4


def test_scoring_alone_or_together_gives_the_same(tokeniser: Tokeniser) -> None:
    """The same record has the same result in whatever batch it comes."""
    records = [tweet_record(text, n) for n, text in enumerate(["good day", "bad", "so so good the day", "x"])]
    rules = Rules(tokeniser)
    together = label(prepare(records, rules), FirstIdScorer(), RULE).results
    apart = [label(prepare([r], rules), FirstIdScorer(), RULE).results[0] for r in records]
    assert list(together) == apart


def test_stages_are_timed_by_the_clock_given(tokeniser: Tokeniser) -> None:
    """Seconds add up per stage, and time between stages is nobody's."""
    clock = Clock()

    class Slow(ConstantScorer):
        def logits(self, ids: Sequence[Sequence[int]]) -> Any:
            clock.pass_seconds(3)
            return super().logits(ids)

    watch = StageClock(clock)
    items = prepare([tweet_record("good")], Rules(tokeniser), watch)
    clock.pass_seconds(100)
    outcome = label(items, Slow(), RULE, watch)
    assert outcome.seconds == {"parse": 0, "clean": 0, "tokenise": 0, "score": 3, "label": 0}


def test_reading_bare_lines(tokeniser: Tokeniser) -> None:
    """``INPUT_FORMAT=text`` goes the same way; an empty line is a dead letter, not a crash."""
    records = [Record("tweets", 0, n, 0, None, value) for n, value in enumerate([b"good", b"", b"{}"])]
    items = prepare(records, Rules(tokeniser, input_format="text"))
    assert offsets(label(items, ConstantScorer(), RULE)) == ([0, 2], [1], [])
