"""Where reading starts: never silently elsewhere than at the committed position."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from unittest import mock

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.structs import OffsetAndMetadata, OffsetAndTimestamp

from consumer.broker.positions import PositionMovedError, Positions, PositionWentBackError, Reset
from consumer.errors import ConfigurationError

TP, OTHER = TopicPartition("tweets", 0), TopicPartition("tweets", 1)


class Consumer:
    """Answers questions about positions."""

    def __init__(
        self, begins: int = 0, ends: int = 100, committed: int | None = None, at_time: int | None = None
    ) -> None:
        self.begins, self.ends, self.at_time = begins, ends, at_time
        self.committed_at = {TP: committed}
        self._coordinator = SimpleNamespace(_offset_fetch_futures={})
        self.sought: dict[TopicPartition, int] = {}

    def beginning_offsets(self, tps: Iterable[TopicPartition], timeout_ms: int) -> dict[TopicPartition, int]:
        """The oldest kept."""
        assert timeout_ms > 0
        return dict.fromkeys(tps, self.begins)

    def end_offsets(self, tps: Iterable[TopicPartition], timeout_ms: int) -> dict[TopicPartition, int]:
        """The next to be written."""
        assert timeout_ms > 0
        return dict.fromkeys(tps, self.ends)

    def offsets_for_times(
        self, times: dict[TopicPartition, int], timeout_ms: int
    ) -> dict[TopicPartition, OffsetAndTimestamp | None]:
        """The first at or after a time."""
        assert timeout_ms > 0
        return {tp: self.at_time and OffsetAndTimestamp(self.at_time, ms, 0) for tp, ms in times.items()}

    def committed(self, tp: TopicPartition, timeout_ms: int) -> int | None:
        """The group's position."""
        assert timeout_ms > 0
        return self.committed_at.get(tp)

    def commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata], timeout_ms: int) -> None:
        """Hold positions for the group."""
        assert timeout_ms > 0
        self.committed_at |= {tp: position.offset for tp, position in offsets.items()}

    def seek(self, tp: TopicPartition, offset: int) -> None:
        """Go there."""
        self.sought[tp] = offset


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What happens between two questions, one after the other; none waits."""
    happens: list[Callable[[], object]] = []
    monkeypatch.setattr("time.sleep", lambda _seconds: happens.pop(0)() if happens else None)
    return happens


def positions(consumer: Consumer, reset: Reset = "earliest") -> tuple[Positions, list[int]]:
    """Positions, and the gaps they tell."""
    gaps: list[int] = []
    return Positions(consumer, reset, gaps.append), gaps


def test_goes_on_at_the_committed_position() -> None:
    """Whatever the policy says."""
    consumer = Consumer(committed=42)
    found, gaps = positions(consumer, "latest")
    assert found.seek([TP]) == {TP: 42}
    assert consumer.sought == {TP: 42}
    assert gaps == []


@pytest.mark.parametrize("answer", [41, 7, None])
@pytest.mark.parametrize("how", ["asked", "committed"])
def test_less_than_was_committed_is_not_believed(answer: int | None, how: str) -> None:
    """A coordinator that has just started may not have read all it has: it is asked until it knows better."""
    consumer = Consumer(committed=42 if how == "asked" else 3)
    found, _ = positions(consumer)
    found.seek([TP])
    if how == "committed":
        found.committed({TP: OffsetAndMetadata(42, "", -1)})
    consumer.sought.clear()
    consumer.committed_at[TP] = answer
    with pytest.raises(PositionWentBackError, match=f"tweets 0: {answer}, but 42 was committed"):
        found.seek([TP])
    assert consumer.sought == {}
    consumer.committed_at[TP] = 45  # by another replica
    assert found.seek([TP]) == {TP: 45}


@pytest.mark.parametrize("reset", ["earliest", "latest"])
@pytest.mark.parametrize("early", [7, None])
def test_a_first_answer_that_does_not_stand_still_is_not_believed(
    early: int | None, reset: Reset, pauses: list[Callable[[], object]]
) -> None:
    """A replica that starts while the coordinator still reads its log: it asks until two answers agree."""
    consumer = Consumer(committed=early)
    found, _ = positions(consumer, reset)
    pauses.extend(
        [
            lambda: consumer.committed_at.update({TP: 30}),
            lambda: consumer.committed_at.update({TP: 42}),
            lambda: None,
        ]
    )
    for said, then in ((early, 30), (30, 42)):
        with pytest.raises(PositionMovedError, match=f"tweets 0: {said} was committed, then {then}"):
            found.seek([TP])
    assert consumer.sought == {}
    assert found.seek([TP]) == {TP: 42}
    assert pauses == []


def test_a_partition_is_asked_twice_once(pauses: list[Callable[[], object]]) -> None:
    """From then on a smaller answer shows by itself; a batch that failed need not wait."""
    consumer = Consumer(committed=42)
    found, _ = positions(consumer)
    found.seek([TP])
    pauses.append(lambda: None)
    assert found.seek([TP]) == {TP: 42}
    assert len(pauses) == 1
    assert found.seek([TP, OTHER]) == {TP: 42, OTHER: 0}
    assert pauses == []
    pauses.append(lambda: None)
    assert found.seek([TP, OTHER]) == {TP: 42, OTHER: 0}
    assert len(pauses) == 1


@pytest.mark.parametrize("answer", [7, None])
def test_less_is_believed_of_a_topic_that_was_made_anew(answer: int | None) -> None:
    """Its end lies before the position, and the group's positions went with the old one."""
    consumer = Consumer(committed=42)
    found, _ = positions(consumer)
    found.seek([TP])
    consumer.committed_at[TP] = answer
    found.out_of_range({TP: 42})
    assert found.seek([TP]) == {TP: answer or 0}
    assert found.seek([TP]) == {TP: answer or 0}


