"""As many rows as Sentiment140 has are chunked in bounded memory."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.imports import ROOT

ROWS = 1_600_000
MOST_BYTES = 600_000_000
CHILDREN = 2  # as many as the command ever takes by itself
WORDS = ("sun", "rain", "late", "train", "coffee", "phone", "monday", "home", "music", "game", "work")
# Chunks as the command does, and tells its own peak and that of its largest child.
PROGRAM = """
import json, resource, sys
from pathlib import Path
from training.__main__ import main
code = main(sys.argv[1:])
own, child = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
status = Path("/proc/self/status")
if status.exists():  # Linux hands the peak of the process that started this one down to it
    own = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
unit = 1 if sys.platform == "darwin" else 1024
print(json.dumps({"code": code, "own": own * unit, "child": child * unit}))
"""


def write(path: Path) -> None:
    """Rows in the layout of Sentiment140, about as long as its own, no two of which say the same."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(
            ("04"[n % 2], n, "Mon Apr 06 22:19:45 PDT 2009", "NO_QUERY", f"user{n}", text_of(n))
            for n in range(ROWS)
        )


def text_of(number: int) -> str:
    """Eleven words and the number, about 70 characters."""
    words = " ".join(WORDS[(number * step) % len(WORDS)] for step in range(1, len(WORDS)))
    return f"@user{number} {words} number {number}"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_file_of_1_6_million_rows_is_chunked_in_less_than_600_mb(tmp_path: Path) -> None:
    """All processes together, each at its peak; every row is accounted for."""
    path, out = tmp_path / "train.csv", tmp_path / "out"
    write(path)
    command = ["chunk", str(path), "--out", str(out), "--workers", str(CHILDREN)]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["code"] == 0, done.stderr
    counts = json.loads((out / "manifest.json").read_text())["counts"]
    assert (counts["read"], counts["duplicates_dropped"], counts["contradictory_texts"]) == (ROWS, 0, 0)
    assert told["child"] > 10_000_000  # there were some
    assert told["own"] + CHILDREN * told["child"] < MOST_BYTES
