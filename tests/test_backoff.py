"""How the loop waits while the broker is away: longer each time, not for ever, and anew after a success."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from consumer.breaker import Breaker, BreakerRules
from consumer.broker.connection import client_options
from consumer.limits import Limits
from consumer.settings import Settings
from tests.test_loop import SIZE, Publisher, Topic, run_loop


def pauses(folder: Path, failures: set[int], batches: int) -> list[float]:
    """What the loop waited before each new try."""
    limits = Limits(time.monotonic, batches * SIZE)
    topic = Topic(limits, batches * SIZE)
    waited: list[float] = []
    breaker = Breaker(BreakerRules(), time.monotonic)
    run_loop(folder, limits, topic, Publisher(topic, failures), breaker, pause=waited.append)
    assert topic.done == batches * SIZE
    return waited


def test_each_pause_is_longer_up_to_two_seconds(tmp_path: Path) -> None:
    """A broker that struggles is not struck while it is down, and one that is back is noticed soon."""
    waited = pauses(tmp_path, set(range(1, 11)), 1)
    assert len(waited) == 10
    assert waited[0] <= 0.1
    assert all(later >= 2 * earlier or later == 2.0 for earlier, later in itertools.pairwise(waited))
    assert waited[-1] == 2.0


def test_a_success_ends_the_waiting(tmp_path: Path) -> None:
    """The next failure, hours later, starts with a short pause again."""
    waited = pauses(tmp_path, {1, 2, 3, 5}, 2)
    assert waited == [waited[0], 2 * waited[0], 4 * waited[0], waited[0]]


def test_the_client_waits_no_longer_either() -> None:
    """Its own half minute between two connections would outlast any restart."""
    assert client_options(Settings())["reconnect_backoff_max_ms"] == pytest.approx(1_000)
