"""Labels that come later, joined to the results they belong to."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from consumer.monitoring.drift.window import Extent
from consumer.monitoring.truth import LEAST_PAIRS, Measured, Truth, read_label
from consumer.records import Label, Result, Tweet
from tests.doubles import record

EXTENT = Extent(tweets=500, seconds=100.0)


def result(number: int, name: Label = Label.POSITIVE, confidence: float = 0.8) -> Result:
    """A labelled tweet of that number."""
    return Result(record(), Tweet(str(number), "x"), name, 0.8, confidence, 0.5, 3, truncated=False)


def told(number: int, name: str = "positive") -> bytes:
    """A label as it comes on the topic."""
    return json.dumps({"id": str(number), "label": name}).encode()


class Bench:
    """A truth under test, the labels that lie ready for it, and what it reports."""

    def __init__(self, pairs: int = 1_000) -> None:
        self.ready: list[bytes | None] = []
        self.fates: Counter[str] = Counter()
        self.last = Measured(0, None, None, {})
        self.stops = 0
        self.truth = Truth(self._take, self._stop, self._report, EXTENT, pairs)

    def _take(self) -> list[bytes | None]:
        found, self.ready = self.ready, []
        return found

    def _stop(self) -> None:
        self.stops += 1

    def _report(self, measured: Measured) -> None:
        self.last = measured
        self.fates.update(measured.fates)


@pytest.fixture
def bench() -> Bench:
    """A new one."""
    return Bench()


def test_measured_and_expected_are_of_the_same_results(bench: Bench) -> None:
    """Of 200 labels given three quarters were right, and the confidence of those 200 promised .8."""
    bench.truth.committed([result(n) for n in range(200)], 0.0)
    bench.truth.committed([result(n, confidence=0.99) for n in range(200, 300)], 0.0)  # never told of
    bench.ready = [told(n, "negative" if n % 4 == 0 else "positive") for n in range(200)]
    bench.truth.passed(1.0)
    assert bench.last.accuracy == 0.75
    assert bench.last.expected == pytest.approx(0.8)
    assert bench.last.pairs == 200


def test_another_model_is_measured_by_its_own_results(bench: Bench) -> None:
    """Labels that come for the former one's are joined and counted, not taken for its successor's."""
    bench.truth.committed([result(n) for n in range(400)], 0.0)
    bench.ready = [told(n, "negative") for n in range(200)]
    bench.truth.passed(1.0)
    assert (bench.last.pairs, bench.last.accuracy) == (200, 0.0)
    bench.truth.renew()
    bench.truth.committed([result(n) for n in range(400, 600)], 2.0)
    bench.ready = [told(n, "negative" if n < 400 else "positive") for n in range(200, 600)]
    bench.truth.passed(3.0)
    assert (bench.last.pairs, bench.last.accuracy) == (200, 1.0)
    assert bench.fates["joined"] == 600


def test_either_may_come_first(bench: Bench) -> None:
    """A label that is quicker than the result waits for it."""
    bench.ready = [told(n) for n in range(LEAST_PAIRS)]
    bench.truth.passed(0.0)
    assert bench.last.pairs == 0
    bench.truth.committed([result(n) for n in range(LEAST_PAIRS)], 1.0)
    assert (bench.last.pairs, bench.last.accuracy) == (LEAST_PAIRS, 1.0)


def test_nothing_is_said_of_few(bench: Bench) -> None:
    """One pair fewer than wanted has a number of pairs and no accuracy."""
    bench.truth.committed([result(n) for n in range(LEAST_PAIRS - 1)], 0.0)
    bench.ready = [told(n) for n in range(LEAST_PAIRS - 1)]
    bench.truth.passed(0.0)
    assert bench.last == Measured(LEAST_PAIRS - 1, None, None, {"joined": LEAST_PAIRS - 1, "unmatched": 0})


@pytest.mark.parametrize("late", [99.0, 101.0])
def test_the_wait_has_an_end(bench: Bench, late: float) -> None:
    """Of either side, after the window's seconds."""
    bench.truth.committed([result(1)], 0.0)
    bench.ready = [told(2)]
    bench.truth.passed(0.0)
    bench.truth.passed(late)  # what has waited too long goes
    bench.ready = [told(1)]
    bench.truth.committed([result(2)], late)
    assert bench.last.pairs == (2 if late < EXTENT.seconds else 0)


def test_no_more_wait_than_the_window_holds(bench: Bench) -> None:
    """The oldest give way, on either side, so memory is bounded whatever comes."""
    bench.truth.committed([result(n) for n in range(600)], 0.0)
    bench.ready = [told(n) for n in range(600)]
    bench.truth.passed(1.0)
    assert bench.last.pairs == 500
    bench.ready = [told(n) for n in range(10_000, 10_700)]
    bench.truth.passed(1.0)
    assert bench.fates == {"joined": 500, "unmatched": 300}
    assert len(bench.truth._labels._waits) == 500
    bench.truth.committed([result(10_000), result(10_699)], 1.0)
    assert bench.last.pairs == 501  # the newest waits, the oldest went


def test_a_wait_that_begins_anew_holds_up_no_older_one(bench: Bench) -> None:
    """A tweet that is labelled again waits from then on; those before it end their wait in time."""
    bench.truth.committed([result(1), result(2)], 0.0)
    bench.truth.committed([result(1)], 60.0)
    bench.ready = [told(1), told(2)]
    bench.truth.passed(0.0)
    assert bench.last.pairs == 2
    bench.truth.committed([result(1), result(2)], 0.0)
    bench.truth.committed([result(1)], 60.0)
    bench.truth.passed(101.0)
    bench.ready = [told(1), told(2)]
    bench.truth.passed(101.0)
    assert bench.fates["joined"] == 3


def test_old_pairs_are_forgotten() -> None:
    """The accuracy is that of the last ones: by number and by time."""
    bench = Bench(pairs=150)
    for first, truth in ((0, "negative"), (150, "positive")):
        bench.truth.committed([result(n) for n in range(first, first + 150)], 0.0)
        bench.ready = [told(n, truth) for n in range(first, first + 150)]
        bench.truth.passed(0.0)
    assert bench.last.accuracy == 1.0
    bench.truth.passed(101.0)
    assert bench.last.pairs == 0


def test_every_label_has_one_fate(bench: Bench) -> None:
    """Also one that is said twice, one that is no label, and one that no two labels can meet."""
    bench.truth.committed([result(1), result(2, Label.NEUTRAL)], 0.0)
    bench.ready = [told(1), told(1), told(1), told(2), told(3, "neutral"), b"{", None, told(4)]
    bench.truth.passed(0.0)
    bench.truth.passed(101.0)
    assert bench.fates == {"joined": 1, "unmatched": 4, "neutral": 1, "unreadable": 2}


@pytest.mark.parametrize(
    "value",
    [
        *(None, b"", b"{", b"[]", b"7", b"null", b"\xff", b'"x"', b"[" * 100_000),
        *(b"{}", b'{"id": 1}', b'{"label": "positive"}', b'{"id": 1, "label": "good"}'),
        *(b'{"id": true, "label": "positive"}', b'{"id": "", "label": "positive"}'),
        *(b'{"id": null, "label": "positive"}', b'{"id": 1, "label": ["positive"]}'),
    ],
)
def test_what_is_no_label_is_not_taken_for_one(value: bytes | None) -> None:
    """Whatever is published there, the stream goes on."""
    assert read_label(value) is None


def test_a_close_ends_the_reading(bench: Bench) -> None:
    """The reader's thread does not outlive the stream."""
    bench.truth.close()
    assert bench.stops == 1
