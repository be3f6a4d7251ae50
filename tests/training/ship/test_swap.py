"""A folder replaced while others read it."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from consumer.errors import ModelRefusedError
from consumer.model.folder import check_unchanged, open_model
from consumer.model.manifest import sha256
from tests.model.folders import make_folder, seal
from training import promote as promoting
from training.__main__ import main
from training.ship import swap
from training.ship.current import PROMOTE, Entry, move
from training.ship.swap import exchange, put_back, put_in_place, require_target


def folder_of(path: Path, number: int) -> Path:
    """A valid model folder whose weights are those of one version."""
    make_folder(path)
    (path / "model.safetensors").write_bytes(b"weights %d" % number)
    seal(path, version=str(number))
    return path


def test_a_new_folder_takes_its_place(tmp_path: Path) -> None:
    """Where nothing was before."""
    put_in_place(folder_of(tmp_path / ".work", 1), tmp_path / "model")
    assert open_model(tmp_path / "model").version == "1"


@pytest.mark.parametrize("can_exchange", [True, False])
def test_the_old_folder_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, can_exchange: bool
) -> None:
    """In one step or in two, nothing of it is left beside."""
    if not can_exchange:
        monkeypatch.setattr(swap, "exchange", lambda _one, _other: False)
    folder_of(tmp_path / "model", 1)
    put_in_place(folder_of(tmp_path / ".work", 2), tmp_path / "model")
    assert open_model(tmp_path / "model").version == "2"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


class Killed(BaseException):
    """What no handler for errors sees, as none sees SIGKILL."""


def killed_after_rename(number: int, work: Path, target: Path) -> None:
    """Replace ``target`` where folders cannot be exchanged, and end after so many renames."""
    rename, done = Path.replace, list[Path]()

    def replace(path: Path, to: Path) -> Path:
        done.append(rename(path, to))
        if len(done) == number:
            raise Killed
        return to

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(swap, "exchange", lambda _one, _other: False)
        patch.setattr(Path, "replace", replace)
        with pytest.raises(Killed):
            put_in_place(work, target)


@pytest.mark.parametrize(("renames", "version"), [(1, "1"), (2, "2")])
def test_killed_between_two_renames_the_folder_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int, version: str
) -> None:
    """The old one or the new one is there whenever the kill came, and the next replacement leaves one."""
    model = folder_of(tmp_path / "model", 1)
    killed_after_rename(renames, folder_of(tmp_path / ".work", 2), model)
    put_back(model)
    assert open_model(model).version == version
    shutil.rmtree(tmp_path / ".work", ignore_errors=True)
    monkeypatch.setattr(swap, "exchange", lambda _one, _other: False)
    put_in_place(folder_of(tmp_path / ".work", 3), model)
    assert open_model(model).version == "3"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "words",
    [
        ["export", "--from", "nowhere", "--out", "model"],
        ["calibrate", "model", "--calibration", "nowhere"],
        ["calibrate", "other", "--calibration", "nowhere", "--out", "model"],
        ["promote", "model"],
        ["rollback", "--models", "."],
    ],
)
def test_each_command_that_needs_the_folder_puts_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """Before it looks at anything else, and says so."""
    monkeypatch.chdir(tmp_path)
    model, other = folder_of(tmp_path / "model", 1), folder_of(tmp_path / "other", 3)
    move(tmp_path, Entry("", PROMOTE, None, "model", (None, "1"), "first"))
    move(tmp_path, Entry("", PROMOTE, "model", other.name, ("1", "3"), "better"))
    killed_after_rename(1, folder_of(tmp_path / ".work", 2), model)
    assert main(words) in (2, 3)  # nothing of what they are to do is here
    assert "model: put back, a process was killed while it replaced it" in capsys.readouterr().err
    assert open_model(model).version == "1"


def test_promote_compares_with_a_model_in_use_that_was_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else it would find none, and any other would be promoted without a comparison."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(promoting, "verify", open_model)
    model, other = folder_of(tmp_path / "model", 1), folder_of(tmp_path / "other", 3)
    (tmp_path / "CURRENT").write_text("model\n")
    killed_after_rename(1, folder_of(tmp_path / ".work", 2), model)
    assert main(["promote", str(other)]) == 2
    assert "no rows to compare with model" in capsys.readouterr().err


def test_whoever_loads_meanwhile_has_one_model_or_is_refused(tmp_path: Path) -> None:
    """Verified, then read as a runtime does, then looked at again: never one version's weights as another's.

    And the folder is there at every moment.
    """
    model = folder_of(tmp_path / "model", 0)
    spare = tmp_path / "spare"
    folder_of(spare, -1)
    if not exchange(model, spare):
        pytest.skip("this file system cannot exchange two folders")
    stop, wrong, whole = threading.Event(), [], []

    def load() -> None:
        while not stop.is_set():
            try:
                opened = open_model(model)
                read = sha256(model / "model.safetensors")
                check_unchanged(opened)
            except (ModelRefusedError, OSError) as refusal:
                if not model.is_dir():
                    wrong.append(str(refusal))
                continue
            whole.append(opened.version)
            if opened.manifest is None or opened.manifest.files["model.safetensors"] != read:
                wrong.append(opened.version)

    reader = threading.Thread(target=load)
    reader.start()
    for number in range(1, 60):
        put_in_place(folder_of(tmp_path / ".work", number), model)
    while not whole and reader.is_alive():
        pass
    stop.set()
    reader.join()
    assert wrong == []
    assert len(whole) > 0


def test_a_folder_in_use_is_replaced_on_demand_only(tmp_path: Path) -> None:
    """The message names both ways out."""
    model = folder_of(tmp_path / "model", 1)
    require_target(model, replace=False)
    (tmp_path / "CURRENT").write_text("model\n")
    with pytest.raises(
        ValueError, match=r"is in use, .*CURRENT names it: give another --out .* or --replace"
    ):
        require_target(model, replace=False)
    require_target(model, replace=True)
    shutil.rmtree(model)
    require_target(model, replace=False)


def test_loading_notices_another_folder(tmp_path: Path) -> None:
    """Between verifying and reading somebody may have replaced it."""
    model = folder_of(tmp_path / "model", 1)
    opened = open_model(model)
    check_unchanged(opened)
    put_in_place(folder_of(tmp_path / ".work", 2), model)
    with pytest.raises(ModelRefusedError, match="was replaced while it was being loaded: start again"):
        check_unchanged(opened)
