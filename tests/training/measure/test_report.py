"""The report is written from files alone, and says what stands in them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from consumer.model.folder import ModelFolder
from tests.training.measure.made import seal, write_folder
from training.__main__ import main
from training.measure.figures.album import NAMES
from training.measure.report.document import NAME, SECTIONS, write_report
from training.measure.report.facts import read_facts
from training.measure.report.made import parameters


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """A verified folder with all files. Not to be changed."""
    return write_folder(tmp_path_factory.mktemp("Models") / "made")


@pytest.fixture(scope="module")
def report(model: ModelFolder) -> str:
    """Its report."""
    return write_report(read_facts(model))


def section(text: str, title: str) -> str:
    """The text of one section."""
    found = re.search(rf"## \d+\. {re.escape(title)}\n(.*?)(?=\n## |\Z)", text, re.DOTALL)
    assert found, title
    return found[1]


def test_every_section_is_there_and_full(report: str) -> None:
    """Fifteen sections in order, none empty, none without data."""
    titles = re.findall(r"^## \d+\. (.+)$", report, re.MULTILINE)
    assert titles == [title for title, _ in SECTIONS]
    assert len(titles) == 15
    assert all(len(section(report, title)) > 80 for title in titles)
    assert [line for line in report.splitlines() if "No data" in line and "png" not in line] == []


def test_a_figure_that_was_not_drawn_is_not_linked(report: str) -> None:
    """No dead link: the line says what is missing."""
    assert "](Figures/" not in report
    assert all(f"*No data: nothing to draw {name} from.*" in report for name in NAMES)


def test_report_is_written_without_data_or_runtime(
    model: ModelFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In an empty folder: text and seven figures, all linked; twice gives the same bytes."""
    monkeypatch.chdir(tmp_path)
    for name in ("first", "second"):
        assert main(["report", "--model", str(model.path), "--out", name]) == 0
    assert "7 figures" in capsys.readouterr().out
    files = {
        name: {str(p.relative_to(name)): p.read_bytes() for p in Path(name).rglob("*") if p.is_file()}
        for name in ("first", "second")
    }
    assert files["first"] == files["second"]
    text = files["first"][NAME].decode()
    assert set(re.findall(r"\(Figures/(.+?)\)", text)) == set(NAMES)
    assert set(files["first"]) == {NAME, *(f"Figures/{name}" for name in NAMES)}
    assert str(tmp_path) not in text


def _set(content: dict[str, Any], keys: str, value: object) -> None:
    *path, last = keys.split("/")
    for key in path:
        content = content[key]
    content[last] = value


_ONE = "back_ends/openvino/people"
_SLICE = "slices/openvino/validation/capitals"
_RUN = "Training procedure and hyper-parameters"
_COMPARED = "Comparison with the original"


