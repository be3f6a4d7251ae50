"""Checkpoints made from others without a step of training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.data.staging import staged
from training.fit.checkpoint import copy_tokeniser, save_weights
from training.fit.record import NAME, beside, write_json
from training.fit.start import Start, build_classifier


def told_of(start: Start) -> dict[str, Any]:
    """The training configuration beside the weights of ``start``; where there is none, their name."""
    told = beside(start.file)
    return {"started_from": start.name} if told is None else told


def write_checkpoint(out: Path, start: Start, told: Mapping[str, Any]) -> None:
    """A checkpoint folder of ``start`` as it is, with its training configuration; whole or not at all."""
    with staged(out) as folder:
        save_weights(build_classifier(start, seed=0), folder)
        copy_tokeniser(start.tokeniser, folder)
        write_json(folder / NAME, told)
