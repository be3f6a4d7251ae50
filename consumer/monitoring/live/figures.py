"""The metrics of one moment as plain values: what a scrape would show, before it is made into text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from consumer.monitoring.catalogue import Metric
from consumer.monitoring.series import Counts, Labels
from consumer.records import Position


class Letter(NamedTuple):
    """The last dead letter of its kind."""

    at: float  # seconds since 1970, when it was committed
    position: Position  # of the input record


@dataclass(frozen=True, slots=True)
class Figures:
    """Copies; nothing in it changes any more."""

    numbers: Mapping[str, Mapping[Labels, float]]  # counters and gauges by name
    histograms: Mapping[str, Mapping[Labels, Counts]]  # by name, in the buckets of the catalogue
    reference: Mapping[Labels, tuple[Sequence[float], Counts]]  # upper bounds (b,), counts (b + 1,)
    letters: Mapping[Labels, Letter]  # by stage and reason, of those there were

    def number(self, metric: Metric, *labels: str) -> float | None:
        """One series; None where it is not there."""
        return self.numbers[metric.name].get(labels)

    def count(self, metric: Metric, *labels: str) -> int:
        """One series of a counter, or of a gauge that is there from the start."""
        return int(self.numbers[metric.name][labels])

    def fact(self, metric: Metric, label: str) -> str | None:
        """One label's value of an info metric; None as long as nothing is known."""
        series = next(iter(self.numbers[metric.name]), None)
        return None if series is None else series[metric.labels.index(label)]
