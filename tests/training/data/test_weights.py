"""Weights of rows: by source, and by how common a day is among its label."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.data.tables import by_split, chunked, write_csv
from training.data.chunking import Options, chunk
from training.data.rows import BadInputError, Row

BUSY, QUIET = "Sat May 02 10:00:00 PDT 2009", "Sun May 03 23:59:59 PDT 2009"


def dated(folder: Path, options: Options) -> list[Row]:
    """Train rows of a source with a busy and a quiet day, and of one without days."""
    header = ("target", "text", "date")
    rows = [(t, f"{t} word{n}", QUIET if n % 10 == 0 else BUSY) for t in "04" for n in range(200)]
    plain = [(t, f"{t} other{n}", "") for t in "04" for n in range(50)]
    sources = [
        ("dated", write_csv(folder / "dated.csv", rows, header)),
        ("plain", write_csv(folder / "plain.csv", plain, header)),
    ]
    chunk(sources, folder / "out", options, 0)
    return by_split(folder / "out")["train"]


def is_quiet(row: Row) -> bool:
    """Whether a row of ``dated`` is of the quiet day."""
    return int(row.text.rpartition("word")[2]) % 10 == 0


@pytest.mark.parametrize("alpha", [0.5, 1.0])
def test_even_days(tmp_path: Path, alpha: float) -> None:
    """A row counts (rows of its label and day)^-alpha; the mean of its source stays 1."""
    rows = [row for row in dated(tmp_path, Options(even_days=alpha)) if row.source == "dated"]
    for target in "04":
        ours = [row for row in rows if row.target == target]
        quiet, busy = [[r.weight for r in ours if is_quiet(r) is wanted] for wanted in (True, False)]
        assert quiet[0] / busy[0] == pytest.approx((len(busy) / len(quiet)) ** alpha, rel=1e-4)
    assert sum(row.weight for row in rows) / len(rows) == pytest.approx(1, rel=1e-4)


def test_a_source_without_days_and_no_option_leave_weights_alone(tmp_path: Path) -> None:
    """Off by default, and nothing to even out where no row has a date."""
    assert {row.weight for row in dated(tmp_path, Options())} == {1.0}
    assert {r.weight for r in dated(tmp_path, Options(even_days=1)) if r.source == "plain"} == {1.0}


def test_a_source_counts_as_often_as_it_is_told(tmp_path: Path) -> None:
    """The factor multiplies the weight a row came with, in chunks alone: held-out rows are as they were."""
    rows = [("04"[n % 2], f"word{n}", "ours" if n % 3 else "theirs", 0.5) for n in range(400)]
    path = write_csv(tmp_path / "in.csv", rows, ("target", "text", "source", "weight"))
    chunk([("in", path)], tmp_path / "out", Options(weights={"ours": 3.0}), 0)
    found = by_split(tmp_path / "out")
    assert {(r.source, r.weight) for r in found["train"]} == {("ours", 1.5), ("theirs", 0.5)}
    assert {r.weight for r in found["test"]} == {0.5}


def test_a_weight_for_a_source_that_is_not_there(tmp_path: Path) -> None:
    """A misspelt name is an error, not a weight that does nothing."""
    with pytest.raises(BadInputError, match="no row is of the source 'hers'; there are mine"):
        chunked(tmp_path, Options(weights={"hers": 2.0}), mine=[("0", "a bad day"), ("4", "a good day")])
