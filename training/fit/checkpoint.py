"""Checkpoint folders on disk: written to a temporary name, then renamed."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import tf_keras
from safetensors.numpy import load_file, save_file

from training.fit.disk import naming, sync, sync_tree

TOKENISER_FILES = ("tokenizer.json", "vocab.txt")


def save_weights(model: tf_keras.Model, folder: Path) -> None:
    """``config.json`` and ``model.safetensors`` as ``transformers`` writes them, but in float16.

    ``from_pretrained`` widens them to float32 at load; the logits move by less than 1e-4. Raises
    ``OSError`` where the disk does not take them.
    """
    path = folder / "model.safetensors"
    with naming(path):
        model.save_pretrained(folder, safe_serialization=True)
        narrow = {name: value.astype(np.float16) for name, value in load_file(path).items()}
        save_file(narrow, path, metadata={"format": "tf"})
    path.chmod(0o644)  # safetensors writes for its owner alone


def copy_tokeniser(source: Path, folder: Path) -> None:
    """The files of a tokeniser, those that there are."""
    for name in TOKENISER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)


def replace_folder(temporary: Path, final: Path) -> None:
    """Put a finished folder in place of an older one; on the disk before this returns.

    So a state that is saved after it names weights that are there, after a power cut too.
    """
    sync_tree(temporary)
    old = _old(final)
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.replace(old)
    temporary.replace(final)
    sync(final.parent)
    shutil.rmtree(old, ignore_errors=True)


def finish_replacing(final: Path) -> None:
    """Put the older folder back where a process was killed between the two renames above."""
    if _old(final).exists() and not final.exists():
        _old(final).replace(final)


def _old(final: Path) -> Path:
    return final.with_name(final.name + ".old")
