"""The monitor over time: what it says, what it keeps, what it forgets."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from consumer.monitoring.drift.judge import Judgement, Standards, judge
from consumer.monitoring.drift.monitor import DriftMonitor, Yardstick
from consumer.monitoring.drift.state import fingerprint
from consumer.monitoring.drift.tally import Rule, Tally, bins, tally
from consumer.monitoring.drift.window import BLOCKS, Extent, Window
from consumer.records import Label, Result, Tweet
from consumer.signals import Pieces
from tests.doubles import record

NO_PIECES = Pieces(np.zeros(8, np.bool_), np.zeros(8, np.bool_))
REFERENCE = {"positive_share": np.array([500, 500]), "truncated_share": np.array([1_000, 0])}
RULE = Rule(0.5, {"en"}, NO_PIECES, {name: bins({})[name] for name in REFERENCE})
EXTENT = Extent(tweets=1_000, seconds=100.0)
STANDARDS = Standards(false_alarm_ratio=0.01, smallest_psi=0.05, least_tweets=400)


class Told:
    """A monitor under test, and what it reports."""

    def __init__(self, path: Path, model: str = "m 1", extent: Extent = EXTENT) -> None:
        self.said: list[Judgement] = []
        yardstick = Yardstick(model, RULE, REFERENCE, STANDARDS, extent)
        self.monitor = DriftMonitor(yardstick, path, self.said.append, now=1_000.0)

    @property
    def last(self) -> Judgement:
        """The latest judgement."""
        return self.said[-1]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """A new one."""
    return Told(tmp_path / "drift" / "state.json")


def batch(positive: int, negative: int, confidence: float = 0.9) -> list[Result]:
    """So many of either."""
    return [
        Result(record(), Tweet("1", "x"), name, p, confidence, 0.5, 3, truncated=False, pieces=(2, 5, 3))
        for name, p, count in ((Label.POSITIVE, 0.9, positive), (Label.NEGATIVE, 0.1, negative))
        for _ in range(count)
    ]


def feed(told: Told, blocks: int, positive: int = 100, at: float = 1_000.0, seconds: float = 1.0) -> float:
    """So many blocks of 200 tweets; the time of the last."""
    for _ in range(blocks):
        told.monitor.committed(batch(positive, 200 - positive), at)
        at += seconds
    return at - seconds


def test_nothing_is_said_below_the_minimum(told: Told) -> None:
    """The window's size is told, no score and no accuracy, until it holds enough."""
    feed(told, 1)
    assert told.last == Judgement(tweets=200)
    feed(told, 1)
    assert told.last.tweets == 400
    assert {reading.signal for reading in told.last.readings} == set(REFERENCE)
    assert told.last.expected_accuracy == pytest.approx(0.9)


def test_an_accuracy_of_few_sure_ones_is_not_told(told: Told) -> None:
    """A window that is full of neutral ones has a drift, and no expected accuracy."""
    neutral = [replace(one, label=Label.NEUTRAL) for one in batch(50, 50)]
    for _ in range(BLOCKS):
        told.monitor.committed([*neutral, *batch(20, 20)], 1_000.0)
        told.monitor.committed(neutral, 1_000.0)
    assert told.last.readings
    assert told.last.sure < STANDARDS.least_tweets
    assert told.last.expected_accuracy is None


def test_the_window_rolls_on_by_count(told: Told) -> None:
    """It holds the last five blocks, so a shift fills it and leaves it again."""
    feed(told, BLOCKS + 3)
    assert told.last.tweets == 1_000
    assert told.last.alarms == set()
    feed(told, BLOCKS, positive=190)
    assert told.last.alarms == {"positive_share"}
    feed(told, BLOCKS)
    assert told.last.alarms == set()


def test_the_window_rolls_on_by_time(told: Told) -> None:
    """A block older than the window's seconds is gone, also where nothing more comes."""
    feed(told, 3, seconds=0.0)
    told.monitor.passed(1_100.0)
    assert told.last.tweets == 600
    told.monitor.passed(1_101.0)
    assert told.last == Judgement(tweets=0)


