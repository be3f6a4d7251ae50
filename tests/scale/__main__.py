"""``make scale``: 1, 2 and 4 replicas behind one broker, each with a scorer of the same fixed cost.

The scorer sleeps, so that what is measured is the stream and not how many cores there are: each replica
costs the machine little, as if it had cores of its own. What keeps four from four times one is the broker,
its transactions and the group. Ends with 1 where it is less than ``WANTED`` times. With a cheaper scorer
(``--ms-a-text``) it shows where the broker, and the cores that all share, end it: nothing is wanted there.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local_kafka import LocalKafka
from docs.sizing import carried
from tests.broker.stream import committed, publish, tweets
from tests.broker.topics import make_topics
from tests.chaos.fleet import Fleet
from tests.chaos.perform import GROUP, PARTITIONS, Run, await_all, settings_of
from tests.chaos.plan import Shape

REPLICAS = (1, 2, 4)
WANTED = 3.6  # times one replica, by four
MS_A_TEXT = 5.0
_LEAST_MS = 0.5  # what the rest of a text's way takes a replica, so that there is always enough to read
_SETTLE_SECONDS = 3.0
_START_SECONDS = 400.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What so many replicas did."""

    replicas: int
    tweets: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Tweets that were committed, labelled and published."""
        return self.tweets / self.seconds


def measure(bootstrap: str, replicas: int, seconds: float, folder: Path, ms_a_text: float) -> Measured:
    """Committed between two moments, while all are at work and none has run dry.

    Raises ``RuntimeError`` where one ended, or there was too little to read.
    """
    topics = make_topics(bootstrap, PARTITIONS)
    most = int(replicas * (seconds + 60) * 1000 / max(ms_a_text, _LEAST_MS))
    publish(bootstrap, topics.tweets, tweets(most, partitions=PARTITIONS))
    run = Run(Shape(0, replicas), 0)
    settings = settings_of(bootstrap, topics, run, folder) | {"MS_A_TEXT": str(ms_a_text)}
    fleet = Fleet(replicas, settings, folder, time.monotonic)
    try:
        await_all(fleet)
        time.sleep(_SETTLE_SECONDS)  # the group has given everybody a share
        before, began = _done(bootstrap), time.monotonic()
        time.sleep(seconds)
        after, ended = _done(bootstrap), time.monotonic()
        fleet.tend()
    finally:
        fleet.stop()
    if fleet.unexpected:
        raise RuntimeError("; ".join(fleet.unexpected))
    if after >= most:
        raise RuntimeError(f"{replicas} replicas ran dry after {most:,} tweets")
    return Measured(replicas, after - before, ended - began)


def _done(bootstrap: str) -> int:
    return sum(committed(bootstrap, GROUP).values())


def main() -> int:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.scale", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="measured of each number of replicas")
    parser.add_argument("--ms-a-text", type=float, default=MS_A_TEXT, help=f"of its scorer ({MS_A_TEXT:g})")
    parser.add_argument("--out", type=Path, default=Path("build/scale/scale.json"))
    args = parser.parse_args()
    print(f"{PARTITIONS} partitions, {args.ms_a_text:g} ms a text, {args.seconds:g} s each", flush=True)
    found = []
    for replicas in REPLICAS:  # a broker for each: a group of the same name, and nothing left behind
        with (
            tempfile.TemporaryDirectory(prefix="scale-") as folder,
            LocalKafka(start_seconds=_START_SECONDS) as kafka,
        ):
            found.append(measure(kafka.bootstrap, replicas, args.seconds, Path(folder), args.ms_a_text))
        print(f"  {replicas} replicas: {found[-1].per_second:,.0f} tweets/s", flush=True)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(m) | {"per_second": m.per_second} for m in found]
    facts = {"ms_a_text": args.ms_a_text, "partitions": PARTITIONS, "measured": rows}
    args.out.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    times = found[-1].per_second / found[0].per_second
    good = times >= WANTED or args.ms_a_text < MS_A_TEXT
    print(carried(rows))
    print(f"{'DONE' if good else 'TOO LITTLE'}: {REPLICAS[-1]} replicas carry {times:.2f} times one")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