@pytest.mark.parametrize(("reset", "start"), [("earliest", 0), ("latest", 10)])
def test_less_is_believed_once_a_topic_that_lost_its_tail_was_gone_on_with(reset: Reset, start: int) -> None:
    """The first commit behind such a start is less than the position that was refused."""
    consumer = Consumer(ends=10, committed=42)
    found, _ = positions(consumer, reset)
    found.seek([TP])
    found.out_of_range({TP: 42})
    assert found.seek([TP]) == {TP: start}
    found.committed({TP: OffsetAndMetadata(20, "", -1)})
    consumer.committed_at[TP] = 20
    assert found.seek([TP]) == {TP: 20}
    consumer.committed_at[TP] = 19
    with pytest.raises(PositionWentBackError, match="19, but 20 was committed"):
        found.seek([TP])


@pytest.mark.parametrize(
    ("reset", "at_time", "start"),
    [
        ("earliest", None, 5),
        ("latest", None, 100),
        (1_700_000_000_000, 30, 30),
        (1_700_000_000_000, None, 100),
    ],
)
def test_a_new_group_starts_where_the_policy_says(reset: Reset, at_time: int | None, start: int) -> None:
    """At the first or next record, or at the first one after a time; with none that late, at the end."""
    found, gaps = positions(Consumer(begins=5, at_time=at_time), reset)
    assert found.seek([TP]) == {TP: start}
    assert gaps == []


def test_a_start_at_the_end_is_held() -> None:
    """Asked for again before anything is committed, the end has moved on: nothing in between is skipped."""
    consumer = Consumer(ends=100)
    found, _ = positions(consumer, "latest")
    found.seek([TP])
    consumer.ends = 105
    assert found.seek([TP]) == {TP: 100}


