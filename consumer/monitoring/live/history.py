"""A bounded memory of the counters, so that what was lately can be told from what was ever."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from consumer.monitoring import catalogue as c
from consumer.monitoring.live.figures import Figures
from consumer.monitoring.series import Counts, Labels
from consumer.records import Label

SAMPLE_SECONDS = 5.0
SAMPLES = 180  # a quarter of an hour, about 250 KB


@dataclass(frozen=True, slots=True)
class Sample:
    """What was counted until one moment, or between two."""

    at: float  # monotonic seconds; between two moments the seconds from one to the other
    consumed: float
    labels: Mapping[Label, float]
    latency: Counts
    confidence: Counts
    letters: Mapping[Labels, float]  # by stage and reason
    switches: int  # of the model, until that moment or until the later one

    def __sub__(self, before: Sample) -> Sample:
        return Sample(
            self.at - before.at,
            self.consumed - before.consumed,
            {label: count - before.labels[label] for label, count in self.labels.items()},
            self.latency - before.latency,
            self.confidence - before.confidence,
            {kind: count - before.letters.get(kind, 0) for kind, count in self.letters.items()},
            self.switches,
        )

    @property
    def scored(self) -> float:
        """Results of any label."""
        return sum(self.labels.values())


def sample(figures: Figures, at: float) -> Sample:
    """What the metrics say at that moment."""
    return Sample(
        at,
        figures.count(c.CONSUMED),
        {label: figures.count(c.PREDICTIONS, str(label)) for label in Label},
        figures.histograms[c.END_TO_END.name][()],
        figures.histograms[c.CONFIDENCE.name][()],
        figures.numbers[c.DEAD_LETTERS.name],
        figures.count(c.MODEL_RELOADS, "switched"),
    )


@dataclass(frozen=True, slots=True)
class Step:
    """What was counted from one sample to the next."""

    ended_at: float  # monotonic seconds
    seconds: float
    consumed: float
    scored: float
    positive: float


class History:
    """Samples and the steps between them, oldest first; never more than so many."""

    def __init__(self, first: Sample, samples: int = SAMPLES) -> None:
        self._samples = deque([first], maxlen=samples + 1)
        self._steps: deque[Step] = deque(maxlen=samples)

    def add(self, one: Sample) -> None:
        """Takes the present sample, and lets go of the oldest where it is full."""
        found = one - self._samples[-1]
        self._steps.append(Step(one.at, found.at, found.consumed, found.scored, found.labels[Label.POSITIVE]))
        self._samples.append(one)

    def since(self, now: Sample, seconds: float, *, one_model: bool = False) -> Sample:
        """What was counted in so many seconds up to now, or in as many more as lie between two samples.

        Where the history is shorter than that it is what was counted in all of it: ``at`` tells. With
        ``one_model`` it begins no earlier than the first sample since the model in use now took over.
        """
        before = now
        for one in reversed(self._samples):
            if one_model and one.switches != now.switches:
                break
            before = one
            if now.at - one.at >= seconds:
                break
        return now - before

    def steps(self) -> list[Step]:
        """Each step, oldest first."""
        return list(self._steps)
