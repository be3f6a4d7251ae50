"""The drift monitor: committed batches in, judgements out, its window kept over restarts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from logging import WARNING, getLogger
from pathlib import Path

from consumer.monitoring.drift.distance import Counts
from consumer.monitoring.drift.judge import Judgement, Standards, judge
from consumer.monitoring.drift.state import StateUnreadableError, fingerprint, load, save
from consumer.monitoring.drift.tally import Rule, tally
from consumer.monitoring.drift.window import Extent, Window
from consumer.monitoring.logs import event
from consumer.records import Result

log = getLogger(__name__)

_SAVE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What the stream is measured with."""

    model: str  # name and version
    rule: Rule
    reference: Mapping[str, Counts]  # signal → counts in the rule's bins; empty where the model has none
    standards: Standards
    extent: Extent


class DriftMonitor:
    """Watches every committed result, and none that came by HTTP, warm-up or golden texts: it hears of none.

    The state is saved every few seconds, where it has changed, and at a clean stop; a kill loses what came
    since. A save writes about 4 KB in a millisecond, on the loop's thread.
    """

    def __init__(
        self, yardstick: Yardstick, state: Path, report: Callable[[Judgement], None], now: float
    ) -> None:
        """``report`` takes each judgement; ``now`` in seconds since 1970, as in all calls."""
        self._report = report
        self._alarms: frozenset[str] = frozenset()
        self._begin(yardstick, state, now)

    def _begin(self, yardstick: Yardstick, state: Path, now: float) -> None:
        self._yardstick, self._state = yardstick, state
        self._counted_with = fingerprint(yardstick.model, yardstick.rule)
        self._window = self._restored()
        self._saved_at, self._unsaved = now, False
        self._window.turn(now)
        self._judge()

    def measure_with(self, yardstick: Yardstick, state: Path, now: float) -> None:
        """Another model answers from now on: its window begins, or goes on where it ended not long ago."""
        self._save()
        self._begin(yardstick, state, now)
        found = self._window.whole()
        event(log, "drift_window_restarted", model=yardstick.model, tweets=found.tweets if found else 0)

    def committed(self, results: Sequence[Result], at: float) -> None:
        """Count a committed batch."""
        self._window.add(tally(results, self._yardstick.rule), at)
        self._unsaved |= bool(results)
        self.passed(at)

    def passed(self, at: float) -> None:
        """Judge where a block is full, or time has made it so; save what is new, if that is due."""
        if self._window.turn(at):
            self._unsaved = True
            self._judge()
        if self._unsaved and not 0 <= at - self._saved_at < _SAVE_SECONDS:
            self._saved_at, self._unsaved = at, False
            self._save()

    def close(self) -> None:
        """Leave everything to the next process."""
        self._save()

    def _judge(self) -> None:
        found = judge(self._window.whole(), self._yardstick.reference, self._yardstick.standards)
        self._report(found)
        for reading in found.readings:
            if reading.alarm and reading.signal not in self._alarms:
                event(
                    log,
                    "drift_alarm",
                    WARNING,
                    signal=reading.signal,
                    psi=round(reading.psi, 4),
                    critical=round(reading.critical.psi, 4),
                    tweets=found.tweets,
                )
        for signal in sorted(self._alarms - found.alarms):
            event(log, "drift_alarm_over", signal=signal, tweets=found.tweets)
        self._alarms = found.alarms

    def _restored(self) -> Window:
        extent = self._yardstick.extent
        try:
            blocks, opened = load(self._state, self._counted_with, self._yardstick.rule.bins)
        except StateUnreadableError as error:
            event(log, "drift_state_ignored", WARNING, path=self._state, error=str(error))
            return Window(extent)
        return Window(extent, blocks, opened)

    def _save(self) -> None:
        try:
            save(self._state, self._window, self._counted_with)
        except OSError as error:  # a full disk must not stop the stream
            event(log, "drift_state_not_saved", WARNING, path=self._state, error=str(error))
