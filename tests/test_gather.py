"""Gathering: when a micro-batch closes, why, and with whose snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.batch import Item, StageClock
from consumer.gather import Bounds, CloseReason, Gatherer, MicroBatch
from consumer.records import Prepared, Reason, Record, Reject, Skip, SkipReason, Stage, Tokens, Tweet
from tests.doubles import Backlog, Clock, Poll, ScriptedSource, record

WAIT_SECONDS = 0.010
BOUNDS = Bounds(messages=4, tokens=64, wait_seconds=WAIT_SECONDS)


def prepare(records: Iterable[Record], _watch: StageClock) -> list[Item]:
    """One item a record; its value says how many tokens it has, an empty one is skipped."""
    return [_item(r) for r in records]


def _item(source: Record) -> Item:
    if not source.value:
        return Skip(source, SkipReason.TOMBSTONE)
    return Prepared(source, Tweet("1", "x"), Tokens([1] * int(source.value), truncated=False))


def records(first: int, count: int, tokens: int = 8) -> tuple[Record, ...]:
    """So many records from an offset on, each with so many tokens."""
    return tuple(record(str(tokens).encode(), n) for n in range(first, first + count))


def offsets(batch: MicroBatch | None) -> list[int]:
    """Offsets of a batch's items."""
    assert batch is not None
    return [item.record.offset for item in batch.items]


def gatherer(polls: Sequence[Poll], bounds: Bounds = BOUNDS) -> tuple[Gatherer, ScriptedSource, Clock]:
    """A gatherer with a scripted source and a clock that the source moves."""
    clock = Clock()
    source = ScriptedSource(clock, polls)
    return Gatherer(source, prepare, bounds, clock), source, clock


def test_closed_by_messages() -> None:
    """A full batch goes at once."""
    gather, source, clock = gatherer([Poll(records(0, 4))])
    batch = gather.gather()
    assert offsets(batch) == [0, 1, 2, 3]
    assert batch is not None
    assert batch.reason is CloseReason.MESSAGES
    assert len(source.asked) == 1
    assert clock() == 100.0


def test_closed_by_tokens() -> None:
    """Long texts make a smaller batch; the one too many waits for the next."""
    gather, _, clock = gatherer([Poll(records(0, 3, tokens=30)), Poll(), Poll()])
    batch = gather.gather()
    assert batch is not None
    assert (offsets(batch), batch.reason) == ([0, 1], CloseReason.TOKENS)
    assert clock() == 100.0
    rest = gather.gather()
    assert rest is not None
    assert (offsets(rest), rest.reason) == ([2], CloseReason.WAIT)


def test_what_waits_is_made_anew_in_another_way() -> None:
    """In order, and bounded by its new length; what was given out already stays as it was."""
    gather, _, _ = gatherer([Poll(records(0, 4, tokens=30)), Poll(), Poll()])
    assert offsets(gather.gather()) == [0, 1]

    def longer(found: Iterable[Record], _watch: StageClock) -> list[Item]:
        return [Prepared(r, Tweet("1", "x"), Tokens([1] * 60, truncated=True)) for r in found]

    gather.prepare_with(longer)
    for offset in (2, 3):
        batch = gather.gather()
        assert offsets(batch) == [offset]
        assert batch is not None
        assert [isinstance(item, Prepared) and item.tokens.truncated for item in batch.items] == [True]


def test_the_reason_is_the_bound_that_cut_the_batch() -> None:
    """With as many messages as one batch takes, but too long to fit, tokens closed it."""
    gather, _, _ = gatherer([Poll(records(0, 4, tokens=30))])
    batch = gather.gather()
    assert batch is not None
    assert (offsets(batch), batch.reason) == ([0, 1], CloseReason.TOKENS)


def test_tokens_are_counted_as_they_are_padded() -> None:
    """Nine tokens cost the scorer about sixteen."""
    gather, _, _ = gatherer([Poll(records(0, 4, tokens=17))])
    assert offsets(gather.gather()) == [0, 1]


