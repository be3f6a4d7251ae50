"""``CURRENT`` moves and its history tells of it, whenever a kill or a full disk comes."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from training import promote as promoting
from training import rollback as rolling_back
from training.__main__ import main
from training.promote import promote
from training.rollback import rollback
from training.ship.current import HISTORY, PROMOTE, Entry, in_use, move

WRITES = (1, 2, 3, 4)  # the entry, its folder, the pointer, its folder: each reaches the disk by an fsync


class Killed(BaseException):
    """What no handler for errors sees, as none sees SIGKILL."""


def noon() -> datetime:
    """A clock that stands."""
    return datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three folders of no content, promoted one after the other; whatever is asked of them is right."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "Models"
    for before, name in ((None, "one"), ("one", "two"), ("two", "three")):
        (folder / name).mkdir(parents=True)
        move(folder, Entry("", PROMOTE, before, name, (None, "1"), "first"))
    for module in (promoting, rolling_back):
        monkeypatch.setattr(
            module, "verify", lambda path: SimpleNamespace(path=path, version="1", manifest=None)
        )
    return folder


@contextmanager
def failing(number: int, error: BaseException) -> Iterator[None]:
    """In this block the manieth fsync fails."""
    sync, calls = os.fsync, list[int]()

    def fsync(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == number:
            raise error
        sync(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", fsync)
        yield


def back(models: Path) -> None:
    """One rollback."""
    rollback(models, None, noon)


def forth(models: Path) -> None:
    """One promotion, of what was not in use before; the model in use is none that could be compared with."""
    (models / "four").mkdir()
    promote(models / "four", None, "a drill", noon)


@pytest.mark.parametrize("number", WRITES)
@pytest.mark.parametrize("change", [back, forth])
def test_killed_at_any_moment_the_next_rollback_still_goes_back(
    models: Path, change: Callable[[Path], None], number: int
) -> None:
    """From where the kill left ``CURRENT``, to what was in use before: never to what was rolled back."""
    with failing(number, Killed()), pytest.raises(Killed):
        change(models)
    before = {"four": "three", "three": "two", "two": "one"}
    left = in_use(models)
    assert left in before
    assert rollback(models, None, noon)[0] == before[left]


@pytest.mark.parametrize(
    ("number", "told"),
    [(1, "did not move, names"), (2, "did not move,"), (3, "did not move,"), (4, "moved and names")],
)
@pytest.mark.parametrize("words", [["rollback"], ["promote", "Models/one", "--because", "a drill"]])
def test_a_full_disk_is_told_with_what_current_names(
    models: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    number: int,
    told: str,
) -> None:
    """Exit 2 and one line that is true of ``CURRENT``; every line of the history is whole."""
    with failing(number, OSError(errno.ENOSPC, "No space left on device")):
        assert main(words) == 2
    line = capsys.readouterr().err
    assert f"{HISTORY}: No space left on device; CURRENT {told}" in line
    assert line.endswith(f" names {in_use(models)}\n")
    assert (in_use(models) != "three") is told.startswith("moved")
    for entry in (models / HISTORY).read_text().splitlines():
        json.loads(entry)


def test_an_entry_that_did_not_fit_leaves_nothing(models: Path) -> None:
    """Else every later reading would warn of half a line."""
    before = (models / HISTORY).read_bytes()
    full = OSError(errno.ENOSPC, "No space left on device")
    with failing(1, full), pytest.raises(OSError, match="did not move"):
        back(models)
    assert (models / HISTORY).read_bytes() == before
