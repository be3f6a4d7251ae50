"""``make chaos``: a feeder, replicas and a real broker; faults at random moments; then the count.

Ends with ``CLEAN`` (exit 0) or ``NOT CLEAN`` (exit 1). The seed makes the same plan again.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kafka.admin import ConfigResource, ConfigResourceType

from deploy.local_kafka import LocalCluster, LocalKafka
from tests.broker.topics import admin
from tests.chaos import report
from tests.chaos.brokers import Brokers, OneBroker, ThreeBrokers
from tests.chaos.perform import Run, perform
from tests.chaos.plan import Shape, counts

_START_SECONDS = 400.0  # of a broker; on a busy machine a minute is not enough


def main() -> int:
    """Perform and count."""
    args = _parser().parse_args()
    run = _run(args)
    print(
        f"SEED={run.seed} KILLS={args.kills} BROKERS={args.brokers} {args.delivery}"
        f"{' static members' if args.static else ''}: {report.listed(counts(run.shape))}",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, _brokers(args.brokers) as brokers:
        session_ms = _broker_session_ms(brokers) if brokers.size > 1 else None
        outcome = perform(brokers, run, Path(folder), lambda line: print(line, flush=True))
        clean = report.kept(run, outcome)
        print("\n".join(report.lines(run, outcome, session_ms)))
        if not clean and args.keep is not None:
            args.keep.mkdir(parents=True, exist_ok=True)
            for log in Path(folder).glob("*.jsonl"):
                log.rename(args.keep / log.name)
            print(f"the replicas' logs are in {args.keep}")
    print(f"{'CLEAN' if clean else 'NOT CLEAN'} (SEED={run.seed})", flush=True)
    return 0 if clean else 1


def _run(args: argparse.Namespace) -> Run:
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1_000_000)
    shape = Shape(args.kills, args.replicas, args.brokers, gap_seconds=args.gap_seconds)
    if args.minutes is not None:
        acts = sum(counts(shape).values())
        shape = Shape(args.kills, args.replicas, args.brokers, gap_seconds=args.minutes * 60 / acts)
    return Run(shape, seed, args.delivery, args.per_second, args.static)


@contextlib.contextmanager
def _brokers(count: int) -> Iterator[Brokers]:
    if count == 1:
        with LocalKafka(start_seconds=_START_SECONDS) as kafka:
            yield OneBroker(kafka)
    else:
        with LocalCluster(start_seconds=_START_SECONDS) as cluster:
            yield ThreeBrokers(cluster)


def _broker_session_ms(brokers: Brokers) -> str:
    """After so long without a heartbeat a broker counts as dead, and another leads what it led."""
    with admin(brokers.bootstrap) as client:
        answer = client.describe_configs(
            [ConfigResource(ConfigResourceType.BROKER, "1")], config_filter="all"
        )
    return str(answer["broker"]["1"]["broker.session.timeout.ms"]["value"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=30, help="0: replicas are left alone, only brokers go")
    parser.add_argument("--seed", type=int, help="of an earlier run; else drawn")
    parser.add_argument("--minutes", type=float, help="how long the faults last; else about 3 s a fault")
    parser.add_argument("--replicas", type=int, default=3, help="one more joins now and then")
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    parser.add_argument("--static", action="store_true", help="replicas with a KAFKA_GROUP_INSTANCE_ID each")
    parser.add_argument("--per-second", type=float, default=150.0, help="tweets published")
    parser.add_argument("--gap-seconds", type=float, default=3.0, help="mean time between two faults")
    parser.add_argument("--delivery", choices=("exactly_once", "at_least_once"), default="exactly_once")
    parser.add_argument("--keep", type=Path, help="where the logs of a run that is not clean go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
