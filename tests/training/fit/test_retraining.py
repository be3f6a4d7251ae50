"""What is compared on is there before training starts, and is not trained on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from consumer.errors import ModelRefusedError
from tests.models.tiny import random_texts
from tests.training.data.tables import write_csv
from training.data.mixture import Slice, read_slice
from training.data.rows import BadInputError
from training.data.split import place, split_of
from training.fit.retraining import Retraining, read_retraining, survey_added
from training.fit.start import Source, find_start

pytestmark = pytest.mark.tensorflow
TEXTS = random_texts(200, seed=8)
TRAINED = [text for text in TEXTS if split_of(place(text)[1]) == "train"]
HELD_OUT = [text for text in TEXTS if split_of(place(text)[1]) != "train"]


def labelled(path: Path, texts: list[str], targets: str = "04") -> Path:
    """A file of these texts, labels in turn."""
    return write_csv(path, [(targets[n % len(targets)], text) for n, text in enumerate(texts)])


def read(origin: Path, added: Path, held_out: Path) -> Retraining:
    """The retraining of what is started from there."""
    start = find_start(Source(str(origin), tokeniser=origin.parent))
    return read_retraining(origin, start, [added], [held_out])


@pytest.fixture
def checkpoint(tiny_checkpoint_path: Path, tmp_path: Path) -> Path:
    """A copy that a test may change, with its tokeniser beside it."""
    shutil.copy(tiny_checkpoint_path / "tokenizer.json", tmp_path)
    return Path(shutil.copytree(tiny_checkpoint_path, tmp_path / "run"))


def test_sets_are_those_that_have_rows(checkpoint: Path, tmp_path: Path) -> None:
    """Each held-out file, and of the new rows those of a held-out split, where there are any."""
    held_out = labelled(tmp_path / "held.csv", ["good", "", "bad"])
    found = read(checkpoint, labelled(tmp_path / "new.csv", TEXTS), held_out)
    assert {name: len(rows) for name, rows in found.held_out.items()} == {"held": 2, "added": len(HELD_OUT)}
    found = read(checkpoint, labelled(tmp_path / "new.csv", TRAINED), held_out)
    assert set(found.held_out) == {"held"}


def test_without_a_row_to_compare_on_it_does_not_begin(checkpoint: Path, tmp_path: Path) -> None:
    """Neutral rows alone, and new rows that all train: hours of training would end without a verdict."""
    new, held_out = labelled(tmp_path / "new.csv", TRAINED), labelled(tmp_path / "held.csv", TEXTS, "2")
    with pytest.raises(
        BadInputError, match=rf"^{held_out}: no row labelled 0 or 4 with text: nothing to com"
    ):
        read(checkpoint, new, held_out)


def test_bare_weights_cannot_be_compared_with(checkpoint: Path, tmp_path: Path) -> None:
    """They are no ``CURRENT`` that names a folder: the line says what is wanted."""
    from consumer.scoring.tensorflow import read_classifier  # noqa: PLC0415 - loads TensorFlow

    bare = tmp_path / "chunk_model1.h5"
    read_classifier(checkpoint).save_weights(bare)
    new = labelled(tmp_path / "new.csv", TEXTS)
    with pytest.raises(BadInputError, match=rf"^{bare} is a file of weights: --add .* needs its folder$"):
        read(bare, new, new)


def test_a_model_in_use_is_compared_with(checkpoint: Path, tmp_path: Path) -> None:
    """``CURRENT`` is a file too, and names a folder."""
    (tmp_path / "CURRENT").write_text("run\n")
    new = labelled(tmp_path / "new.csv", TEXTS)
    assert read(tmp_path / "CURRENT", new, new).model.path == checkpoint


def test_an_encoder_cannot_be_compared_with(checkpoint: Path, tmp_path: Path) -> None:
    """It labels nothing."""
    start = find_start(Source(str(checkpoint)))
    start.weights.pop("classifier/kernel")
    new = labelled(tmp_path / "new.csv", TEXTS)
    with pytest.raises(ModelRefusedError, match="run is no classifier"):
        read_retraining(checkpoint, start, [new], [new])


def test_a_row_that_is_measured_on_does_not_train(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever its label there and however it is written: what the split calls the same text."""
    new = labelled(tmp_path / "new.csv", TEXTS)
    measured = labelled(tmp_path / "held.csv", [TRAINED[0].upper(), "quite another text"], "2")
    (file,) = survey_added([new], [measured])
    same = [text for text in TRAINED if place(text) == place(TRAINED[0])]
    assert (file.rows, file.left_out) == (len(TRAINED) - len(same), len(same))
    rows = read_slice(Slice(file, range(file.rows)))
    assert [row.text for row in rows] == [text for text in TRAINED if text not in same]
    told = f"{new}: {len(same)} rows also stand in a file measured on: not trained on\n"
    assert capsys.readouterr().out == told


def test_nothing_is_told_where_nothing_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it should be."""
    new = labelled(tmp_path / "new.csv", TEXTS)
    (file,) = survey_added([new], [labelled(tmp_path / "held.csv", ["quite another text"])])
    assert (file.rows, file.left_out) == (len(TRAINED), 0)
    assert capsys.readouterr().out == ""
