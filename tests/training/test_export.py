"""Export and evaluation, on the tiny model."""

from __future__ import annotations

import json
import re
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import openvino as ov
import pytest

from consumer.errors import ModelRefusedError
from consumer.model.folder import ModelFolder, open_model
from consumer.model.manifest import hash_files, sha256
from consumer.model.reference import read_reference
from consumer.scoring.load import load_scorer
from consumer.signals import SIGNALS
from consumer.tokenise import Tokeniser
from tests.models.tiny import random_texts, write_labelled
from tests.training.test_evaluate import write_rows
from training.__main__ import main
from training.ship.origin import origin

pytestmark = pytest.mark.tensorflow
ROOT = Path(__file__).parents[2]
FILES = {
    "README.md", "calibration.json", "config.json", "drift-reference.json", "evaluation.json",
    "golden.jsonl", "model.safetensors",
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
    """The scale fitted at export is the one that ``open_model`` returns."""
    made = json.loads((tiny.path / "calibration.json").read_text())
    assert asdict(tiny.scale) == {name: made[name] for name in ("temperature", "stretch", "bias")}
    assert tiny.threshold == 0.5
    assert tiny.scale.margin(1.0) - tiny.scale.bias < 1 / 1.5  # labels were drawn at a third of the logits
    assert (made["rule"], made["set"], made["rows"], made["back_end"]) == (
        "accuracy", "labelled", 120, "openvino",
    )  # fmt: skip


def test_drift_reference_is_of_its_own_split(tiny: ModelFolder) -> None:
    """Every signal of every row of that file, on the shared bins; no text of it anywhere in the folder."""
    reference = read_reference(tiny.path)
    assert reference is not None
    assert (reference.set, reference.rows) == ("drift_reference", 80)
    assert {name: one.bins for name, one in reference.signals.items()} == SIGNALS
    longest = max(random_texts(80, seed=5), key=len)
    assert not any(longest.encode() in path.read_bytes() for path in tiny.path.rglob("*") if path.is_file())


def test_evaluation_names_sets_and_back_ends(tiny: ModelFolder) -> None:
    """Numbers stand by back end and set; int8 is compared with float32."""
    evaluation = json.loads((tiny.path / "evaluation.json").read_text())
    assert set(evaluation["back_ends"]) == {"openvino", "tensorflow"}
    assert evaluation["back_ends"]["openvino"]["labelled"]["n"] == 120
    assert evaluation["int8_against_float32"]["rows"] == 120
    assert evaluation["int8_against_float32"]["precision"] == "int8"
    assert evaluation["three_way"]["band"] is None
    assert 0.9 <= evaluation["same_label"]["labelled"] <= 1
    low, high = evaluation["intervals"]["back_ends"]["openvino"]["labelled"]["accuracy"]
    assert low < evaluation["back_ends"]["openvino"]["labelled"]["accuracy"] < high


def test_card_carries_the_numbers(tiny: ModelFolder) -> None:
    """The model card shows the accuracy of the evaluation, and names no path of a machine."""
    card = (tiny.path / "README.md").read_text()
    accuracy = json.loads((tiny.path / "evaluation.json").read_text())["back_ends"]["openvino"]["labelled"]
    assert f"{accuracy['accuracy']:.4f}" in card
    assert "95 % intervals of the accuracy: labelled 0." in card
    assert "The drift reference is 80 rows of drift_reference" in card
    assert "from random weights" in card
    assert str(tiny.path.parent) not in card


@pytest.fixture
def flags(tiny_checkpoint_path: Path) -> list[str]:
    """Of an export of the tiny checkpoint, but for --out."""
    made = tiny_checkpoint_path.parent
    data, drift = made / "labelled.csv", made / "drift_reference.csv"
    return [
        "--from", str(tiny_checkpoint_path), "--calibration", str(data), "--validation", str(data),
        "--drift-reference", str(drift), "--samples", "20",
    ]  # fmt: skip


def test_a_neutral_band_is_chosen_and_measured_on_request(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On rows of its own; the consumer goes on without one unless it is set."""
    chosen, measured = (write_rows(tmp_path / f"{name}.csv", "420" * 15) for name in ("chosen", "measured"))
    asked = ("--choose-band", str(chosen), "--evaluate", str(measured))
    assert main(["export", *flags, *asked, "--out", str(tmp_path / "Models" / "banded")]) == 0
    content = json.loads((tmp_path / "Models" / "banded" / "evaluation.json").read_text())["three_way"]
    low, high = content["band"]
    assert low <= 0.5 <= high
    assert content["chosen_on"] == "chosen"
    assert content["back_ends"]["openvino"]["measured"]["n"] == 45
    assert f"neutral band {low:g} to {high:g}, chosen on chosen" in capsys.readouterr().out


@pytest.mark.parametrize(("labels", "missing"), [("40", "2, neutral"), ("42", "0, negative")])
def test_a_band_wants_rows_of_all_three_classes(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], labels: str, missing: str
) -> None:
    """Rows of two cannot choose one: a line with their file, and nothing is left behind."""
    two = write_rows(tmp_path / "two.csv", labels * 15)
    assert main(["export", *flags, "--choose-band", str(two), "--out", str(tmp_path / "M" / "none")]) == 2
    assert (
        capsys.readouterr()
        .err.splitlines()[-1]
        .startswith(f"training export: {two}: no row labelled {missing}")
    )
    assert list((tmp_path / "M").iterdir()) == []


def test_failed_export_leaves_the_old_folder(
    copy: Path,
    flags: list[str],
    tiny_checkpoint_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An export that is refused exits 3, changes nothing and leaves nothing behind."""
    before = hash_files(copy.parent)
    broken = Path(shutil.copytree(tiny_checkpoint_path, tmp_path / "broken"))
    (broken / "config.json").write_text((broken / "config.json").read_text().replace("distilbert", "bert"))
    assert main(["export", *flags, "--from", str(broken), "--out", str(copy)]) == 3
    assert "model_type" in capsys.readouterr().err
    assert hash_files(copy.parent) == before


@pytest.fixture
def limit() -> Iterator[Callable[[int], None]]:
    """No file may grow beyond so many bytes, as on a disk that is full; afterwards as before."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("step", ["checkpoint", "SavedModel", "OpenVINO"])
def test_full_disk_leaves_the_old_folder(
    copy: Path,
    flags: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    limit: Callable[[int], None],
    step: str,
) -> None:
    """A write that fails half way, whichever runtime makes it: one line with a file, 2, all as it was."""
    from training.ship import convert  # noqa: PLC0415 - loads TensorFlow

    before, quantised = hash_files(copy.parent), convert._quantised

    def full(model: object, texts: Sequence[Sequence[int]]) -> object:
        made = quantised(model, texts)
        limit((copy / "openvino" / "model.bin").stat().st_size // 2)
        return made

    if step == "OpenVINO":
        monkeypatch.setattr(convert, "_quantised", full)
    else:  # the weights are copied first; the SavedModel has them twice as wide
        limit({"checkpoint": 20_000, "SavedModel": (copy / "model.safetensors").stat().st_size + 1}[step])
    assert main(["export", *flags, "--out", str(copy)]) == 2
    told = capsys.readouterr().err.splitlines()
    place = {"SavedModel": tempfile.gettempdir(), "OpenVINO": str(copy.parent / ".tiny.tmp" / "openvino")}
    assert told[-1].startswith(f"training export: {place.get(step, '')}")
    assert [one for one in told if one.startswith("training")] == told[-1:]
    assert not any("Traceback" in one for one in told)
    assert hash_files(copy.parent) == before


def test_the_gate_refuses(
    copy: Path,
    flags: list[str],
    tiny_checkpoint_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A serving model that is another one than was trained never gets a folder."""
    from safetensors.numpy import load_file, save_file  # noqa: PLC0415 - beside TensorFlow

    other = Path(shutil.copytree(tiny_checkpoint_path, tmp_path / "other"))
    weights = load_file(other / "model.safetensors")
    bias = next(name for name in weights if name.startswith("classifier") and "bias" in name)
    weights[bias] = weights[bias] + 2
    save_file(weights, other / "model.safetensors", metadata={"format": "tf"})
    monkeypatch.setattr(
        "training.export.to_openvino",
        lambda work, _texts: shutil.copytree(copy / "openvino", work / "openvino"),
    )
    assert main(["export", *flags, "--from", str(other), "--out", str(copy.parent / "new")]) == 3
    assert "int8 is too far from float32" in capsys.readouterr().err
    assert [path.name for path in copy.parent.iterdir()] == ["tiny"]


def test_folder_in_use_is_not_replaced(
    copy: Path, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is computed."""
    (copy.parent / "CURRENT").write_text("tiny\n")
    assert main(["export", *flags, "--out", str(copy)]) == 2
    assert "--replace" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["Models", "processed", "run"])
def test_what_is_no_model_folder_is_not_replaced(
    copy: Path,
    flags: list[str],
    tiny_checkpoint_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    place: str,
) -> None:
    """All models, chunked data with its own manifest, a checkpoint: one line, and all is as it was."""
    (copy.parent / "CURRENT").write_text("tiny\n")
    shutil.copytree(tiny_checkpoint_path, tmp_path / "run")
    (tmp_path / "processed").mkdir()
    (tmp_path / "processed" / "manifest.json").write_text("{}")
    before = hash_files(tmp_path)
    assert main(["export", *flags, "--out", str(tmp_path / place)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"training export: {tmp_path / place} is no")
    assert told.count("\n") == 1
    assert hash_files(tmp_path) == before


@pytest.mark.parametrize("missing", ["--from", "--calibration", "--validation", "--drift-reference"])
def test_missing_input_is_named(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    """One line that says where it should come from, exit 2, and no folder."""
    gone = ["--out", str(tmp_path / "x"), missing, str(tmp_path / "none")]
    assert main(["export", *flags, *gone]) == 2
    told = capsys.readouterr().err
    assert re.search(r"none is missing: .*training (train|chunk)`", told)
    assert not (tmp_path / "x").exists()


def test_the_drift_reference_is_not_the_calibration(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows that calibrated agree with the model too well."""
    same = flags[flags.index("--calibration") + 1]
    assert main(["export", *flags, "--drift-reference", same, "--out", str(tmp_path / "x")]) == 2
    assert "needs rows that did not calibrate" in capsys.readouterr().err


def test_other_cleaning_is_refused(
    flags: list[str], tiny_checkpoint_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The manifest may not promise a cleaning that the training did not have."""
    old = Path(shutil.copytree(tiny_checkpoint_path, tmp_path / "old"))
    (old / "training-config.json").write_text('{"cleaning_version": "0"}')
    assert main(["export", *flags, "--from", str(old), "--out", str(tmp_path / "x")]) == 3
    assert "trained on texts of cleaning version '0'" in capsys.readouterr().err


def test_float_export_of_what_the_original_saved(
    copy: Path, flags: list[str], tiny_checkpoint_path: Path, tmp_path: Path
) -> None:
    """A folder of config.json and tf_model.h5, with the word pieces in use; no int8, as the card says."""
    from consumer.scoring.tensorflow import read_classifier  # noqa: PLC0415 - loads TensorFlow

    original, out = tmp_path / "chunk_model1", copy.parent / "again"
    read_classifier(tiny_checkpoint_path).save_pretrained(original)
    (copy.parent / "CURRENT").write_text("tiny\n")
    named = ["--name", "mini", "--version", "2.0.0"]
    assert main(["export", *flags, "--from", str(original), "--float", "--out", str(out), *named]) == 0
    model = open_model(out)
    assert (model.name, model.version, model.max_length) == ("mini", "2.0.0", 64)
    ids = [t.ids for t in Tokeniser(model.tokeniser_path, 32)(random_texts(40, seed=9))]
    serving, reference = (load_scorer(out, kind).logits(ids) for kind in ("openvino", "tensorflow"))
    assert np.allclose(serving, reference, atol=0.02)
    assert np.allclose(reference, load_scorer(copy, "tensorflow").logits(ids), atol=2e-3)
    size, int8 = ((folder / "openvino" / "model.bin").stat().st_size for folder in (out, copy))
    assert size > 1.2 * int8
    card = (out / "README.md").read_text()
    assert "int8" not in card
    assert "Fine-tuned from chunk_model1." in card


def test_bare_weights_are_brought(copy: Path, tiny_checkpoint_path: Path, tmp_path: Path) -> None:
    """A file such as the original's chunk_model1.h5, with the word pieces that are named."""
    from consumer.scoring.tensorflow import read_classifier  # noqa: PLC0415 - loads TensorFlow
    from training.ship.source import bring  # noqa: PLC0415 - as above

    read_classifier(tiny_checkpoint_path).save_pretrained(tmp_path / "saved")
    bare = tmp_path / "chunk_model1.h5"
    shutil.move(tmp_path / "saved" / "tf_model.h5", bare)
    work = tmp_path / "work"
    work.mkdir()
    bring(bare, work, copy)
    ids = [t.ids for t in Tokeniser(work / "tokenizer.json", 32)(random_texts(10, seed=9))]
    ours, theirs = (load_scorer(path, "tensorflow").logits(ids) for path in (copy, work))
    assert np.allclose(ours, theirs, atol=2e-3)


def test_pre_training_is_told(tiny_checkpoint_path: Path, tmp_path: Path) -> None:
    """Where the run's start lies beside it and its hash fits, the card tells how that was made."""
    from training.ship.source import bring  # noqa: PLC0415 - loads TensorFlow

    start, run = tmp_path / "pretrained", tmp_path / "mini" / "best"
    for folder in (start, run):
        shutil.copytree(tiny_checkpoint_path, folder)
    masked = {"masked_language": {"texts": 1234, "started_from": "all-minilm-l6-v2"}}
    (start / "training-config.json").write_text(json.dumps(masked))
    told = {"started_from": "pretrained", "start_sha256": sha256(start / "model.safetensors")}
    (run / "training-config.json").write_text(json.dumps(told))
    (tmp_path / "work").mkdir()
    bring(run, tmp_path / "work")
    written = json.loads((tmp_path / "work" / "training-config.json").read_text())
    assert written == told | {"start": masked}
    assert origin(written).startswith("Pre-trained as a masked language model on 1,234 tweets")
    assert "Apache-2.0" in origin(written)


def test_an_encoder_is_no_classifier(
    copy: Path, flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Weights without a head are refused: a random one would be exported."""
    from safetensors.numpy import load_file, save_file  # noqa: PLC0415 - beside TensorFlow

    (copy.parent / "CURRENT").write_text("tiny\n")
    weights = load_file(copy / "model.safetensors")
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(copy / "config.json", bare)
    encoder = {k: v for k, v in weights.items() if not k.startswith(("classifier", "pre_classifier"))}
    save_file(encoder, bare / "model.safetensors", metadata={"format": "tf"})
    assert main(["export", *flags, "--from", str(bare), "--out", str(copy.parent / "again")]) == 3
    assert "its weights lack pre_classifier" in capsys.readouterr().err


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


def test_int8_weights_leave_room_for_sums_of_16_bits(tiny: ModelFolder) -> None:
    """Two products of 255 and a weight fit in 16 bits, so that a CPU with AVX2 alone computes the same."""
    for folder in (tiny.path, open_model(ROOT / "Models" / "CURRENT").path):
        weights = list(_multiplied(ov.Core().read_model(folder / "openvino" / "model.xml")))
        assert len(weights) >= 6, folder  # a layer's
        assert max(2 * 255 * int(np.abs(w.astype(np.int16)).max()) for w in weights) < 2**15, folder


def _multiplied(model: ov.Model) -> Iterator[np.ndarray]:
    """The int8 weights of products; tables that rows are only looked up in are left out."""
    for node in model.get_ops():
        if node.get_type_name() == "Constant" and node.get_element_type() == ov.Type.i8:
            follows = node
            while follows.get_type_name() not in {"MatMul", "Gather"}:
                (follows,) = (put.get_node() for put in follows.output(0).get_target_inputs())
            if follows.get_type_name() == "MatMul":
                yield node.data