def test_records_deleted_unread_are_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Retention went past a group that was stopped for too long."""
    found, gaps = positions(Consumer(begins=50, committed=42))
    with caplog.at_level(logging.ERROR):
        assert found.seek([TP]) == {TP: 50}
    assert gaps == [8]
    assert [r.message for r in caplog.records] == ["offset_gap"]


def test_a_gap_is_counted_once() -> None:
    """A batch that failed sets reading back before anything beyond the gap is committed."""
    consumer = Consumer(begins=50, committed=42)
    found, gaps = positions(consumer)
    found.seek([TP])
    found.seek([TP])
    assert gaps == [8]
    consumer.begins = 53
    found.seek([TP])
    assert sum(gaps) == 11


def test_a_position_past_the_end_is_logged_and_the_policy_decides(caplog: pytest.LogCaptureFixture) -> None:
    """The topic was made anew; going on at a number that means nothing now would skip records."""
    found, _ = positions(Consumer(begins=0, ends=10, committed=42), "earliest")
    found.out_of_range({TP: 42})
    with caplog.at_level(logging.ERROR):
        assert found.seek([TP]) == {TP: 0}
    assert [r.message for r in caplog.records] == ["position_past_end"]


def test_a_start_in_a_topic_made_anew_is_held() -> None:
    """A batch that fails is read again from there, though the topic has outgrown the old position by then."""
    consumer = Consumer(begins=0, ends=10, committed=42)
    found, _ = positions(consumer, "earliest")
    found.out_of_range({TP: 42})
    found.seek([TP])
    consumer.ends = 50
    assert found.seek([TP]) == {TP: 0}


def test_a_refusal_is_remembered_for_one_seek() -> None:
    """Afterwards the committed position counts again."""
    consumer = Consumer(committed=42)
    found, _ = positions(consumer)
    found.out_of_range({TP: 42})
    found.seek([TP])
    consumer.committed_at[TP] = 42
    assert found.seek([TP]) == {TP: 42}


def test_a_refused_position_that_is_not_the_committed_one_means_nothing() -> None:
    """Something moved in between."""
    found, _ = positions(Consumer(committed=42))
    found.out_of_range({TP: 41})
    assert found.seek([TP]) == {TP: 42}


def test_rescoring_from_a_time_needs_a_new_group() -> None:
    """``--from`` must not be ignored in silence."""
    found, _ = positions(Consumer(committed=42), 1_700_000_000_000)
    with pytest.raises(ConfigurationError, match="--from"):
        found.seek([TP])


def test_one_committed_position_makes_a_group_old() -> None:
    """Of any partition that the run begins with; it is told what to do instead."""
    consumer = Consumer(committed=42, at_time=30)
    found, _ = positions(consumer, 1_700_000_000_000)
    with pytest.raises(ConfigurationError, match="leave --from out"):
        found.seek([OTHER, TP])
    assert consumer.committed_at == {TP: 42}
    assert consumer.sought == {}


def test_rescoring_takes_over_what_another_replica_began() -> None:
    """A replica ends, and its partition comes here in mid-run: it goes on where that one was."""
    consumer = Consumer(at_time=30)
    found, _ = positions(consumer, 1_700_000_000_000)
    found.seek([TP])
    consumer.committed_at[OTHER] = 50
    assert found.seek([TP, OTHER]) == {TP: 30, OTHER: 50}


def test_a_start_at_a_time_is_held() -> None:
    """A further replica, and this one restarted, find it committed: they need not know the time."""
    consumer = Consumer(at_time=30)
    found, _ = positions(consumer, 1_700_000_000_000)
    found.seek([TP, OTHER])
    assert consumer.committed_at == {TP: 30, OTHER: 30}
    further, _ = positions(consumer, "earliest")
    assert further.seek([OTHER]) == {OTHER: 30}


def test_a_start_whose_commit_was_not_answered_is_still_this_runs() -> None:
    """It may be committed all the same; the next try must not take it for another run's."""
    consumer = Consumer(at_time=30)
    found, _ = positions(consumer, 1_700_000_000_000)
    with mock.patch.object(consumer, "commit", side_effect=KafkaTimeoutError), pytest.raises(KafkaError):
        found.seek([TP])
    consumer.committed_at[TP] = 30
    assert found.seek([TP]) == {TP: 30}


def test_rescoring_goes_on_after_its_own_commits() -> None:
    """Once started, the group's positions are this run's."""
    consumer = Consumer(at_time=30)
    found, _ = positions(consumer, 1_700_000_000_000)
    found.seek([TP])
    consumer.committed_at[TP] = 35
    assert found.seek([TP]) == {TP: 35}


def test_nothing_assigned_asks_nothing() -> None:
    """A spare replica."""
    found, _ = positions(Consumer())
    assert found.seek([]) == {}


def test_every_partition_is_sought() -> None:
    """One with a committed position, one without."""
    consumer = Consumer(begins=3, committed=42)
    found, _ = positions(consumer)
    assert found.seek([TP, OTHER]) == {TP: 42, OTHER: 3}
    assert consumer.sought == {TP: 42, OTHER: 3}
