"""The page's source of numbers: a look at the counters every few seconds, and a snapshot when asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Self

from consumer.monitoring.health import Health
from consumer.monitoring.live.figures import Figures
from consumer.monitoring.live.history import SAMPLE_SECONDS, History, Sample, sample
from consumer.monitoring.live.latest import Latest
from consumer.monitoring.live.snapshot import Json, snapshot
from consumer.monitoring.metrics import Metrics

_FRESH_SECONDS = 0.5  # however many look, a snapshot is made no more often


class Live:
    """Thread-safe. Samples in a thread of its own while its ``with`` lasts, about 0.1 ms every five seconds.

    Args:
        metrics: what is shown.
        health: whether the replica is ready.
        least_tweets: of fewer nothing is said of drift.
        latest: the last texts, where they may be shown.
        clock: monotonic seconds.
        wall_clock: seconds since 1970.
    """

    def __init__(
        self,
        metrics: Metrics,
        health: Health,
        least_tweets: int,
        latest: Latest | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._metrics, self._health, self._least_tweets = metrics, health, least_tweets
        self._latest, self._clock, self._wall_clock = latest, clock, wall_clock
        self._lock = threading.Lock()
        self._history = History(self._now()[1])
        self._started_at = wall_clock()
        self._made: tuple[float, Json] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample_on, name="live")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def sample(self) -> None:
        """Take the counters of this moment into the history."""
        _, now = self._now()
        with self._lock:
            self._history.add(now)

    def snapshot(self) -> Json:
        """What the page shows; about 2 ms when the history is full, and kept for half a second."""
        with self._lock:
            if self._made is None or self._clock() - self._made[0] >= _FRESH_SECONDS:
                self._made = self._clock(), self._make()
            return self._made[1]

    def _make(self) -> Json:
        figures, now = self._now()
        found = snapshot(figures, now, self._history, self._health.ready(), self._least_tweets)
        shown = None if self._latest is None else [one._asdict() for one in self._latest.shown()]
        return {"at": self._wall_clock(), "started_at": self._started_at, "latest": shown, **found}

    def _now(self) -> tuple[Figures, Sample]:
        figures = self._metrics.figures()
        return figures, sample(figures, self._clock())

    def _sample_on(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            self.sample()
