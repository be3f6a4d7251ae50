"""Turns at the scorer: who came first goes first, so that neither the stream nor HTTP can starve the other.

A plain lock goes to whoever is awake, and that is the one who has just let go of it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock that is handed over in the order of arrival. Not to be taken twice by one thread.

    Two who want it all the time have it in turn: each waits for one turn of the other at most.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def take(self) -> Iterator[None]:
        """The ``with`` has the turn."""
        called = threading.Event()
        with self._lock:
            at_once, self._taken = not self._taken, True
            if not at_once:
                self._waiting.append(called)
        if not at_once:
            called.wait()
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()  # it stays taken: nobody gets in between
            else:
                self._taken = False