def test_a_text_longer_than_the_bound_goes_alone() -> None:
    """It must not stop the stream."""
    gather, _, _ = gatherer([Poll((*records(0, 1, tokens=500), *records(1, 1, tokens=500))), Poll(), Poll()])
    assert offsets(gather.gather()) == [0]
    assert offsets(gather.gather()) == [1]


def test_what_is_not_scored_costs_no_tokens() -> None:
    """Tombstones and dead letters fill a batch by number only."""
    empty = tuple(record(None, n) for n in range(3))
    gather, _, _ = gatherer([Poll((*empty, *records(3, 1, tokens=64)))])
    assert offsets(gather.gather()) == [0, 1, 2, 3]


def test_closed_by_wait() -> None:
    """A lone record waits for company as long as it is told to, and no longer."""
    gather, _, clock = gatherer([Poll(records(0, 1), seconds=0.2)])
    batch = gather.gather()
    assert batch is not None
    assert (offsets(batch), batch.reason) == ([0], CloseReason.WAIT)
    assert clock() == pytest.approx(100.2 + WAIT_SECONDS)


def test_several_polls_fill_one_batch_and_the_last_snapshot_counts() -> None:
    """The group may have changed between them: an older snapshot would be fenced, or worse, not."""
    gather, _, _ = gatherer(
        [
            Poll(records(0, 1), "first"),
            Poll(records(1, 1), "second", seconds=0.004),
            Poll((), "third", seconds=1),
        ]
    )
    batch = gather.gather()
    assert offsets(batch) == [0, 1]
    assert batch is not None
    assert batch.group == "third"


def test_a_surplus_is_committed_with_a_fresh_snapshot() -> None:
    """What was kept from an earlier poll is not published before the group is asked again."""
    gather, source, _ = gatherer([Poll(records(0, 4, tokens=30), "old"), Poll((), "new", seconds=1)])
    assert offsets(gather.gather()) == [0, 1]
    asked = len(source.asked)
    batch = gather.gather()
    assert batch is not None
    assert (offsets(batch), batch.group) == ([2, 3], "new")
    assert len(source.asked) > asked


def test_never_waits_while_a_backlog_is_there() -> None:
    """Batch after batch is full and the clock stands still, also where records are slow to prepare."""
    clock = Clock()

    def slow(found: Iterable[Record], watch: StageClock) -> list[Item]:
        clock.pass_seconds(5 * WAIT_SECONDS)
        return prepare(found, watch)

    gather = Gatherer(Backlog(records(0, 40)), slow, BOUNDS, clock)
    for number in range(8):
        batch = gather.gather()
        assert offsets(batch) == list(range(4 * number, 4 * number + 4))
        assert batch is not None
        assert batch.reason is CloseReason.MESSAGES


def test_past_the_wait_a_poll_that_still_brings_records_does_not_close() -> None:
    """Records that come while a step is slow are a backlog: the batch closes when full or when none came."""
    polls = [Poll(records(0, 1)), Poll(records(1, 1), seconds=1.0), Poll(records(2, 1), seconds=1.0), Poll()]
    gather, source, _ = gatherer(polls)
    assert offsets(gather.gather()) == [0, 1, 2]
    assert source.asked[-1][0] == 0.0


@given(
    lengths=st.lists(st.integers(0, 90), max_size=60),
    cuts=st.lists(st.integers(1, 4), min_size=60, max_size=60),
    at_most=st.none() | st.integers(1, 6),
)
def test_every_record_comes_once_in_order_within_the_bounds(
    lengths: list[int], cuts: list[int], at_most: int | None
) -> None:
    """However polls fall: nothing lost, nothing twice, no batch above a bound but for one long text."""
    waiting = [record(str(n).encode() if n else None, offset) for offset, n in enumerate(lengths)]
    clock = Clock()

    class Cut:
        def poll(self, wait_seconds: float, max_records: int) -> Poll:
            count = min(cuts.pop() if cuts else 1, max_records)
            found = tuple(waiting[:count])
            del waiting[:count]
            clock.pass_seconds(0.0 if found else wait_seconds)
            return Poll(found)

    gather = Gatherer(Cut(), prepare, BOUNDS, clock)
    seen: list[int] = []
    while len(seen) < len(lengths):
        batch = gather.gather(at_most)
        assert batch is not None
        assert 1 <= len(batch.items) <= min(BOUNDS.messages, at_most or BOUNDS.messages)
        tokens = [len(item.tokens) for item in batch.items if isinstance(item, Prepared)]
        assert sum(tokens) <= BOUNDS.tokens or len(batch.items) == 1 or len(tokens) == 1
        seen += offsets(batch)
    assert seen == list(range(len(lengths)))


