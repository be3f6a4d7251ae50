"""A newer model beside the one at work: looked for, loaded and tried in a thread, taken between two batches.

look ─moved→ load ─good→ it waits ─take→ the loop labels with it
│                  └─moved on→ it is let go, untaken
└─refused, counted; the old one goes on, and nothing is tried until the pointer moves again
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from logging import ERROR, INFO, getLogger
from typing import Protocol

from consumer.encode import ResultStyle
from consumer.errors import ConsumerError
from consumer.labeller import Labeller
from consumer.monitoring.logs import event, unforeseen
from consumer.monitoring.metrics import Metrics

log = getLogger(__name__)


class Pointer(Protocol):
    """What says which model is to be in use."""

    def mark(self) -> Hashable:
        """Another value each time it was moved; cheap."""

    def names(self) -> str:
        """The model it names, for the log."""


@dataclass(frozen=True, slots=True)
class Following:
    """A model that is loaded, verified and warm."""

    model: object  # equal to another's where there is no difference between them
    labeller: Labeller
    adopt: Callable[[], None]  # tells everybody else that it is the one in use now; does not fail


def tell_switched(before: ResultStyle, now: ResultStyle) -> None:
    """Log that another model is in use."""
    event(
        log,
        "model_switched",
        INFO,
        name=now.model_name,
        version=now.model_version,
        before=f"{before.model_name} {before.model_version}",
    )


class Renewal:
    """Looks whether the pointer moved, every so many seconds, and has what it names ready for the loop."""

    def __init__(
        self,
        pointer: Pointer,
        mark: Hashable,
        model: object,
        load: Callable[[object], Following | None],
        metrics: Metrics,
    ) -> None:
        """``mark`` is the pointer's from before ``model``, the one in use, was loaded.

        ``load`` takes the one in use, and gives what the pointer names, or None where there is no difference.
        """
        self._pointer, self._mark, self._model, self._load = pointer, mark, model, load
        self._metrics = metrics
        self._lock = threading.Lock()
        self._waiting: Following | None = None
        self._ended = threading.Event()

    def start(self, every_seconds: float) -> None:
        """Look from now on, in a thread that keeps no process from ending."""
        threading.Thread(target=self._run, args=(every_seconds,), name="model", daemon=True).start()

    def _run(self, every_seconds: float) -> None:
        while not self._ended.wait(every_seconds):
            self.look()

    def look(self) -> None:
        """Once: where the pointer moved, load what it names. For one thread alone."""
        mark = self._pointer.mark()
        if mark == self._mark:
            return
        self._mark = mark  # of before the loading: a move meanwhile is seen next time
        name = self._pointer.names()
        in_use = self._let_go()
        event(log, "model_loading", INFO, name=name)
        try:
            following = self._load(in_use)
        except Exception as error:  # noqa: BLE001 - whatever a runtime raises on a bad model, the old one goes on
            self._refused(name, str(error) if isinstance(error, ConsumerError) else unforeseen(error))
        else:
            self._ready(name, following)

    def _refused(self, name: str, reason: str) -> None:
        if self._ended.is_set():
            return  # the end of the process is no fault of the model's
        self._metrics.model_reload("refused")
        event(log, "model_refused", ERROR, name=name, error=reason)

    def _ready(self, name: str, following: Following | None) -> None:
        if following is None:
            self._metrics.model_reload("unchanged")
            event(log, "model_unchanged", INFO, name=name)
            return
        with self._lock:
            self._waiting = following

    def _let_go(self) -> object:
        """What was loaded and not yet taken is not what is wanted any more; returns the model in use.

        Both at once: with nothing left to take, that one stays in use until the loading is over.
        """
        with self._lock:
            overtaken, self._waiting = self._waiting, None
            in_use = self._model
        if overtaken is not None:
            overtaken.labeller.scorer.close()
            self._metrics.model_reload("overtaken")
        return in_use

    @property
    def ready(self) -> bool:
        """Whether there is one to take."""
        return self._waiting is not None

    def take(self) -> Following | None:
        """The one that waits; from now on it is the one in use."""
        with self._lock:
            following, self._waiting = self._waiting, None
            if following is not None:
                self._model = following.model  # not later: a look in between would hold against the old one
        return following

    def close(self) -> None:
        """Look no more."""
        self._ended.set()
        with self._lock:
            waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.labeller.scorer.close()
