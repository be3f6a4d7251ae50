"""Golden texts scored again before anything is labelled."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from consumer.errors import ModelRefusedError
from consumer.model.folder import open_model
from consumer.model.golden import Golden, check_golden, read_golden, write_golden
from consumer.scoring.scorer import Logits
from consumer.tokenise import Tokeniser
from tests.model.folders import make_folder, seal


class ConstantScorer:
    """Gives every text one logit, and the last another."""

    def __init__(self, logit: float, last: float | None = None) -> None:
        self.logit, self.last = logit, logit if last is None else last
        self.padded_tokens = 0

    def logits(self, ids: Sequence[Sequence[int]]) -> Logits:
        """The constant, n times."""
        return np.array([*[self.logit] * (len(ids) - 1), self.last], np.float32)

    def close(self) -> None:
        """Nothing to free."""


def _check(folder: Path, scorer: ConstantScorer, kind: str = "openvino") -> float:
    model = open_model(folder)
    return check_golden(model, Tokeniser(model.tokeniser_path, model.max_length), scorer, kind=kind)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A valid folder whose golden texts all score even, give or take 0.1 (tensorflow 0.01)."""
    return make_folder(tmp_path / "toy")


def test_small_drift_is_accepted(folder: Path) -> None:
    """A CPU that rounds differently may serve; how far it is off is returned."""
    assert _check(folder, ConstantScorer(0.2)) == pytest.approx(0.0498, abs=1e-3)


def test_tolerance_is_the_back_ends_own(folder: Path) -> None:
    """What int8 may be off, float32 may not."""
    with pytest.raises(ModelRefusedError, match=r"tensorflow scores 0\.04.. off"):
        _check(folder, ConstantScorer(0.2), "tensorflow")


@pytest.mark.parametrize("wrong", [3.0, math.nan, math.inf])
def test_one_wrong_score_is_refused(folder: Path, wrong: float) -> None:
    """One text beyond the tolerance is enough, also where it is no number; its line is named."""
    with pytest.raises(ModelRefusedError, match=r"golden\.jsonl, line 4: openvino scores"):
        _check(folder, ConstantScorer(0.0, last=wrong))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Texts survive, whatever they hold."""
    golden = Golden(("a\nb \u2028 c", '😂 "quoted" \\', "plain"), (0.25, 0.5, 1.0), {"openvino": 0.1})
    write_golden(tmp_path / "golden.jsonl", golden)
    assert read_golden(tmp_path / "golden.jsonl") == golden


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ([{"text": "a", "probability": 0.5}], 1),
        ([{"tolerance": {"openvino": None}}], 1),
        ([{"tolerance": {"openvino": 0.1}}, {"text": "a", "probability": 0.5}, {"text": "b"}], 3),
        ([{"tolerance": {"openvino": 0.1}}, {"text": "a", "probability": math.nan}], 2),
    ],
)
def test_malformed_line_is_named(folder: Path, lines: list[object], line: int) -> None:
    """A golden file that cannot be read refuses the model, with file and line."""
    (folder / "golden.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
    seal(folder)
    with pytest.raises(ModelRefusedError, match=rf"golden\.jsonl, line {line}: not a golden line"):
        _check(folder, ConstantScorer(0.0))


def test_no_texts_is_refused(folder: Path) -> None:
    """An empty golden set proves nothing."""
    (folder / "golden.jsonl").write_text('{"tolerance": {"openvino": 0.1}}\n')
    seal(folder)
    with pytest.raises(ModelRefusedError, match="needs a tolerance and at least one text"):
        _check(folder, ConstantScorer(0.0))
