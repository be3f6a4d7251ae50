"""What an export starts from: a checkpoint of ``train``, or a model as the original project saved it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from consumer.clean import CLEANING_VERSION
from consumer.errors import ModelRefusedError
from consumer.model.folder import DEFAULT_MAX_LENGTH
from consumer.model.manifest import read_object, sha256
from training.fit.checkpoint import save_weights
from training.fit.start import Source, Start, build_classifier, find_start
from training.measure.opened import check_tokeniser, training_config

_CHECKPOINT = ("config.json", "model.safetensors", "tokenizer.json")
_HEAD = ("pre_classifier/kernel", "pre_classifier/bias", "classifier/kernel", "classifier/bias")


def bring(source: Path, work: Path, tokeniser: Path | None = None) -> None:
    """Weights in float16, configuration, tokeniser and training configuration of ``source`` into ``work``.

    Args:
        source: a checkpoint's folder; or a folder with ``config.json`` and ``tf_model.h5``; or a file of
            weights alone.
        work: a folder to write to.
        tokeniser: a folder with ``tokenizer.json`` and ``vocab.txt``, where the source has none.

    Raises:
        ModelRefusedError: it is not a whole classifier of one logit, or was trained on texts cleaned
            otherwise or with another tokeniser.
    """
    _check_cleaning(source)
    if all((source / name).is_file() for name in _CHECKPOINT):
        check_tokeniser(source, source / "tokenizer.json")
        _copy(source, work, (*_CHECKPOINT, "vocab.txt"))
    else:
        start = find_start(Source(str(source), tokeniser=tokeniser if _needs_tokeniser(source) else None))
        _check_head(source, start)
        save_weights(build_classifier(start, seed=0), work)
        _copy(start.tokeniser, work, ("tokenizer.json", "vocab.txt"))
    told = training_config(source) or {"started_from": source.name}
    text = json.dumps(told | _start_of(source, told), indent=1)
    (work / "training-config.json").write_text(text + "\n", encoding="utf-8")


def _copy(folder: Path, work: Path, names: Sequence[str]) -> None:
    for name in names:
        if (folder / name).is_file():
            shutil.copyfile(folder / name, work / name)


def _start_of(source: Path, told: Mapping[str, Any]) -> dict[str, Any]:
    """How the encoder was made that training started from, where its folder lies beside the run's.

    Its weights' hash tells that it is the one.
    """
    name, wanted = told.get("started_from"), told.get("start_sha256")
    if not isinstance(name, str) or not wanted or "start" in told:
        return {}
    for folder in (source.resolve().parent.parent / name, source.resolve().parent / name):
        weights = folder / "model.safetensors"
        if weights.is_file() and sha256(weights) == wanted and (config := training_config(folder)):
            return {"start": config}
    return {}


def trained_max_length(work: Path) -> int:
    """Word pieces that training cut at; the original project's where that is not known."""
    parameters: dict[str, Any] = training_config(work).get("hyper_parameters", {})
    positions = read_object(work / "config.json").get("max_position_embeddings", DEFAULT_MAX_LENGTH)
    return int(parameters.get("max_length", min(DEFAULT_MAX_LENGTH, positions)))


def _needs_tokeniser(source: Path) -> bool:
    folder = source if source.is_dir() else source.parent
    return not (folder / "tokenizer.json").is_file()


def _check_cleaning(source: Path) -> None:
    trained = training_config(source).get("cleaning_version", CLEANING_VERSION)
    if trained != CLEANING_VERSION:
        raise ModelRefusedError(
            f"{source / 'training-config.json'}: trained on texts of cleaning version {trained!r}, "
            f"the consumer cleans with {CLEANING_VERSION!r}: train again"
        )


def _check_head(source: Path, start: Start) -> None:
    missing = [name for name in _HEAD if name not in start.weights]
    if missing:
        raise ModelRefusedError(f"{source}: its weights lack {', '.join(missing)}: an encoder, no classifier")
    outputs = start.weights["classifier/kernel"].shape[-1]
    if outputs != 1:
        raise ModelRefusedError(f"{source}: {outputs} outputs, must be one logit")
