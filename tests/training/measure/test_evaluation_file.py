"""``evaluation.json`` and its csv."""

from __future__ import annotations

import copy
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.measure.made import BAND, RESAMPLING, content, model_of, scored
from training.data.rows import BadInputError
from training.measure.evaluation import Scored, describe, table
from training.measure.evaluation_file import HEADER, read_evaluation, write_csv, write_evaluation
from training.measure.labelled import Labelled
from training.measure.measures import measure


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """An evaluation of two sets."""
    return content(model_of(Path("Models/made")))


def one_label() -> dict[str, Any]:
    """An evaluation of a set without a negative row."""
    p = np.array([0.2, 0.7, 0.9])
    rows = Labelled("praise", [[1]] * 3, np.ones(3, np.int8), ["good", "bad", "ok"], ["made"] * 3)
    sets = {"tensorflow": {"praise": Scored(rows, p, p, np.empty(0))}}
    return describe(sets, model_of(Path("Models/made")), resampling=RESAMPLING)


def test_written_is_what_was_measured(made: dict[str, Any], tmp_path: Path) -> None:
    """Six digits of every number, under the keys that were there before intervals were."""
    write_evaluation(tmp_path / "e.json", made)
    read = read_evaluation(tmp_path / "e.json")
    one = scored("validation", 240, 1)
    assert read["back_ends"]["openvino"]["validation"] == pytest.approx(measure(one.p, one.truth), abs=1e-6)
    assert set(made) <= set(read)
    assert read["intervals"]["resamples"] == RESAMPLING.resamples
    low, high = read["intervals"]["back_ends"]["openvino"]["validation"]["f1"]
    assert low < read["back_ends"]["openvino"]["validation"]["f1"] < high


def test_slices_are_measured_alone(made: dict[str, Any]) -> None:
    """A slice's numbers are those of its rows."""
    one = scored("people", 120, 2)
    mask = np.array(["?" in text for text in one.rows.texts])
    found = made["slices"]["openvino"]["people"]["question"]
    assert found["n"] == mask.sum() == 20
    assert found["accuracy"] == measure(one.p[mask], one.truth[mask])["accuracy"]
    assert {"source here", "source there", "link", "capitals", "none of these"} <= set(
        made["slices"]["openvino"]["people"]
    )


def test_only_sets_with_neutral_rows_are_measured_three_ways(made: dict[str, Any]) -> None:
    """And those with all their rows."""
    assert set(made["three_way"]["back_ends"]["openvino"]) == {"people"}
    assert made["three_way"]["back_ends"]["openvino"]["people"]["n"] == 180
    assert made["three_way"]["band"] == list(BAND)


def test_undefined_is_null_with_a_reason(tmp_path: Path) -> None:
    """No reader of JSON meets a bare NaN."""
    write_evaluation(tmp_path / "e.json", one_label())
    text = (tmp_path / "e.json").read_text()
    read = json.loads(text, parse_constant=pytest.fail)
    assert read["back_ends"]["tensorflow"]["praise"]["roc_auc"] is None
    assert read["undefined"]["tensorflow"]["praise"]["roc_auc"] == "needs rows of both labels"
    assert read["intervals"]["back_ends"]["tensorflow"]["praise"]["roc_auc"] == [None, None]
    assert "| praise | 3 | tensorflow | 0.6667 |" in table(read["back_ends"])
    assert "| – |" in table(read["back_ends"])
    assert "| – |" in table(one_label()["back_ends"])


def test_csv_agrees_with_json(made: dict[str, Any], tmp_path: Path) -> None:
    """Every measure of the JSON stands in the csv once, with its interval; each row is one measure."""
    write_evaluation(tmp_path / "e.json", made)
    write_csv(tmp_path / "e.csv", made)
    read = read_evaluation(tmp_path / "e.json")
    with (tmp_path / "e.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == HEADER
    by = {(r["set"], r["back_end"], r["slice"], r["measure"]): r for r in rows}
    assert len(by) == len(rows)
    for kind, sets in read["back_ends"].items():
        for name, numbers in sets.items():
            bounds = read["intervals"]["back_ends"][kind][name]
            for measured in set(numbers) - {"n"}:
                row = by[name, kind, "all", measured]
                assert float(row["value"]) == numbers[measured]
                assert [float(row["low"]), float(row["high"])] == bounds[measured]
                assert int(row["n"]) == numbers["n"]
    question = by["people", "openvino", "question", "accuracy"]
    assert float(question["value"]) == read["slices"]["openvino"]["people"]["question"]["accuracy"]
    assert int(question["n"]) == 20
    curve = read["thresholds"]["openvino"]["people"]
    for measured in ("accuracy", "precision", "recall", "f1"):
        row = by["people", "openvino", "threshold 0.30", measured]
        names = (measured, f"{measured}_low", f"{measured}_high")
        assert [float(row[cell]) for cell in ("value", "low", "high")] == [curve[name][30] for name in names]
        assert float(row["low"]) < float(row["high"])
    macro = by["people", "openvino", "with neutral rows", "macro_recall"]
    assert float(macro["value"]) == read["three_way"]["back_ends"]["openvino"]["people"]["macro_recall"]


def test_a_file_from_before_each_measure_had_a_band(made: dict[str, Any], tmp_path: Path) -> None:
    """Its csv has the bounds that it has, and empty fields for the others."""
    older = copy.deepcopy(made)
    for curve in older["thresholds"]["openvino"].values():
        for name in ("accuracy_low", "accuracy_high"):
            del curve[name]
    write_csv(tmp_path / "e.csv", older)
    lines = (tmp_path / "e.csv").read_text().splitlines()
    (line,) = [one for one in lines if one.startswith("people,openvino,threshold 0.30,accuracy,")]
    assert line.endswith(",,,120")
    assert any(one.startswith("people,openvino,threshold 0.30,recall,") and ",," not in one for one in lines)


def test_undefined_is_an_empty_field(tmp_path: Path) -> None:
    """As csv readers expect what is not there."""
    write_csv(tmp_path / "e.csv", one_label())
    assert "praise,tensorflow,all,roc_auc,,,,3\n" in (tmp_path / "e.csv").read_text()


def test_failed_write_leaves_the_old_file(made: dict[str, Any], tmp_path: Path) -> None:
    """Written under another name first: a value that is no JSON destroys nothing and leaves nothing."""
    (tmp_path / "e.json").write_text("old")
    with pytest.raises(TypeError):
        write_evaluation(tmp_path / "e.json", made | {"odd": object()})
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"back_ends": 1}'])
def test_what_is_no_evaluation_is_named(text: str, tmp_path: Path) -> None:
    """A broken or strange file: one line with its path."""
    (tmp_path / "e.json").write_text(text)
    with pytest.raises(BadInputError, match=r"e\.json"):
        read_evaluation(tmp_path / "e.json")
    with pytest.raises(BadInputError, match="no such file"):
        read_evaluation(tmp_path / "none.json")
