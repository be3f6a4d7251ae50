"""The probes' answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from consumer.monitoring.health import Health
from tests.doubles import Clock


@pytest.fixture
def clock() -> Clock:
    """The time."""
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    """A replica that has just started."""
    return Health(clock, stuck_after_seconds=30, left_after_seconds=20)


def make_ready(health: Health) -> None:
    """Everything is there."""
    health.model_warm()
    health.joined()
    health.broker_answers(True)


def test_alive_while_the_loop_turns(health: Health, clock: Clock) -> None:
    """Each turn gives the loop another stuck_after_seconds, and a later turn revives it."""
    clock.now += 30
    assert health.live().ok
    clock.now += 1
    assert not health.live().ok
    assert "31 s" in health.live().reason
    health.progressed()
    assert health.live().ok


def test_not_ready_until_all_is_there(health: Health) -> None:
    """Model, group and broker are each needed, and what is missing is named."""
    assert not health.ready().ok
    health.model_warm()
    assert "model" not in health.ready().reason
    health.joined()
    assert not health.ready().ok
    assert "broker" in health.ready().reason
    health.broker_answers(True)
    assert health.ready() == (True, "ready")


LOSSES: list[tuple[str, Callable[[Health], None]]] = [
    ("connection refused", lambda health: health.broker_answers(False, "connection refused")),
    ("circuit open", lambda health: health.pause("circuit open")),
    ("stopping", Health.stopping),
]


@pytest.mark.parametrize(("reason", "lose"), LOSSES)
def test_each_loss_makes_unready_not_dead(
    health: Health, reason: str, lose: Callable[[Health], None]
) -> None:
    """What waiting may cure takes the replica out of service, and does not have it killed."""
    make_ready(health)
    lose(health)
    assert not health.ready().ok
    assert reason in health.ready().reason
    assert health.live().ok


def test_ready_again(health: Health) -> None:
    """A broker that is back, a group joined again and a pause that is over make ready again."""
    make_ready(health)
    health.broker_answers(False)
    health.pause("circuit open")
    health.resume()
    make_ready(health)
    assert health.ready().ok


def test_out_of_the_group_for_long_is_not_ready(health: Health, clock: Clock) -> None:
    """Put out and not taken back, it labels nothing; alive it is, and ready once it is a member again."""
    make_ready(health)
    health.absent()
    clock.now += 19
    health.absent()
    assert health.ready().ok
    clock.now += 1
    health.progressed()
    health.absent()
    assert health.ready() == (False, "the consumer group was left, and not joined again")
    assert health.live().ok
    health.joined()
    assert health.ready().ok


def test_rebalances_do_not_make_unready(health: Health, clock: Clock) -> None:
    """However many: each ends in a membership, and only one that does not end counts."""
    make_ready(health)
    for _ in range(5):
        health.absent()
        clock.now += 15
        health.progressed()
        assert health.ready().ok
        health.joined()


def test_who_never_joined_has_not_left(health: Health, clock: Clock) -> None:
    """What is missing at the start keeps its name."""
    health.absent()
    clock.now += 21
    health.absent()
    assert "the consumer group is not joined yet" in health.ready().reason


def test_a_stuck_loop_is_not_ready(health: Health, clock: Clock) -> None:
    """What was last heard of the broker counts for nothing once the loop stands."""
    make_ready(health)
    clock.now += 31
    assert not health.ready().ok


def test_without_a_stream_the_model_is_all_it_needs() -> None:
    """Who only serves HTTP waits for no group and no broker."""
    health = Health(stream=False)
    assert health.ready().reason == "the model is not warm yet"
    health.model_warm()
    assert health.ready().ok
