"""``training teach``: what teachers say goes into the chunks, and a student is trained towards it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from consumer.errors import ModelRefusedError
from consumer.model.folder import ModelFolder
from consumer.model.manifest import sha256
from consumer.tokenise import Tokeniser
from tests.models.tiny import tiny_checkpoint, write_tokeniser
from tests.training.data.tables import many, write_csv
from tests.training.fit.material import make_material, run_child
from training import teach
from training.__main__ import main
from training.data.batches import read_examples, to_examples
from training.data.chunk_files import check_chunks, read_manifest, write_manifest
from training.data.mixture import held_out, survey
from training.data.rows import BadInputError, Row, read_rows

FIELDS = ("target", "text", "source")


class Sayer:
    """A scorer that gives every text the same logit."""

    def __init__(self, logit: float) -> None:
        self._logit = logit

    def logits(self, ids: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        """(n,) of one value."""
        return np.full(len(ids), self._logit, np.float32)

    @property
    def padded_tokens(self) -> int:
        """None were computed over."""
        return 0

    def close(self) -> None:
        """Nothing is held."""


def sayer(folder: Path, logit: float, source: str = "") -> teach.Teacher:
    """A teacher of one opinion, with a tokeniser in ``folder``."""
    folder.mkdir(exist_ok=True)
    write_tokeniser(folder)
    (folder / "model.safetensors").write_bytes(b"weights")
    return teach.Teacher(
        source, ModelFolder(folder, "sayer", "1", 32, folder / "tokenizer.json"), Sayer(logit)
    )


def chunks_of(folder: Path, **sources: list[tuple[str, str]]) -> Path:
    """One chunk with the rows of these sources."""
    (folder / "Chunks").mkdir()
    rows = [(t, text, name) for name, pairs in sources.items() for t, text in pairs]
    write_csv(folder / "Chunks" / "chunk_0001.csv", rows, FIELDS)
    return folder / "Chunks"


def taught(out: Path) -> list[Row]:
    """The rows of all chunks."""
    return [row for path in sorted((out / "Chunks").glob("*.csv")) for row in read_rows(path, "unnamed")]


def test_an_aim_is_between_the_label_and_the_teachers(tmp_path: Path) -> None:
    """Aim: share · (mean of the teachers) + (1 - share) · label; agreement with the labels is counted."""
    chunks = chunks_of(tmp_path, ours=[("0", "sad"), ("4", "glad"), ("4", "happy")])
    teachers = [sayer(tmp_path / "a", 0.0), sayer(tmp_path / "b", np.log(0.9 / 0.1))]  # .5 and .9
    accounts = teach.teach(chunks, tmp_path / "out", teachers, share=0.6)
    assert [row.aim for row in taught(tmp_path / "out")] == pytest.approx([0.42, 0.82, 0.82], abs=1e-6)
    assert (accounts["ours"].rows, accounts["ours"].agreeing) == (3, 2)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [len(teacher["sha256"]) for teacher in manifest["teachers"]] == [64, 64]


def test_a_teacher_bound_to_a_source_is_alone_there(tmp_path: Path) -> None:
    """And says nothing of others; a source that nobody speaks of is an error that names it."""
    chunks = chunks_of(tmp_path, ours=[("0", "sad")], theirs=[("0", "gloomy")])
    surely, never = sayer(tmp_path / "a", 20.0, "ours"), sayer(tmp_path / "b", -20.0)
    teach.teach(chunks, tmp_path / "out", [surely, never], share=1.0)
    assert {row.source: row.aim for row in taught(tmp_path / "out")} == {"ours": 1.0, "theirs": 0.0}
    with pytest.raises(BadInputError, match="no teacher speaks of 'theirs'"):
        teach.teach(chunks, tmp_path / "other", [surely], share=1.0)
    assert not (tmp_path / "other").exists()


def test_texts_without_a_label_get_the_teachers_word_alone(tmp_path: Path) -> None:
    """Every one of them once, spread over the chunks; one that cleaning empties is left out."""
    chunks = chunks_of(tmp_path, ours=[("0", "sad")])
    write_csv(chunks / "chunk_0002.csv", [("4", "glad", "ours")], FIELDS)
    plain = write_csv(tmp_path / "plain.csv", [*many(9, targets="2"), ("2", "http://t.co/x")])
    teach.teach(chunks, tmp_path / "out", [sayer(tmp_path / "a", 0.0)], 0.5, [plain])
    rows = taught(tmp_path / "out")
    assert sorted(row.text for row in rows if row.target == "2") == sorted(t for _, t in many(9, targets="2"))
    assert {row.aim for row in rows if row.target == "2"} == {0.5}
    sizes = [len(list(read_rows(p, "x"))) for p in sorted((tmp_path / "out" / "Chunks").iterdir())]
    assert sizes == [1 + 5, 1 + 4]


def test_what_was_made_of_the_same_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On demand, and only where chunks, teachers, share and texts are the same; else it is made anew."""
    chunks = chunks_of(tmp_path, ours=[("0", "sad")])
    plain = write_csv(tmp_path / "plain.csv", many(3, targets="2"))
    monkeypatch.setattr(teach, "_teacher", lambda _: sayer(tmp_path / "a", 0.0))
    command = ["teach", "--teacher", "a", "--chunks", str(chunks), "--out", str(tmp_path / "out"), "--keep"]

    def kept(*more: str) -> bool:
        before = (tmp_path / "out").stat().st_ino if (tmp_path / "out").exists() else None
        assert main([*command, *more]) == 0
        stayed = (tmp_path / "out").stat().st_ino == before
        assert ("out was made of the same chunks and teachers: kept" in capsys.readouterr().out) is stayed
        return stayed

    assert [kept(), kept(), kept("--share", "0.5"), kept("--share", "0.5")] == [False, True, False, True]
    assert [kept("--also", str(plain)), kept("--also", str(plain))] == [False, True]
    write_csv(chunks / "chunk_0001.csv", [("4", "glad", "ours")], FIELDS)
    assert [kept("--also", str(plain)), kept("--also", str(plain))] == [False, True]
    (tmp_path / "out" / "Chunks" / "chunk_0001.csv").write_text("target,text,aim\n4,glad,0.5\n")
    assert [kept("--also", str(plain)), kept("--also", str(plain))] == [False, True]
    monkeypatch.setattr(teach, "_teacher", lambda _: sayer(tmp_path / "b", 1.0))
    assert not kept("--also", str(plain))


