"""The plan of a run."""

from __future__ import annotations

import itertools
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.plan import OF_A_BROKER, Fault, Shape, counts, draw

SHAPES = st.builds(Shape, kills=st.integers(0, 100), brokers=st.sampled_from([1, 3]))


@given(SHAPES, st.integers(0, 999_999))
def test_a_seed_makes_the_same_plan_again(shape: Shape, seed: int) -> None:
    """What was found once can be had again; another seed is another plan."""
    assert draw(shape, seed) == draw(shape, seed)
    assert draw(shape, seed) != draw(shape, seed + 1)


@given(SHAPES, st.integers(0, 999_999))
def test_every_fault_comes_as_often_as_was_said(shape: Shape, seed: int) -> None:
    """KILLS=100 is a hundred, in the order of time."""
    acts = draw(shape, seed)
    assert Counter(act.fault for act in acts) == Counter(counts(shape))
    assert all(earlier.at_seconds <= later.at_seconds for earlier, later in itertools.pairwise(acts))


@given(SHAPES, st.integers(0, 999_999))
def test_no_fault_is_left_out(shape: Shape, seed: int) -> None:
    """However short the run: without kills those of brokers, and leaders move where there are several."""
    wanted = set(Fault if shape.kills else OF_A_BROKER)
    if shape.brokers == 1:
        wanted -= {Fault.MOVE_LEADERS}
    assert {act.fault for act in draw(shape, seed)} == wanted


@given(SHAPES, st.integers(0, 999_999))
def test_faults_are_as_long_as_they_must_be(shape: Shape, seed: int) -> None:
    """A freeze outlasts the session; a broker's return is not overtaken by the next one's fall."""
    acts = draw(shape, seed)
    frozen = [act.seconds for act in acts if act.fault is Fault.FREEZE]
    assert all(seconds > shape.session_seconds for seconds in frozen)
    assert {act.seconds for act in acts if act.fault is Fault.BROKER_AWAY} == {shape.away_seconds}
    falls = [act for act in acts if act.fault in OF_A_BROKER]
    assert all(a.at_seconds + a.seconds < b.at_seconds for a, b in itertools.pairwise(falls))


def test_three_brokers_fall_in_turn() -> None:
    """No broker is spared."""
    falls = [act.target for act in draw(Shape(kills=0, brokers=3), 1)]
    assert falls[:4] == [0, 1, 2, 0]
