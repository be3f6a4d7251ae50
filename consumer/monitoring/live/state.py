"""How the replica is, in a word and in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from consumer.breaker import State as Breaker
from consumer.monitoring import catalogue as c
from consumer.monitoring.health import Verdict
from consumer.monitoring.live.figures import Figures

# Signals as people call them.
SIGNAL_WORDS = {
    "score": "probability of positive",
    "confidence": "confidence",
    "length_tokens": "text length",
    "unknown_share": "unknown word pieces",
    "continued_share": "words cut into pieces",
    "capital_share": "capital letters",
    "positive_share": "positive share",
    "truncated_share": "truncated texts",
    "other_language_share": "other languages",
}


class Name(StrEnum):
    """The states of a replica."""

    STARTING = "starting"  # it has never had partitions, nor a place in the group
    QUIET = "quiet"  # all is well, and nothing to do
    RUNNING = "running"
    ALARMED = "alarmed"


@dataclass(frozen=True, slots=True)
class State:
    """``reasons`` are sentences for people; ``kinds`` change only when something begins or ends."""

    name: Name
    reasons: tuple[str, ...]
    kinds: tuple[str, ...] = ()


def state(figures: Figures, ready: Verdict, *, moves: bool) -> State:
    """``moves``: whether records were consumed lately."""
    if not ready.ok and not figures.number(c.REBALANCES):
        return State(Name.STARTING, (f"Not ready yet: {ready.reason}.",))
    alarms = dict(_alarms(figures, ready))
    if alarms:
        return State(Name.ALARMED, tuple(chain.from_iterable(alarms.values())), tuple(alarms))
    if moves:
        return State(Name.RUNNING, ("Records are being labelled.",))
    return _calm(figures)


def _calm(figures: Figures) -> State:
    """Nothing was committed lately, and nothing is wrong."""
    behind, assigned = figures.numbers[c.LAG_RECORDS.name], figures.number(c.ASSIGNED)
    lag = sum(behind.values())
    if lag:
        return State(Name.RUNNING, (f"{lag:,.0f} records wait; none was committed lately.",))
    if not assigned:
        return State(Name.QUIET, ("No partition is assigned to this replica: it is a spare.",))
    if len(behind) < assigned:
        return State(Name.QUIET, ("No records come in; how many wait is not known yet.",))
    return State(Name.QUIET, ("All is well, and no records come in.",))


def _alarms(figures: Figures, ready: Verdict) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What is wrong: its kind, and sentences."""
    if not ready.ok:
        tried = figures.number(c.BREAKER_STATE, str(Breaker.HALF_OPEN))
        opened = figures.number(c.BREAKER_STATE, str(Breaker.OPEN))
        kind = "circuit breaker open" if opened else "circuit breaker half-open" if tried else "not ready"
        yield kind, (f"Not ready: {ready.reason}.",)
    drifted = [signal for (signal,), alarm in figures.numbers[c.DRIFT_ALARM.name].items() if alarm]
    if drifted:
        many = f"{len(drifted)} signals" if len(drifted) > 1 else SIGNAL_WORDS[drifted[0]]
        yield f"drift of {many}", tuple(_drifted(figures, signal) for signal in drifted)


def _drifted(figures: Figures, signal: str) -> str:
    score, critical = (figures.numbers[m.name][signal, "psi"] for m in (c.DRIFT_SCORE, c.DRIFT_CRITICAL))
    smallest = figures.numbers[c.DRIFT_SMALLEST.name][()]
    return (
        f"Drift of {SIGNAL_WORDS[signal]}: {score:.3f} is above the critical value, {critical:.3f}, and "
        f"above the smallest shift that matters, {smallest:g}."
    )
