"""The whole state of a run in one file: variables, place in the data, history. Enough to go on exactly.

Dropout masks and the order of the data follow from seed, step and position, so these are all the
random states there are.
"""

from __future__ import annotations

import json
import os
import sys
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from consumer.errors import ModelRefusedError
from training.fit.disk import naming, sync

NAME = "state.npz"
_PREVIOUS = "state.previous.npz"
_FACTS = "progress.json"


def save_state(folder: Path, variables: Sequence[Any], facts: Mapping[str, Any]) -> None:
    """Write variables and facts: to a temporary name, flushed to the disk, then renamed.

    The state before it is kept under another name. Raises ``OSError``, a full disk for one; then the
    older state is as it was.
    """
    path = folder / NAME
    temporary = folder / f".{NAME}.tmp"
    try:
        with naming(path), temporary.open("wb") as file:
            _write(file, variables, facts)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    if path.exists():
        path.replace(folder / _PREVIOUS)
    temporary.replace(path)
    sync(folder)


def _write(file: Any, variables: Sequence[Any], facts: Mapping[str, Any]) -> None:
    # As np.savez, one variable in memory at a time; a zip's checksums show damage. Bare entries have no
    # time of writing: the same state is the same file.
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(_FACTS), json.dumps(dict(facts)))
        for number, variable in enumerate(variables):
            with archive.open(zipfile.ZipInfo(f"{number:04d}.npy"), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.asarray(variable.numpy()), allow_pickle=False)


def has_state(folder: Path) -> bool:
    """Whether a run was saved there."""
    return bool(_states(folder))


def _states(folder: Path) -> list[Path]:
    return [path for name in (NAME, _PREVIOUS) if (path := folder / name).exists()]


def read_facts(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The state to go on from and its facts: the last one, or the one before where that is damaged.

    Raises:
        ModelRefusedError: there is none, or none that is whole.
    """
    paths = _states(folder)
    if not paths:
        raise ModelRefusedError(f"{folder / NAME} is missing: there is no run to go on with")
    faults = []
    for path in paths:
        try:
            facts = _checked(path)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            faults.append(f"{path}: not a whole training state: {error}")
            continue
        if faults:
            print(f"{faults[0]}; going on from {path.name}, saved before it", file=sys.stderr)
        return path, facts
    raise ModelRefusedError("; ".join(faults))


def _checked(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
        if damaged is not None:
            raise ValueError(f"{damaged} is damaged")
        return dict(json.loads(archive.read(_FACTS)))


def load_variables(path: Path, variables: Sequence[Any]) -> None:
    """Assign every variable its saved value. Raises ``ModelRefusedError`` where they do not fit."""
    with zipfile.ZipFile(path) as archive:
        count = len(archive.namelist()) - 1
        if count != len(variables):
            raise ModelRefusedError(f"{path}: holds {count} variables, this run has {len(variables)}")
        for number, variable in enumerate(variables):
            with archive.open(f"{number:04d}.npy") as entry:
                value = np.lib.format.read_array(entry, allow_pickle=False)
            if value.shape != tuple(variable.shape):
                raise ModelRefusedError(
                    f"{path}: variable {number} is {value.shape}, this run's is {tuple(variable.shape)}"
                )
            variable.assign(value)
