"""The verdict on a retrained model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from consumer.model.folder import ModelFolder
from consumer.scale import Scale
from tests.models.tiny import write_tokeniser
from training.data.rows import Row
from training.measure import retrained
from training.measure.retrained import compare_models


class Lengths:
    """A scorer that calls long texts positive: of length 4 and more, [CLS] and [SEP] included."""

    def logits(self, ids: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        """(n,) around 0; 0 itself for a length of 4."""
        return np.array([len(text) - 4 for text in ids], np.float32)

    @property
    def padded_tokens(self) -> int:
        """None were computed over."""
        return 0

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize(
    "own", [{"scale": Scale(bias=9.0)}, {"scale": Scale(bias=-9.0)}, {"threshold": 0.99}, {"threshold": 0.01}]
)
def test_the_old_model_is_not_judged_by_its_calibration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: dict[str, Any]
) -> None:
    """Two models of the same logits are the same, whatever was fitted on top of the older one."""
    monkeypatch.setattr(retrained, "load_scorer", lambda _path, _kind: Lengths())
    write_tokeniser(tmp_path)
    new = ModelFolder(tmp_path / "new", "new", "1", 32, tmp_path / "tokenizer.json")
    old = replace(new, path=tmp_path / "old", **own)
    texts = {"bad": "0", "good day": "4", "very good day": "4", "this is not good": "0"}
    rows = [Row(target, text, "made") for text, target in texts.items()]
    found = compare_models(new, old, {"held_out": rows}, 7)["held_out"]
    assert (found.verdict, found.difference, found.low, found.high, found.n) == ("same", 0.0, 0.0, 0.0, 4)
