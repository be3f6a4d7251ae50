"""``training calibrate``: an exported folder, calibrated anew."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from consumer.model.folder import ModelFolder, open_model
from consumer.model.manifest import hash_files
from consumer.model.reference import read_reference
from training.__main__ import main

pytestmark = pytest.mark.tensorflow
FOLLOWS = {"README.md", "calibration.json", "drift-reference.json", "evaluation.json"}


@pytest.fixture
def copy(tiny: ModelFolder, tmp_path: Path) -> Path:
    """The tiny model in a ``Models`` folder of its own."""
    return Path(shutil.copytree(tiny.path, tmp_path / "Models" / "tiny"))


@pytest.fixture
def flags(tiny_checkpoint_path: Path) -> list[str]:
    """The two splits; the other way round than at export, so that all moves."""
    made = tiny_checkpoint_path.parent
    return [
        "--calibration", str(made / "drift_reference.csv"), "--drift-reference", str(made / "labelled.csv"),
    ]  # fmt: skip


def test_what_follows_from_calibration_is_new_and_the_rest_is_not(
    tiny: ModelFolder, copy: Path, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The next version, sealed; weights, golden texts and the serving model stay; numbers are not claimed."""
    assert main(["calibrate", str(copy), *flags, "--rule", "recall=0.7"]) == 0
    model = open_model(copy)
    assert (model.name, model.version) == ("tiny", "0.0.2")
    old, new = hash_files(tiny.path), hash_files(copy)
    assert {name for name in new if old.get(name) != new[name]} == FOLLOWS
    assert model.scale != tiny.scale
    reference = read_reference(copy)
    assert reference is not None
    assert (reference.set, reference.rows) == ("labelled", 120)
    calibration = json.loads((copy / "calibration.json").read_text())
    assert (calibration["rule"], calibration["set"]) == ("recall=0.7", "drift_reference")
    evaluation = json.loads((copy / "evaluation.json").read_text())
    assert not any(evaluation["back_ends"].values())
    assert evaluation["int8_against_float32"]["rows"] == 120
    assert "None measured with this calibration." in (copy / "README.md").read_text()
    assert (
        "not measured since, and taken out of evaluation.json and the card: labelled"
        in capsys.readouterr().out
    )
    assert [path.name for path in copy.parent.iterdir()] == ["tiny"]


def test_numbers_are_measured_again_on_demand(
    copy: Path, flags: list[str], tiny_checkpoint_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the new calibration, into another folder, under a version of one's choice."""
    rows = tiny_checkpoint_path.parent / "labelled.csv"
    before, out = hash_files(copy), copy.parent / "other"
    more = ["--evaluate", str(rows), "--out", str(out), "--version", "1.5.0", "--rule", "fixed=0.7"]
    assert main(["calibrate", str(copy), *flags, *more]) == 0
    assert hash_files(copy) == before
    model = open_model(out)
    assert (model.name, model.version, model.threshold) == ("tiny", "1.5.0", 0.7)
    numbers = json.loads((out / "evaluation.json").read_text())["back_ends"]["openvino"]["labelled"]
    assert f"{numbers['accuracy']:.4f}" in (out / "README.md").read_text()
    assert "not measured since" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        (["--rule", "precision=0.999"], 2, "no threshold reaches precision=0.999"),
        (["--rule", "f1"], 2, "'f1' is not a rule"),
        (["--calibration", "ONE_LABEL"], 2, "all 3 rows have one label"),
        (["--drift-reference", "NONE"], 2, "none.csv is missing: `training chunk` writes the splits"),
        (["--drift-reference", "SAME"], 2, "needs rows that did not calibrate"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    copy: Path,
    flags: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: list[str],
    code: int,
    reason: str,
) -> None:
    """One line, and the folder is as it was."""
    one_label = tmp_path / "one_label.csv"
    one_label.write_text("target,text\n4,good day\n4,love this\n4,very good\n")
    words = {"ONE_LABEL": str(one_label), "NONE": str(tmp_path / "none.csv"), "SAME": flags[1]}
    before = hash_files(copy.parent)
    assert main(["calibrate", str(copy), *flags, *(words.get(word, word) for word in change)]) == code
    told = capsys.readouterr().err
    assert reason in told
    assert told.count("\n") == 1
    assert hash_files(copy.parent) == before


@pytest.mark.parametrize("place", ["Models", "Models/CURRENT", "other"])
def test_what_is_no_model_folder_is_not_replaced(
    copy: Path, flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """The folder of all models, the pointer itself, somebody's files: one line, and all is as it was."""
    (copy.parent / "CURRENT").write_text("tiny\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("mine")
    before = hash_files(tmp_path)
    assert main(["calibrate", str(copy), *flags, "--out", str(tmp_path / place)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"training calibrate: {tmp_path / place} is no")
    assert told.count("\n") == 1
    assert hash_files(tmp_path) == before


def test_a_folder_in_use_needs_to_be_told(
    copy: Path, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever starts now would find it changing."""
    (copy.parent / "CURRENT").write_text("tiny\n")
    assert main(["calibrate", str(copy), *flags]) == 2
    assert "is in use" in capsys.readouterr().err
    assert main(["calibrate", str(copy), *flags, "--replace"]) == 0
    assert open_model(copy.parent / "CURRENT").version == "0.0.2"
