"""``training train`` as it is called: what it leaves behind, and how it ends."""

from __future__ import annotations

import errno
import json
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from consumer.errors import ModelRefusedError
from consumer.model.manifest import sha256
from tests.models.tiny import write_labelled
from tests.training.fit.material import Material, make_material, run_child
from training import __main__ as command
from training.data.chunk_files import write_manifest
from training.data.rows import BadInputError
from training.fit.state import read_facts
from training.fit.stop import INTERRUPTED, how_to_go_on, listening


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Files to train on. Not to be changed."""
    return make_material(tmp_path_factory.mktemp("material"))


@pytest.mark.tensorflow
@pytest.mark.timeout(900)
def test_a_stop_saves_and_retraining_compares(material: Material, tmp_path: Path) -> None:
    """Ctrl-C: state saved, 130, the command to go on with. On new rows: a verdict with its interval."""
    out, log = tmp_path / "run", tmp_path / "log"
    arguments = material.arguments(out, "--epochs", "1", "--save-every", "100", "--tensorboard")
    assert run_child(arguments, kill_at=("interrupt", 5), log=log) == INTERRUPTED
    assert "Go on with: python -m training" in log.read_text()
    assert read_facts(out)[1]["progress"]["step"] == 6  # the step after the one it came in
    assert list((out / "tensorboard").glob("events.*"))
    config = json.loads((out / "best" / "training-config.json").read_text())
    assert config["hyper_parameters"]["label_smoothing"] == 0.1
    assert sum(config["split_ratios"].values()) == pytest.approx(1.0)
    assert config["history"][0].keys() == {"step", "train_loss", "learning_rate", "validation"}

    new, old = write_labelled(tmp_path / "new.csv", 120, seed=77), out / "best"
    more = ("--from", str(old), "--add", str(new), "--held-out", str(material.folder / "validation.csv"))
    again = material.arguments(tmp_path / "again", *more)
    assert run_child(again, kill_at=("start held", 2), log=log) == 0  # its own weights take enough memory
    found: dict[str, Any] = json.loads((tmp_path / "again" / "comparison.json").read_text())
    assert set(found["sets"]) == {"validation", "added"}
    assert found["scored"] == "both without scale and threshold, positive from logit 0 on"
    for one in found["sets"].values():
        assert one["verdict"] in ("better", "same", "worse")
        assert one["low"] <= one["difference"] <= one["high"]
    assert "against best checkpoint on validation: " in log.read_text()
    config = json.loads((tmp_path / "again" / "best" / "training-config.json").read_text())
    added = config["added"]["new.csv"]["rows"]
    assert added < 120
    assert config["rows"] == added + min(added, 96)


@pytest.mark.tensorflow
@pytest.mark.parametrize("damage", ["cut", "manifest"])
def test_chunks_that_are_not_what_was_made_are_refused(tmp_path: Path, damage: str) -> None:
    """One line that names the file, 2, and no folder of a run: before anything is trained."""
    material = make_material(tmp_path / "material")
    chunks, log = sorted((material.folder / "Chunks").iterdir()), tmp_path / "log"
    write_manifest(material.folder, {"chunks": {path.name: {"sha256": sha256(path)} for path in chunks}})
    named = chunks[1] if damage == "cut" else material.folder / "manifest.json"
    lines = named.read_text().splitlines(keepends=True)
    named.write_text("".join(lines[:-1]))
    assert run_child(material.arguments(tmp_path / "run"), log=log) == 2
    (line,) = (one for one in log.read_text().splitlines() if one.startswith("training train: "))
    assert line.startswith(f"training train: {named}")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (BadInputError("x.csv, row 3: label '7'"), 2, "x.csv, row 3: label '7'"),
        (ModelRefusedError("x.h5: damaged"), 3, "x.h5: damaged"),
        (OSError(errno.ENOSPC, "No space left on device", "runs/x"), 2, "runs/x: No space left on device"),
        (OSError("model.safetensors: no space"), 2, "model.safetensors: no space"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_what_goes_wrong_is_one_line_and_a_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    line: str,
) -> None:
    """Bad rows and a full disk 2, a bad model 3, an interruption 130."""

    def run(_: object) -> int:
        raise error

    module = SimpleNamespace(add_arguments=bool, run=run)
    monkeypatch.setattr("importlib.import_module", lambda _: module)
    assert command.main(["train"]) == code
    assert capsys.readouterr().err == f"training train: {line}\n"


def test_what_is_nobodys_fault_but_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug shows its traceback."""

    def run(_: object) -> int:
        raise KeyError("x")

    module = SimpleNamespace(add_arguments=bool, run=run)
    monkeypatch.setattr("importlib.import_module", lambda _: module)
    with pytest.raises(KeyError):
        command.main(["train"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_afterwards_all_is_as_before(number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM alike."""
    before = signal.getsignal(number)
    with listening() as stop:
        assert not stop.asked
        signal.raise_signal(number)
        assert stop.asked
    assert signal.getsignal(number) is before


def test_the_second_signal_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 128 and its number, unsaved."""
    ended: list[int] = []
    monkeypatch.setattr("training.fit.stop.os._exit", ended.append)
    with listening():
        signal.raise_signal(signal.SIGTERM)
        assert ended == []
        signal.raise_signal(signal.SIGTERM)
    assert ended == [128 + signal.SIGTERM]


def test_how_to_go_on_is_a_command_that_can_be_pasted() -> None:
    """With what a shell would take apart kept together."""
    assert how_to_go_on(["train", "--out", "my run"]).endswith(
        "python -m training train --out 'my run' --resume"
    )
    assert how_to_go_on(["train", "--resume"]).count("--resume") == 1