@pytest.mark.parametrize("at_most", [1, 3])
def test_no_more_than_may_still_be_committed(at_most: int) -> None:
    """``--max-messages``: neither the batch nor the poll goes beyond what is left."""
    gather, source, clock = gatherer([Poll(records(0, at_most))])
    batch = gather.gather(at_most)
    assert len(offsets(batch)) == at_most
    assert source.asked[0][1] == at_most
    assert clock() == 100.0


def test_a_surplus_beyond_what_may_still_be_committed_stays_behind() -> None:
    """The last batch of ``--max-messages`` is cut, although more was read."""
    gather, _, _ = gatherer([Poll(records(0, 4, tokens=30))])
    gather.gather()
    batch = gather.gather(1)
    assert batch is not None
    assert (offsets(batch), batch.reason) == ([2], CloseReason.MESSAGES)


def test_moved_partitions_empty_everything() -> None:
    """Work on partitions that may be another's now is dropped, the surplus of earlier polls too."""
    gather, _, _ = gatherer(
        [Poll(records(0, 4, tokens=30)), Poll(records(4, 1), moved=True), Poll(records(10, 1)), Poll()]
    )
    assert offsets(gather.gather()) == [0, 1]
    assert gather.gather() is None
    assert offsets(gather.gather()) == [10]


def test_moved_in_the_middle_of_a_batch() -> None:
    """A half-filled batch is dropped as well."""
    gather, _, _ = gatherer([Poll(records(0, 2)), Poll(moved=True), Poll(records(0, 4))])
    assert gather.gather() is None
    assert offsets(gather.gather()) == [0, 1, 2, 3]


def test_without_a_stable_group_nothing_is_given_out() -> None:
    """A snapshot of a member that is not stable commits unfenced; the records wait for a good one."""
    gather, _, _ = gatherer([Poll(records(0, 4), group=None), Poll((), group=None), Poll((), group="stable")])
    assert gather.gather() is None
    assert gather.gather() is None
    batch = gather.gather()
    assert batch is not None
    assert (offsets(batch), batch.group) == ([0, 1, 2, 3], "stable")


def test_cleared_is_forgotten() -> None:
    """After a failed transaction the same records are read again: kept ones would come twice."""
    gather, _, _ = gatherer([Poll(records(0, 4, tokens=30)), Poll(records(0, 4))])
    gather.gather()
    gather.clear()
    assert offsets(gather.gather()) == [0, 1, 2, 3]


def test_nothing_came() -> None:
    """An idle poll ends soon enough to notice a stop, with no batch."""
    gather, _, clock = gatherer([])
    assert gather.gather() is None
    assert clock() - 100.0 <= 0.5


def test_waiting_for_the_first_record_is_not_booked_on_a_stage() -> None:
    """Stage durations say where time goes while there is work."""
    gather, _, _ = gatherer([Poll(), Poll(records(0, 4))])
    assert gather.gather() is None
    batch = gather.gather()
    assert batch is not None
    assert batch.seconds == {"poll": 0.0}


def test_rejects_travel_with_their_batch() -> None:
    """A dead letter is committed with its neighbours."""

    def reject_odd(found: Iterable[Record], watch: StageClock) -> list[Item]:
        items = prepare(found, watch)
        return [_rejected(item.record) if item.record.offset % 2 else item for item in items]

    source: Any = ScriptedSource(Clock(), [Poll(records(0, 4))])
    gather = Gatherer(source, reject_odd, BOUNDS, Clock())
    batch = gather.gather()
    assert batch is not None
    assert [type(item) for item in batch.items] == [Prepared, Reject, Prepared, Reject]


def _rejected(source: Record) -> Reject:
    return Reject(source, Stage.PARSE, Reason.INVALID_JSON, "x")
