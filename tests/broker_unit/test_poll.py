"""Polling: what the client is told to be, and when a poll's records may be committed at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from kafka import TopicPartition, errors
from kafka.consumer.fetcher import Fetcher
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.structs import MemberState, OffsetAndMetadata

from consumer.broker import poll
from consumer.broker.poll import Source
from consumer.errors import ConfigurationError

TP = TopicPartition("tweets", 0)
STABLE = SimpleNamespace(state=MemberState.STABLE, generation_id=7)


class Client:
    """A consumer as far as ``Source`` needs one; says in ``calls`` what was asked, in order."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.calls: list[str] = []
        self.group: Any = STABLE
        self.fetched: Mapping[TopicPartition, list[Any]] = {}
        self.raises: BaseException | None = None
        self.position_raises: BaseException | None = None  # once, as the client does
        self.listener: Any = None
        self._coordinator = SimpleNamespace(_offset_fetch_futures={})
        self._fetcher = SimpleNamespace(_next_partition_records=None)

    def subscribe(self, _topics: list[str], listener: Any) -> None:
        """Join."""
        self.listener = listener

    def poll(self, **_limits: int) -> Mapping[TopicPartition, list[Any]]:
        """What was put there."""
        self.calls.append("poll")
        if self.raises is not None:
            raise self.raises
        return self.fetched

    def group_metadata(self) -> Any:
        """As of this moment."""
        self.calls.append("group")
        return self.group

    def assignment(self) -> set[TopicPartition]:
        """One partition."""
        return {TP}

    def beginning_offsets(self, tps: list[TopicPartition], **_time: int) -> dict[TopicPartition, int]:
        """Nothing was deleted."""
        return dict.fromkeys(tps, 0)

    def committed(self, _tp: TopicPartition, **_time: int) -> int:
        """Three are done."""
        return 3

    def position(self, _tp: TopicPartition, **_time: int) -> int:
        """One further than what is committed."""
        error, self.position_raises = self.position_raises, None
        if error is not None:
            raise error
        return 4

    def highwater(self, _tp: TopicPartition) -> int:
        """More is waiting."""
        return 9

    def paused(self) -> set[TopicPartition]:
        """None."""
        return set()

    def pause(self, _tp: TopicPartition) -> None:
        """Hold."""

    def end_offsets(self, tps: list[TopicPartition], **_time: int) -> dict[TopicPartition, int]:
        """More is waiting."""
        return dict.fromkeys(tps, 9)

    def commit(self, _offsets: Mapping[TopicPartition, OffsetAndMetadata], **_time: int) -> None:
        """Where a topic made anew begins."""

    def seek(self, _tp: TopicPartition, offset: int) -> None:
        """Go there."""
        self.calls.append(f"seek {offset}")


@pytest.fixture
def source() -> Iterator[Source]:
    """One on the stand-in."""
    with mock.patch.object(poll, "KafkaConsumer", Client):
        yield Source({}, topic="tweets", group="group")


def client(source: Source) -> Client:
    """The stand-in below it."""
    found = source._consumer
    assert isinstance(found, Client)
    return found


def fetched(offset: int) -> SimpleNamespace:
    """A record as the client has it."""
    return SimpleNamespace(
        topic="tweets", partition=0, offset=offset, timestamp=1, key=None, value=b"{}", headers=[]
    )


def test_partitions_are_given_up_before_others_have_them(source: Source) -> None:
    """Eager: with the cooperative assignor the client changes the assignment before it tells of it."""
    assert client(source).options["partition_assignment_strategy"] == [RangePartitionAssignor]
    assert RangePartitionAssignor.name == "range"


def test_the_client_commits_nothing_by_itself(source: Source) -> None:
    """And sees nothing that is not committed, and starts nowhere by itself."""
    options = client(source).options
    assert options["enable_auto_commit"] is False
    assert options["isolation_level"] == "read_committed"
    assert options["auto_offset_reset"] == "none"


