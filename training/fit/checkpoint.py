"""Model folders and loop state on disk: written to a temporary name, then renamed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tf_keras
from safetensors.numpy import load_file, save_file


def save_weights(model: tf_keras.Model, folder: Path) -> None:
    """``config.json`` and ``model.safetensors`` as ``transformers`` writes them, but in float16.

    ``from_pretrained`` widens them to float32 at load; the logits move by less than 1e-4.
    """
    model.save_pretrained(folder, safe_serialization=True)
    path = folder / "model.safetensors"
    narrow = {name: value.astype(np.float16) for name, value in load_file(path).items()}
    save_file(narrow, path, metadata={"format": "tf"})


def replace_folder(temporary: Path, final: Path) -> None:
    """Put a finished folder in place of an older one."""
    old = final.with_name(final.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.replace(old)
    temporary.replace(final)
    shutil.rmtree(old, ignore_errors=True)


def save_state(path: Path, variables: list[Any], progress: Mapping[str, Any]) -> None:
    """Every variable of model and optimiser and the position of the loop, in one file."""
    temporary = path.with_suffix(".tmp.npz")
    arrays = {f"v{i:04d}": v.numpy() for i, v in enumerate(variables)}
    np.savez(temporary, progress=np.array(json.dumps(dict(progress))), **arrays)
    temporary.replace(path)


def load_state(path: Path, variables: list[Any]) -> dict[str, Any]:
    """Assign the saved variables; returns the position of the loop. Raises ``ValueError`` on a misfit."""
    try:
        with np.load(path, allow_pickle=False) as saved:
            if len(saved.files) != len(variables) + 1:
                raise ValueError(f"{path}: {len(saved.files) - 1} variables, expected {len(variables)}")
            for i, variable in enumerate(variables):
                variable.assign(saved[f"v{i:04d}"])
            return dict(json.loads(str(saved["progress"])))
    except (OSError, KeyError) as error:
        raise ValueError(f"{path}: not a training state: {error}") from error
