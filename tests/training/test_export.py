"""Export, evaluation and promotion, on the tiny model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from consumer.errors import ModelRefusedError
from consumer.model.folder import ModelFolder, open_model
from consumer.model.manifest import hash_files
from consumer.scoring.load import load_scorer
from consumer.tokenise import Tokeniser
from tests.models.tiny import random_texts, write_labelled
from training.__main__ import main

pytestmark = pytest.mark.tensorflow
FILES = {
    "README.md", "calibration.json", "config.json", "evaluation.json", "golden.jsonl", "model.safetensors",
    "openvino/model.bin", "openvino/model.xml", "tokenizer.json", "training-config.json", "vocab.txt",
}  # fmt: skip


@pytest.fixture
def copy(tiny: ModelFolder, tmp_path: Path) -> Path:
    """The tiny model in a ``Models`` folder of its own."""
    return Path(shutil.copytree(tiny.path, tmp_path / "Models" / "tiny"))


def test_folder_is_complete(tiny: ModelFolder) -> None:
    """Every promised file is there and vouched for by the manifest, and nothing else."""
    assert tiny.manifest is not None
    assert set(tiny.manifest.files) == FILES == set(hash_files(tiny.path))


def test_maximum_length_is_the_trained_one(tiny: ModelFolder) -> None:
    """Serving cuts texts where training cut them."""
    assert tiny.max_length == 32


def test_calibration_is_what_the_consumer_reads(tiny: ModelFolder) -> None:
    """The temperature fitted at export is the one that ``open_model`` returns."""
    assert tiny.temperature == json.loads((tiny.path / "calibration.json").read_text())["temperature"] != 1.0


def test_evaluation_names_sets_and_back_ends(tiny: ModelFolder) -> None:
    """Numbers stand by back end and set; int8 is compared with float32."""
    evaluation = json.loads((tiny.path / "evaluation.json").read_text())
    assert set(evaluation["back_ends"]) == {"openvino", "tensorflow"}
    assert evaluation["back_ends"]["openvino"]["labelled"]["n"] == 120
    assert evaluation["int8_against_float32"]["rows"] == 120


def test_card_carries_the_numbers(tiny: ModelFolder) -> None:
    """The model card shows the accuracy of the evaluation, and names no path of a machine."""
    card = (tiny.path / "README.md").read_text()
    accuracy = json.loads((tiny.path / "evaluation.json").read_text())["back_ends"]["openvino"]["labelled"]
    assert f"{accuracy['accuracy']:.4f}" in card
    assert str(tiny.path.parent) not in card


def test_failed_export_leaves_the_old_folder(
    copy: Path, tiny_checkpoint_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An export that the gate refuses exits 3, changes nothing and leaves nothing behind."""
    before = hash_files(copy.parent)
    data = write_labelled(tmp_path / "labelled.csv", 30, seed=2)
    broken = Path(shutil.copytree(tiny_checkpoint_path, tmp_path / "broken"))
    (broken / "config.json").write_text((broken / "config.json").read_text().replace("distilbert", "bert"))
    flags = ["--from", broken, "--out", copy, "--calibration", data, "--validation", data]
    assert main(["export", *map(str, flags)]) == 3
    assert "model_type" in capsys.readouterr().err
    assert hash_files(copy.parent) == before


def test_missing_input_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A checkpoint that is not there: one line, exit 2."""
    assert main(["export", "--from", str(tmp_path / "none"), "--out", str(tmp_path / "x")]) == 2
    assert "config.json is missing" in capsys.readouterr().err


def test_promote_moves_current(copy: Path) -> None:
    """After promotion ``CURRENT`` opens the folder."""
    assert main(["promote", str(copy)]) == 0
    assert (copy.parent / "CURRENT").read_text() == "tiny\n"
    assert open_model(copy.parent / "CURRENT").path == copy


def test_promote_refuses_what_the_consumer_would(copy: Path) -> None:
    """A damaged folder exits 3 and leaves ``CURRENT`` where it was."""
    (copy.parent / "CURRENT").write_text("older\n")
    (copy / "openvino" / "model.bin").write_bytes(b"")
    assert main(["promote", str(copy)]) == 3
    assert (copy.parent / "CURRENT").read_text() == "older\n"


def test_evaluate_writes_the_numbers(copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``evaluate`` prints a table and writes the same numbers."""
    data = write_labelled(tmp_path / "mine.csv", 40, seed=4)
    out = tmp_path / "numbers.json"
    assert main(["evaluate", str(data), "--model", str(copy), "--out", str(out)]) == 0
    numbers = json.loads(out.read_text())["back_ends"]["openvino"]["mine"]
    assert numbers["n"] == 40
    assert f"| mine | 40 | openvino | {numbers['accuracy']:.4f} |" in capsys.readouterr().out


def test_folder_as_the_original_saved_it(copy: Path, caplog: pytest.LogCaptureFixture) -> None:
    """``config.json`` and ``tf_model.h5`` alone load with TensorFlow and give the same scores."""
    from consumer.scoring.tensorflow import read_classifier  # noqa: PLC0415 - loads TensorFlow

    original = copy.parent / "chunk_model1"
    read_classifier(copy).save_pretrained(original)
    assert {path.name for path in original.iterdir()} == {"config.json", "tf_model.h5"}
    (copy.parent / "CURRENT").write_text("tiny\n")
    model = open_model(original)
    ids = [t.ids for t in Tokeniser(model.tokeniser_path, 32)(random_texts(20, seed=9))]
    assert "MODEL NOT VERIFIED" in caplog.text
    ours, theirs = (load_scorer(path, "tensorflow").logits(ids) for path in (copy, original))
    assert np.allclose(ours, theirs, atol=1e-5)
    with pytest.raises(ModelRefusedError, match="SCORER=tensorflow"):
        load_scorer(original, "openvino")


def test_weights_without_the_head_are_refused(copy: Path) -> None:
    """An encoder alone would be scored with a random head: it is refused, and the missing part named."""
    from safetensors.numpy import load_file, save_file  # noqa: PLC0415 - beside TensorFlow

    weights = {
        k: v for k, v in load_file(copy / "model.safetensors").items() if not k.startswith("classifier")
    }
    save_file(weights, copy / "model.safetensors", metadata={"format": "tf"})
    with pytest.raises(ModelRefusedError, match=r"its weights lack .*classifier"):
        load_scorer(copy, "tensorflow")
