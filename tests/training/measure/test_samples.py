"""Sample output comes from the golden texts, as the consumer would label them."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumer.label import sigmoid
from tests.training.measure.made import SCALE, write_folder
from training.measure.samples import samples


def test_samples_are_calibrated_and_labelled(tmp_path: Path) -> None:
    """Every third text in plain letters, with temperature and threshold applied."""
    model = write_folder(tmp_path / "made")
    first, second, *_ = found = samples(model)
    assert (first.text, first.label) == ("I love this phone", "positive")
    assert second.text == "text number 3, neither good nor bad"
    assert all(one.text.isascii() for one in found)
    assert {one.label for one in found} == {"positive", "negative"}
    assert first.probability == pytest.approx(sigmoid(SCALE.margin(3.4761)), abs=1e-4)  # logit of 0.97


def test_no_golden_texts_no_samples(tmp_path: Path) -> None:
    """A checkpoint has none."""
    model = write_folder(tmp_path / "made")
    (model.path / "golden.jsonl").unlink()
    assert samples(model) == []
