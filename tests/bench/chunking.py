"""One way to chunk: ``python -m tests.bench.chunking NAME COUNT``, in a process of its own."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import texts
from training.chunk import chunk
from training.data.chunking import Options


def write(path: Path, count: int) -> None:
    """``count`` rows in the layout of Sentiment140, no two alike."""
    found, _ = texts.load(count)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(
            ("04"[n % 2], n, "Mon Apr 06 22:19:45 PDT 2009", "NO_QUERY", f"user{n}", f"{text} {n}")
            for n, text in enumerate(found)
        )


def main() -> None:
    """Chunk as the command does by default."""
    count = int(sys.argv[2])
    with TemporaryDirectory() as folder, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        path = Path(folder) / "rows.csv"
        write(path, count)
        started = time.perf_counter()
        with contextlib.redirect_stderr(nowhere):
            chunk([("rows", path)], Path(folder) / "out", Options())
        seconds = time.perf_counter() - started
    ours, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    # Of the children the largest is known, not their sum: one child where there are two processors.
    peak = (ours.ru_maxrss + children.ru_maxrss) * 1024
    print(json.dumps({"per_second": count / seconds, "peak_bytes": peak}))


if __name__ == "__main__":
    main()
