"""Opening a model folder: what is accepted, what is refused, and what the operator is told."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from consumer.clean import CLEANING_VERSION
from consumer.errors import ModelRefusedError
from consumer.model.folder import UNCASED, open_model
from consumer.scale import Scale
from tests.model.folders import make_folder, seal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A valid model folder in a ``Models`` folder of its own."""
    return make_folder(tmp_path / "Models" / "toy")


def test_valid_folder_opens(folder: Path) -> None:
    """Name, version and maximum length come from the manifest; without calibration it is the identity."""
    model = open_model(folder)
    assert (model.name, model.version, model.max_length) == ("toy", "1.2.3", 32)
    assert (model.scale, model.threshold) == (Scale(), 0.5)
    assert model.tokeniser_path == folder / "tokenizer.json"


def test_current_names_the_folder_beside_it(folder: Path) -> None:
    """``MODEL_PATH=Models/CURRENT`` opens the folder whose name it holds."""
    pointer = folder.parent / "CURRENT"
    pointer.write_text("toy\n")
    assert open_model(pointer).path == folder


@pytest.mark.parametrize("content", ["", "\n", "../toy", "/etc", ".", "..", "toy\nother", "a\\b"])
def test_current_must_be_a_name(folder: Path, content: str) -> None:
    """Nothing but the name of a folder beside ``CURRENT`` is followed."""
    pointer = folder.parent / "CURRENT"
    pointer.write_text(content)
    with pytest.raises(ModelRefusedError, match="must be one line, the name of a folder beside it"):
        open_model(pointer)


def test_current_must_not_lead_out_by_a_link(folder: Path, tmp_path: Path) -> None:
    """A link beside ``CURRENT`` to a folder elsewhere is refused."""
    elsewhere = make_folder(tmp_path / "elsewhere")
    (folder.parent / "link").symlink_to(elsewhere)
    (folder.parent / "CURRENT").write_text("link\n")
    with pytest.raises(ModelRefusedError, match="leads out of"):
        open_model(folder.parent / "CURRENT")


def test_current_names_a_missing_folder(folder: Path) -> None:
    """The message says which folder is missing and who named it."""
    (folder.parent / "CURRENT").write_text("gone\n")
    with pytest.raises(ModelRefusedError, match=r"gone is missing: .*CURRENT names it"):
        open_model(folder.parent / "CURRENT")


def test_missing_path(tmp_path: Path) -> None:
    """A path that is not there is refused with what ``MODEL_PATH`` should be."""
    with pytest.raises(ModelRefusedError, match="MODEL_PATH must be"):
        open_model(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "name", ["openvino/model.bin", "tokenizer.json", "model.safetensors", "golden.jsonl"]
)
def test_one_flipped_bit_is_refused(folder: Path, name: str) -> None:
    """Damage anywhere in a listed file is found, and the file is named."""
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelRefusedError, match=rf"{name} is damaged"):
        open_model(folder)


@pytest.mark.parametrize("name", ["openvino/model.bin", "config.json"])
def test_missing_file_is_refused(folder: Path, name: str) -> None:
    """A listed file that is gone is named."""
    (folder / name).unlink()
    with pytest.raises(ModelRefusedError, match=rf"{name} is missing"):
        open_model(folder)


def test_unknown_extra_file_is_ignored(folder: Path) -> None:
    """A file that nothing reads does no harm."""
    (folder / "notes.txt").write_text("mine")
    assert open_model(folder).name == "toy"


@pytest.mark.parametrize("name", ["tf_model.h5", "calibration.json"])
def test_unlisted_file_that_would_be_read_is_refused(folder: Path, name: str) -> None:
    """A back end never reads what the manifest does not vouch for."""
    (folder / name).write_text("{}")
    with pytest.raises(ModelRefusedError, match=rf"{name} is not listed"):
        open_model(folder)


def test_other_cleaning_is_refused(folder: Path) -> None:
    """A model trained on texts cleaned otherwise is refused with both versions."""
    seal(folder, cleaning_version="0")
    said = f"cleaning version '0', this consumer cleans with '{CLEANING_VERSION}'"
    with pytest.raises(ModelRefusedError, match=said):
        open_model(folder)


def test_other_tokeniser_is_refused(folder: Path) -> None:
    """A tokeniser put in place of the trained one is refused, also when the hashes were made to fit."""
    other = json.loads((folder / "tokenizer.json").read_text())
    other["normalizer"]["lowercase"] = False
    (folder / "tokenizer.json").write_text(json.dumps(other))
    seal(folder)
    with pytest.raises(ModelRefusedError, match=r"tokenizer\.json: fingerprint .* was trained with"):
        open_model(folder)


def test_max_length_beyond_the_positions_is_refused(folder: Path) -> None:
    """A text of the maximum length must fit into the model."""
    seal(folder, max_length=65)
    with pytest.raises(ModelRefusedError, match="max_length is 65, the model has 64"):
        open_model(folder)


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/hostname", ""])
def test_manifest_must_stay_inside(folder: Path, name: str) -> None:
    """A path that leaves the folder is refused, whatever its hash."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelRefusedError, match="is not a path inside the folder"):
        open_model(folder)


def test_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    """A link to a file elsewhere is refused, although its content has the right hash."""
    shutil.move(folder / "model.safetensors", tmp_path / "weights")
    (folder / "model.safetensors").symlink_to(tmp_path / "weights")
    with pytest.raises(ModelRefusedError, match="leads out of the model folder"):
        open_model(folder)


@pytest.mark.parametrize("where", ["extra.bin", "openvino/extra.bin", "openvino/cache", "gone"])
def test_link_that_no_list_names_is_refused(folder: Path, tmp_path: Path, where: str) -> None:
    """A back end may look for more than the manifest lists; to a file, to a folder, or to nothing."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "extra.bin").write_bytes(b"x")
    to = {"openvino/cache": tmp_path / "outside", "gone": tmp_path / "nothing"}
    (folder / where).symlink_to(to.get(where, tmp_path / "outside" / "extra.bin"))
    with pytest.raises(ModelRefusedError, match="leads out of the model folder"):
        open_model(folder)


