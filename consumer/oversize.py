"""Results the output topic refused for their size, remembered by position until they are dead-lettered.

A refusal undoes its whole transaction, and a topic may refuse a batch of records without saying which
of them was at fault. So the refused are sent one by one when they are read again, and one that is then
refused alone is dead-lettered the time after: each guilty record costs two more readings, not a loop.
"""

from __future__ import annotations

from collections.abc import Iterable

from consumer.records import Outcome, Position, Reason, Reject, Result, Stage


class Oversize:
    """Positions under suspicion, and positions found guilty."""

    def __init__(self) -> None:
        self.suspects: set[Position] = set()
        self._guilty: set[Position] = set()

    def refused(self, positions: Iterable[Position]) -> None:
        """The topic refused these for their size: a single one is guilty, several are under suspicion."""
        refused = set(positions)
        if len(refused) == 1:
            self._guilty |= refused
        self.suspects |= refused

    def published(self, outcome: Outcome) -> None:
        """What is committed need not be remembered."""
        if self.suspects:
            done = {r.record.position for r in outcome.results} | {r.record.position for r in outcome.rejects}
            self.suspects -= done
            self._guilty -= done

    def sort_out(self, outcome: Outcome) -> Outcome:
        """The outcome with the guilty results as rejects."""
        if not self._guilty:
            return outcome
        kept = tuple(r for r in outcome.results if r.record.position not in self._guilty)
        guilty = tuple(_reject(r) for r in outcome.results if r.record.position in self._guilty)
        return Outcome(kept, outcome.rejects + guilty, outcome.skips, outcome.seconds, outcome.padded_tokens)


def _reject(result: Result) -> Reject:
    return Reject(
        result.record,
        Stage.PUBLISH,
        Reason.RESULT_TOO_LARGE,
        "the result is larger than the output topic takes",
    )
