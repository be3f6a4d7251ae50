"""``make bench``: every way once or more, in turn, in one run; a table of ratios and a JSON file."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench import texts
from tests.bench.report import markdown

# (name, module, texts or records a round, rounds)
PLAN = (
    ("predict", "scorers", 100, 1),
    ("padded", "scorers", 640, 2),
    ("tensorflow", "scorers", 1_536, 2),
    ("openvino", "scorers", 6_144, 3),
    ("exactly_once", "streams", 6_656, 3),
    ("at_least_once", "streams", 6_656, 3),
    ("constant", "streams", 20_000, 5),
    ("constant_watched", "streams", 20_000, 5),
    ("constant_unmonitored", "streams", 20_000, 5),
    ("constant_untokenised", "streams", 20_000, 3),
    ("bare", "streams", 20_000, 3),
    ("chunk", "chunking", 200_000, 1),
    ("train", "training", 12, 2),
    ("train_bare", "training", 12, 2),
)


def measure(module: str, *arguments: str) -> dict[str, Any]:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", f"tests.bench.{module}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[1:])} failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def rounds() -> dict[str, Any]:
    """All ways in turn, round after round, so that a slow minute of the machine meets all of them."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name, *_ in PLAN}
    for turn in range(max(count for *_, count in PLAN)):
        for name, module, count, wanted in PLAN:
            if turn < wanted:
                found[name].append(measure(module, name, str(count)))
                print(f"  {name:22} {found[name][-1]['per_second']:10,.1f} /s", flush=True)
    return {
        name: {
            "per_second": statistics.median(m["per_second"] for m in measured),
            "all": [round(m["per_second"], 1) for m in measured],
            "peak_bytes": max(m["peak_bytes"] for m in measured),
        }
        for name, measured in found.items()
    }


@contextlib.contextmanager
def broker() -> Iterator[None]:
    """The broker that is set, or a local one."""
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield
        return
    from deploy.local_kafka import LocalKafka  # noqa: PLC0415 - needs the broker extra

    with LocalKafka() as kafka:
        os.environ["KAFKA_BOOTSTRAP_SERVERS"] = kafka.bootstrap
        yield


def main() -> int:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    _, source = texts.load(1)
    print(f"measuring on {source}", flush=True)
    began = time.monotonic()
    with broker():
        found = {"source": source, "ways": rounds()}
        found |= {name: measure(name) for name in ("live", "asked", "scraped")}
    (out / "bench.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    table = markdown(found)
    (out / "bench.md").write_text(table, encoding="utf-8")
    print(table)
    print(f"DONE in {(time.monotonic() - began) / 60:.1f} min: {out}/bench.md and bench.json are written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
