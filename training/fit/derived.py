"""Checkpoints made from others without a step of training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.data.replaceable import require_replaceable
from training.data.staging import staged
from training.fit.checkpoint import TOKENISER_FILES, copy_tokeniser, save_weights
from training.fit.record import NAME, beside, write_json
from training.fit.start import Start, build_classifier


def told_of(start: Start) -> dict[str, Any]:
    """The training configuration beside the weights of ``start``; where there is none, their name."""
    told = beside(start.file)
    return {"started_from": start.name} if told is None else told


def require_checkpoint(out: Path) -> None:
    """Raise ``BadInputError`` where something else than a checkpoint stands at ``out``: it would be gone."""
    require_replaceable(out, "checkpoint", ("config.json", "model.safetensors"), (*TOKENISER_FILES, NAME))


def write_checkpoint(out: Path, start: Start, told: Mapping[str, Any]) -> None:
    """A checkpoint folder of ``start`` as it is, with its training configuration; whole or not at all.

    Raises ``BadInputError`` as ``require_checkpoint`` does.
    """
    require_checkpoint(out)
    with staged(out) as folder:
        save_weights(build_classifier(start, seed=0), folder)
        copy_tokeniser(start.tokeniser, folder)
        write_json(folder / NAME, told)
