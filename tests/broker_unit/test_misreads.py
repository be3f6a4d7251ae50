"""When polls that fail are no passing fault any more."""

from __future__ import annotations

from kafka import errors

from consumer.broker.misreads import Misreads
from tests.doubles import Clock

DAMAGED = errors.CorruptRecordError("at offset 3")


def test_a_few_are_told_with_the_last_reason() -> None:
    """Five, however many polls of other partitions went well between them."""
    clock = Clock()
    misreads = Misreads(clock)
    for number in range(5):
        assert misreads.reason() == ""
        clock.pass_seconds(9)
        misreads.note(DAMAGED if number else errors.KafkaTimeoutError())
    assert "CorruptRecordError" in misreads.reason()
    assert "at offset 3" in misreads.reason()


def test_it_is_over_when_none_failed_for_a_while() -> None:
    """Ready again; and what failed before is not held against it."""
    clock = Clock()
    misreads = Misreads(clock)
    assert not misreads.lately()
    for _ in range(5):
        misreads.note(DAMAGED)
    assert misreads.lately()
    clock.pass_seconds(10)
    assert (misreads.reason(), misreads.lately()) == ("", False)
    misreads.note(DAMAGED)
    assert (misreads.reason(), misreads.lately()) == ("", True)


def test_one_now_and_then_is_no_trouble() -> None:
    """A broker that restarts fails a poll or two."""
    clock = Clock()
    misreads = Misreads(clock)
    for _ in range(20):
        misreads.note(DAMAGED)
        clock.pass_seconds(10)
        assert misreads.reason() == ""