def test_the_manifest_is_of_the_chunks_that_were_written(tmp_path: Path) -> None:
    """Not of those that were read, whose own manifest is held to, too."""
    given, out = tmp_path / "given", tmp_path / "out"
    given.mkdir()
    chunks = chunks_of(given, ours=[("0", "sad"), ("4", "glad")])
    file = chunks / "chunk_0001.csv"
    write_manifest(given, {"chunks": {file.name: {"rows": 2, "sha256": sha256(file)}}})
    teach.teach(chunks, out, [sayer(tmp_path / "a", 0.0)], 0.5)
    written = out / "Chunks" / file.name
    assert read_manifest(out)["chunks"] == {file.name: {"rows": 2, "sha256": sha256(written)}}  # type: ignore[index] # it is there
    assert sha256(written) != sha256(file)
    check_chunks(out / "Chunks", {file.name: sha256(written)})
    file.write_text("target,text\n0,sad\n")
    with pytest.raises(BadInputError, match=rf"^{file} is not the file that "):
        teach.teach(chunks, out, [sayer(tmp_path / "a", 0.0)], 0.5)


def test_no_chunks_and_no_number_are_refused(tmp_path: Path) -> None:
    """Named, and nothing is left behind."""
    (tmp_path / "Chunks").mkdir()
    with pytest.raises(BadInputError, match=r"no chunk_\*\.csv"):
        teach.teach(tmp_path / "Chunks", tmp_path / "out", [sayer(tmp_path / "a", 0.0)], 1.0)
    write_csv(tmp_path / "Chunks" / "chunk_0001.csv", [("0", "sad", "ours")], FIELDS)
    with pytest.raises(ModelRefusedError, match="no number for 1 of 1"):
        teach.teach(tmp_path / "Chunks", tmp_path / "out", [sayer(tmp_path / "a", np.nan)], 1.0)
    assert not (tmp_path / "out").exists()


def test_training_reads_aims_and_measuring_does_not(tmp_path: Path) -> None:
    """A neutral row with an aim trains; validation and held-out rows have labels or are left out."""
    write_tokeniser(tmp_path)
    tokeniser = Tokeniser(tmp_path / "tokenizer.json", 32)
    rows = [("0", "sad", "0.25"), ("2", "plain", "0.5"), ("2", "other", ""), ("4", "glad", "")]
    path = write_csv(tmp_path / "rows.csv", rows, ("target", "text", "aim"))
    assert [e.label for e in to_examples(read_rows(path, "x"), tokeniser)] == [0.25, 0.5, 1.0]
    assert [e.label for e in read_examples(path, tokeniser)] == [0.0, 1.0]
    assert survey(path).rows == 3
    many_neutral = [("2", text, "0.5") for _, text in many(200, targets="2")]
    assert not list(held_out(write_csv(tmp_path / "n.csv", many_neutral, ("target", "text", "aim"))))


@pytest.mark.parametrize("aim", ["1.5", "-0.1", "nan", "much"])
def test_an_aim_that_is_no_probability_is_refused(tmp_path: Path, aim: str) -> None:
    """File and row are named."""
    path = write_csv(tmp_path / "rows.csv", [("0", "sad", aim)], ("target", "text", "aim"))
    with pytest.raises(BadInputError, match=f"row 1 .*aim '{aim}' is not a probability"):
        list(read_rows(path, "x"))


@pytest.mark.tensorflow
@pytest.mark.timeout(600)
def test_a_student_of_some_of_its_teachers_layers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole way: a checkpoint teaches, a model of one of its two layers is trained on what it said."""
    material, teacher = make_material(tmp_path / "material"), tiny_checkpoint(tmp_path / "teacher")
    out = tmp_path / "taught"
    command = ["teach", "--teacher", str(teacher), "--chunks", str(material.folder / "Chunks")]
    assert main([*command, "--out", str(out)]) == 0
    assert "made: the teachers agree with " in capsys.readouterr().out
    aims = {row.aim for row in taught(out)}
    assert len(aims) > 10
    arguments = ["train", "--from", str(teacher), "--layers", "1", "--chunks", str(out / "Chunks")]
    arguments += ["--validation", str(material.folder / "validation.csv"), "--batch-size", "16"]
    assert run_child([*arguments, "--out", str(tmp_path / "run"), "--epochs", "1", "--max-length", "32"]) == 0
    config = json.loads((tmp_path / "run" / "best" / "training-config.json").read_text())
    assert config["start_layers"] == [1]
    assert config["model"]["n_layers"] == 1
    assert config["data"]["teachers"][0]["name"] == "teacher"
