"""Any model that can be measured: a model folder, a checkpoint of ``train``, or the original project's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from consumer.clean import CLEANING_VERSION
from consumer.errors import ModelRefusedError
from consumer.model.folder import DEFAULT_MAX_LENGTH, ModelFolder, open_model, resolve
from consumer.model.manifest import NAME as MANIFEST
from consumer.model.manifest import read_object
from consumer.tokenise import fingerprint

_TOLD = "training-config.json"
_CHECKPOINT = ("config.json", "model.safetensors", "tokenizer.json")


def open_any(path: Path) -> ModelFolder:
    """The model at ``path``; a checkpoint needs no manifest and is not calibrated.

    Raises ``ModelRefusedError`` naming what is missing or does not fit, the tokeniser among it.
    """
    folder = resolve(path)
    if (folder / MANIFEST).exists() or not all((folder / name).is_file() for name in _CHECKPOINT):
        return open_model(folder)
    training = training_config(folder)
    cleaned = training.get("cleaning_version", CLEANING_VERSION)
    if cleaned != CLEANING_VERSION:
        raise ModelRefusedError(
            f"{folder / _TOLD}: trained on texts of cleaning version {cleaned!r}, "
            f"texts are cleaned with {CLEANING_VERSION!r} here; train again"
        )
    check_tokeniser(folder, folder / "tokenizer.json")
    return ModelFolder(
        path=folder,
        name=folder.resolve().name,
        version="checkpoint",
        max_length=int(training.get("hyper_parameters", {}).get("max_length", DEFAULT_MAX_LENGTH)),
        tokeniser_path=folder / "tokenizer.json",
    )


def check_tokeniser(folder: Path, tokeniser: Path) -> None:
    """Raise ``ModelRefusedError`` where the weights in ``folder`` were trained with another ``tokeniser``.

    Two tokenisers of one size would mix up the word pieces, and nothing else would show it. Where the
    training configuration does not say which one it was, any passes.
    """
    told = training_config(folder)
    # What was done last: a trimmed checkpoint keeps the account of its training, with other word pieces.
    made = told.get("trimmed", told.get("masked_language", told))
    trained = made.get("tokeniser_fingerprint") if isinstance(made, dict) else None
    if trained is None:
        return
    found = fingerprint(tokeniser)
    if found != trained:
        raise ModelRefusedError(
            f"{tokeniser}: fingerprint {found}, {folder / _TOLD} says the weights were trained with {trained}"
        )


def training_config(folder: Path) -> dict[str, Any]:
    """How the model was trained; empty where that was not kept."""
    path = folder / _TOLD
    return read_object(path) if path.is_file() else {}
