"""``make soak MINUTES=30``: steady load with faults; then what grew, what waited, and whether all is there.

Writes a report with plots. Ends with ``SOAK KEPT`` (exit 0) or ``SOAK NOT KEPT`` (exit 1); a run of less
than half an hour with ``SOAK KEPT as far as N minutes can tell``.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from deploy.local_kafka import LocalKafka
from tests.broker.replicas import REAL, Replica, with_http
from tests.broker.topics import Topics, make_topics
from tests.chaos.feeder import Feeder
from tests.chaos.fleet import Fleet
from tests.chaos.verifier import verify, wait_until_done
from tests.soak.course import Course
from tests.soak.judged import Soak, conclude, judge
from tests.soak.lag import LagWatch, behind
from tests.soak.report import write
from tests.soak.samples import PROC, Sampler

PARTITIONS = 8
BACKLOG = 3_000  # tweets to begin with: the largest batches, and the memory they take, come in the warm-up
_GROUP = "soak"
_SESSION_SECONDS = 6.0
_BUSY_SECONDS = 300.0  # that a broker may take to start on a machine with other work
_START_SECONDS, _CATCH_UP_SECONDS, _STOP_SECONDS = 180.0, 180.0, 30.0


def main() -> int:
    """Perform, judge, write."""
    args = _parser().parse_args()
    if not PROC.is_dir():
        print("SOAK NOT RUN: memory, handles and threads are read from /proc, which Linux alone has")
        return 1
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1_000_000)
    print(f"SEED={seed} MINUTES={args.minutes:g} {args.per_second:g} a second", flush=True)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, _broker() as kafka:
        soak = perform(kafka, args, seed, Path(folder))
    lines = judge(soak)
    for line in lines:
        print(f"{line.name:14} {line.verdict:24} {line.found}")
    print(f"report: {write(soak, lines, args.out)}")
    kept, words = conclude(soak.minutes, lines)
    print(f"{words} (SEED={seed})", flush=True)
    return 0 if kept else 1


def _broker() -> LocalKafka:
    return LocalKafka(start_seconds=_BUSY_SECONDS)


def perform(kafka: LocalKafka, args: argparse.Namespace, seed: int, folder: Path) -> Soak:
    """One run: feed, measure, break, wait until the group has caught up, stop, read back."""
    topics = make_topics(kafka.bootstrap, PARTITIONS)
    settings = with_http(_settings(kafka.bootstrap, topics, folder / "state"))
    other = {**_settings(kafka.bootstrap, topics, folder / "state"), "STALL_SECONDS": "0"}
    # One STATE_DIR: on one machine it is what keeps two replicas from claiming one identity.
    other |= {"MAX_POLL_INTERVAL_MS": str(int(_SESSION_SECONDS * 1000)), "PYTHONUNBUFFERED": "1"}
    fleet = Fleet(1, other, folder, time.monotonic)
    with Replica(settings, module=REAL) as steady:
        steady.wait_for_event("partitions_assigned", seconds=_START_SECONDS)
        course = Course(kafka, fleet, steady, _SESSION_SECONDS)
        lag = LagWatch(kafka.bootstrap, _GROUP, topics.tweets)
        sampler = Sampler(
            steady.pid,
            f"http://127.0.0.1:{settings['HTTP_PORT']}",
            lag.now,
            lambda: course.disturbed,
            args.every_seconds,
        )
        try:
            feeder = Feeder(kafka.bootstrap, topics.tweets, args.per_second, BACKLOG)
            with lag, sampler, feeder:
                course.run(args.minutes * 60, args.gap_seconds, seed, lambda line: print(line, flush=True))
            unexpected = _end(kafka, topics, fleet, steady)
        finally:
            fleet.stop()
    unexpected += [*fleet.unexpected, *([f"{feeder.failed} not acknowledged"] if feeder.failed else [])]
    account = verify(kafka.bootstrap, topics.tweets, topics.out, topics.dlq)
    return Soak(args.minutes, args.per_second, seed, sampler.samples, course.happened, account, unexpected)


def _end(kafka: LocalKafka, topics: Topics, fleet: Fleet, steady: Replica) -> list[str]:
    if not steady.runs:
        return [f"the steady replica ended with {steady.wait()}: {steady.log().splitlines()[-1]}"]
    caught_up = wait_until_done(lambda: behind(kafka.bootstrap, _GROUP, topics.tweets), _CATCH_UP_SECONDS)
    steady.stop(_STOP_SECONDS)
    fleet.tend()
    return [] if caught_up else [f"the group did not catch up in {_CATCH_UP_SECONDS:g} s"]


def _settings(bootstrap: str, topics: Topics, state: Path) -> dict[str, str]:
    return {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "KAFKA_CONSUMER_GROUP": _GROUP,
        "KAFKA_INPUT_TOPIC": topics.tweets,
        "KAFKA_OUTPUT_TOPIC": topics.out,
        "KAFKA_DLQ_TOPIC": topics.dlq,
        "BROKER_TIMEOUT_SECONDS": str(2 * _BUSY_SECONDS),
        "KAFKA_SESSION_TIMEOUT_MS": str(int(_SESSION_SECONDS * 1000)),
        "STATE_DIR": str(state),
        "HTTP_PORT": "0",
        "LOG_FORMAT": "json",
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--per-second", type=float, default=60.0, help="tweets published")
    parser.add_argument("--gap-seconds", type=float, default=30.0, help="calm seconds before each fault")
    parser.add_argument("--every-seconds", type=float, default=2.0, help="between two readings")
    parser.add_argument("--seed", type=int, help="of an earlier run; else drawn")
    parser.add_argument("--out", type=Path, default=Path("runs/soak"), help="the report's folder")
    return parser


if __name__ == "__main__":
    sys.exit(main())
