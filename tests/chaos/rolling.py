"""``make rolling``: replicas of an earlier version replaced one by one under load, and back; then the count.

Both versions are in one group at a time, and what one of them left, the other goes on with: positions,
identities, open transactions. One replica is killed instead of told to end.
Ends with ``CLEAN`` (exit 0) or ``NOT CLEAN`` (exit 1).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local_kafka import LocalKafka
from tests.broker.topics import Topics, make_topics
from tests.chaos.feeder import Feeder
from tests.chaos.fleet import ROOT, Fleet, Version
from tests.chaos.perform import PARTITIONS, Run, await_all, lag, settings_of
from tests.chaos.plan import Shape
from tests.chaos.verifier import Verdict, scan, verify, wait_until_done
from tests.chaos.versions import NoHistoryError, described, earlier, unpack

REPLICAS = 3
_KILLED = 1  # the place whose replica is not asked
_OLD, _NEW = "1", "2"  # the versions of the model that their results bear
_STEP_SECONDS = 180.0
_MIXED_SECONDS = 3.0  # both are at work for so long after each step
_CATCH_UP_SECONDS = 180.0
_LOOK_SECONDS = 0.05


@dataclass
class Outcome:
    """What came of it."""

    verdict: Verdict
    by_version: Counter[str]  # results
    exits: Counter[int]
    steps_seconds: list[float] = field(default_factory=list)  # each from the end of one to the next at work
    unexpected: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Nothing lost, doubled, out of order or wrong, by either version."""
        both = all(self.by_version[version] for version in (_OLD, _NEW))
        return self.verdict.clean and both and not self.unexpected

    def lines(self) -> Iterator[str]:
        """The counts, one a line."""
        verdict = self.verdict
        yield f"published            {verdict.published:,}"
        yield f"labelled             {verdict.labelled:,} ({self.by_version[_OLD]:,} by the earlier version)"
        yield f"dead-lettered        {verdict.dead_lettered:,}"
        for name in ("lost", "duplicated", "out_of_order", "wrong"):
            yield f"{name.replace('_', ' '):20} {len(getattr(verdict, name))}"
        yield f"replicas' exits      {dict(sorted(self.exits.items()))}"
        yield f"one step             {', '.join(f'{s:.1f}' for s in self.steps_seconds)} s"
        yield f"longest stop         {verdict.longest_stop_seconds:.1f} s without a result while one was due"
        yield f"longest wait         {verdict.longest_wait_seconds:.1f} s of a tweet, from sent to scored"
        yield from (f"UNEXPECTED: {line}" for line in self.unexpected)


def roll(bootstrap: str, old: Path, folder: Path, say: Callable[[str], None], *, static: bool) -> Outcome:
    """From the old version to ours and back; the replicas' logs stay in ``folder``."""
    topics = make_topics(bootstrap, PARTITIONS, {}, 1)
    run = Run(Shape(kills=0, replicas=REPLICAS), seed=0, static=static)
    fleet = Fleet(REPLICAS, settings_of(bootstrap, topics, run, folder), folder, time.monotonic)
    versions = {"old": Version(old, {"MODEL_VERSION": _OLD}), "new": Version(ROOT, {"MODEL_VERSION": _NEW})}
    for place in fleet.places:
        place.version = versions["old"]
    steps: list[float] = []
    try:
        with Feeder(bootstrap, topics.tweets, run.per_second) as feeder:
            await_all(fleet)
            for name in ("new", "old"):
                for number in range(REPLICAS):
                    steps.append(_replace(fleet, number, versions[name]))
                    say(f"replica {number} is the {name} one, at work after {steps[-1]:.1f} s")
        if feeder.failed:
            fleet.unexpected.append(f"{feeder.failed} tweets were not acknowledged")
        if not wait_until_done(lambda: lag(bootstrap, topics), _CATCH_UP_SECONDS):
            fleet.unexpected.append(f"the group did not catch up in {_CATCH_UP_SECONDS:g} s")
    finally:
        fleet.stop()
    verdict = verify(bootstrap, topics.tweets, topics.out, topics.dlq)
    return Outcome(verdict, _by_version(bootstrap, topics), fleet.exits, steps, fleet.unexpected)


def _replace(fleet: Fleet, number: int, version: Version) -> float:
    """End one and have the other at work in its place; the seconds between."""
    place = fleet.places[number]
    place.version = version
    starts, began = place.starts, time.monotonic()
    until = began + _STEP_SECONDS
    while not (fleet.kill(number, 0.0) if number == _KILLED else fleet.terminate(number, 0.0)):
        _wait(fleet, until, f"replica {number} is not at work")
    while not (place.starts > starts and place.works):
        _wait(fleet, until, f"the next replica {number} does not come to work")
    seconds = time.monotonic() - began
    mixed_until = time.monotonic() + _MIXED_SECONDS
    while time.monotonic() < mixed_until:
        _wait(fleet, until + _MIXED_SECONDS, "nothing")
    return seconds


def _wait(fleet: Fleet, until: float, what: str) -> None:
    if time.monotonic() > until:
        raise TimeoutError(f"{what} in {_STEP_SECONDS:g} s; see {[str(p.log) for p in fleet.places]}")
    fleet.tend()
    time.sleep(_LOOK_SECONDS)


def _by_version(bootstrap: str, topics: Topics) -> Counter[str]:
    return Counter(json.loads(record.value)["model"]["version"] for record in scan(bootstrap, topics.out))


def main(arguments: Sequence[str] | None = None) -> int:
    """Roll and count."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.rolling", description=__doc__)
    parser.add_argument(
        "--old", metavar="COMMIT", help="else the newest release, or the consumer before its last change"
    )
    parser.add_argument("--static", action="store_true", help="replicas with a KAFKA_GROUP_INSTANCE_ID each")
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="rolling-") as folder, LocalKafka() as kafka:
        try:
            commit = args.old or earlier()
            old = unpack(commit, Path(folder) / "old")
        except NoHistoryError as error:
            print(f"NOT RUN: {error}", file=sys.stderr)
            return 2
        print(f"from {described(commit)} to the working tree and back", flush=True)
        say: Callable[[str], None] = lambda line: print(line, flush=True)  # noqa: E731 - print with one option
        outcome = roll(kafka.bootstrap, old, Path(folder), say, static=args.static)
        print("\n".join(outcome.lines()))
    print("CLEAN" if outcome.clean else "NOT CLEAN", flush=True)
    return 0 if outcome.clean else 1


if __name__ == "__main__":
    sys.exit(main())