def test_no_tweet_counts_for_longer_than_the_window_and_a_fifth() -> None:
    """A block goes when its last tweet is too old; by then its first is a fifth older, and no more."""
    window, oldest = Window(EXTENT), 0.0
    for second in range(400):
        window.add(tally(batch(1, 0), RULE), float(second))
        window.turn(float(second))
        oldest = max([oldest, *(second - block.opened_at for block in window.blocks)])
    assert 1.1 * EXTENT.seconds < oldest <= 1.2 * EXTENT.seconds


def test_few_tweets_make_small_blocks(told: Told) -> None:
    """Where a fifth of the window's tweets takes too long, a fifth of its seconds closes the block."""
    for second in range(0, 101, 2):
        told.monitor.committed(batch(5, 5), 1_000.0 + second)
    assert 400 <= told.last.tweets <= 560
    assert len(told.said) <= BLOCKS + 2


def test_too_few_for_a_block_are_counted_in_time(told: Told) -> None:
    """A stream that would fill none within the window is told of all the same, up to the last fifth."""
    for second in range(0, 101, 2):
        told.monitor.committed(batch(1, 2), 1_000.0 + second)
    assert told.last.tweets == 4 * 11 * 3


def test_each_batch_counts_once_and_whole(told: Told) -> None:
    """An open block is not judged before its time, and none of it is lost by then."""
    for _ in range(40):
        told.monitor.committed(batch(30, 20), 1_000.0)
    assert told.last.tweets == 1_000
    assert told.last.sure == 1_000
    assert told.last.readings[0].psi == pytest.approx(0.0405, abs=0.001)  # of .6 against .5


def test_an_empty_batch_is_nothing(told: Told) -> None:
    """Where all were dead letters; it begins no block, which time would close."""
    told.monitor.committed([], 1_000.0)
    told.monitor.passed(1_050.0)
    assert told.said == [Judgement(tweets=0)]


def test_the_state_survives_a_restart(told: Told, tmp_path: Path) -> None:
    """The next process goes on with the same window, the block that was being filled included."""
    feed(told, 4, positive=190)
    told.monitor.committed(batch(95, 5), 1_004.0)
    told.monitor.close()
    after = Told(tmp_path / "drift" / "state.json")
    assert after.last == told.last
    after.monitor.committed(batch(95, 5), 1_005.0)
    assert after.last.tweets == 1_000
    assert [path.name for path in (tmp_path / "drift").iterdir()] == ["state.json"]


def test_a_kill_loses_a_few_seconds(told: Told, tmp_path: Path) -> None:
    """What was counted is written without a close, too."""
    feed(told, 5, seconds=6.0)
    assert Told(tmp_path / "drift" / "state.json").last.tweets == 1_000


def test_a_kill_in_a_block_that_fills_slowly_loses_no_more(told: Told, tmp_path: Path) -> None:
    """The block being filled is written as well, and not again where nothing came."""
    path = tmp_path / "drift" / "state.json"
    told.monitor.committed(batch(50, 50), 1_000.0)
    told.monitor.passed(1_004.0)
    assert not path.exists()
    told.monitor.passed(1_005.0)
    after = Told(path)
    path.unlink()
    told.monitor.passed(1_011.0)
    assert not path.exists()
    after.monitor.committed(batch(50, 50), 1_006.0)
    assert after.last.tweets == 200


def test_a_window_that_time_empties_is_written(told: Told, tmp_path: Path) -> None:
    """Else the next process would begin with tweets that this one let go of."""
    feed(told, 2)
    told.monitor.passed(1_010.0)
    told.monitor.passed(1_150.0)
    assert json.loads((tmp_path / "drift" / "state.json").read_text())["blocks"] == []


