"""A name leads only to what is on the disk: each flush comes before its rename."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from training.fit.checkpoint import replace_folder
from training.fit.record import write_json

Event = tuple[str, str]  # "flush" or "rename", and the name of the file or folder


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Event]:
    """All flushes and renames in a folder, in their order."""
    found: list[Event] = []
    flush, rename = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        flush(descriptor)
        flushed = os.fstat(descriptor)
        names = [p.name for p in (tmp_path, *tmp_path.rglob("*")) if os.path.samestat(p.stat(), flushed)]
        found.append(("flush", names[0].replace(tmp_path.name, "parent")))

    def replace(path: Path, target: Path) -> Path:
        found.append(("rename", f"{path.name} {target.name}"))
        return rename(path, target)

    monkeypatch.setattr("os.fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    return found


def test_best_is_on_the_disk_before_it_is_called_so(tmp_path: Path, events: list[Event]) -> None:
    """Every file, the folder that names them, and after the rename the folder that names that."""
    for name, content in (("best", "old"), (".best.tmp", "new")):
        (tmp_path / name).mkdir()
        for file in ("model.safetensors", "tokenizer.json"):
            (tmp_path / name / file).write_text(content)
    replace_folder(tmp_path / ".best.tmp", tmp_path / "best")
    renamed = events.index(("rename", ".best.tmp best"))
    assert {name for kind, name in events[:renamed] if kind == "flush"} == {
        "model.safetensors",
        "tokenizer.json",
        ".best.tmp",
    }
    assert events[renamed + 1 :] == [("flush", "parent")]
    assert (tmp_path / "best" / "model.safetensors").read_text() == "new"


def test_json_is_on_the_disk_before_it_has_its_name(tmp_path: Path, events: list[Event]) -> None:
    """The configuration beside the weights, and the comparison."""
    write_json(tmp_path / "x.json", {"a": 1})
    assert events == [("flush", ".x.json.tmp"), ("rename", ".x.json.tmp x.json"), ("flush", "parent")]
