"""When a run may be called clean."""

from __future__ import annotations

import dataclasses
import signal
from collections import Counter
from typing import Any

import pytest

from tests.chaos.perform import Outcome, Run
from tests.chaos.plan import Fault, Shape, counts
from tests.chaos.report import bound, kept, lines
from tests.chaos.verifier import Verdict

SHAPE = Shape(kills=3)
PLACE = (0, 0)


def _outcome(killed: int = 3, unexpected: tuple[str, ...] = (), **found: Any) -> Outcome:
    verdict = Verdict(published=100, labelled=100, **found)
    return Outcome(verdict, Counter(counts(SHAPE)), Counter({-signal.SIGKILL: killed}), list(unexpected))


def test_clean() -> None:
    """All faults struck, and nothing was found."""
    assert kept(Run(SHAPE, 1), _outcome())


@pytest.mark.parametrize("name", ["lost", "duplicated", "out_of_order", "wrong"])
def test_whatever_is_found_spoils_it(name: str) -> None:
    """One record is enough, and it is named in the report."""
    found: dict[str, Any] = {name: [PLACE]}
    outcome = _outcome(**found)
    assert not kept(Run(SHAPE, 1), outcome)
    assert any(str(PLACE) in line for line in lines(Run(SHAPE, 1), outcome, None))


def test_a_run_that_did_less_than_planned_is_not_clean() -> None:
    """Fewer faults or fewer deaths prove less than the plan says; nor may a replica end by itself."""
    missed = dataclasses.replace(_outcome(), struck=Counter({Fault.KILL: 3}))
    assert not kept(Run(SHAPE, 1), missed)
    assert not kept(Run(SHAPE, 1), _outcome(killed=2))
    assert not kept(Run(SHAPE, 1), _outcome(unexpected=("replica 1 ended with 1",)))


def test_at_least_once_may_repeat_up_to_the_bound() -> None:
    """Copies are counted against it; a loss is not forgiven."""
    run = Run(SHAPE, 1, "at_least_once")
    some = _outcome(duplicated=[PLACE])
    assert kept(run, some)
    some.verdict.labelled += bound(run, some) + 1
    assert not kept(run, some)
    assert not kept(run, _outcome(lost=[PLACE]))