def test_the_disk_is_not_written_to_at_every_block(told: Told, tmp_path: Path) -> None:
    """A fast stream closes several in a second; a few seconds are what a kill may cost."""
    feed(told, 4)
    assert not (tmp_path / "drift").exists()
    feed(told, 1, at=1_005.0)
    written = (tmp_path / "drift" / "state.json").read_text()
    feed(told, 2, at=1_006.0)
    assert (tmp_path / "drift" / "state.json").read_text() == written


def test_a_clock_that_was_set_back_does_not_stop_the_saving(told: Told, tmp_path: Path) -> None:
    """It need not come round to where it was."""
    feed(told, 1, at=500.0)
    assert (tmp_path / "drift" / "state.json").exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema_version": 1}', "\x00"])
def test_a_damaged_state_is_ignored(tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture) -> None:
    """The window begins anew, and the log says so; the stream goes on."""
    path = tmp_path / "state.json"
    path.write_text(content)
    with caplog.at_level(logging.WARNING):
        told = Told(path)
    assert told.last == Judgement(tweets=0)
    assert [line.message for line in caplog.records] == ["drift_state_ignored"]


def _next_version(state: Any) -> None:
    state["schema_version"] += 1


def _more_than_a_number_holds(state: Any) -> None:
    state["blocks"][0]["counts"]["positive_share"][0] = 10**30


def _bin_lost(state: Any) -> None:
    (low, high) = state["blocks"][0]["counts"]["positive_share"]
    state["blocks"][0]["counts"]["positive_share"] = [low + high]


def _tweet_lost(state: Any) -> None:
    state["blocks"][0]["counts"]["positive_share"][0] -= 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_next_version, []),
        (_bin_lost, ["drift_state_ignored"]),
        (_tweet_lost, ["drift_state_ignored"]),
        (_more_than_a_number_holds, ["drift_state_ignored"]),
    ],
)
def test_a_state_that_does_not_add_up_is_not_taken(
    told: Told,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    change: Callable[[Any], None],
    said: list[str],
) -> None:
    """Neither another version's, which is no damage, nor one whose counts cannot be."""
    feed(told, BLOCKS)
    told.monitor.close()
    path = tmp_path / "drift" / "state.json"
    state = json.loads(path.read_text())
    change(state)
    path.write_text(json.dumps(state))
    with caplog.at_level(logging.WARNING):
        assert Told(path).last == Judgement(tweets=0)
    assert [line.message for line in caplog.records] == said


