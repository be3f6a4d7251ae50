"""A name leads only to what is on the disk: each flush comes before its rename."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from safetensors import SafetensorError

from tests.training.fit.material import Material, run_child
from training.fit.checkpoint import replace_folder
from training.fit.disk import naming
from training.fit.record import write_json
from training.fit.state import read_facts

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


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        SafetensorError("No space left on device (os error 28)"),
    ],
)
def test_what_could_not_be_written_is_named(tmp_path: Path, error: Exception) -> None:
    """Whoever raised it."""
    with pytest.raises(OSError, match="No space left") as caught, naming(tmp_path / "weights"):
        raise error
    assert str(tmp_path / "weights") in str(caught.value)


def test_an_error_that_names_a_file_is_left_as_it_is(tmp_path: Path) -> None:
    """It knows better."""
    with pytest.raises(FileNotFoundError) as caught, naming(tmp_path / "weights"):
        (tmp_path / "other").read_bytes()
    assert caught.value.filename == str(tmp_path / "other")


@pytest.mark.tensorflow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("command", "named"), [("train", "state.npz"), ("pretrain", "model.safetensors")])
def test_a_disk_that_fills_up_in_the_middle_of_a_run(
    material: Material, tmp_path: Path, command: str, named: str
) -> None:
    """2 and one line that names the file; the state before it is whole, and the run goes on from it."""
    out, log = tmp_path / "run", tmp_path / "log"
    texts = [str(path) for path in sorted((material.folder / "Chunks").glob("*.csv"))]
    arguments = {
        "train": material.arguments(out, "--validate-every", "100"),
        "pretrain": [
            "pretrain", *texts, "--from", "random", "--tokeniser", str(material.folder),
            "--config", str(material.folder / "shape.json"), "--out", str(out), "--batch-size", "8",
            "--max-length", "32", "--save-every", "3",
        ],
    }[command]  # fmt: skip
    assert run_child(arguments, ("full disk", 4), log) == 2
    (line,) = (one for one in log.read_text().splitlines() if one.startswith(f"training {command}: "))
    assert line.startswith(f"training {command}: {out / named}: ")
    assert "Traceback" not in log.read_text()
    assert not list(out.glob(".*"))
    assert read_facts(out)[1]["progress"]["step"] == 3
    assert run_child([*arguments, "--resume"]) == 0
