"""A deadline around client calls that have none of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from consumer.errors import BrokerGoneError, StoppedWaitingError

_LOOK_SECONDS = 0.25
_LATE_SECONDS = 1.0


class Deadline:
    """Runs a call aside and stops waiting for it when its time is up.

    A call that is given up stays stuck in its thread. Either the process ends after it, which is safe, since
    the next start aborts the dangling transaction; or what it waits for is let go, which ends the thread.
    """

    def __init__(
        self,
        seconds: float,
        give_up: Callable[[], bool] = lambda: False,
        late: Callable[[], object] = lambda: None,
    ) -> None:
        """``give_up`` is asked a few times a second, so that a signal is not kept waiting.

        ``late`` hears of a call that has been waiting for more than a second, as often as it is looked at.
        """
        self.seconds = seconds
        self._give_up, self._late = give_up, late

    def call(self, name: str, function: Callable[[], object], patience_seconds: float | None = None) -> None:
        """Run ``function``; raises what it raises, ``BrokerGoneError`` past the deadline.

        After ``patience_seconds``, where they are fewer, it is a ``TimeoutError``: another try may help.
        """
        failure: list[BaseException] = []
        done = threading.Event()

        def run() -> None:
            try:
                function()
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                failure.append(error)
            finally:
                done.set()

        threading.Thread(target=run, name=f"{name} with a deadline", daemon=True).start()
        began = time.monotonic()
        while not done.wait(_LOOK_SECONDS):
            waited_seconds = time.monotonic() - began
            if waited_seconds >= _LATE_SECONDS:
                self._late()
            if waited_seconds >= self.seconds:
                raise BrokerGoneError(f"{name} got no answer from the broker in {self.seconds:g} s")
            if patience_seconds is not None and waited_seconds >= patience_seconds:
                raise TimeoutError(f"{name} got no answer in {patience_seconds:g} s")
            if self._give_up():
                raise StoppedWaitingError(name)
        if failure:
            raise failure[0]
