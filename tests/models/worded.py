"""A whole model folder that scores by words, made in a moment: OpenVINO's own operations, no training.

Each "good" or "love" adds ``weight`` to the logit, each "bad" or "hate" takes it away. What two of them
say of one text differs by weight, bias and maximum length, so that a result shows whose it is.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from consumer.clean import CLEANING_VERSION
from consumer.model.golden import Golden, write_golden
from consumer.model.manifest import SCHEMA_VERSION, Manifest, hash_files, write_manifest
from consumer.model.reference import Histogram, Reference, write_reference
from consumer.signals import SCORE_BINS
from consumer.tokenise import fingerprint
from tests.models.tiny import VOCABULARY, write_tokeniser
from training.ship.current import point

_TEXTS = ("I love it", "I hate it", "this is a day")
_ROWS = 2_000
TOLERANCE = 0.05


def worded_model(
    folder: Path, version: str, *, weight: float, bias: float = 0.0, max_length: int = 32
) -> Path:
    """A complete, valid folder; named as the folder is, ``bias`` is that of its calibration."""
    (folder / "openvino").mkdir(parents=True)
    write_tokeniser(folder)
    (folder / "config.json").write_text(
        json.dumps({"vocab_size": len(VOCABULARY), "max_position_embeddings": 64})
    )
    (folder / "calibration.json").write_text(json.dumps({"temperature": 1.0, "bias": bias, "threshold": 0.5}))
    ov.save_model(_network(weight), folder / "openvino" / "model.xml", compress_to_fp16=False)
    likely = 1 / (1 + np.exp(-weight))
    write_golden(
        folder / "golden.jsonl",
        Golden(_TEXTS, (float(likely), float(1 - likely), 0.5), {"openvino": TOLERANCE}),
    )
    write_reference(
        folder,
        Reference(
            _ROWS, "made", {"score": Histogram(SCORE_BINS, (*[_ROWS // 20] * 20, 0))}, 0.5, 0.0, 0.9, 0.9
        ),
    )
    seal(folder, version, max_length=max_length)
    return folder


def two_models(models: Path) -> Path:
    """``first`` and ``second`` in it, which differ in all that a model decides; the first is in use."""
    worded_model(models / "first", "1.0", weight=2.0)
    worded_model(models / "second", "2.0", weight=1.0, bias=0.5, max_length=4)
    point(models, "first")
    return models


def seal(folder: Path, version: str, *, cleaning: str = CLEANING_VERSION, max_length: int = 32) -> None:
    """Write a true manifest of what is in the folder now."""
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        name=folder.name,
        version=version,
        cleaning_version=cleaning,
        tokeniser_fingerprint=fingerprint(folder / "tokenizer.json"),
        max_length=max_length,
        created_with={"made": "by hand"},
        files=hash_files(folder),
    )
    write_manifest(folder, manifest)


def _network(weight: float) -> ov.Model:
    """Ids (n, t), mask (n, t) → logits (n,): the sum of the words' weights."""
    weights = np.zeros(len(VOCABULARY), np.float32)
    for word, sign in (("good", 1), ("love", 1), ("bad", -1), ("hate", -1)):
        weights[VOCABULARY.index(word)] = sign * weight
    ids = ops.parameter([-1, -1], np.int32, name="input_ids")
    mask = ops.parameter([-1, -1], np.int32, name="attention_mask")
    for one, name in ((ids, "input_ids"), (mask, "attention_mask")):
        one.output(0).get_tensor().set_names({name})
    looked_up = ops.gather(ops.constant(weights), ids, ops.constant(0))
    masked = ops.multiply(looked_up, ops.convert(mask, "f32"))
    return ov.Model([ops.reduce_sum(masked, ops.constant([1]))], [ids, mask], "worded")
