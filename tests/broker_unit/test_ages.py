"""How old what waits is: never the age of a record that was committed long ago."""

from __future__ import annotations

import pytest
from kafka import TopicPartition

from consumer.broker.ages import Ages
from tests.doubles import Clock

TP = TopicPartition("tweets", 0)


@pytest.fixture
def clock() -> Clock:
    """At a thousand."""
    return Clock(1_000.0)


@pytest.fixture
def ages(clock: Clock) -> Ages:
    """Of nothing yet."""
    return Ages(clock)


def test_in_a_backlog_the_last_commit_tells(ages: Ages) -> None:
    """What waits behind it is about as old."""
    ages.note(TP, 7_000)
    assert ages.oldest(TP, behind=True) == 7_000
    ages.note(TP, 8_000)
    assert ages.oldest(TP, behind=True) == 8_000


def test_once_caught_up_the_age_begins_anew(ages: Ages, clock: Clock) -> None:
    """A commit of hours ago says nothing of what has come since, such as an open transaction's records."""
    ages.note(TP, 7_000)
    assert ages.oldest(TP, behind=False) is None
    clock.pass_seconds(5)
    assert ages.oldest(TP, behind=True) == 1_005_000
    clock.pass_seconds(10)
    assert ages.oldest(TP, behind=True) == 1_005_000
    assert ages.oldest(TP, behind=False) is None
    assert ages.oldest(TP, behind=True) == 1_015_000


def test_of_partitions_that_moved_nothing_is_known(ages: Ages) -> None:
    """Another replica may have worked on them meanwhile."""
    ages.note(TP, 7_000)
    assert ages.oldest(TP, behind=True) == 7_000
    ages.forget()
    assert ages.oldest(TP, behind=True) == 1_000_000
