"""Fixtures of this room."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.fit.material import Material, make_material, run_child


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Files to train on. Not to be changed."""
    return make_material(tmp_path_factory.mktemp("material"))


@pytest.fixture(scope="session")
def whole_run(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing stopped. Not to be changed."""
    out = tmp_path_factory.mktemp("whole") / "run"
    assert run_child(material.arguments(out)) == 0
    return out
