"""How long the broker has been silent, and what to do about it: ask, report, and at last give up."""

from __future__ import annotations

from collections.abc import Callable

from consumer.errors import BrokerGoneError

_QUIET_SECONDS = 1.0  # an idle stream asks the broker about this often
_ANSWER_SECONDS = 2.0


class Presence:
    """Whether the broker is there, by its answers."""

    def __init__(
        self,
        ask: Callable[[float], bool],
        report: Callable[[bool], None],
        timeout_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        """``ask`` puts a small question with a time limit; ``report`` hears each change of mind."""
        self._ask, self._report, self._clock = ask, report, clock
        self._timeout_seconds = timeout_seconds
        self._heard_at = clock()

    def heard(self) -> None:
        """The broker answered something."""
        self._heard_at = self._clock()
        self._report(True)

    def check(self) -> bool:
        """Ask after a quiet second; whether it is there, as far as is known.

        Raises ``BrokerGoneError`` when it was silent for too long.
        """
        if self._clock() - self._heard_at < _QUIET_SECONDS:
            return True
        if self._ask(_ANSWER_SECONDS):
            self.heard()
            return True
        self._report(False)
        silent_seconds = self._clock() - self._heard_at
        if silent_seconds >= self._timeout_seconds:
            raise BrokerGoneError(
                f"the broker has not answered for {silent_seconds:.0f} s, "
                f"BROKER_TIMEOUT_SECONDS is {self._timeout_seconds:g}"
            )
        return False
