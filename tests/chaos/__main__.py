"""``make chaos``: a feeder, replicas and a real broker; faults at random moments; then the count.

Ends with ``CLEAN`` (exit 0) or ``NOT CLEAN`` (exit 1). The seed makes the same plan again.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from deploy.local_kafka import LocalKafka
from tests.broker.stream import committed, ends
from tests.broker.topics import Topics, make_topics
from tests.chaos.conductor import Conductor
from tests.chaos.feeder import Feeder
from tests.chaos.fleet import Fleet
from tests.chaos.plan import Shape, counts, draw
from tests.chaos.verifier import Verdict, verify, wait_until_done

PARTITIONS = 8
_GROUP = "chaos"
_CATCH_UP_SECONDS = 180.0


class OneBroker:
    """A cluster of one."""

    def __init__(self, kafka: LocalKafka) -> None:
        self._kafka = kafka

    def kill(self, _number: int) -> None:
        """SIGKILL."""
        self._kafka.kill()

    def stop(self, _number: int) -> None:
        """In order."""
        self._kafka.stop()

    def start(self, _number: int) -> None:
        """Same address, same data."""
        self._kafka.start()


def main() -> int:
    """Perform and count."""
    args = _parser().parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1_000_000)
    shape = Shape(args.kills, args.replicas, gap_seconds=args.gap_seconds)
    if args.minutes is not None:
        acts = sum(counts(shape).values())
        shape = Shape(args.kills, args.replicas, gap_seconds=args.minutes * 60 / acts)
    print(f"SEED={seed} KILLS={args.kills} {args.delivery}: {_listed(shape)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, LocalKafka() as kafka:
        verdict, fleet = perform(kafka, shape, seed, args.delivery, args.per_second, Path(folder))
        clean = report(verdict, fleet, args.delivery)
        if not clean and args.keep is not None:
            args.keep.mkdir(parents=True, exist_ok=True)
            for log in Path(folder).glob("*.jsonl"):
                log.rename(args.keep / log.name)
            print(f"the replicas' logs are in {args.keep}")
    print(f"{'CLEAN' if clean else 'NOT CLEAN'} (SEED={seed})", flush=True)
    return 0 if clean else 1


def perform(
    kafka: LocalKafka, shape: Shape, seed: int, delivery: str, per_second: float, folder: Path
) -> tuple[Verdict, Fleet]:
    """One run: feed, break, wait until the group has caught up, stop, read back."""
    topics = make_topics(kafka.bootstrap, PARTITIONS)
    fleet = Fleet(
        shape.replicas, _settings(kafka.bootstrap, topics, shape, delivery, folder), folder, time.monotonic
    )
    try:
        with Feeder(kafka.bootstrap, topics.tweets, per_second) as feeder:
            Conductor(fleet, OneBroker(kafka), lambda line: print(line, flush=True)).perform(
                draw(shape, seed)
            )
        if feeder.failed:
            fleet.unexpected.append(f"{feeder.failed} tweets were not acknowledged")
        with _tended(fleet):
            caught_up = wait_until_done(lambda: _lag(kafka.bootstrap, topics), _CATCH_UP_SECONDS)
        if not caught_up:
            fleet.unexpected.append(f"the group did not catch up in {_CATCH_UP_SECONDS:g} s")
    finally:
        fleet.stop()
    return verify(kafka.bootstrap, topics.tweets, topics.out, topics.dlq), fleet


@contextlib.contextmanager
def _tended(fleet: Fleet) -> Iterator[None]:
    """Who died last is started again."""
    until = time.monotonic() + 5.0
    for place in fleet.places:
        place.start_at = min(place.start_at, time.monotonic())
    while time.monotonic() < until and any(place.process is None for place in fleet.places):
        fleet.tend()
        time.sleep(0.05)
    yield


def _lag(bootstrap: str, topics: Topics) -> int:
    done = committed(bootstrap, _GROUP)
    return sum(end - done.get(partition, 0) for partition, end in ends(bootstrap, topics.tweets).items())


def _settings(bootstrap: str, topics: Topics, shape: Shape, delivery: str, folder: Path) -> dict[str, str]:
    return {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "KAFKA_CONSUMER_GROUP": _GROUP,
        "KAFKA_INPUT_TOPIC": topics.tweets,
        "KAFKA_OUTPUT_TOPIC": topics.out,
        "KAFKA_DLQ_TOPIC": topics.dlq,
        "KAFKA_SESSION_TIMEOUT_MS": str(int(shape.session_seconds * 1000)),
        "MAX_POLL_INTERVAL_MS": str(int(shape.session_seconds * 1000)),
        "STALL_SECONDS": str(shape.stall_seconds),
        "MAX_BATCH_MESSAGES": "64",
        "DELIVERY": delivery,
        "STATE_DIR": str(folder / "state"),
        "HTTP_PORT": "0",
        "LOG_FORMAT": "json",
        "PYTHONUNBUFFERED": "1",
    }


def _listed(shape: Shape) -> str:
    return ", ".join(f"{count} x {fault}" for fault, count in counts(shape).items() if count)


def report(verdict: Verdict, fleet: Fleet, delivery: str) -> bool:
    """Print the counts; whether the promise of this way of delivery was kept."""
    for name, value in asdict(verdict).items():
        shown = f"{len(value)} {value[:5] or ''}" if isinstance(value, list) else f"{value:,}"
        print(f"{name.replace('_', ' '):22} {shown}")
    print(f"{'exits by code':22} {dict(sorted(fleet.exits.items()))}")
    for line in fleet.unexpected:
        print(f"UNEXPECTED: {line}")
    kept = verdict.clean if delivery == "exactly_once" else not (verdict.lost or verdict.wrong)
    return kept and not fleet.unexpected


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, help="of an earlier run; else drawn")
    parser.add_argument("--minutes", type=float, help="how long the faults last; else about 3 s a fault")
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--per-second", type=float, default=150.0, help="tweets published")
    parser.add_argument("--gap-seconds", type=float, default=3.0, help="mean time between two faults")
    parser.add_argument("--delivery", choices=("exactly_once", "at_least_once"), default="exactly_once")
    parser.add_argument("--keep", type=Path, help="where the logs of a run that is not clean go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