def test_a_broker_that_cannot_say_what_is_committed_does_not_answer(source: Source) -> None:
    """Offsets without a leader: nothing can be read, whatever else it answers, and waiting has an end."""
    one = client(source)
    one.raises = errors.OffsetOutOfRangeError({TP: 3})
    with mock.patch.object(one, "committed", side_effect=errors.KafkaTimeoutError):
        assert source.poll(0.0, 10).moved
        assert not source.answers(1.0)
        assert source.poll(0.0, 10).moved
        assert not source.answers(1.0)
        assert not source.is_reading()
    one.raises = None
    assert not source.poll(0.0, 10).moved
    assert source.answers(1.0)
    assert source.is_reading()


def test_an_answer_from_before_our_own_commit_is_not_believed(source: Source) -> None:
    """Nothing is read from there, and the broker counts as silent until it knows what it was told."""
    source.rewind()
    source.committed({TP: OffsetAndMetadata(5, "", -1)})
    source.rewind()  # three, it says
    assert source.poll(0.0, 10).moved
    assert not source.answers(1.0)
    assert "poll" not in client(source).calls
    with mock.patch.object(client(source), "committed", return_value=5):
        source.poll(0.0, 10)
    assert client(source).calls[-3:] == ["seek 5", "poll", "group"]


def test_the_snapshot_is_taken_right_behind_the_poll(source: Source) -> None:
    """Read later it may belong to no generation, and brokers take such a commit unfenced."""
    client(source).fetched = {TP: [fetched(3)]}
    polled = source.poll(0.0, 10)
    assert client(source).calls == ["poll", "group"]
    assert polled.group is STABLE
    assert [record.offset for record in polled.records] == [3]


@pytest.mark.parametrize("state", ["UNJOINED", "REBALANCING"])
def test_without_a_stable_membership_nothing_may_be_committed(source: Source, state: str) -> None:
    """Its generation is none, or one that is about to end."""
    client(source).fetched = {TP: [fetched(3)]}
    client(source).group = SimpleNamespace(state=getattr(MemberState, state), generation_id=-1)
    assert source.poll(0.0, 10).group is None


@pytest.mark.parametrize(("state", "is_one"), [("STABLE", True), ("UNJOINED", False), ("REBALANCING", False)])
def test_a_member_is_who_the_group_has_settled_with(source: Source, state: str, *, is_one: bool) -> None:
    """Who was put out is none from then on, whatever it has in hand."""
    client(source).group = SimpleNamespace(state=getattr(MemberState, state), generation_id=7)
    assert source.is_member() is is_one


@pytest.mark.parametrize("told", ["on_partitions_revoked", "on_partitions_lost", "on_partitions_assigned"])
def test_whatever_moves_voids_what_was_polled(source: Source, told: str) -> None:
    """Reading goes on at what is committed, not at the position the client kept."""
    client(source).fetched = {TP: [fetched(9)]}
    getattr(client(source).listener, told)([TP])
    polled = source.poll(0.0, 10)
    assert polled.moved
    assert polled.records == ()
    assert client(source).calls[-1] == "seek 3"
    assert not source.poll(0.0, 10).moved


def test_what_was_polled_and_not_committed_keeps_its_age(source: Source) -> None:
    """A batch that failed is read again; until it is, how old it is was seen."""
    client(joined(source)).fetched = {TP: [fetched(3)]}  # written at 1 ms
    source.poll(0.0, 10)
    source.rewind()
    assert [state.oldest_uncommitted_ms for state in source.states()] == [1]


@pytest.mark.parametrize("how", ["poll", "hold"])
def test_a_partition_that_was_away_has_no_age_from_before(source: Source, how: str) -> None:
    """Another replica may have done all that was waiting then."""
    client(joined(source)).fetched = {TP: [fetched(3)]}
    source.poll(0.0, 10)
    client(source).listener.on_partitions_revoked([TP])
    began = time.time() * 1000
    source.poll(0.0, 10) if how == "poll" else source.hold(0.0)
    (state,) = source.states()
    assert state.oldest_uncommitted_ms is not None
    assert state.oldest_uncommitted_ms >= int(began)


