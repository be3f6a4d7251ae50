"""Hours of training are not lost to a forgotten flag."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.data.rows import BadInputError
from training.fit.room import require_room


@pytest.mark.parametrize("name", ["state.npz", "state.previous.npz"])
def test_a_run_is_not_begun_over_another(tmp_path: Path, name: str) -> None:
    """The message names the three ways out."""
    (tmp_path / name).touch()
    with pytest.raises(
        BadInputError,
        match=rf"^{tmp_path} holds a run: --resume goes on with it; .* remove it or give another --out$",
    ):
        require_room(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "manifest.json"])
def test_a_run_is_not_begun_over_a_model(tmp_path: Path, name: str) -> None:
    """Its weights, or its training configuration, would be others."""
    (tmp_path / name).touch()
    with pytest.raises(BadInputError, match=rf"^{tmp_path} holds a model"):
        require_room(tmp_path)


def test_a_run_begins_where_nothing_is(tmp_path: Path) -> None:
    """Or where a run's state was removed, as ``make train`` does with those that build on a new one."""
    require_room(tmp_path / "none")
    (tmp_path / "best").mkdir()
    (tmp_path / "best" / "config.json").touch()
    (tmp_path / "training-config.json").touch()
    require_room(tmp_path)
