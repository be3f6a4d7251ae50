"""`make train`, without training: what it calls, what it asks for first, and how it goes on."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.docs.programs import check
from tests.imports import ROOT
from training.data.split import SPLITS

INPUTS = {
    "NOISY": "sentiment140_train.csv.gz",
    "HUMAN": "semeval2013_2016.csv.gz",
    "RANDOM_ROWS": "sentiment140_validation.csv.gz",
    "MANUAL": "sentiment140_manual_test.csv.gz",
    "ENCODER": "bge-small-en-v1.5",
}
STEPS = ["chunk", "chunk", "chunk", "train", "train", "teach", "train", "export", "promote", "report"]


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The recipe in a folder of its own, with a program that says what it is called with and does nothing."""
    command = ["make", "-f", str(ROOT / "Makefile"), "-o", ".venv/.all-ready", "train", "PY=echo python"]
    alone = {k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
    return subprocess.run(
        [*command, *words], cwd=folder, env=alone, capture_output=True, text=True, check=False
    )


def called(ran: subprocess.CompletedProcess[str]) -> list[list[str]]:
    """The words of each command of training, after `python -m training`."""
    assert ran.returncode == 0, ran.stderr
    return [
        shlex.split(line)[3:] for line in ran.stdout.splitlines() if line.startswith("python -m training")
    ]


def value(words: Sequence[str], flag: str) -> str:
    """What follows a flag."""
    return words[words.index(flag) + 1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where all inputs are, and what the third command would have written."""
    for name in INPUTS.values():
        path = tmp_path / "Data" / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "Data" / "human").mkdir()
    (tmp_path / "Data" / "human" / "test.csv").touch()
    return tmp_path


@pytest.mark.tensorflow
def test_every_command_of_the_recipe_would_be_understood(folder: Path) -> None:
    """By the parser that will read it, in both forms: from the beginning, and going on."""
    for name in ("teacher-noisy", "teacher-human", "student"):
        commands = called(make(folder))
        assert [words[0] for words in commands] == STEPS
        for words in commands:
            check(shlex.join(["python", "-m", "training", *words]))
        (folder / "runs" / name).mkdir(parents=True)
        (folder / "runs" / name / "state.npz").touch()


def test_what_a_command_reads_another_has_written(folder: Path) -> None:
    """Every file that is named is an input, or follows from a command before: none is met missing."""
    there = {f"Data/raw/{name}" for name in INPUTS.values()} | {"Data/held-out/semeval_test.csv"}
    for words in called(make(folder)):
        out = value(words, "--out") if "--out" in words else None
        out = {"chunk": out or "Data/processed", "teach": out or "Data/taught"}.get(words[0], out)
        named = {word.rpartition("=")[2] for word in words if word.rpartition("=")[2].count("/")}
        assert named - {out} - there == set(), words
        if words[0] == "chunk":
            there |= {f"{out}/{name}.csv" for name, _ in SPLITS} | {f"{out}/Chunks"}
            there |= (
                {f"{out}/neutral.csv"} if value([*words, "--neutral", ""], "--neutral") == "keep" else set()
            )
        there |= {"teach": {f"{out}/Chunks"}, "train": {f"{out}/best"}, "export": {str(out)}}.get(
            words[0], set()
        )


def test_promotion_is_decided_on_rows_that_no_step_has_seen(folder: Path) -> None:
    """The test split of the tweets labelled by emoticons; SemEval's is for measuring alone."""
    commands = called(make(folder))
    decides = value(next(words for words in commands if words[0] == "promote"), "--on")
    assert Path(decides).name == "test.csv"
    made = next(w for w in commands if w[0] == "chunk" and str(Path(decides).parent) in w)
    assert [word for word in made if "=" in word] == [f"sentiment140=Data/raw/{INPUTS['NOISY']}"]
    assert [words[0] for words in commands if decides in words] == ["promote"]


@pytest.mark.parametrize("name", INPUTS)
def test_a_missing_input_is_told_before_anything_is_made(folder: Path, name: str) -> None:
    """One line that names it, and 2; under its own name as under another."""
    (folder / "Data" / "raw" / INPUTS[name]).unlink()
    for words, told in (((), f"Data/raw/{INPUTS[name]}"), ((f"{name}=elsewhere",), "elsewhere")):
        ran = make(folder, *words)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert (
            ran.stderr.splitlines()[0] == f"make train: {told} is missing: docs/training.md says what it is"
        )


def test_a_model_that_is_there_is_told_before_anything_is_made(folder: Path) -> None:
    """Two hours later `export` would write over it, or refuse to."""
    (folder / "Models" / "distilbert-mini-1.1.1").mkdir(parents=True)
    ran = make(folder, "VERSION=1.1.1")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "Models/distilbert-mini-1.1.1 is there already: give another VERSION=" in ran.stderr


@pytest.mark.parametrize(
    ("states", "going_on"),
    [
        ([], []),
        (["teacher-noisy/state.npz"], ["teacher-noisy"]),
        (
            ["teacher-noisy/state.previous.npz"],
            ["teacher-noisy"],
        ),  # killed between the two renames of a state
        (["teacher-noisy/state.npz", "teacher-human/state.npz"], ["teacher-noisy", "teacher-human"]),
        (
            ["teacher-noisy/state.npz", "teacher-human/state.npz", "student/state.npz"],
            ["teacher-noisy", "teacher-human", "student"],
        ),
        (["teacher-human/state.npz", "student/state.npz"], []),
        (["teacher-noisy/state.npz", "student/state.npz"], ["teacher-noisy"]),
    ],
)
def test_what_was_begun_goes_on(folder: Path, states: list[str], going_on: list[str]) -> None:
    """And what builds on a run that begins anew begins anew."""
    for state in states:
        (folder / "mine" / state).parent.mkdir(parents=True)
        (folder / "mine" / state).touch()
    commands = called(make(folder, "RUNS=mine"))
    resumed = [Path(value(words, "--out")) for words in commands if "--resume" in words]
    assert [str(path) for path in resumed] == [f"mine/{name}" for name in going_on]
    assert all("--keep" in words for words in commands if words[0] == "teach")


def test_the_version_is_the_day_where_none_is_given(folder: Path) -> None:
    """So that no model made here bears the version of the one that ships."""
    days = [subprocess.run(["date", "-u", "+%Y.%m.%d"], capture_output=True, text=True, check=True).stdout]
    export = next(words for words in called(make(folder)) if words[0] == "export")
    days += [subprocess.run(["date", "-u", "+%Y.%m.%d"], capture_output=True, text=True, check=True).stdout]
    version = value(export, "--version")
    assert version in {day.strip() for day in days}
    assert value(export, "--out") == f"Models/distilbert-mini-{version}"
