"""What stands at --out and is not what would be written there stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.data.replaceable import require_replaceable
from training.data.rows import BadInputError

SIGNS, OTHERS = ("config.json", "weights"), ("notes",)


def folder(path: Path, *names: str) -> Path:
    """A folder of empty files."""
    path.mkdir()
    for name in names:
        (path / name).touch()
    return path


@pytest.mark.parametrize("names", [(), (".DS_Store",), SIGNS, (*SIGNS, *OTHERS)])
def test_nothing_and_its_own_kind_may_be_replaced(tmp_path: Path, names: tuple[str, ...]) -> None:
    """An empty folder, or one with all that its kind has, and what its kind may have besides."""
    require_replaceable(folder(tmp_path / "out", *names), "checkpoint", SIGNS, OTHERS)
    require_replaceable(tmp_path / "none", "checkpoint", SIGNS, OTHERS)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("config.json",), r"out is no checkpoint \(no weights\)"),
        (("CURRENT", "HISTORY.jsonl"), r"out is no checkpoint \(no config\.json\)"),
        ((*SIGNS, "state.npz"), r"out holds state\.npz, which no checkpoint has"),
    ],
)
def test_anything_else_is_named_and_kept(tmp_path: Path, names: tuple[str, ...], told: str) -> None:
    """A folder of folders, half of the kind, and one with something more in it."""
    with pytest.raises(BadInputError, match=told):
        require_replaceable(folder(tmp_path / "out", *names), "checkpoint", SIGNS, OTHERS)


def test_others_may_be_anything_where_nobody_says_which(tmp_path: Path) -> None:
    """Files that a person laid beside a model go with it."""
    require_replaceable(folder(tmp_path / "out", *SIGNS, "mine.txt"), "model folder", SIGNS)


def test_a_folder_that_is_called_as_a_file_is_none(tmp_path: Path) -> None:
    """Nor is a file, or a link that leads nowhere."""
    (folder(tmp_path / "out", "config.json") / "weights").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(BadInputError, match="no weights"):
        require_replaceable(tmp_path / "out", "checkpoint", SIGNS)
    for name in ("file", "link"):
        with pytest.raises(BadInputError, match=f"{name} is not a folder"):
            require_replaceable(tmp_path / name, "checkpoint", SIGNS)
