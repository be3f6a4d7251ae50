"""What goes wrong, and when: drawn from a seed, so that a run can be had again."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What may go wrong."""

    KILL = "kill"  # a replica: SIGKILL, started again after a while
    FREEZE = "freeze"  # a replica: SIGSTOP beyond the session timeout, then SIGCONT: a zombie
    STALL = "stall"  # a replica: its scorer sleeps beyond the maximum poll interval
    TERMINATE = "terminate"  # a replica: SIGTERM, started again after a while
    LEAVE = "leave"  # a replica: SIGTERM, gone for longer: the others share its partitions
    JOIN = "join"  # one replica more, for a while
    BROKER_KILL = "broker kill"  # SIGKILL, started again
    BROKER_RESTART = "broker restart"  # in order, started again
    BROKER_AWAY = "broker away"  # in order, for half a minute where nothing else is said
    MOVE_LEADERS = "move leaders"  # every partition's to another broker, where there are several


OF_A_BROKER = (Fault.BROKER_KILL, Fault.BROKER_RESTART, Fault.BROKER_AWAY, Fault.MOVE_LEADERS)


@dataclass(frozen=True, slots=True)
class Act:
    """One fault: when, to whom, and for how long."""

    at_seconds: float
    fault: Fault
    target: int  # the replica's or the broker's number
    seconds: float


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a run is."""

    kills: int
    replicas: int = 3  # and one more while it joins
    brokers: int = 1
    session_seconds: float = 6.0
    stall_seconds: float = 8.0
    gap_seconds: float = 3.0  # mean time between two faults
    away_seconds: float = 30.0  # of a broker that stays away


def counts(shape: Shape) -> Mapping[Fault, int]:
    """How often each fault comes: ten kills to a freeze, twenty to a broker's restart of either kind.

    Each comes once at least, but leaders are moved only where there are several brokers. Without kills the
    replicas are left alone, and only brokers go.
    """
    kills, each_broker = shape.kills, shape.brokers if shape.brokers > 1 else 0
    of_replicas = {
        Fault.KILL: kills,
        Fault.FREEZE: max(1, kills // 10),
        Fault.STALL: max(1, kills // 25),
        Fault.TERMINATE: max(1, kills // 10),
        Fault.LEAVE: max(1, kills // 20),
        Fault.JOIN: max(1, kills // 20),
    }
    return (of_replicas if kills else {}) | {
        Fault.BROKER_KILL: max(1, kills // 20, each_broker),
        Fault.BROKER_RESTART: max(1, kills // 20),
        Fault.BROKER_AWAY: 1,
        Fault.MOVE_LEADERS: each_broker,
    }


def draw(shape: Shape, seed: int) -> list[Act]:
    """The acts of a run in the order of time."""
    rng = random.Random(seed)
    faults = [fault for fault, count in counts(shape).items() for _ in range(count)]
    rng.shuffle(faults)
    return list(_timed(faults, shape, rng))


def _timed(faults: list[Fault], shape: Shape, rng: random.Random) -> Iterator[Act]:
    at = 2.0
    broker_back = 0.0
    in_turn = itertools.cycle(range(shape.brokers))
    for fault in faults:
        at += min(rng.expovariate(1 / shape.gap_seconds), 4 * shape.gap_seconds)
        if fault in OF_A_BROKER:
            at = max(at, broker_back + shape.session_seconds)  # one broker at a time, and time to come back
        target = next(in_turn) if fault in OF_A_BROKER else rng.randrange(shape.replicas)
        if fault is Fault.JOIN:
            target = shape.replicas
        act = Act(round(at, 2), fault, target, round(_seconds(fault, shape, rng), 2))
        if fault in OF_A_BROKER:
            broker_back = at + act.seconds
        yield act


def _seconds(fault: Fault, shape: Shape, rng: random.Random) -> float:
    match fault:
        case Fault.FREEZE:
            return shape.session_seconds * rng.uniform(1.2, 2.0)
        case Fault.STALL:
            return shape.stall_seconds
        case Fault.LEAVE | Fault.JOIN:
            return rng.uniform(1.0, 2.0) * shape.session_seconds
        case Fault.BROKER_AWAY:
            return shape.away_seconds
        case Fault.BROKER_KILL | Fault.BROKER_RESTART:
            return rng.uniform(0.0, 2.0)
        case _:
            return rng.uniform(0.0, shape.session_seconds * 0.75)