@pytest.mark.parametrize(
    ("file", "keys", "value", "title", "shown"),
    [
        ("evaluation", f"{_ONE}/accuracy", 0.4321, "Overview", ".432"),
        ("evaluation", f"{_ONE}/brier", 0.3456, "Results by set", ".346"),
        ("evaluation", "back_ends/tensorflow/people/log_loss", 0.7654, "Results by set", ".7654"),
        ("evaluation", f"intervals/{_ONE}/f1", [0.1111, 0.9876], "Results by set", "(.111–.988)"),
        ("evaluation", f"{_SLICE}/accuracy", 0.2468, "Error analysis by slice", ".247"),
        ("evaluation", f"{_SLICE}/n", 17, "Error analysis by slice", "capitals (17)"),  # too few to measure
        ("evaluation", f"{_ONE}/ece", 0.0777, "Calibration", ".078"),
        ("evaluation", "three_way/back_ends/openvino/people/macro_recall", 0.5757, "Neutral band", ".576"),
        ("evaluation", "three_way/band", [0.31, 0.77], "Neutral band", "NEUTRAL_BAND=0.31,0.77"),
        ("evaluation", "int8_against_float32/agreement", 0.9753, "Quantisation parity", ".9753"),
        ("evaluation", "same_label/people", 0.9357, "Quantisation parity", "| people | 0.9357 |"),
        ("evaluation", "against/sets/people/mcnemar_p", 0.0421, _COMPARED, "0.042"),
        ("evaluation", f"intervals/{_ONE}/accuracy", [0.2, 0.3], _COMPARED, "below"),
        ("evaluation", f"intervals/{_ONE}/accuracy", [0.2, 0.9], "Limits", ".700 wide"),
        ("calibration", "rows", 4321, "Calibration", "4,321 rows"),
        ("calibration", "log_loss", {"before": 0.5432, "after": 0.4444}, "Calibration", "0.5432 to 0.4444"),
        ("calibration", "rule", "precision=0.9", "Threshold", "`precision=0.9`"),
        ("calibration", "threshold", 0.58, "Threshold", "≥ 0.58"),
        ("calibration", "temperature", 1.77, "Calibration", "logit / 1.77"),
        ("training-config", "hyper_parameters/learning_rate", 0.00099, _RUN, "0.00099"),
        ("training-config", "steps", 8765, _RUN, "8,765 steps"),
        ("training-config", "history/0/train_loss", 0.9191, _RUN, ".919"),
        ("training-config", "data/splits/train", 76543, "Data", "76,543"),
        ("training-config", "data/also", {"n.csv": "c"}, "Data", "123,855 labelled rows, and 6,335 with"),
        ("training-config", "data_sha256", "beef", "Reproduction", "beef"),
        ("config", "n_layers", 17, "Model", "17"),
        ("config", "vocab_size", 4567, "Preprocessing", "4,567 pieces"),
    ],
)  # fmt: skip
def test_a_number_changed_in_its_file_changes_the_report(
    file: str, keys: str, value: object, title: str, shown: str, report: str, tmp_path: Path
) -> None:
    """No number of a result is written by hand."""
    model = write_folder(tmp_path / "made")
    path = model.path / f"{file}.json"
    content = json.loads(path.read_text())
    if keys.startswith("history/0"):
        content["history"][0]["train_loss"] = value
    else:
        _set(content, keys, value)
    path.write_text(json.dumps(content))
    changed = write_report(read_facts(seal(model.path)))
    assert shown in section(changed, title)
    assert shown not in section(report, title)


@pytest.mark.parametrize(
    ("spoil", "title"),
    [
        (lambda folder: (folder / "evaluation.json").unlink(), "Results by set"),
        (lambda folder: (folder / "evaluation.json").unlink(), "Error analysis by slice"),
        (lambda folder: (folder / "evaluation.json").unlink(), "Quantisation parity"),
        (lambda folder: (folder / "calibration.json").unlink(), "Calibration"),
        (lambda folder: (folder / "training-config.json").unlink(), "Data"),
        (
            lambda folder: (folder / "training-config.json").unlink(),
            "Training procedure and hyper-parameters",
        ),
        (lambda folder: (folder / "training-config.json").unlink(), "Reproduction"),
    ],
)
def test_what_is_missing_is_said(spoil: Callable[[Path], None], title: str, tmp_path: Path) -> None:
    """A section whose file is not there says so; the others stand."""
    model = write_folder(tmp_path / "made")
    spoil(model.path)
    text = write_report(read_facts(seal(model.path)))
    assert "*No data: " in section(text, title)
    assert "17" not in section(text, "Future work")


def test_an_evaluation_as_it_was_before_intervals_is_reported(tmp_path: Path) -> None:
    """Numbers without intervals, slices and curves: what is there is told."""
    model = write_folder(tmp_path / "made")
    path = model.path / "evaluation.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({key: content[key] for key in ("model", "back_ends")}))
    text = write_report(read_facts(seal(model.path)))
    assert "| accuracy | .8" in section(text, "Results by set")
    assert "*No data: " in section(text, "Threshold")


def test_evaluation_of_another_model_is_refused(
    model: ModelFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Numbers of one model never stand under the name of another: exit 2, nothing written."""
    content = json.loads((model.path / "evaluation.json").read_text())
    content["model"]["version"] = "9.9.9"
    (tmp_path / "e.json").write_text(json.dumps(content))
    flags = ["--model", model.path, "--evaluation", tmp_path / "e.json", "--out", tmp_path / "Report"]
    assert main(["report", *map(str, flags)]) == 2
    assert "measures made 9.9.9, the model is made 2.1.0" in capsys.readouterr().err
    assert not (tmp_path / "Report").exists()


def test_model_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3 and one line."""
    assert main(["report", "--model", str(tmp_path / "none"), "--out", str(tmp_path / "Report")]) == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "Report").exists()


@pytest.mark.tensorflow
def test_parameters_are_those_of_the_weights(tiny: ModelFolder) -> None:
    """Counted from the shape, they are as many as stand in the file of weights."""
    weights = load_file(tiny.path / "model.safetensors")
    config = json.loads((tiny.path / "config.json").read_text())
    assert parameters(config) == sum(value.size for value in weights.values())
