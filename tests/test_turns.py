"""Turns are had in the order of arrival, and passed on whatever happens."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from consumer.turns import Turns

WAIT_SECONDS = 60.0


def test_two_who_always_want_it_have_it_in_turn() -> None:
    """Neither starves, though one of them comes back at once: that is what a plain lock does not do."""
    turns, order, done = Turns(), list[str](), threading.Event()

    def want(name: str) -> None:
        while not done.is_set():
            with turns.take():
                order.append(name)
                time.sleep(0.002)

    threads = [threading.Thread(target=want, args=(name,), daemon=True) for name in ("stream", "http")]
    for thread in threads:
        thread.start()
    while len(order) < 100:
        time.sleep(0.01)
    done.set()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    both = order[order.index("http") if order[0] == "stream" else order.index("stream") :][:80]
    assert all(a != b for a, b in itertools.pairwise(both))


def test_a_turn_that_fails_is_passed_on() -> None:
    """Who comes next is not kept waiting by an exception."""
    turns = Turns()

    def fail() -> None:
        with turns.take():
            raise ValueError("planted")

    with pytest.raises(ValueError, match="planted"):
        fail()
    with turns.take():
        pass


def test_one_has_it_at_a_time() -> None:
    """Many at once, each alone."""
    turns, inside, most = Turns(), [0], [0]

    def enter() -> None:
        for _ in range(200):
            with turns.take():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive()
    assert (inside[0], most[0]) == (0, 1)
