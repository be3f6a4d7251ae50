"""``training evaluate``, on the tiny model: any model and back end against any labelled file."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from consumer.model.folder import ModelFolder
from tests.model.folders import seal
from tests.models.tiny import random_texts
from tests.training.measure.made import model_of, scored
from training import evaluate as command
from training.__main__ import main
from training.data.labelled_csv import sha256
from training.data.rows import read_rows
from training.data.split import place
from training.measure.figures.album import LOSS, NAMES
from training.measure.opened import open_any
from training.measure.paired import compare

pytestmark = pytest.mark.tensorflow
FEW = ("--resamples", "20")


def write_rows(path: Path, targets: str, seed: int = 3) -> Path:
    """A labelled csv with a row for each digit of ``targets``, of two sources."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("target", "text", "source"))
        texts = random_texts(len(targets), seed)
        rows.writerows((t, text, "ab"[i % 2]) for i, (t, text) in enumerate(zip(targets, texts, strict=True)))
    return path


def evaluate(*flags: object) -> int:
    """Run the command with few resamples."""
    return main(["evaluate", *map(str, flags), *FEW])


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """60 rows with labels 0, 2 and 4."""
    return write_rows(tmp_path / "mixed.csv", "024" * 20)


def test_all_outputs_at_once(
    tiny: ModelFolder, mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Numbers, csv, figures; a band chosen on one file, measured on another; the same as itself."""
    chosen = write_rows(tmp_path / "chosen.csv", "420" * 15, seed=5)
    out, table, figures = tmp_path / "new" / "e.json", tmp_path / "e.csv", tmp_path / "Figures"
    flags = (
        "--choose-band",
        chosen,
        "--against",
        tiny.path,
        "--out",
        out,
        "--csv",
        table,
        "--figures",
        figures,
    )
    assert evaluate(mixed, "--model", tiny.path, *flags) == 0
    content = json.loads(out.read_text())
    assert content["model"]["name"] == "tiny"
    assert content["back_ends"]["openvino"]["mixed"]["n"] == 40
    assert {"source a", "source b"} <= set(content["slices"]["openvino"]["mixed"])
    low, high = content["three_way"]["band"]
    assert low <= tiny.threshold <= high
    assert content["three_way"]["chosen_on"] == "chosen"
    assert content["three_way"]["back_ends"]["openvino"]["mixed"]["n"] == 60
    assert content["against"]["sets"]["mixed"]["verdict"] == "same"
    assert content["against"]["sets"]["mixed"]["difference"] == 0
    assert table.read_text().startswith("set,back_end,slice,measure,value,low,high,n\nmixed,openvino,all,")
    assert {path.name for path in figures.iterdir()} == set(NAMES) - {LOSS}  # the tiny model has no history
    said = capsys.readouterr().out
    assert "same: accuracy +0.00 points on 40 rows" in said
    assert f"NEUTRAL_BAND {low},{high}: macro recall" in said


def test_for_a_program(
    tiny: ModelFolder, mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--json`: standard output is what --out writes and nothing else; words go to standard error."""
    out, figures = tmp_path / "e.json", tmp_path / "Figures"
    flags = ("--json", "--against", tiny.path, "--out", out, "--figures", figures)
    assert evaluate(mixed, "--model", tiny.path, *flags) == 0
    said = capsys.readouterr()
    assert said.out == out.read_text()
    assert json.loads(said.out)["back_ends"]["openvino"]["mixed"]["n"] == 40
    assert "same: accuracy +0.00 points on 40 rows" in said.err
    assert "figures in" in said.err


@pytest.mark.parametrize("where", ["inputs", "added", "start"])
def test_a_file_that_the_model_was_made_from_is_told(
    where: str, tiny: ModelFolder, mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its hash, also where only the run before read it; how many rows trained, and held out ones not."""
    inputs = {"data": {"inputs": [{"name": "ours", "sha256": sha256(mixed)}]}}
    told = {
        "inputs": inputs,
        "added": {"data": {}, "added": {"mixed.csv": {"sha256": sha256(mixed)}}},
        "start": {"data": {"inputs": []}, "start": inputs},
    }[where]
    model = Path(shutil.copytree(tiny.path, tmp_path / "model"))
    config = json.loads((model / "training-config.json").read_text())
    (model / "training-config.json").write_text(json.dumps(config | told))
    seal(model)
    out = tmp_path / "e.json"
    assert evaluate(mixed, "--model", model, "--out", out) == 0
    rows = [row for row in read_rows(mixed, "") if row.target != "2"]
    seen = sum(place(row.text)[1] >= 0.1 for row in rows)
    assert 0 < seen < len(rows) == 40
    told_of = (
        f"mixed.csv is a file that tiny {tiny.version} was made from: up to {seen} of its 40 labelled rows"
    )
    assert f"NOTE {told_of}" in capsys.readouterr().out
    (kept,) = json.loads(out.read_text())["trained_on"]
    assert kept.startswith(told_of)
    other = write_rows(tmp_path / "other.csv", "04" * 20, seed=11)
    assert evaluate(other, "--model", model, "--out", out) == 0
    assert "NOTE" not in capsys.readouterr().out
    assert json.loads(out.read_text())["trained_on"] == []


def test_checkpoint_without_manifest(
    tiny: ModelFolder,
    tiny_checkpoint_path: Path,
    mixed: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What ``train`` leaves is measured with TensorFlow, cut where it was in training; not with OpenVINO."""
    out = tmp_path / "e.json"
    assert evaluate(mixed, "--model", tiny_checkpoint_path, "--scorer", "tensorflow", "--out", out) == 0
    assert json.loads(out.read_text())["model"] == {
        "name": "checkpoint", "version": "checkpoint", "threshold": 0.5, "temperature": 1.0, "stretch": 0.0,
        "bias": 0.0,
    }  # fmt: skip
    assert open_any(tiny_checkpoint_path).max_length == tiny.max_length == 32
    capsys.readouterr()
    assert evaluate(mixed, "--model", tiny_checkpoint_path) == 3
    assert "SCORER=tensorflow" in capsys.readouterr().err


def test_folder_as_the_original_saved_it(tiny: ModelFolder, mixed: Path, tmp_path: Path) -> None:
    """``config.json`` and ``tf_model.h5``, with the vocabulary of the model in use beside it."""
    from consumer.scoring.tensorflow import read_classifier  # noqa: PLC0415 - loads TensorFlow

    models = tmp_path / "Models"
    shutil.copytree(tiny.path, models / "tiny")
    (models / "CURRENT").write_text("tiny\n")
    read_classifier(tiny.path).save_pretrained(models / "chunk_model1")
    found = {}
    for name in ("CURRENT", "chunk_model1"):
        out = tmp_path / f"{name}.json"
        assert evaluate(mixed, "--model", models / name, "--scorer", "tensorflow", "--out", out) == 0
        found[name] = json.loads(out.read_text())["back_ends"]["tensorflow"]["mixed"]
    assert found["CURRENT"]["n"] == found["chunk_model1"]["n"] == 40
    assert found["CURRENT"]["roc_auc"] == pytest.approx(found["chunk_model1"]["roc_auc"], abs=0.01)


def test_checkpoint_cleaned_otherwise_is_refused(
    tiny_checkpoint_path: Path, mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Texts cleaned another way than in training would make its numbers wrong."""
    other = Path(shutil.copytree(tiny_checkpoint_path, tmp_path / "other"))
    config: dict[str, Any] = json.loads((other / "training-config.json").read_text())
    (other / "training-config.json").write_text(json.dumps(config | {"cleaning_version": "0"}))
    assert evaluate(mixed, "--model", other, "--scorer", "tensorflow") == 3
    assert "cleaning version '0'" in capsys.readouterr().err


def test_one_label_only(tiny: ModelFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Measured, with a dash for what needs both; in the JSON null with the reason."""
    path, out = write_rows(tmp_path / "praise.csv", "4" * 12), tmp_path / "e.json"
    figures = tmp_path / "Figures"
    assert evaluate(path, "--model", tiny.path, "--out", out, "--figures", figures) == 0
    assert "| – |" in capsys.readouterr().out
    content = json.loads(out.read_text())
    assert content["back_ends"]["openvino"]["praise"]["roc_auc"] is None
    assert content["undefined"]["openvino"]["praise"]["roc_auc"] == "needs rows of both labels"


def bad_file(name: str, folder: Path) -> Path:
    """A file that cannot be measured."""
    path = folder / name
    if name == "empty.csv":
        path.touch()
    elif name == "neutral.csv":
        write_rows(path, "222")
    elif name == "short.csv.gz":
        path.write_bytes(gzip.compress(b"target,text\n" + b"4,good day\n" * 5000)[:-20])
    elif name == "folder.csv":
        path.mkdir()
    return path


@pytest.mark.parametrize("name", ["empty.csv", "neutral.csv", "short.csv.gz", "folder.csv", "none.csv"])
def test_bad_file_is_named(
    name: str, tiny: ModelFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line with the file, exit 2, nothing written."""
    out = tmp_path / "e.json"
    assert evaluate(bad_file(name, tmp_path), "--model", tiny.path, "--out", out) == 2
    said = capsys.readouterr().err
    assert name in said
    assert said.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--neutral-band", "0.6,0.9"), "must contain the model's threshold"),
        (("--neutral-band", "wide"), "must be LOW,HIGH"),
        (("--resamples", "0"), "at least 1"),
    ],
)
def test_bad_flag_is_named(
    flags: tuple[str, str], reason: str, tiny: ModelFolder, mixed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, exit 2."""
    assert main(["evaluate", str(mixed), "--model", str(tiny.path), *flags]) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("labels", "missing"), [("04", "2, neutral"), ("02", "4, positive"), ("42", "0, negative")]
)
def test_a_band_wants_rows_of_all_three_classes(
    labels: str, missing: str, tiny: ModelFolder, mixed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without one of them no band has a macro recall, and the first that was tried would win."""
    two = write_rows(mixed.parent / "two.csv", labels * 15)
    assert main(["evaluate", str(mixed), "--model", str(tiny.path), "--choose-band", str(two)]) == 2
    told = f"training evaluate: {two}: no row labelled {missing}: a band is chosen on rows of all three\n"
    assert capsys.readouterr().err == told


def test_two_files_of_one_name_are_refused(
    tiny: ModelFolder, mixed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sets go by name: the second would silently take the first one's place."""
    (mixed.parent / "other").mkdir()
    twin = Path(shutil.copy(mixed, mixed.parent / "other" / "mixed.csv"))
    assert evaluate(mixed, twin, "--model", tiny.path) == 2
    assert "another file is called mixed" in capsys.readouterr().err


def test_each_model_is_compared_at_its_own_threshold() -> None:
    """A model that calls less positive is judged by its own threshold, not by the other's."""
    one, model = scored("validation", 60, 1), model_of(Path("Models/made"))
    low, high = replace(model, threshold=0.3), replace(model, threshold=0.9)
    found = command._compare(one, one, low, high, 7)
    assert found == compare(one.p, one.p, one.truth, threshold_new=0.3, threshold_old=0.9)
    assert found.difference != 0


def test_damaged_model_is_refused(
    tiny: ModelFolder, mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also as the one compared with: exit 3, nothing written."""
    damaged = Path(shutil.copytree(tiny.path, tmp_path / "damaged"))
    (damaged / "openvino" / "model.bin").write_bytes(b"")
    out = tmp_path / "e.json"
    assert evaluate(mixed, "--model", damaged, "--out", out) == 3
    assert evaluate(mixed, "--model", tiny.path, "--against", damaged, "--out", out) == 3
    assert "model.bin" in capsys.readouterr().err
    assert not out.exists()
