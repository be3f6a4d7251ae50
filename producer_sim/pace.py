"""An honest pacer: each record has its own due time, so small delays do not add up."""

from __future__ import annotations

from collections.abc import Callable


class Pacer:
    """Says when the next record is due.

    Record ``n`` is due ``n / rate`` seconds after the start, whatever the records before it took.
    After a delay the late ones follow at once, but at most ``max_catch_up_seconds`` worth of them:
    the rest of the schedule moves back, and what was given up is told, not hidden.
    """

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        max_catch_up_seconds: float = 2.0,
    ) -> None:
        self._rate = rate  # records a second; 0: as fast as it goes
        self._clock = clock  # monotonic seconds
        self._sleep = sleep
        self._max_catch_up_seconds = max_catch_up_seconds
        self._start = clock()
        self._count = 0
        self.behind_seconds = 0.0  # of the last record
        self.max_behind_seconds = 0.0
        self.given_up_seconds = 0.0  # by which the schedule was moved back

    def wait(self) -> float:
        """Return when the next record is due: the seconds of stream time it stands at."""
        if self._rate <= 0:
            return self._clock() - self._start
        stands_at = self._count / self._rate
        self._count += 1
        lead = self._start + self.given_up_seconds + stands_at - self._clock()
        if lead > 0:
            self._sleep(lead)
        self._note_delay(max(0.0, -lead))
        return stands_at

    def _note_delay(self, behind_seconds: float) -> None:
        self.behind_seconds = behind_seconds
        self.max_behind_seconds = max(self.max_behind_seconds, behind_seconds)
        self.given_up_seconds += max(0.0, behind_seconds - self._max_catch_up_seconds)
