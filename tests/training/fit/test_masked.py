"""Masked-language modelling hides what it should, and its encoder is one that ``train`` starts from."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from consumer.errors import ModelRefusedError
from tests.models.tiny import SPECIAL, VOCABULARY, write_tokeniser
from tests.training.fit.material import KILLED, Material, run_child
from training.data.batches import Example, bucketed
from training.fit.masked import hide, hide_in_parts, read_pieces

pytestmark = pytest.mark.tensorflow


def test_special_pieces_are_known_by_the_tokeniser(tmp_path: Path) -> None:
    """Their ids are its own, not those of one vocabulary."""
    write_tokeniser(tmp_path)
    pieces = read_pieces(tmp_path)
    assert pieces.mask == VOCABULARY.index("[MASK]")
    assert [VOCABULARY[i] for i in np.flatnonzero(~pieces.ordinary)] == list(SPECIAL)


def test_a_tokeniser_without_a_mask_is_refused(tmp_path: Path) -> None:
    """There is nothing to hide a piece behind."""
    write_tokeniser(tmp_path)
    path = tmp_path / "tokenizer.json"
    path.write_text(path.read_text().replace("[MASK]", "masked"))
    with pytest.raises(ModelRefusedError, match=r"no \[MASK\]"):
        read_pieces(tmp_path)


def test_a_seventh_of_the_ordinary_pieces_is_hidden(tmp_path: Path) -> None:
    """Eight of ten behind the mask, one as another piece, one as it is; special pieces never."""
    write_tokeniser(tmp_path)
    pieces = read_pieces(tmp_path)
    ids = np.random.default_rng(0).integers(0, len(VOCABULARY), (400, 50)).astype(np.int32)
    masked = hide(ids, np.ones_like(ids), pieces, np.random.default_rng(1))
    there, shown = ids.reshape(-1), masked.input_ids.reshape(-1)
    assert (there[masked.positions] == masked.targets).all()
    assert pieces.ordinary[masked.targets].all()
    others = np.setdiff1d(np.arange(ids.size), masked.positions)
    assert (shown[others] == there[others]).all()
    assert len(masked.positions) / pieces.ordinary[there].sum() == pytest.approx(0.15, abs=0.01)
    now = shown[masked.positions]
    assert np.mean(now == pieces.mask) == pytest.approx(0.8, abs=0.03)
    assert np.mean(now == masked.targets) == pytest.approx(0.1, abs=0.03)
    assert pieces.ordinary[now[now != pieces.mask]].all()


def test_a_short_batch_still_has_something_to_guess(tmp_path: Path) -> None:
    """No position would make a loss that is no number."""
    write_tokeniser(tmp_path)
    ids = np.array([[2, 5, 3]], np.int32)
    for seed in range(10):
        assert len(hide(ids, np.ones_like(ids), read_pieces(tmp_path), np.random.default_rng(seed)).positions)


def test_every_hidden_piece_of_a_batch_counts_alike(tmp_path: Path) -> None:
    """Whichever part of the batch it stands in: shares are those of the pieces hidden, not of the rows."""
    write_tokeniser(tmp_path)
    rng = random.Random(3)
    texts = [Example([2, *rng.choices(range(5, len(VOCABULARY)), k=n), 3], 0) for n in (6, 20, 30, 60)]
    (parts,) = bucketed(texts, 4, random.Random(0), 130)
    assert len(parts) == 2
    found = hide_in_parts(parts, read_pieces(tmp_path), np.random.default_rng(1))
    total = sum(len(one.positions) for one in found)
    assert [one.share for one in found] == [len(one.positions) / total for one in found]
    assert [float(one.arrays[-1]) for one in found] == pytest.approx([one.share for one in found])


def test_pre_training_resumes_exactly_and_training_starts_from_it(material: Material, tmp_path: Path) -> None:
    """Killed in the middle of its second state, it ends with the bytes of a run that was not."""
    texts = sorted(str(path) for path in (material.folder / "Chunks").glob("*.csv"))

    def arguments(name: str, *more: str) -> list[str]:
        return [
            "pretrain", *texts, "--from", "random", "--tokeniser", str(material.folder),
            "--config", str(material.folder / "shape.json"), "--out", str(tmp_path / name),
            "--batch-size", "8", "--max-length", "32", "--save-every", "3", *more,
        ]  # fmt: skip

    assert run_child(arguments("whole")) == 0
    assert run_child(arguments("killed"), kill_at=("array of a state", 180)) == KILLED
    assert run_child(arguments("killed", "--resume")) == 0
    for name in ("model.safetensors", "state.npz"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "killed" / name).read_bytes(), name
    again = [*arguments("on"), "--from", str(tmp_path / "whole")]
    assert run_child(again, kill_at=("start held", 2)) == 0  # its own weights take enough memory
    more = ("--from", str(tmp_path / "whole"), "--epochs", "0.2")
    assert run_child(material.arguments(tmp_path / "run", *more)) == 0
    config = json.loads((tmp_path / "run" / "best" / "training-config.json").read_text())
    assert (config["started_from"], config["steps"]) == ("whole", 2)
