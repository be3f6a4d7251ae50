"""The circuit breaker: when it opens, for how long, and what closes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.breaker import LONGEST_PAUSE_SECONDS, PROBE_RECORDS, Breaker, BreakerRules, State
from tests.doubles import Clock

GOOD, DEAD = [False], [True]
RULES = BreakerRules(ratio=0.5, window=100, least=20, pause_seconds=30)


def breaker(clock: Clock, rules: BreakerRules = RULES) -> Breaker:
    """One that is closed."""
    return Breaker(rules, clock)


def opened(clock: Clock) -> Breaker:
    """One that has just opened."""
    made = breaker(clock)
    made.committed(DEAD * RULES.least)
    assert made.state() is State.OPEN
    return made


def half_open(clock: Clock) -> Breaker:
    """One whose first pause is over."""
    made = opened(clock)
    clock.pass_seconds(RULES.pause_seconds)
    assert made.state() is State.HALF_OPEN
    return made


def test_an_ordinary_share_of_bad_records_changes_nothing() -> None:
    """Below the limit the stream runs without bound."""
    made = breaker(Clock())
    for _ in range(200):
        made.committed([*DEAD * 4, *GOOD * 6])
    assert made.state() is State.CLOSED
    assert made.room() is None
    assert made.ratio == pytest.approx(0.4)


def test_it_opens_at_the_limit_and_not_before_enough_were_seen() -> None:
    """A handful of bad records at the start of a quiet day is no bad deploy."""
    made = breaker(Clock())
    made.committed(DEAD * (RULES.least - 1))
    assert made.state() is State.CLOSED
    made.committed(DEAD)
    assert made.state() is State.OPEN
    assert made.room() == 0


def test_what_left_the_window_does_not_count() -> None:
    """A good past does not hide a bad present, nor a bad past a good present."""
    made = breaker(Clock())
    made.committed(GOOD * 10_000)
    made.committed(DEAD * 49)
    assert made.state() is State.CLOSED
    made.committed(DEAD)  # half of the last hundred
    assert made.state() is State.OPEN


def test_a_ratio_of_zero_is_no_breaker() -> None:
    """Who wants none gets none."""
    made = breaker(Clock(), BreakerRules(ratio=0))
    made.committed(DEAD * 10_000)
    assert made.state() is State.CLOSED


def test_a_pause_ends_by_itself_and_lets_a_few_through() -> None:
    """Not sooner than it was told, and no more than the probe."""
    clock = Clock()
    made = opened(clock)
    clock.pass_seconds(RULES.pause_seconds - 0.1)
    assert made.state() is State.OPEN
    clock.pass_seconds(0.1)
    assert made.state() is State.HALF_OPEN
    assert made.room() == PROBE_RECORDS
    made.committed(GOOD * 5)
    assert made.room() == PROBE_RECORDS - 5


def test_a_good_probe_closes_it_and_the_past_is_forgotten() -> None:
    """Otherwise the first bad record would open it again."""
    made = half_open(Clock())
    made.committed([*GOOD * (PROBE_RECORDS - 1), *DEAD])
    assert made.state() is State.CLOSED
    made.committed(DEAD * (RULES.least - 1))
    assert made.state() is State.CLOSED


def test_a_probe_is_judged_as_soon_as_it_cannot_pass() -> None:
    """Half of it dead is enough; the rest is not spent on it."""
    made = half_open(Clock())
    made.committed(DEAD * (PROBE_RECORDS // 2 - 1))
    assert made.state() is State.HALF_OPEN
    made.committed(DEAD)
    assert made.state() is State.OPEN


def test_a_lone_good_record_is_no_probe() -> None:
    """It would let a window's worth of dead letters through again."""
    made = half_open(Clock())
    made.committed(GOOD)
    assert made.state() is State.HALF_OPEN


def test_each_failed_probe_doubles_the_pause_up_to_a_cap() -> None:
    """A cause that stays costs ever fewer records; once it is gone the next pause is short again."""
    clock = Clock()
    made = opened(clock)
    pauses = []
    for _ in range(80):
        pauses.append(made.pause_seconds)
        clock.pass_seconds(made.pause_seconds)
        assert made.state() is State.HALF_OPEN
        made.committed(DEAD * PROBE_RECORDS)
    assert pauses[:6] == [30, 60, 120, 240, 480, LONGEST_PAUSE_SECONDS]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS
    clock.pass_seconds(LONGEST_PAUSE_SECONDS)
    assert made.state() is State.HALF_OPEN
    made.committed(GOOD * PROBE_RECORDS)
    made.committed(DEAD * RULES.least)
    assert made.pause_seconds == 30


def test_a_pause_longer_than_the_cap_is_kept() -> None:
    """The operator's word goes before ours."""
    made = breaker(Clock(), BreakerRules(pause_seconds=3_600))
    assert made.pause_seconds == 3_600


@given(
    ratio=st.floats(0.05, 1),
    window=st.integers(1, 60),
    least=st.integers(1, 60),
    steps=st.lists(st.tuples(st.lists(st.booleans(), max_size=40), st.floats(0, 100)), max_size=40),
)
def test_whatever_comes(ratio: float, window: int, least: int, steps: list[tuple[list[bool], float]]) -> None:
    """Its counts are those of the window; closed means below the limit; it never stays stuck."""
    clock = Clock()
    made = breaker(clock, BreakerRules(ratio, window, min(least, window), 10))
    last: list[bool] = []  # since it was last closed
    for fates, seconds in steps:
        before = made.state()
        if before is State.OPEN:
            assert made.room() == 0
            clock.pass_seconds(seconds)
            last = []
            continue
        room = made.room()
        assert room is None or room > 0
        taken = fates if room is None else fates[:room]
        made.committed(taken)
        last = [*last, *taken][-window:] if before is made.state() else []
        if made.state() is not State.OPEN:
            assert (made.seen, made.dead) == (len(last), sum(last))
        if made.state() is State.CLOSED and made.seen >= min(least, window):
            assert made.dead < ratio * made.seen
    if made.state() is State.OPEN:
        clock.pass_seconds(made.pause_seconds)
    for _ in range(PROBE_RECORDS):
        if made.state() is State.HALF_OPEN:
            made.committed(GOOD)
    assert made.state() is not State.HALF_OPEN
