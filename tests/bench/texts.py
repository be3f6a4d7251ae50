"""The tweets that are measured on: real ones where a file is at hand, else those that ship."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
from importlib import resources
from pathlib import Path

REAL = Path("Data/raw/sentiment140_validation.csv.gz")


def load(count: int) -> tuple[list[str], str]:
    """``count`` texts, repeated where there are fewer, and the name of where they come from."""
    if REAL.exists():
        with gzip.open(REAL, "rt", encoding="utf-8", newline="") as file:
            found = [row["text"] for row in csv.DictReader(file)]
        name = f"{len(found)} tweets of {REAL.name}"
    else:
        lines = (
            resources.files("producer_sim").joinpath("tweets.jsonl").read_text(encoding="utf-8").splitlines()
        )
        found = [json.loads(line)["text"] for line in lines]
        name = f"the {len(found)} tweets that ship with producer_sim"
    return list(itertools.islice(itertools.cycle(found), count)), name
