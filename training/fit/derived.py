"""Checkpoints made from others without a step of training."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from consumer.model.manifest import read_object
from training.data.staging import staged
from training.fit.checkpoint import TOKENISER_FILES, save_weights
from training.fit.record import NAME, write_json
from training.fit.start import Start, build_classifier


def told_of(start: Start) -> dict[str, Any]:
    """The training configuration beside the weights of ``start``; empty where there is none."""
    path = start.file.parent / NAME if start.file is not None else None
    return read_object(path) if path is not None and path.is_file() else {"started_from": start.name}


def write_checkpoint(out: Path, start: Start, told: Mapping[str, Any]) -> None:
    """A checkpoint folder of ``start`` as it is, with its training configuration; whole or not at all."""
    with staged(out) as folder:
        save_weights(build_classifier(start, seed=0), folder)
        for name in TOKENISER_FILES:
            if (start.tokeniser / name).is_file():
                shutil.copyfile(start.tokeniser / name, folder / name)
        write_json(folder / NAME, told)
