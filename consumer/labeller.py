"""What labels a batch: everything that a model decides, in one value, so that no batch ever has two of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from consumer.batch import Item, Rules, StageClock, prepare
from consumer.encode import ResultStyle
from consumer.records import Record
from consumer.scoring.scorer import Scorer


@dataclass(frozen=True, slots=True)
class Labeller:
    """One model at work: its tokeniser and calibration, its scorer, its name and version in results."""

    rules: Rules
    scorer: Scorer
    style: ResultStyle

    def prepare(self, records: Iterable[Record], watch: StageClock) -> list[Item]:
        """Parse, clean and tokenise for this model; one item a record, in order."""
        return prepare(records, self.rules, watch)
