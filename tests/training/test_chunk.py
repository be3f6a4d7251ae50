"""``training chunk`` as a command: its account, its refusals, and a death at any moment."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.imports import ROOT
from tests.training.data.tables import by_split, many, state, write_csv
from training import chunk
from training.__main__ import main

COMMAND = (sys.executable, "-m", "training", "chunk")


def arguments(*given: str) -> argparse.Namespace:
    """As the command reads them."""
    parser = argparse.ArgumentParser()
    chunk.add_arguments(parser)
    return parser.parse_args(given)


def test_a_summary_says_what_became_of_the_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Read, left out and why, in chunks, held out, where; exit 0."""
    rows = [*many(600, targets="0424"), ("0", "mixed"), ("4", "mixed")]
    path = write_csv(tmp_path / "mine.csv", rows)
    assert main(["chunk", f"ours={path}", "--out", str(tmp_path / "out"), "--rows", "50"]) == 0
    read, left_out, train, held_out, wrote = capsys.readouterr().out.splitlines()
    assert read.endswith("602 rows of 1 file(s)")
    assert "150 neutral; 2 of 1 texts with two labels; " in left_out
    assert "so that the labels balance" in left_out
    found = by_split(tmp_path / "out")
    assert f"{len(found['train'])} rows in" in train
    assert f"test.csv {len(found['test'])}" in held_out
    assert str(tmp_path / "out") in wrote
    assert {row.source for row in found["train"]} == {"ours"}


def test_bad_input_is_one_line_and_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which file, which row, what; nothing is written."""
    path = write_csv(tmp_path / "mine.csv", [("0", "sad"), ("6", "odd")])
    assert main(["chunk", str(path), "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"training chunk: {path}, row 2 (line 3): label '6' is not 0, 2 or 4"
    assert [p.name for p in tmp_path.iterdir()] == ["mine.csv"]


def test_a_file_is_named_by_its_name_unless_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NAME=FILE, FILE, and a path that happens to hold an equals sign."""
    monkeypatch.chdir(tmp_path)
    odd = write_csv(tmp_path / "a=b.csv", [])
    assert arguments("ours=x.csv", "dir/tweets.csv.gz", "a=b.csv", f"n={odd}").sources == [
        ("ours", Path("x.csv")),
        ("tweets", Path("dir/tweets.csv.gz")),
        ("a=b", Path("a=b.csv")),
        ("n", odd),
    ]


@pytest.mark.parametrize(
    "flags",
    [
        ["--rows", "7"],
        ["--rows", "0"],
        ["--seed", "-1"],
        ["--weight", "ours"],
        ["--weight", "ours=-2"],
        ["--share", "ours"],
        ["--share", "ours=0"],
        ["--share", "ours=1.5"],
        ["--even-days", "-1"],
        ["--even-days", "nan"],
        ["--neutral", "maybe"],
        ["--workers", "-1"],
    ],
    ids="=".join,
)
def test_an_option_that_makes_no_sense_is_a_usage_error(flags: list[str]) -> None:
    """Named before anything is read; exit 2."""
    with pytest.raises(SystemExit) as caught:
        arguments("x.csv", *flags)
    assert caught.value.code == 2


def small_files() -> None:
    """In a child: no file may grow beyond this, as on a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def test_a_full_disk_is_one_line_and_leaves_the_old_data(tmp_path: Path) -> None:
    """Exit 2, the folder named, and nothing beside it."""
    small = write_csv(tmp_path / "small.csv", many(100))
    large = write_csv(tmp_path / "large.csv", many(20_000))
    command = [*COMMAND, "--out", str(tmp_path / "out")]
    subprocess.run([*command, str(small)], check=True, cwd=ROOT, capture_output=True)
    before = state(tmp_path / "out")
    done = subprocess.run(
        [*command, str(large)],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=small_files,
    )
    assert done.returncode == 2, done.stderr
    *_, line = done.stderr.splitlines()
    assert line == f"training chunk: {tmp_path / 'out'}: {os.strerror(errno.EFBIG)}"
    assert "Traceback" not in done.stderr
    assert state(tmp_path / "out") == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["large.csv", "out", "small.csv"]


def test_killed_at_any_moment_the_data_is_the_old_or_the_new(tmp_path: Path) -> None:
    """Also the children end, and the next run clears away what the killed one left."""
    old = write_csv(tmp_path / "old.csv", many(100))
    new = write_csv(tmp_path / "new.csv", many(30_000, first=1_000))
    command = [*COMMAND, "--out", str(tmp_path / "out"), "--rows", "20", "--workers", "1"]
    states = []
    for path in (new, old):
        subprocess.run([*command, str(path)], check=True, cwd=ROOT, capture_output=True)
        states.append(state(tmp_path / "out"))
    for moment in (is_reading, is_writing):
        child = subprocess.Popen([*command, str(new)], cwd=ROOT, stderr=subprocess.DEVNULL, process_group=0)
        wait_for(partial(moment, tmp_path), child)
        child.kill()
        child.wait()
        assert state(tmp_path / "out") in states
        wait_for(partial(is_gone, child.pid))
    subprocess.run([*command, str(old)], check=True, cwd=ROOT, capture_output=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new.csv", "old.csv", "out"]


def is_reading(folder: Path) -> bool:
    """The new folder stands beside the old."""
    return any(folder.glob(".out.new-*"))


def is_writing(folder: Path) -> bool:
    """Some chunks of the new folder are there."""
    return any(folder.glob(".out.new-*/Chunks/chunk_0002.csv"))


def is_gone(group: int) -> bool:
    """Whether no process of this group is left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, 0)
        return False
    return True


def wait_for(condition: Callable[[], bool], child: subprocess.Popen[bytes] | None = None) -> None:
    """Look until it is so, or the child ended before it was."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        if child and child.poll() is not None:
            return
        time.sleep(0.001)
