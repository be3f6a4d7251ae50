"""The tiny model as a fixture. ``conftest.py`` of a room imports it from here."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumer.model.folder import ModelFolder, open_model
from tests.models.tiny import tiny_model


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """The exported tiny model, made once a session however many rooms ask. Not to be changed."""
    path = tmp_path_factory.getbasetemp() / "tiny-models" / "tiny"
    if not path.exists():
        tiny_model(path)
    return open_model(path)


@pytest.fixture(scope="session")
def tiny_checkpoint_path(tiny: ModelFolder) -> Path:
    """The checkpoint that the tiny model was exported from. Not to be changed."""
    return tiny.path.parent / "tiny-made-from" / "checkpoint"
