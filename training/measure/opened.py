"""Any model that can be measured: a model folder, a checkpoint of ``train``, or the original project's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from consumer.clean import CLEANING_VERSION
from consumer.errors import ModelRefusedError
from consumer.model.folder import DEFAULT_MAX_LENGTH, ModelFolder, open_model, resolve
from consumer.model.manifest import NAME as MANIFEST
from consumer.model.manifest import read_object

_CHECKPOINT = ("config.json", "model.safetensors", "tokenizer.json")


def open_any(path: Path) -> ModelFolder:
    """The model at ``path``; a checkpoint needs no manifest and is not calibrated.

    Raises ``ModelRefusedError`` naming what is missing or does not fit.
    """
    folder = resolve(path)
    if (folder / MANIFEST).exists() or not all((folder / name).is_file() for name in _CHECKPOINT):
        return open_model(folder)
    training = training_config(folder)
    cleaned = training.get("cleaning_version", CLEANING_VERSION)
    if cleaned != CLEANING_VERSION:
        raise ModelRefusedError(
            f"{folder / 'training-config.json'}: trained on texts of cleaning version {cleaned!r}, "
            f"texts are cleaned with {CLEANING_VERSION!r} here; train again"
        )
    return ModelFolder(
        path=folder,
        name=folder.resolve().name,
        version="checkpoint",
        max_length=int(training.get("hyper_parameters", {}).get("max_length", DEFAULT_MAX_LENGTH)),
        tokeniser_path=folder / "tokenizer.json",
    )


def training_config(folder: Path) -> dict[str, Any]:
    """How the model was trained; empty where that was not kept."""
    path = folder / "training-config.json"
    return read_object(path) if path.is_file() else {}
