"""A name and a version stand for one model."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumer.errors import ModelRefusedError
from consumer.model.folder import open_model
from tests.model.folders import make_folder, seal
from training import promote as promoting
from training.__main__ import main
from training.ship.current import in_use
from training.ship.distinct import require_own_version


def folder_of(path: Path, file: str | None = None, version: str = "1.1.1") -> Path:
    """A valid folder in which one file has a content of its own."""
    make_folder(path)
    if file == "calibration.json":
        (path / file).write_text('{"bias": 0.5}')
    elif file is not None:
        (path / file).write_text("of its own")
    seal(path, version=version)
    return path


@pytest.mark.parametrize(
    "file", ["model.safetensors", "openvino/model.bin", "openvino/model.xml", "calibration.json"]
)
def test_another_model_of_the_same_version_is_refused(tmp_path: Path, file: str) -> None:
    """Whatever of it scores otherwise; the line names both folders and what to do."""
    folder_of(tmp_path / "shipped")
    new = folder_of(tmp_path / "again", file)
    with pytest.raises(
        ModelRefusedError,
        match=r"again: .*shipped is another model of the same name and version, toy 1\.1\.1, .* --version",
    ):
        require_own_version(open_model(new))


def test_another_version_a_copy_and_the_folder_itself_are_not_in_the_way(tmp_path: Path) -> None:
    """Nor what is no model: files, damaged manifests, what a killed export left."""
    folder_of(tmp_path / "shipped")
    require_own_version(open_model(folder_of(tmp_path / "copy", "README.md")))
    require_own_version(open_model(folder_of(tmp_path / "next", "model.safetensors", "1.1.2")))
    folder_of(tmp_path / ".left.tmp", "model.safetensors")
    (folder_of(tmp_path / "damaged", "model.safetensors") / "manifest.json").write_text("{")
    (tmp_path / "CURRENT").write_text("shipped\n")
    (tmp_path / "latest").symlink_to("shipped")
    require_own_version(open_model(tmp_path / "shipped"))


def test_promote_refuses_it_whatever_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 3 also with a reason: no reason makes the results of two models one model's."""
    monkeypatch.setattr(promoting, "verify", open_model)
    shipped, again = folder_of(tmp_path / "shipped"), folder_of(tmp_path / "again", "model.safetensors")
    (tmp_path / "CURRENT").write_text("shipped\n")
    assert main(["promote", str(again), "--because", "a drill"]) == 3
    assert f"{shipped} is another model" in capsys.readouterr().err
    assert in_use(tmp_path) == "shipped"
