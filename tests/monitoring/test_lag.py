"""Lag as of the moment of asking."""

from __future__ import annotations

from consumer.monitoring.lag import Lag

PARTITION = ("tweets", 0)


def lag_at(now: float) -> Lag:
    """Two partitions assigned, asked at a fixed time."""
    lag = Lag(lambda: now)
    lag.assign([PARTITION, ("tweets", 1)])
    return lag


def test_the_oldest_record_counts() -> None:
    """Seconds of lag are the age of the oldest uncommitted record of all partitions."""
    lag = lag_at(1_000.0)
    lag.update(PARTITION, 10, 2, 990_500)
    lag.update(("tweets", 1), 10, 2, 970_000)
    assert lag.seconds() == 30
    assert lag.records() == {PARTITION: 8, ("tweets", 1): 8}


def test_nothing_waiting_is_no_lag() -> None:
    """Zero, however old the last record is."""
    lag = lag_at(1_000.0)
    lag.update(PARTITION, 10, 2, 990_000)
    lag.update(PARTITION, 10, 10, None)
    assert lag.seconds() == 0
    assert lag.records() == {PARTITION: 0}


def test_an_unknown_end_has_no_number() -> None:
    """Before the first fetch nothing is claimed of a partition."""
    lag = lag_at(1_000.0)
    lag.update(PARTITION, None, 4, None)
    assert lag.records() == {}


def test_an_unknown_position_has_no_number() -> None:
    """Nothing is committed yet, which is not the same as all of it being behind."""
    lag = lag_at(1_000.0)
    lag.update(PARTITION, 10, None, None)
    assert lag.records() == {}


def test_a_clock_ahead_gives_zero() -> None:
    """A record from the future has no negative age."""
    lag = lag_at(1_000.0)
    lag.update(PARTITION, 5, 4, 2_000_000)
    assert lag.seconds() == 0


def test_a_record_without_a_timestamp_has_no_age() -> None:
    """Kafka's word for none is -1; taken for a time, it would be 56 years of lag."""
    lag = lag_at(1_763_805_600.0)
    lag.update(PARTITION, 5, 4, -1)
    assert lag.seconds() == 0
    assert lag.records() == {PARTITION: 1}


def test_an_unassigned_partition_is_ignored() -> None:
    """Only what is assigned has a lag."""
    lag = Lag(lambda: 1_000.0)
    lag.update(PARTITION, 5, 4, 2_000)
    assert lag.records() == {}
    assert lag.seconds() == 0


def test_a_partition_that_went_away_and_came_back_is_new() -> None:
    """What was known of it while it was another's is not shown as if it were so still."""
    lag = Lag(lambda: 1_000.0)
    lag.assign([("tweets", 0), ("tweets", 1)])
    lag.update(("tweets", 0), 10, 4, 990_000)
    lag.assign([("tweets", 1)])
    assert (lag.records(), lag.seconds()) == ({}, 0.0)


def test_a_position_past_the_known_end_is_no_lag_below_nothing() -> None:
    """The end is known from the last fetch, the position from the last commit: it may be ahead."""
    lag = Lag(lambda: 1_000.0)
    lag.assign([("tweets", 0)])
    lag.update(("tweets", 0), 10, 12, None)
    assert lag.records() == {("tweets", 0): 0}
