"""The small run that ships is reproducible."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from consumer.model.manifest import sha256
from tests.training.fit.material import finished, run_child, start_child
from training.fit.stop import INTERRUPTED

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(600)]


def test_run_twice_it_gives_the_same_numbers_to_the_last_digit(tmp_path: Path) -> None:
    """Weights, state and every number; and it learnt something: half of the held-out rows would be chance."""
    children = [
        start_child(["small", "--out", str(tmp_path / name), "--epochs", "4"]) for name in ("one", "two")
    ]
    assert [finished(child) for child in children] == [0, 0]
    for name in ("run/best/model.safetensors", "run/state.npz", "run/evaluation.json", "held_out.csv"):
        assert sha256(tmp_path / "one" / name) == sha256(tmp_path / "two" / name), name
    content = json.loads((tmp_path / "one" / "run" / "evaluation.json").read_text())
    assert content["back_ends"]["tensorflow"]["held_out"]["accuracy"] > 0.65


def test_an_interruption_ends_it_and_says_how_to_begin_anew(tmp_path: Path) -> None:
    """Ctrl-C while it trains: 130, nothing is measured, and no command that this one does not know."""
    log = tmp_path / "log"
    assert run_child(["small", "--out", str(tmp_path / "out")], ("interrupt", 2), log) == INTERRUPTED
    lines = log.read_text().splitlines()
    assert lines[-1] == "stopped; `make train-small` starts anew"
    assert not any("--resume" in line or line.startswith(("weights", "numbers")) for line in lines)
    assert not (tmp_path / "out" / "run" / "evaluation.json").exists()


def test_it_begins_anew_in_its_own_folder_and_in_no_other(tmp_path: Path) -> None:
    """After an interruption and after an end, as the same command again; another's run there stays."""
    again, log = ["small", "--out", str(tmp_path), "--epochs", "0.2"], tmp_path / "log"
    assert run_child(again, ("interrupt", 2)) == INTERRUPTED
    assert [run_child(again, log=log) for _ in range(2)] == [0, 0]
    hashes = [line for line in log.read_text().splitlines() if line.startswith(("weights", "numbers"))]
    assert len(hashes) == 4
    assert hashes[:2] == hashes[2:]

    (tmp_path / "held_out.csv").unlink()
    state = (tmp_path / "run" / "state.npz").read_bytes()
    assert run_child(again, log=log) == 2
    assert f"{tmp_path / 'run'} holds a run" in log.read_text()
    assert (tmp_path / "run" / "state.npz").read_bytes() == state
