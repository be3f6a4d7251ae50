"""``make capacity``: what a tweet costs here, in seconds of a core and in bytes, for ``docs/capacity.md``.

The model alone on one core, over lengths; the loop with a constant scorer, with large and with small
transactions, of which the difference is the transaction; a record read and its result, in bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from kafka import KafkaConsumer

from consumer.broker.topics import create
from consumer.clean import clean
from consumer.model.folder import open_model
from consumer.scoring.load import load_scorer
from consumer.settings import Settings
from consumer.tokenise import Tokeniser
from docs.sizing import MEASURED, Cost, costs, scale, table
from tests.bench import streams, texts
from tests.bench.__main__ import broker

LENGTHS = (8, 16, 24, 32, 48, 64, 96, 128)
LARGE, SMALL = 512, 64  # records in a transaction
SCALE = Path("build/scale/scale.json")  # of `make scale`
_SECONDS = 2.0  # of each length
_ROUNDS = 3
_RECORDS = 20_000
_SCORED = 4_096


def scoring(model: Path) -> dict[str, float]:
    """Seconds of a core for a text of n tokens, ``text + token · n``, and for one of the tweets at hand."""
    folder = open_model(model)
    tokeniser = Tokeniser(folder.tokeniser_path, folder.max_length)
    scorer = load_scorer(folder.path, "openvino", streams=1, cache_dir=Path(".state/compiled"))
    lengths = [n for n in LENGTHS if n <= folder.max_length]
    each = [_seconds(scorer.logits, [[7] * n] * (8_192 // n)) for n in lengths]
    token, text = np.polyfit(lengths, each, 1)
    found, _ = texts.load(_SCORED)
    ids = [tokens.ids for tokens in tokeniser([clean(one) for one in found])]

    def batches(rows: Sequence[list[int]]) -> None:
        for start in range(0, len(rows), LARGE):
            scorer.logits(rows[start : start + LARGE])

    tweet = _seconds(batches, ids)
    scorer.close()
    return {
        "text": float(text),
        "token": float(token),
        "tweet": tweet,
        "mean_tokens": statistics.fmean(len(one) for one in ids),
    }


def _seconds(score: Any, rows: Sequence[list[int]]) -> float:
    """For one of the rows, the best of many goes: what others take of the machine is not its cost."""
    score(rows)
    found: list[float] = []
    until = time.perf_counter() + _SECONDS
    while not found or time.perf_counter() < until:
        started = time.perf_counter()
        score(rows)
        found.append(time.perf_counter() - started)
    return min(found) / len(rows)


def loop() -> dict[str, float]:
    """Seconds for one record with a constant scorer, by the size of transactions; the best of some rounds."""
    found: dict[int, list[float]] = {LARGE: [], SMALL: []}
    for _ in range(_ROUNDS):
        for size, rates in found.items():
            settings = _stream(size)
            rates.append(streams.loop("constant", settings, _RECORDS))
    large, small = (1 / max(found[size]) for size in (LARGE, SMALL))
    commit = max(0.0, (small - large) / (1 / SMALL - 1 / LARGE))
    return {"commit": commit, "loop": large - commit / LARGE}


def _stream(size: int) -> Settings:
    settings = streams.settings_of("constant").model_copy(update={"max_batch_messages": size})
    create(settings, streams.PARTITIONS, 1)
    streams.publish(settings, _RECORDS)
    return settings


def sizes() -> dict[str, float]:
    """Mean bytes of a record read and of its result: key, value, headers."""
    settings = _stream(LARGE)
    streams.loop("constant", settings, _RECORDS)
    topics = {"read": settings.kafka_input_topic, "written": settings.kafka_output_topic}
    return {name: _bytes(settings.kafka_bootstrap_servers, topic) for name, topic in topics.items()}


def _bytes(bootstrap: str, topic: str) -> float:
    reader = KafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=3_000,
        isolation_level="read_committed",
    )  # fmt: skip
    found = [
        len(r.key or b"") + len(r.value or b"") + sum(len(k) + len(v or b"") for k, v in r.headers)
        for r in reader
    ]
    reader.close()
    return statistics.fmean(found)


def cpu() -> str:
    """What decides how fast int8 is: the instructions of this CPU."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return "an unknown CPU"
    flags = set(next((line for line in text.splitlines() if line.startswith("flags")), "").split())
    for flag, name in (("amx_int8", "AMX"), ("avx512_vnni", "AVX-512 VNNI"), ("avx_vnni", "AVX VNNI")):
        if flag in flags:
            return f"a CPU with {name}"
    return "a CPU with AVX2 alone" if "avx2" in flags else "an unknown CPU"


def main() -> int:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.capacity", description=__doc__)
    parser.add_argument("--out", type=Path, default=MEASURED)
    parser.add_argument("--model", type=Path, default=Path("Models/CURRENT"))
    args = parser.parse_args()
    if not SCALE.is_file():
        parser.error(f"{SCALE} is missing: `make scale` first")
    replicas = json.loads(SCALE.read_text("utf-8"))
    if hasattr(os, "sched_setaffinity"):
        everywhere = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(everywhere)})
        model = scoring(args.model)
        os.sched_setaffinity(0, everywhere)
    else:
        model = scoring(args.model)
    print(f"  the model: {model['tweet'] * 1e3:.2f} ms of a core for a tweet", flush=True)
    with broker():
        cost = Cost(score=model.pop("tweet"), batch=LARGE, **loop(), **sizes())
    measured = {
        "cpu": cpu(),
        "scoring": model,
        "scale": replicas,
        "cost": {name: getattr(cost, name) for name in Cost.__dataclass_fields__},
    }
    args.out.write_text(json.dumps(measured, indent=1) + "\n", "utf-8")
    print(costs(measured), scale(measured), table(measured), sep="\n")
    print(f"DONE: {args.out} is written; `make docs` puts it into docs/capacity.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
