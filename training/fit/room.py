"""A run has a folder of its own: neither another run nor a model is written over."""

from __future__ import annotations

from pathlib import Path

from training.data.rows import BadInputError
from training.fit.state import has_state

_OF_MODELS = ("config.json", "manifest.json")


def require_room(out: Path) -> None:
    """Raise ``BadInputError`` where a run begun at ``out`` would write over another, or over a model."""
    if has_state(out):
        raise BadInputError(
            f"{out} holds a run: --resume goes on with it; to begin anew, remove it or give another --out"
        )
    if any((out / name).exists() for name in _OF_MODELS):
        raise BadInputError(f"{out} holds a model, whose files would be written over: give another --out")
