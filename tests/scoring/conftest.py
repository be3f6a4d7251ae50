"""Fixtures of this room."""

from __future__ import annotations

from tests.models.fixtures import tiny, tiny_checkpoint_path

__all__ = ["tiny", "tiny_checkpoint_path"]
