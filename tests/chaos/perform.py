"""One run: feed, break, wait until the group has caught up, stop, read back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.broker.stream import committed, ends
from tests.broker.topics import Topics, make_topics
from tests.chaos.brokers import Brokers
from tests.chaos.conductor import Conductor
from tests.chaos.feeder import Feeder
from tests.chaos.fleet import Fleet
from tests.chaos.plan import Fault, Shape, draw
from tests.chaos.verifier import Verdict, verify, wait_until_done

PARTITIONS = 8
BATCH_MESSAGES = 64
GROUP = "chaos"
_CATCH_UP_SECONDS = 180.0
_START_SECONDS = 120.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Run:
    """What is done to whom."""

    shape: Shape
    seed: int
    delivery: str = "exactly_once"
    per_second: float = 150.0  # tweets published
    static: bool = False  # whether each replica has a KAFKA_GROUP_INSTANCE_ID of its own


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    verdict: Verdict
    struck: Counter[Fault]
    exits: Counter[int]  # replicas by the code they ended with
    unexpected: list[str]


def perform(brokers: Brokers, run: Run, folder: Path, say: Callable[[str], None]) -> Outcome:
    """From the first tweet to the verdict; the replicas' logs stay in ``folder``."""
    configs = {"min.insync.replicas": str(max(1, brokers.size - 1))}
    topics = make_topics(brokers.bootstrap, PARTITIONS, configs, brokers.size)
    fleet = Fleet(
        run.shape.replicas, settings_of(brokers.bootstrap, topics, run, folder), folder, time.monotonic
    )
    conductor = Conductor(fleet, brokers, say)
    try:
        with Feeder(brokers.bootstrap, topics.tweets, run.per_second) as feeder:
            await_all(fleet)
            conductor.perform(draw(run.shape, run.seed))
        if feeder.failed:
            fleet.unexpected.append(f"{feeder.failed} tweets were not acknowledged")
        await_all(fleet)
        if not wait_until_done(lambda: lag(brokers.bootstrap, topics), _CATCH_UP_SECONDS):
            fleet.unexpected.append(f"the group did not catch up in {_CATCH_UP_SECONDS:g} s")
    finally:
        fleet.stop()
    verdict = verify(brokers.bootstrap, topics.tweets, topics.out, topics.dlq)
    return Outcome(verdict, conductor.struck, fleet.exits, fleet.unexpected)


def await_all(fleet: Fleet) -> None:
    """Until every replica but the one that only joins is at work."""
    fleet.call_back()
    until = time.monotonic() + _START_SECONDS
    while not all(place.works for place in fleet.places[:-1]):
        if time.monotonic() > until:
            fleet.unexpected.append(f"not all replicas were at work after {_START_SECONDS:g} s")
            return
        fleet.tend()
        time.sleep(_LOOK_SECONDS)


def lag(bootstrap: str, topics: Topics) -> int:
    """How many records the group is behind."""
    done = committed(bootstrap, GROUP)
    return sum(end - done.get(partition, 0) for partition, end in ends(bootstrap, topics.tweets).items())


def settings_of(bootstrap: str, topics: Topics, run: Run, folder: Path) -> dict[str, str]:
    """What each replica of a run is given."""
    session_ms = str(int(run.shape.session_seconds * 1000))
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "KAFKA_CONSUMER_GROUP": GROUP,
        "KAFKA_INPUT_TOPIC": topics.tweets,
        "KAFKA_OUTPUT_TOPIC": topics.out,
        "KAFKA_DLQ_TOPIC": topics.dlq,
        "KAFKA_SESSION_TIMEOUT_MS": session_ms,
        "MAX_POLL_INTERVAL_MS": session_ms,
        "STALL_SECONDS": str(run.shape.stall_seconds),
        "MAX_BATCH_MESSAGES": str(BATCH_MESSAGES),
        "DELIVERY": run.delivery,
        "STATE_DIR": str(folder / "state"),
        "HTTP_PORT": "0",
        "LOG_FORMAT": "json",
        "PYTHONUNBUFFERED": "1",
    }
    return settings | ({"KAFKA_GROUP_INSTANCE_ID": "replica-{number}"} if run.static else {})
