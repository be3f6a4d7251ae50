"""The two questions put to the monitor: how often is it wrong without drift, how soon does it tell of one?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from consumer.monitoring.drift.distance import Counts
from consumer.monitoring.drift.judge import Standards, judge
from consumer.monitoring.drift.tally import Tally
from consumer.monitoring.drift.window import BLOCKS, Extent, Window
from tests.drift.population import Population

_LONG = 1e9  # seconds: time closes no block here
BATCH = 100
NEVER = -1
AT_ONE_PERCENT = Standards(0.01, 0.0, 1_000)


@dataclass(frozen=True, slots=True)
class Plan:
    """One arrangement of the monitor."""

    tweets: int = 5_000
    rows: int = 5_000
    standards: Standards = AT_ONE_PERCENT

    @property
    def block(self) -> int:
        """Tweets between two judgements."""
        return self.tweets // BLOCKS


def alarmed_windows(
    stream: Population, plan: Plan, rng: np.random.Generator, windows: int
) -> tuple[int, Counter[str]]:
    """In how many disjoint windows' lengths of stream an alarm stood, and for which signals.

    Each has a reference of its own: the rate is one over references, too.
    """
    window, alarmed, signals = Window(Extent(plan.tweets, _LONG)), 0, Counter[str]()
    for at in range(BLOCKS - 1):
        _fill(window, stream.draw(rng, plan.block), at)
    for number in range(windows):
        reference = stream.draw(rng, plan.rows).counts
        told = set[str]()
        for at in range(BLOCKS):
            _fill(window, stream.draw(rng, plan.block), number * BLOCKS + at + BLOCKS)
            told |= judge(window.whole(), reference, plan.standards).alarms
        alarmed += bool(told)
        signals.update(told)
    return alarmed, signals


def _fill(window: Window, block: Tally, at: float) -> None:
    window.add(block, at)
    if not window.turn(at):
        raise AssertionError("a full block was not closed")


@dataclass(frozen=True, slots=True)
class Detection:
    """How many tweets came from the shift to the first alarm (``NEVER`` if none), and what told of it."""

    tweets: int
    signals: frozenset[str]


def detections(
    quiet: Population, drifted: Population, plan: Plan, rng: np.random.Generator, trials: int
) -> Iterator[Detection]:
    """A full quiet window, a piece of a block, then the shift; given up after four windows' length."""
    for _ in range(trials):
        reference = quiet.draw(rng, plan.rows).counts
        window = Window(Extent(plan.tweets, _LONG))
        for at in range(BLOCKS):
            _fill(window, quiet.draw(rng, plan.block), at)
        piece = int(rng.integers(plan.block))
        window.add(quiet.draw(rng, piece) if piece else quiet.draw(rng, 1), BLOCKS)
        yield _until_told(window, drifted, reference, plan, rng)


def _until_told(
    window: Window,
    drifted: Population,
    reference: Mapping[str, Counts],
    plan: Plan,
    rng: np.random.Generator,
) -> Detection:
    for batch in range(1, 4 * plan.tweets // BATCH + 1):
        window.add(drifted.draw(rng, BATCH), BLOCKS + batch)
        if window.turn(BLOCKS + batch):
            alarms = judge(window.whole(), reference, plan.standards).alarms
            if alarms:
                return Detection(batch * BATCH, alarms)
    return Detection(NEVER, frozenset())
