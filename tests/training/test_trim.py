"""``training trim`` and ``training blend``: checkpoints made from checkpoints, without training."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from consumer.scoring.load import load_scorer
from consumer.tokenise import Tokeniser, fingerprint
from tests.models.tiny import MAX_LENGTH, SPECIAL, VOCABULARY, tiny_checkpoint
from training.__main__ import main

WORDS_OF_TEXTS = ("the phone is good", "the day is bad", "the phone is good !")
LETTERS = sum(len(piece.removeprefix("##") or piece) == 1 for piece in VOCABULARY)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny classifier."""
    return tiny_checkpoint(tmp_path_factory.mktemp("made") / "tiny")


@pytest.fixture(scope="module")
def chunks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One chunk; of the vocabulary's words it has six, "the" and "is" most often."""
    folder = tmp_path_factory.mktemp("Chunks")
    rows = [f"{('0', '4')[n % 2]},{text},made" for n, text in enumerate(WORDS_OF_TEXTS)]
    (folder / "chunk_0001.csv").write_text("\n".join(["target,text,source", *rows]) + "\n")
    return folder


def scored(folder: Path, texts: list[str]) -> tuple[list[list[int]], np.ndarray]:
    """Ids and logits of texts by the checkpoint in ``folder``."""
    ids = [t.ids for t in Tokeniser(folder / "tokenizer.json", MAX_LENGTH)(texts)]
    return ids, load_scorer(folder, "tensorflow").logits(ids)


def pieces_of(folder: Path) -> dict[str, int]:
    """Vocabulary of the tokeniser in ``folder``."""
    return dict(json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"])


@pytest.mark.tensorflow
def test_what_is_written_with_the_pieces_kept_scores_as_before(
    checkpoint: Path, chunks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other ids, the same logits; a word whose piece went is spelled out, and nothing becomes unknown."""
    out, pieces = tmp_path / "small", len(SPECIAL) + LETTERS + 4
    command = ["trim", str(checkpoint), "--pieces", str(pieces), "--chunks", str(chunks), "--out", str(out)]
    assert main(command) == 0
    kept = pieces_of(out)
    assert sorted(kept.values()) == list(range(pieces))
    assert {"the", "is", "phone", "good"} <= kept.keys()
    assert not {"hate", "love", "bad"} & kept.keys()
    assert (out / "vocab.txt").read_text().split("\n")[:-1] == sorted(kept, key=kept.__getitem__)
    assert json.loads((out / "config.json").read_text())["vocab_size"] == pieces
    before_ids, before = scored(checkpoint, ["the phone is good !", "is the phone , good ?"])
    after_ids, after = scored(out, ["the phone is good !", "is the phone , good ?"])
    assert before_ids != after_ids
    np.testing.assert_allclose(after, before, atol=1e-6)
    spelled = Tokeniser(out / "tokenizer.json", MAX_LENGTH)(["i hate this"])[0].ids
    assert kept["[UNK]"] not in spelled
    assert len(spelled) == 2 + 1 + len("hate") + len("this")
    told = json.loads((out / "training-config.json").read_text())
    assert told["started_from"] == "random"
    assert told["trimmed"]["tokeniser_fingerprint"] == fingerprint(out / "tokenizer.json")
    assert (told["trimmed"]["pieces"], told["trimmed"]["pieces_before"]) == (pieces, len(VOCABULARY))
    assert 0.8 < told["trimmed"]["share_of_tokens_kept"] < 1
    assert f"{pieces} of {len(VOCABULARY)} word pieces" in capsys.readouterr().out


def test_fewer_pieces_than_letters_are_refused(
    checkpoint: Path, chunks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written."""
    out = tmp_path / "small"
    command = ["trim", str(checkpoint), "--pieces", "9", "--chunks", str(chunks), "--out", str(out)]
    assert main(command) == 2
    assert "marks and letters alone are" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def moved(checkpoint: Path, folder: Path, by: float) -> Path:
    """The checkpoint with all weights moved by a little."""
    folder.mkdir()
    for path in checkpoint.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    weights = load_file(checkpoint / "model.safetensors")
    other = {name: (value + np.float16(by)).astype(np.float16) for name, value in weights.items()}
    save_file(other, folder / "model.safetensors", metadata={"format": "tf"})
    return folder


@pytest.mark.tensorflow
@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_blend_lies_between_its_two(checkpoint: Path, tmp_path: Path, share: float) -> None:
    """Every weight, the head's as well; at the ends it is one of the two."""
    other, out = moved(checkpoint, tmp_path / "other", 0.125), tmp_path / "between"
    assert main(["blend", str(checkpoint), str(other), "--share", str(share), "--out", str(out)]) == 0
    first, made = (load_file(folder / "model.safetensors") for folder in (checkpoint, out))
    assert made.keys() == first.keys()
    for name, value in made.items():
        wanted = first[name].astype(np.float32) + share * 0.125
        np.testing.assert_allclose(value.astype(np.float32), wanted, atol=2e-3, err_msg=name)
    told = json.loads((out / "training-config.json").read_text())
    assert [(part["name"], part["share"]) for part in told["blended"]] == [
        ("tiny", 1 - share),
        ("other", share),
    ]


def test_a_blend_of_other_word_pieces_is_refused(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same number of pieces does not make them the same."""
    other = moved(checkpoint, tmp_path / "other", 0.0)
    text = (other / "tokenizer.json").read_text().replace('"hate"', '"hare"')
    (other / "tokenizer.json").write_text(text)
    assert main(["blend", str(checkpoint), str(other), "--out", str(tmp_path / "out")]) == 3
    assert "have not the same word pieces" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_blend_of_another_shape_is_refused(
    checkpoint: Path, chunks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A trimmed one has fewer rows."""
    small, pieces = tmp_path / "small", len(SPECIAL) + LETTERS
    main(["trim", str(checkpoint), "--pieces", str(pieces), "--chunks", str(chunks), "--out", str(small)])
    assert main(["blend", str(checkpoint), str(small), "--out", str(tmp_path / "out")]) == 3
    assert "not of one shape" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["blend", "trim"])
@pytest.mark.parametrize(
    "names", [("CURRENT", "m/config.json"), ("config.json", "model.safetensors", "state.npz")]
)
def test_what_is_no_checkpoint_is_not_replaced(
    checkpoint: Path,
    chunks: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    names: tuple[str, ...],
) -> None:
    """The folder of models or runs, a pre-trained encoder with its state: one line, and all is as it was."""
    out = tmp_path / "out"
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("mine")
    more = {"blend": [str(checkpoint)], "trim": ["--pieces", "90", "--chunks", str(chunks)]}[command]
    assert main([command, str(checkpoint), *more, "--out", str(out)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"training {command}: {out} ")
    assert told.count("\n") == 1
    assert {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} == set(names)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
