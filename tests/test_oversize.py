"""Results too large for the topic: found, dead-lettered alone, and no loop."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from consumer.oversize import Oversize
from consumer.records import Label, Outcome, Position, Reason, Result, Stage, Tweet
from tests.doubles import record


def outcome(offsets: Collection[int]) -> Outcome:
    """Results at these offsets."""
    return Outcome(tuple(_result(n) for n in sorted(offsets)), padded_tokens=7, seconds={"score": 1.0})


def _result(offset: int) -> Result:
    return Result(record(offset=offset), Tweet("1", "x"), Label.POSITIVE, 0.9, 0.9, 0.5, 3, truncated=False)


def position(offset: int) -> Position:
    """Where it lies."""
    return record(offset=offset).position


def test_nothing_refused_changes_nothing() -> None:
    """The usual batch passes as the same object."""
    found = outcome({1, 2})
    assert Oversize().sort_out(found) is found


def test_one_refused_alone_is_dead_lettered_when_read_again() -> None:
    """With its own reason, in the stage where it happened; its mates stay, in order."""
    oversize = Oversize()
    oversize.refused([position(2)])
    found = oversize.sort_out(outcome({1, 2, 3}))
    assert [r.record.offset for r in found.results] == [1, 3]
    (reject,) = found.rejects
    assert (reject.record.offset, reject.stage, reject.reason) == (2, Stage.PUBLISH, Reason.RESULT_TOO_LARGE)
    assert (found.padded_tokens, found.seconds) == (7, {"score": 1.0})


def test_several_refused_together_are_only_suspects() -> None:
    """A topic refuses whole batches of records: the innocent among them must not be dead-lettered."""
    oversize = Oversize()
    oversize.refused([position(1), position(2)])
    assert oversize.suspects == {position(1), position(2)}
    assert oversize.sort_out(outcome({1, 2})).rejects == ()


def test_what_is_committed_is_forgotten() -> None:
    """Memory does not grow, and a record read anew is judged anew."""
    oversize = Oversize()
    oversize.refused([position(1), position(2)])
    oversize.refused([position(2)])
    oversize.published(oversize.sort_out(outcome({1, 2})))
    assert oversize.suspects == set()
    assert oversize.sort_out(outcome({1, 2})).rejects == ()


def test_what_is_not_committed_yet_is_remembered() -> None:
    """Another batch's commit clears no one."""
    oversize = Oversize()
    oversize.refused([position(9)])
    oversize.published(outcome({1, 2}))
    assert [r.record.offset for r in oversize.sort_out(outcome({9})).rejects] == [9]


@given(st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
def test_exactly_the_too_large_end_as_dead_letters(case: tuple[int, set[int]]) -> None:
    """Against a topic that refuses all when one is too large and names one only where it was sent alone."""
    count, large = case
    oversize, readings = Oversize(), 0
    while True:
        readings += 1
        assert readings <= 2 * len(large) + 2  # no loop
        found = oversize.sort_out(outcome(range(count)))
        sent = [r.record.position for r in found.results]
        refused = [p for p in sent if p.offset in large]
        if not refused:
            break
        alone = next((p for p in refused if p in oversize.suspects), None)
        oversize.refused([alone] if alone else sent)
    assert {r.record.offset for r in found.rejects} == large
    assert len(found.results) == count - len(large)