def test_a_refused_group_is_named(source: Source) -> None:
    """Which one, and the right that is missing."""
    client(source).raises = errors.GroupAuthorizationFailedError()
    with pytest.raises(ConfigurationError, match="consumer group group: READ"):
        source.poll(0.0, 10)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each pause would have been."""
    paused: list[float] = []
    monkeypatch.setattr("time.sleep", paused.append)
    return paused


def test_a_poll_that_failed_brings_nothing_that_may_be_committed(source: Source, pauses: list[float]) -> None:
    """It is simply tried again, after a pause: the answer may have come at once."""
    client(source).raises = errors.KafkaTimeoutError()
    polled = source.poll(0.0, 10)
    assert (polled.records, polled.group, polled.moved) == ((), None, False)
    assert len(pauses) == 1
    assert pauses[0] > 0


@pytest.mark.usefixtures("pauses")
def test_an_input_that_cannot_be_read_is_told(source: Source) -> None:
    """Once is no trouble, but no proof either that nothing is there; poll after poll it is both."""
    assert source.is_reading()
    client(source).raises = errors.CorruptRecordError("partition 0 at offset 3")
    source.poll(0.0, 10)
    assert (source.trouble(), source.is_reading()) == ("", False)
    for _ in range(5):
        source.poll(0.0, 10)
    assert "CorruptRecordError" in source.trouble()
    assert "partition 0 at offset 3" in source.trouble()


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("read", [lambda source: source.poll(0.0, 10), lambda source: source.hold(0.0)])
def test_records_that_cannot_be_read_are_asked_for_anew(
    source: Source, read: Callable[[Source], object]
) -> None:
    """The client keeps them, and would look at them for ever in the next poll: at no records, and no end."""
    damaged = SimpleNamespace(validate_crc=lambda: False, base_offset=3)
    kept = Fetcher.PartitionRecords(3, TP, SimpleNamespace(next_batch=lambda: damaged))
    with pytest.raises(errors.CorruptRecordError) as found:
        kept.take(10)
    assert (kept.take(10), bool(kept)) == ([], True)
    client(source)._fetcher._next_partition_records = kept
    client(source).raises = found.value
    read(source)
    assert not kept


def joined(source: Source) -> Source:
    """One that has its partition, and has read from it."""
    client(source).listener.on_partitions_assigned([TP])
    assert source.poll(0.0, 10).moved
    client(source).calls.clear()
    return source


LOST = [errors.LogTruncationError({TP: None}), errors.NoOffsetForPartitionError([TP])]


@pytest.mark.parametrize("lost", LOST, ids=repr)
def test_a_position_lost_between_two_polls_voids_what_was_polled(
    source: Source, lost: errors.KafkaError
) -> None:
    """The client tells it once, to whoever asks first: here to the count of what is behind."""
    client(joined(source)).position_raises = lost
    assert [state.committed for state in source.states()] == [3]
    assert not source.is_reading()
    client(source).fetched = {TP: [fetched(9)]}
    polled = source.poll(0.0, 10)
    assert (polled.moved, polled.records) == (True, ())
    assert client(source).calls[-1] == "seek 3"
    assert not source.poll(0.0, 10).moved


def test_a_position_lost_before_a_pause_is_set_anew_in_it(source: Source) -> None:
    """What is polled after it is new."""
    joined(source).hold(0.0)  # a pause that begins sets reading back
    client(source).calls.clear()
    source.states()
    source.hold(0.0)
    assert "seek 3" not in client(source).calls
    client(source).position_raises = LOST[0]
    source.states()
    source.hold(0.0)
    assert client(source).calls[-1] == "seek 3"
    assert not source.poll(0.0, 10).moved


@pytest.mark.parametrize("error", [errors.IllegalStateError("not assigned"), errors.KafkaTimeoutError()])
def test_a_position_that_is_not_known_costs_the_lag_nothing_else(
    source: Source, error: errors.KafkaError
) -> None:
    """A partition may go to another between two calls, on the client's own thread."""
    client(joined(source)).position_raises = error
    assert [state.committed for state in source.states()] == [3]
    assert [state.committed for state in source.states()] == [4]
    assert not source.poll(0.0, 10).moved


def test_what_waiting_does_not_cure_is_told_by_a_position_too(source: Source) -> None:
    """As by a poll."""
    client(joined(source)).position_raises = errors.GroupAuthorizationFailedError()
    with pytest.raises(ConfigurationError, match="consumer group group: READ"):
        source.states()
