"""What several threads share is touched under its lock alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from consumer.breaker import State
from consumer.http.scoring.desk import Bounds, Desk
from consumer.monitoring.drift.judge import Judgement
from consumer.monitoring.health import Health
from consumer.monitoring.lag import Lag
from consumer.monitoring.live.latest import Latest
from consumer.monitoring.live.live import Live
from consumer.monitoring.metrics import Metrics
from consumer.monitoring.repeats import DropRepeats
from consumer.monitoring.truth import Measured
from tests.monitoring.test_metrics import commit

FACTS = {"scorer": "openvino", "cleaning_version": "2", "threshold": 0.5, "max_length": 128}
UNUSED: Any = object()
METRICS: dict[str, Callable[[Metrics], object]] = {
    "batch_committed": commit,
    "polled": lambda one: one.polled(1.0),
    "rebalanced": Metrics.rebalanced,
    "assigned": lambda one: one.assigned([]),
    "transaction_aborted": lambda one: one.transaction_aborted("stop"),
    "breaker": lambda one: one.breaker(State.OPEN, 0.5),
    "breaker_opened": Metrics.breaker_opened,
    "offset_gap": lambda one: one.offset_gap(1),
    "model": lambda one: one.model("m", "1", **FACTS),  # type: ignore[arg-type] # of several types
    "model_reload": lambda one: one.model_reload("switched"),
    "drift": lambda one: one.drift(Judgement(0), 0.05),
    "truth": lambda one: one.truth(Measured(0, None, None, {})),
    "http_answered": lambda one: one.http_answered("/predict", 200, 0.1),
    "http_texts": lambda one: one.http_texts(1, 0),
    "http_waiting": lambda one: one.http_waiting(1),
    "consumer": lambda one: one.consumer("g", "t"),
    "reference": lambda one: one.reference({}),
    "collect": lambda one: list(one.collect()),
    "figures": Metrics.figures,
}
HEALTH: dict[str, Callable[[Health], object]] = {
    "progressed": Health.progressed,
    "live": Health.live,
    "model_warm": Health.model_warm,
    "joined": Health.joined,
    "absent": Health.absent,
}
LAG: dict[str, Callable[[Lag], object]] = {
    "update": lambda one: one.update(("t", 0), 1, 0, None),
    "assign": lambda one: one.assign([]),
    "records": Lag.records,
    "seconds": Lag.seconds,
}


class Waits:
    """Whether a call waits for the one who holds the lock."""

    def __init__(self, shared: Any, call: Callable[[Any], object], lock: str = "_lock") -> None:
        self._lock = getattr(shared, lock)
        self._thread = threading.Thread(target=call, args=(shared,), daemon=True)

    def __bool__(self) -> bool:
        with self._lock:
            self._thread.start()
            self._thread.join(0.2)
            waited = self._thread.is_alive()
        self._thread.join(60)
        return waited and not self._thread.is_alive()


@pytest.mark.parametrize("name", METRICS)
def test_no_metric_moves_during_a_scrape(name: str) -> None:
    """Nor is one read in the middle of a batch."""
    assert Waits(Metrics(CollectorRegistry()), METRICS[name])


@pytest.mark.parametrize("name", HEALTH)
def test_health_is_told_and_asked_one_at_a_time(name: str) -> None:
    """The loop reports while probes ask."""
    assert Waits(Health(), HEALTH[name])


def test_readiness_is_asked_in_two_steps_of_one_lock_each() -> None:
    """First whether the loop turns, then what is missing; neither while something is told."""
    health = Health()
    health.live = lambda: Health().live()  # type: ignore[method-assign] # the first step asks another's lock
    assert Waits(health, Health.ready)


@pytest.mark.parametrize("name", LAG)
def test_lag_is_told_and_asked_one_at_a_time(name: str) -> None:
    """The loop updates it while a scrape reads."""
    assert Waits(Lag(), LAG[name])


@pytest.mark.parametrize("call", [lambda one: one.committed([], 1.0), Latest.shown])
def test_texts_are_kept_and_shown_one_at_a_time(call: Callable[[Latest], object]) -> None:
    """The loop adds while the page reads."""
    assert Waits(Latest(), call)


@pytest.mark.parametrize("call", [Live.sample, Live.snapshot])
def test_the_history_is_kept_and_read_one_at_a_time(call: Callable[[Live], object]) -> None:
    """A thread samples while the page reads."""
    assert Waits(Live(Metrics(CollectorRegistry()), Health(), 1_000), call)


def test_lines_held_back_are_counted_one_at_a_time() -> None:
    """Whatever thread a library speaks in."""
    import logging  # noqa: PLC0415 - here alone

    line = logging.LogRecord("kafka.client", logging.WARNING, "x.py", 1, "away", None, None)
    assert Waits(DropRepeats(("kafka",), lambda: 1.0), lambda one: one.filter(line))


@pytest.mark.parametrize("call", [Desk.close, Desk._take, lambda one: one.renew(UNUSED)])
def test_the_desk_changes_one_step_at_a_time(call: Callable[[Desk], object]) -> None:
    """Requests come, and a model goes, while a turn is taken."""
    desk = Desk(Bounds(8, 64))
    desk._last = UNUSED
    assert Waits(desk, call, "_changed")
