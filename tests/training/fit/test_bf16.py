"""Training in bfloat16: other weights on the way, a checkpoint like any other."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from consumer.scoring.load import load_scorer
from consumer.tokenise import Tokeniser
from tests.models.tiny import random_texts
from tests.training.fit.material import Material, run_child

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(300)]


def test_it_is_computed_in_bfloat16_and_kept_in_float32(material: Material, tmp_path: Path) -> None:
    """State in float32, best weights that load and score; other ones than a run in float32 comes to."""
    runs = {}
    for name, more in (("narrow", ("--bf16",)), ("wide", ())):
        out = tmp_path / name
        assert run_child(material.arguments(out, "--epochs", "0.5", *more)) == 0
        with zipfile.ZipFile(out / "state.npz") as archive:
            names = [one for one in archive.namelist() if one.endswith(".npy")]
            state = [np.lib.format.read_array(archive.open(one)) for one in names]
        assert {one.dtype for one in state} == {np.dtype(np.float32), np.dtype(np.int64)}  # and the step
        best = load_file(out / "best" / "model.safetensors")
        assert {one.dtype for one in best.values()} == {np.dtype(np.float16)}
        told = json.loads((out / "best" / "training-config.json").read_text())
        assert told["hyper_parameters"]["bf16"] is (name == "narrow")
        runs[name] = state
    pairs = list(zip(runs["narrow"], runs["wide"], strict=True))
    assert any((one != other).any() for one, other in pairs)  # else it was computed in float32
    ids = [t.ids for t in Tokeniser(tmp_path / "narrow" / "best" / "tokenizer.json", 32)(random_texts(20, 9))]
    logits = [load_scorer(tmp_path / name / "best", "tensorflow").logits(ids) for name in ("narrow", "wide")]
    assert logits[0].dtype == np.float32
    np.testing.assert_allclose(logits[0], logits[1], atol=0.3)
    assert np.ptp(logits[0]) > 0.01
