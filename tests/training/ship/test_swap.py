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
from training.ship import swap
from training.ship.swap import exchange, put_in_place, require_free


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
    require_free(model, replace=False)
    (tmp_path / "CURRENT").write_text("model\n")
    with pytest.raises(
        ValueError, match=r"is in use, .*CURRENT names it: give another --out .* or --replace"
    ):
        require_free(model, replace=False)
    require_free(model, replace=True)
    shutil.rmtree(model)
    require_free(model, replace=False)


def test_loading_notices_another_folder(tmp_path: Path) -> None:
    """Between verifying and reading somebody may have replaced it."""
    model = folder_of(tmp_path / "model", 1)
    opened = open_model(model)
    check_unchanged(opened)
    put_in_place(folder_of(tmp_path / ".work", 2), model)
    with pytest.raises(ModelRefusedError, match="was replaced while it was being loaded: start again"):
        check_unchanged(opened)
