"""Scored sets, and a model folder with every file of a real one but no model in it: no TensorFlow."""

from __future__ import annotations

import copy
import functools
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from consumer.clean import CLEANING_VERSION
from consumer.model.folder import ModelFolder, open_model
from consumer.model.golden import Golden, write_golden
from consumer.model.manifest import SCHEMA_VERSION, Manifest, hash_files, write_manifest
from consumer.scale import Scale
from consumer.tokenise import fingerprint
from tests.models.tiny import VOCABULARY, write_tokeniser
from training.measure.evaluation import Scored, describe
from training.measure.evaluation_file import write_evaluation
from training.measure.intervals import Resampling
from training.measure.labelled import Labelled
from training.measure.measures import probabilities

SCALE = Scale(1.25)
RESAMPLING = Resampling(40, seed=3)
BAND = (0.4, 0.65)
TEXTS = ("good day", "@ann so bad #fail", "WHY is it late?", "look http://t.co/x", "love it 😍", "fine " * 20)
GOLDEN = (
    "I love this phone",
    *(f"text number {i}, neither good nor bad" for i in range(1, 12)),
    "das ist schön",
    "worst day ever, " + "the train was late again " * 3,
)


def scored(name: str, rows: int, seed: int, neutral: int = 0) -> Scored:
    """A set whose scores follow its labels, of two sources, with texts of every mark."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(rows) % 2).astype(np.int8)
    logits = rng.normal(3.0 * labels - 1.5, 1.5)
    texts = [TEXTS[i % len(TEXTS)] for i in range(rows)]
    held = Labelled(name, [[1]] * rows, labels, texts, [("here", "there")[i % 3 == 0] for i in range(rows)])
    middle = probabilities(rng.normal(0, 0.8, neutral), SCALE)
    return Scored(held, probabilities(logits, SCALE), probabilities(logits), middle)


def model_of(path: Path) -> ModelFolder:
    """What ``describe`` must know of a model."""
    return ModelFolder(path, path.name, "2.1.0", 32, path / "tokenizer.json", 0.5, SCALE)


def content(model: ModelFolder) -> dict[str, Any]:
    """An evaluation of two back ends on two sets, one of them with neutral rows."""
    return copy.deepcopy(_content(model))


@functools.cache
def _content(model: ModelFolder) -> dict[str, Any]:
    sets = {"validation": scored("validation", 240, 1), "people": scored("people", 120, 2, neutral=60)}
    made = describe({"openvino": sets, "tensorflow": sets}, model, resampling=RESAMPLING, band=BAND)
    made["three_way"] |= {"chosen_on": "people", "rule": "largest macro recall of three classes"}
    made["int8_against_float32"] = {
        "rows": 240, "agreement": 0.9925, "mean_delta": 0.0061, "max_delta": 0.1234,
        "accuracy_fp32": 0.8181, "accuracy_int8": 0.8172, "set": "validation.csv",
    }  # fmt: skip
    verdict = {"verdict": "better", "difference": 0.0213, "low": 0.0101, "high": 0.0325, "mcnemar_p": 0.0007}
    made["against"] = {
        "name": "older", "version": "1.0.0", "back_end": "openvino",
        "sets": {"people": verdict | {"n": 120}},
    }  # fmt: skip
    return made


TRAINING: dict[str, Any] = {
    "hyper_parameters": {"epochs": 1.6, "learning_rate": 0.00037, "max_length": 32, "seed": 7},
    "steps": 2753,
    "rows": 130190,
    "started_from": "some-encoder",
    "start_sha256": "5" * 64,
    "data_sha256": "d" * 64,
    "tokeniser_fingerprint": "be50c362",
    "cleaning_version": CLEANING_VERSION,
    "split_ratios": {"train": 0.9, "validation": 0.02},
    "data": {
        "sources": {"mine": "a" * 64},
        "counts": {"read": 156630, "neutral_dropped": 22122},
        "splits": {"train": 123855, "validation": 2681},
        "chunks": 111,
    },
    "versions": {"tensorflow": "2.21.0"},
    "command": ["python", "-m", "training", "train", "--epochs", "1.6"],
    "history": [
        {
            "step": step,
            "train_loss": 0.6 - step / 5000,
            "validation": {"validation": {"accuracy": 0.75 + step / 10000, "log_loss": 0.5 - step / 5000}},
        }
        for step in (250, 500, 750)
    ],
}
CALIBRATION: dict[str, Any] = {
    **asdict(SCALE), "threshold": 0.5, "rule": "accuracy", "reason": "best by half",
    "set": "calibration.csv", "rows": 2635, "log_loss": {"before": 0.4123, "after": 0.3987},
}  # fmt: skip
CONFIG: dict[str, Any] = {
    "model_type": "distilbert", "dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 4,
    "vocab_size": len(VOCABULARY), "max_position_embeddings": 64,
}  # fmt: skip


def write_folder(path: Path) -> ModelFolder:
    """A folder that ``open_model`` verifies."""
    path.mkdir(parents=True)
    write_tokeniser(path)
    (path / "openvino").mkdir()
    for name in ("model.safetensors", "openvino/model.xml", "openvino/model.bin"):
        (path / name).write_bytes(b"no model")
    for name, value in (
        ("config.json", CONFIG),
        ("training-config.json", TRAINING),
        ("calibration.json", CALIBRATION),
    ):
        (path / name).write_text(json.dumps(value))
    write_golden(
        path / "golden.jsonl",
        Golden(GOLDEN, (0.97, *(i / 12 for i in range(1, 12)), 0.8, 0.02), {"openvino": 0.1}),
    )
    write_evaluation(path / "evaluation.json", content(model_of(Path("Models") / path.name)))
    return seal(path)


def seal(path: Path) -> ModelFolder:
    """Write the manifest anew, after a file was changed."""
    (path / "manifest.json").unlink(missing_ok=True)
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        name=path.name,
        version="2.1.0",
        cleaning_version=CLEANING_VERSION,
        tokeniser_fingerprint=fingerprint(path / "tokenizer.json"),
        max_length=32,
        created_with={},
        files=hash_files(path),
    )
    write_manifest(path, manifest)
    return open_model(path)