def test_link_in_an_original_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    """A folder without a manifest has no hashes, but no way out either."""
    (folder.parent / "CURRENT").write_text("toy\n")
    bare = _as_original(folder)
    (tmp_path / "elsewhere.safetensors").write_bytes(b"x")
    (bare / "model.safetensors").symlink_to(tmp_path / "elsewhere.safetensors")
    with pytest.raises(ModelRefusedError, match="leads out of the model folder"):
        open_model(bare)


def test_link_inside_the_folder_is_followed(folder: Path) -> None:
    """Volumes of Kubernetes are made of links that stay inside."""
    shutil.move(folder / "model.safetensors", folder / "..data")
    (folder / "model.safetensors").symlink_to("..data")
    assert open_model(folder).name == "toy"


def _without(field: str) -> Callable[[dict[str, object]], object]:
    return lambda manifest: manifest.pop(field)


def _with(field: str, value: object) -> Callable[[dict[str, object]], object]:
    return lambda manifest: manifest.update({field: value})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_without("name"), "name must be a string"),
        (_without("files"), "files must be an object"),
        (_with("files", {}), "does not list config.json"),
        (_with("max_length", "128"), "max_length must be a whole number"),
        (_with("max_length", True), "max_length must be a whole number"),
        (_with("max_length", 2), "max_length is 2"),
        (_with("schema_version", 2), "schema_version is 2, this consumer reads 1"),
    ],
)
def test_malformed_manifest_names_the_field(
    folder: Path, change: Callable[[dict[str, object]], object], reason: str
) -> None:
    """A manifest is data from outside: each field is checked and named."""
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelRefusedError, match=reason):
        open_model(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00", "[" * 100_000])
def test_unreadable_manifest(folder: Path, content: str) -> None:
    """Anything but a JSON object is refused with the file's name."""
    (folder / "manifest.json").write_text(content)
    with pytest.raises(ModelRefusedError, match=r"manifest\.json"):
        open_model(folder)


def test_calibration_is_read(folder: Path) -> None:
    """Scale and threshold are the model's own; what is not calibrated stays as it is."""
    (folder / "calibration.json").write_text(
        '{"temperature": 1.5, "stretch": 0.02, "bias": -0.1, "threshold": 0.4, "rows": 9}'
    )
    seal(folder)
    model = open_model(folder)
    assert (model.scale, model.threshold) == (Scale(1.5, 0.02, -0.1), 0.4)


@pytest.mark.parametrize(
    "content",
    [
        '{"temperature": 0}',
        '{"temperature": "1"}',
        '{"bias": NaN}',
        '{"stretch": -0.01}',
        '{"stretch": null}',
        '{"threshold": 1}',
        '{"threshold": true}',
    ],
)
def test_calibration_out_of_range_is_refused(folder: Path, content: str) -> None:
    """A calibration that would make every probability the same, or none, is refused."""
    (folder / "calibration.json").write_text(content)
    seal(folder)
    with pytest.raises(ModelRefusedError, match=r"calibration\.json: \w+ must"):
        open_model(folder)


def _as_original(folder: Path) -> Path:
    bare = folder.parent / "chunk_model1"
    bare.mkdir()
    shutil.copy(folder / "config.json", bare)
    (bare / "tf_model.h5").write_bytes(b"weights")
    return bare


def test_original_folder_opens_with_a_loud_warning(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without a manifest: the vocabulary in use beside it, no calibration, and a warning that says so."""
    (folder.parent / "CURRENT").write_text("toy\n")
    with caplog.at_level(logging.WARNING):
        model = open_model(_as_original(folder))
    assert model.manifest is None
    assert (model.name, model.version, model.max_length) == ("chunk_model1", "unversioned", 64)
    assert model.tokeniser_path == folder / "tokenizer.json"
    assert "MODEL NOT VERIFIED" in caplog.text
    assert "SCORER=tensorflow" in caplog.text


def test_original_folder_beside_none_takes_the_uncased_vocabulary(folder: Path) -> None:
    """Which such models were made for; also where the model in use beside it has other pieces."""
    (folder.parent / "CURRENT").write_text("toy\n")
    bare = _as_original(folder)
    (bare / "config.json").write_text('{"vocab_size": 30522}')
    assert open_model(bare).tokeniser_path == UNCASED
    (folder.parent / "CURRENT").unlink()
    assert open_model(bare).tokeniser_path == UNCASED


def test_original_folder_with_another_vocabulary_is_refused(folder: Path) -> None:
    """Word pieces of one vocabulary mean nothing to a model of another."""
    (folder.parent / "CURRENT").write_text("toy\n")
    bare = _as_original(folder)
    (bare / "config.json").write_text('{"vocab_size": 28996}')
    with pytest.raises(ModelRefusedError, match=r"vocab_size is 28996, .*tokenizer\.json has"):
        open_model(bare)


def test_folder_of_anything_is_refused(tmp_path: Path) -> None:
    """Neither a manifest nor what the original project saved: not a model folder."""
    with pytest.raises(ModelRefusedError, match="not a model folder"):
        open_model(tmp_path)
