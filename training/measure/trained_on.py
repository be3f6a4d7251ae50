"""Was a model trained on a file? Told by the hashes that its training configuration holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from consumer.model.folder import ModelFolder
from training.data.keyed import keys_of
from training.data.labelled_csv import sha256
from training.data.rows import LABELS, read_rows
from training.data.split import SPLIT_NAMES, TRAIN, splits_of
from training.measure.opened import training_config


def trained_on(model: ModelFolder, path: Path) -> str | None:
    """One sentence where rows of the file trained the model, or what it began from; else None.

    The file as a whole is known again, not a row of it in another file. Numbers on rows that a model has
    seen tell how well it remembers, and say little of tweets to come.
    """
    if sha256(path) not in set(_files(training_config(model.path))):
        return None
    found = keys_of(row.text for row in read_rows(path, path.stem) if row.target in LABELS)
    keys = np.array([key for key in found if key is not None], np.uint64)
    seen = np.count_nonzero(splits_of(keys) == SPLIT_NAMES.index(TRAIN))
    return (
        f"{path.name} is a file that {model.name} {model.version} was made from: up to {seen:,} of its "
        f"{len(keys):,} labelled rows trained it; measure on rows held out"
    )


def _files(told: Mapping[str, Any]) -> Iterator[str]:
    """Hashes of all files that a run was given to train on, and of the runs that it began from."""
    data = told.get("data") or {}
    yield from (str(one["sha256"]) for one in data.get("inputs", ()))
    yield from (str(one["sha256"]) for one in (told.get("added") or {}).values())
    if told.get("start"):
        yield from _files(told["start"])
