"""What the probes are told: is the loop alive, and can this replica do its work?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple


class Verdict(NamedTuple):
    """A probe's answer; the reason is for the operator."""

    ok: bool
    reason: str


class Health:
    """Thread-safe; the loop reports, the probes ask.

    Alive: the loop turned within the last ``stuck_after_seconds``; the start counts as a turn, and
    whoever takes long before the loop turns (a model that compiles) reports progress too.
    Ready: alive, the model warm, the group joined, the broker answering, its answers readable, no pause
    and no stop.
    A replica without partitions, or in a rebalance, has joined all the same, until it has been out of the
    group for ``left_after_seconds``.

    Args:
        clock: monotonic seconds.
        stuck_after_seconds: longer than the slowest batch; a probe kills what is called stuck.
        left_after_seconds: longer than a rebalance that waits for a dead or hung member takes.
        stream: whether there is one, that needs a group and a broker to be ready.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        stuck_after_seconds: float = 120,
        left_after_seconds: float = 20,
        *,
        stream: bool = True,
    ) -> None:
        self._clock = clock
        self._stuck_after_seconds, self._left_after_seconds = stuck_after_seconds, left_after_seconds
        self._absent_since: float | None = None  # from the group, once it was joined
        self._lock = threading.Lock()
        self._progressed_at = clock()
        self._missing: dict[str, str] = {"model": "the model is not warm yet"}
        if stream:
            self._missing |= {
                "group": "the consumer group is not joined yet",
                "broker": "the broker has not answered yet",
            }

    def progressed(self) -> None:
        """The loop turned."""
        with self._lock:
            self._progressed_at = self._clock()

    def model_warm(self) -> None:
        """The model has scored its first texts."""
        self._have("model")

    def joined(self) -> None:
        """The group has us as a member, with an assignment, be it empty."""
        with self._lock:
            self._absent_since = None
            self._missing.pop("group", None)

    def absent(self) -> None:
        """The group does not have us at the moment: it rebalances, or put us out and did not take us back."""
        with self._lock:
            if "group" in self._missing:
                return
            now = self._clock()
            if self._absent_since is None:
                self._absent_since = now
            absent_seconds = now - self._absent_since
            if absent_seconds >= self._left_after_seconds:
                self._missing["group"] = "the consumer group was left, and not joined again"

    def broker_answers(self, answers: bool, reason: str = "the broker does not answer") -> None:  # noqa: FBT001 - the fact itself, not a mode
        """The broker was heard, or was not."""
        if answers:
            self._have("broker")
        else:
            self._lack("broker", reason)

    def reading(self, trouble: str) -> None:
        """Polls bring what is there; or they fail again and again, and this is why."""
        if trouble:
            self._lack("reading", trouble)
        else:
            self._have("reading")

    def pause(self, reason: str) -> None:
        """The loop waits on purpose."""
        self._lack("pause", reason)

    def resume(self) -> None:
        """The pause is over."""
        self._have("pause")

    def stopping(self) -> None:
        """The consumer winds up; there is no way back."""
        self._lack("stop", "the consumer is stopping")

    def live(self) -> Verdict:
        """Does the loop turn?"""
        with self._lock:
            still_seconds = self._clock() - self._progressed_at
        if still_seconds > self._stuck_after_seconds:
            return Verdict(ok=False, reason=f"the loop has not turned for {still_seconds:.0f} s")
        return Verdict(ok=True, reason="the loop turns")

    def ready(self) -> Verdict:
        """Can this replica do its work? All that is missing is named."""
        alive = self.live()
        with self._lock:
            missing = list(self._missing.values())
        if not alive.ok:
            missing.append(alive.reason)
        return Verdict(ok=not missing, reason="; ".join(missing) or "ready")

    def _have(self, what: str) -> None:
        with self._lock:
            self._missing.pop(what, None)

    def _lack(self, what: str, reason: str) -> None:
        with self._lock:
            self._missing[what] = reason
