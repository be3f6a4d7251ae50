"""How long every try to publish has failed at the broker, and when that has been too long."""

from __future__ import annotations

from collections.abc import Callable

from consumer.broker.faults import is_setback
from consumer.errors import BrokerGoneError

_WHERE_TO_LOOK = (
    "; if the broker answers all else, look for partitions without a leader or with fewer in-sync replicas "
    "than min.insync.replicas, also of __transaction_state and __consumer_offsets"
)
_LULL_SECONDS = 60.0  # more than a pause, reading again and scoring take between two tries


class Setbacks:
    """Counts from the first failure since the last success, even if the broker answers everything else.

    What failed long ago, and was not tried since, counts no more: the partitions went elsewhere, or nothing
    came.
    """

    def __init__(self, undone: str, seconds: float, clock: Callable[[], float]) -> None:
        """``undone`` says what did not succeed; after ``seconds`` of the monotonic clock it is given up."""
        self._undone, self._seconds, self._clock = undone, seconds, clock
        self._since: float | None = None
        self._noted = 0.0  # when the last one failed

    def begin(self) -> None:
        """A try begins."""
        if self._since is not None and self._clock() - self._noted >= _LULL_SECONDS:
            self._since = None

    def over(self) -> None:
        """It succeeded."""
        self._since = None

    def note(self, cause: BaseException) -> None:
        """It failed. Raises ``BrokerGoneError`` where it has failed for too long."""
        if not is_setback(cause):
            return
        now = self._noted = self._clock()
        if self._since is None:
            self._since = now
        elif now - self._since >= self._seconds:
            words = f"{type(cause).__name__}: {cause}".removesuffix(": ")
            raise BrokerGoneError(
                f"{self._undone} for {now - self._since:.0f} s, BROKER_TIMEOUT_SECONDS is {self._seconds:g} "
                f"(the last error: {words}){_WHERE_TO_LOOK}"
            ) from cause