def test_a_first_start_is_no_damage(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where nothing was saved yet, nothing is said."""
    with caplog.at_level(logging.WARNING):
        Told(tmp_path / "drift" / "state.json")
    assert caplog.records == []


def test_a_state_that_cannot_be_put_in_its_place_leaves_nothing_behind(tmp_path: Path) -> None:
    """A full disk is not filled any further by what was not finished."""
    path = tmp_path / "state.json"
    path.mkdir()
    Told(path).monitor.close()
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_half_way_leaves_the_former_state(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And is told with its own reason, also where what was written cannot be removed."""
    feed(told, BLOCKS)
    told.monitor.close()

    def fill_up(path: Path, content: str, **_: object) -> None:
        with path.open("w") as file:
            file.write(content[: len(content) // 2])
        path.rename(path.with_suffix(".elsewhere"))
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(Path, "write_text", fill_up)
        told.monitor.close()
    (line,) = caplog.records
    assert line.__dict__["fields"]["error"] == "[Errno 28] No space left on device"
    assert Told(tmp_path / "drift" / "state.json").last.tweets == 1_000


@pytest.mark.parametrize(
    "other",
    [
        replace(RULE, threshold=0.6),
        replace(RULE, languages={"en", "de"}),
        replace(RULE, bins={**RULE.bins, "score": (0.2, 0.8)}),
    ],
)
def test_counts_by_another_rule_are_another_streams(other: Rule) -> None:
    """Threshold, languages and bins decide what is counted."""
    assert fingerprint("m 1", other) != fingerprint("m 1", RULE)


def test_the_order_in_which_a_rule_is_told_is_no_other_rule() -> None:
    """A set of languages has another order in every process."""
    one = replace(RULE, languages=("en", "de"), bins={"score": (0.5,), "truncated_share": (0.0,)})
    other = replace(RULE, languages=("de", "en"), bins={"truncated_share": (0.0,), "score": (0.5,)})
    assert fingerprint("m 1", one) == fingerprint("m 1", other)


@pytest.mark.parametrize(
    ("positive", "smallest", "alarm"),
    [(580, 0.0, True), (580, 0.05, False), (700, 0.05, True), (505, 0.0, False)],
)
def test_an_alarm_wants_a_shift_that_is_sure_and_matters(positive: int, smallest: float, alarm: bool) -> None:  # noqa: FBT001 - the fact itself
    """Neither chance nor what is too small to matter is one; psi of .102, critical value of about .02."""
    standards = Standards(0.01, smallest, 400)
    window = Tally(1_000, {"positive_share": np.array([1_000 - positive, positive])})
    reference = {"positive_share": np.array([500, 500])}
    assert bool(judge(window, reference, standards).alarms) == alarm


def test_another_model_begins_anew_and_the_former_comes_back_to_its_own(told: Told, tmp_path: Path) -> None:
    """Each has a file; an alarm of the one is over with the other."""
    feed(told, BLOCKS, positive=190)
    assert told.last.alarms == {"positive_share"}
    files = [tmp_path / "drift" / name for name in ("other.json", "state.json")]
    for model, path, tweets in (("m 2", files[0], 0), ("m 1", files[1], 1_000), ("m 2", files[0], 200)):
        told.monitor.measure_with(Yardstick(model, RULE, REFERENCE, STANDARDS, EXTENT), path, 1_006.0)
        assert told.last.tweets == tweets
        feed(told, 1 if model == "m 2" else 0, at=1_006.0)


def test_another_model_has_other_bins(told: Told, tmp_path: Path) -> None:
    """It is judged by its own reference from the first batch on."""
    feed(told, BLOCKS)
    reference = {"truncated_share": np.array([1_000, 0])}
    rule = Rule(0.5, {"en"}, NO_PIECES, {name: bins({})[name] for name in reference})
    other = Yardstick("m 2", rule, reference, STANDARDS, EXTENT)
    told.monitor.measure_with(other, tmp_path / "other.json", 1_006.0)
    feed(told, BLOCKS, at=1_006.0)
    assert {reading.signal for reading in told.last.readings} == {"truncated_share"}


def _model(path: Path) -> Told:
    return Told(path, model="m 2")


def _late(path: Path) -> Told:
    return Told(path, extent=Extent(1_000, 0.5))


@pytest.mark.parametrize("other", [_model, _late])
def test_a_state_of_another_stream_is_not_taken(
    told: Told, tmp_path: Path, other: Callable[[Path], Told]
) -> None:
    """Neither another model's nor one that is too old by now."""
    feed(told, 5, at=990.0)
    told.monitor.close()
    assert other(tmp_path / "drift" / "state.json").last == Judgement(tweets=0)


def test_a_disk_that_is_full_does_not_stop_the_stream(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the window stays in memory."""
    (tmp_path / "drift").write_text("a file where the folder should be")
    told = Told(tmp_path / "drift" / "state.json")
    with caplog.at_level(logging.WARNING):
        feed(told, 5, seconds=6.0)
        told.monitor.close()
    assert "drift_state_not_saved" in {line.message for line in caplog.records}
    assert told.last.tweets == 1_000


def test_an_alarm_is_logged_when_it_comes_and_when_it_goes(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    """Once each, however many judgements it stands."""
    with caplog.at_level(logging.INFO):
        feed(told, BLOCKS)
        feed(told, 2 * BLOCKS, positive=190)
        feed(told, 2 * BLOCKS)
    events = [line.message for line in caplog.records if line.message.startswith("drift_alarm")]
    assert events == ["drift_alarm", "drift_alarm_over"]
