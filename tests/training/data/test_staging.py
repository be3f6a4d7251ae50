"""A folder that is there whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from training.data import staging
from training.data.staging import staged


def names(folder: Path) -> list[str]:
    """What stands in a folder, hidden or not."""
    return sorted(path.name for path in folder.iterdir())


def fill(path: Path) -> None:
    """Write until the disk is full."""
    path.touch()
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_the_new_folder_takes_the_place_of_the_old(tmp_path: Path) -> None:
    """Nothing of the old folder is left, in its place or beside it; the place was never empty before."""
    place = tmp_path / "deep" / "data"
    for name in ("old", "new"):
        with staged(place) as work:
            (work / name).touch()
            assert not (place / "new").exists()
    assert names(place) == ["new"]
    assert names(place.parent) == ["data"]


@pytest.mark.parametrize("error", [errno.EINVAL, errno.ENOSYS])
def test_a_file_system_that_cannot_exchange(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """Two renames do the same."""
    monkeypatch.setattr(staging, "swap_names", lambda *_: error)
    test_the_new_folder_takes_the_place_of_the_old(tmp_path)


def test_an_exchange_that_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another error is told, and the old folder stays."""
    place = tmp_path / "data"
    place.mkdir()
    monkeypatch.setattr(staging, "swap_names", lambda *_: errno.EPERM)
    with pytest.raises(PermissionError, match="data"), staged(place) as work:
        (work / "new").touch()
    assert names(place) == []
    assert names(tmp_path) == ["data"]


def test_a_failure_leaves_the_old_folder_alone(tmp_path: Path) -> None:
    """The half-written one goes; a full disk is told with the name of the place."""
    place = tmp_path / "data"
    with staged(place) as work:
        (work / "old").touch()
    with pytest.raises(OSError, match=r"No space left on device: '.*data'"), staged(place) as work:
        fill(work / "new")
    assert names(place) == ["old"]
    assert names(tmp_path) == ["data"]


def test_what_a_killed_run_left_is_swept_up_and_a_living_one_is_not(tmp_path: Path) -> None:
    """A lock that dies with its owner tells them apart."""
    place = tmp_path / "data"
    dead = tmp_path / ".data.new-dead"
    dead.mkdir()
    with staged(place) as living:
        assert not dead.exists()
        with staged(place) as other:
            (other / "other").touch()
        assert living.exists()
    assert names(tmp_path) == ["data"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Data on another disk behind a link is replaced there."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    with staged(tmp_path / "data") as work:
        (work / "new").touch()
    assert (tmp_path / "data").is_symlink()
    assert names(tmp_path / "disk") == ["new"]


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It works there too, and what a killed run left is left alone: its owner may live."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    (tmp_path / ".data.new-other").mkdir()
    with staged(tmp_path / "data") as work:
        (work / "new").touch()
    assert names(tmp_path) == [".data.new-other", "data"]
    assert names(tmp_path / "data") == ["new"]
