"""``training split``: a held-out file in two parts that share no text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.data.tables import many, write_csv
from training.__main__ import main
from training.data.rows import read_rows
from training.data.split import SPLITS, part_of, place


def test_no_row_is_lost_and_equal_texts_go_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half and half within chance, whatever the upper case, the same in every run."""
    rows = [*many(400), *((target, text.upper()) for target, text in many(400))]
    path = write_csv(tmp_path / "rows.csv", rows)
    outs = [tmp_path / "new" / "a.csv", tmp_path / "new" / "b.csv"]
    command = ["split", str(path), "--out", *map(str, outs)]
    assert main(command) == 0
    first, second = ([(row.target, row.text) for row in read_rows(out, "x")] for out in outs)
    assert sorted(first + second) == sorted(rows)
    assert not {text.lower() for _, text in first} & {text.lower() for _, text in second}
    assert 320 < len(first) < 480
    assert f"a.csv: {len(first)} rows" in capsys.readouterr().out
    before = [out.read_bytes() for out in outs]
    assert main(command) == 0
    assert [out.read_bytes() for out in outs] == before


def test_it_is_another_hash_than_that_of_the_splits() -> None:
    """Else all of one split could lie on one side."""
    low = [part_of(text) for _, text in many(5000) if place(text)[1] < SPLITS[-1][1]]
    assert len(low) > 200
    assert 0.35 < sum(part < 0.5 for part in low) / len(low) < 0.65


@pytest.mark.parametrize("share", ["0", "1"])
def test_an_empty_part_is_refused(tmp_path: Path, share: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written."""
    path, outs = write_csv(tmp_path / "rows.csv", many(4)), [tmp_path / "a.csv", tmp_path / "b.csv"]
    assert main(["split", str(path), "--share", share, "--out", *map(str, outs)]) == 2
    assert "one part would be empty" in capsys.readouterr().err
    assert not any(out.exists() for out in outs)


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2."""
    assert main(["split", str(tmp_path / "no.csv"), "--out", "a", "b"]) == 2
    assert "no.csv: no such file" in capsys.readouterr().err
