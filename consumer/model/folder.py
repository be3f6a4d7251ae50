"""Opening a model folder: found, verified, read. Nothing of it is loaded into a runtime here."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypedDict

from consumer.clean import CLEANING_VERSION
from consumer.errors import ModelRefusedError
from consumer.model.manifest import (
    NAME,
    Manifest,
    check_files,
    check_links,
    inside,
    read_manifest,
    read_object,
)
from consumer.scale import AS_IT_IS, Scale
from consumer.tokenise import fingerprint

POINTER = "CURRENT"
DEFAULT_MAX_LENGTH = 128  # word pieces; what the original project padded to
# The word pieces of BERT's uncased models, which the original project's models were made for.
UNCASED = Path(__file__).with_name("uncased") / "tokenizer.json"
_UNVERSIONED = "unversioned"
# What a back end or the consumer reads: none of these may stand in a folder unlisted.
_LOADED = (
    "config.json",
    "model.safetensors",
    "tf_model.h5",
    "tokenizer.json",
    "openvino/model.xml",
    "openvino/model.bin",
    "calibration.json",
    "golden.jsonl",
    "drift-reference.json",
)
_SCALE = tuple(field.name for field in fields(Scale))
_REQUIRED = ("config.json", "tokenizer.json", "golden.jsonl")
_log = logging.getLogger(__name__)


class _Calibrated(TypedDict, total=False):
    scale: Scale
    threshold: float


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A verified model folder. p = sigmoid(scale.margin(logit)); positive when p ≥ threshold."""

    path: Path
    name: str
    version: str
    max_length: int
    tokeniser_path: Path
    threshold: float = 0.5
    scale: Scale = AS_IT_IS
    manifest: Manifest | None = None


def open_model(path: Path) -> ModelFolder:
    """Verify the model folder at ``path``, or the one that a ``CURRENT`` file at ``path`` names.

    Hashes of 80 MB take about 0.1 s. A folder without a manifest is opened with a warning, if it
    holds what the original project saved: ``config.json`` and ``tf_model.h5``.

    Raises:
        ModelRefusedError: naming the file and what would be right.
    """
    folder = resolve(path)
    check_links(folder)
    if (folder / NAME).exists():
        return _open_verified(folder)
    return _open_bare(folder)


def resolve(path: Path) -> Path:
    """The model folder that ``path`` is, or that the one line of the file ``path`` names beside it."""
    if path.is_dir():
        return path
    if not path.is_file():
        raise ModelRefusedError(
            f"{path} is missing: MODEL_PATH must be a model folder, a {POINTER} file or hub:org/name@revision"
        )
    try:
        name = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ModelRefusedError(f"{path}: not readable: {error}") from error
    if not name or name in {".", ".."} or {"/", "\\", "\n", "\0"} & set(name):
        raise ModelRefusedError(f"{path}: must be one line, the name of a folder beside it, is {name!r:.80}")
    folder = path.parent / name
    if not folder.is_dir():
        raise ModelRefusedError(f"{folder} is missing: {path} names it")
    if folder.resolve().parent != path.parent.resolve():
        raise ModelRefusedError(f"{folder} is a link that leads out of {path.parent}")
    return folder


def check_unchanged(model: ModelFolder) -> None:
    """Raise ``ModelRefusedError`` where the folder is another one by now than ``open_model`` verified.

    Between verifying and reading by a runtime somebody may put a newer folder in its place.
    """
    if model.manifest is not None and read_manifest(model.path / NAME) != model.manifest:
        raise ModelRefusedError(f"{model.path} was replaced while it was being loaded: start again")


def _open_verified(folder: Path) -> ModelFolder:
    manifest = read_manifest(inside(folder, NAME))
    for name in _REQUIRED:
        if name not in manifest.files:
            raise ModelRefusedError(f"{folder / NAME}: does not list {name}")
    check_files(folder, manifest, _LOADED)
    _check_made_alike(folder, manifest)
    return ModelFolder(
        path=folder,
        name=manifest.name,
        version=manifest.version,
        max_length=manifest.max_length,
        tokeniser_path=folder / "tokenizer.json",
        manifest=manifest,
        **_calibration(folder / "calibration.json"),
    )


def _check_made_alike(folder: Path, manifest: Manifest) -> None:
    if manifest.cleaning_version != CLEANING_VERSION:
        raise ModelRefusedError(
            f"{folder / NAME}: trained on texts of cleaning version {manifest.cleaning_version!r}, "
            f"this consumer cleans with {CLEANING_VERSION!r}; train again or run the consumer that fits"
        )
    found = fingerprint(folder / "tokenizer.json")
    if manifest.tokeniser_fingerprint != found:
        raise ModelRefusedError(
            f"{folder / 'tokenizer.json'}: fingerprint {found}, the model was trained with "
            f"{manifest.tokeniser_fingerprint}"
        )
    positions = read_object(folder / "config.json").get("max_position_embeddings")
    if isinstance(positions, int) and manifest.max_length > positions:
        raise ModelRefusedError(
            f"{folder / NAME}: max_length is {manifest.max_length}, the model has {positions} positions"
        )


def _calibration(path: Path) -> _Calibrated:
    if not path.exists():
        return {}
    raw = read_object(path)
    values = {name: raw[name] for name in (*_SCALE, "threshold") if name in raw}
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ModelRefusedError(f"{path}: {name} must be a number, is {value!r:.60}")
    if values.get("temperature", 1.0) <= 0:
        raise ModelRefusedError(f"{path}: temperature must be above 0, is {values['temperature']}")
    if values.get("stretch", 0.0) < 0:
        raise ModelRefusedError(f"{path}: stretch must not be below 0, is {values['stretch']}")
    if not 0 < values.get("threshold", 0.5) < 1:
        raise ModelRefusedError(f"{path}: threshold must lie between 0 and 1, is {values['threshold']}")
    read: _Calibrated = {"scale": Scale.of(values)}
    if "threshold" in values:
        read["threshold"] = float(values["threshold"])
    return read


def _open_bare(folder: Path) -> ModelFolder:
    for name in ("config.json", "tf_model.h5"):
        if not inside(folder, name).is_file():
            raise ModelRefusedError(f"{folder}: neither {NAME} nor {name}: not a model folder")
    config = read_object(folder / "config.json")
    tokeniser = _tokeniser_for(folder, config.get("vocab_size"))
    _check_vocabulary(folder, config, tokeniser)
    positions = config.get("max_position_embeddings", DEFAULT_MAX_LENGTH)
    _log.warning(
        "MODEL NOT VERIFIED: %s has no %s. Nothing shows that it is undamaged or fits this consumer's "
        "cleaning; word pieces are taken from %s, probabilities are not calibrated, and it needs "
        "SCORER=tensorflow.",
        folder, NAME, tokeniser, extra={"event": "model_not_verified"},
    )  # fmt: skip
    return ModelFolder(
        path=folder,
        name=folder.resolve().name,
        version=_UNVERSIONED,
        max_length=min(DEFAULT_MAX_LENGTH, int(positions)),
        tokeniser_path=tokeniser,
    )


def _tokeniser_for(folder: Path, pieces: Any) -> Path:
    """The folder's own tokeniser; else that of the model in use beside it or BERT's uncased one, as fits.

    Where none fits the last is returned: the caller says what is wrong.
    """
    if (folder / "tokenizer.json").exists():
        return inside(folder, "tokenizer.json")
    pointer = folder.parent / POINTER
    beside = [resolve(pointer) / "tokenizer.json"] if pointer.is_file() else []
    found = [path for path in (*beside, UNCASED) if path.is_file()]
    return next((path for path in found if vocabulary_size(path) == pieces), UNCASED)


def _check_vocabulary(folder: Path, config: dict[str, Any], tokeniser: Path) -> None:
    pieces = vocabulary_size(tokeniser)
    if config.get("vocab_size") != pieces:
        raise ModelRefusedError(
            f"{folder / 'config.json'}: vocab_size is {config.get('vocab_size')}, {tokeniser} has {pieces}"
        )


def vocabulary_size(tokeniser: Path) -> int:
    """Pieces of a ``tokenizer.json``. Raises ``ModelRefusedError`` where it cannot be read."""
    return len(read_object(tokeniser).get("model", {}).get("vocab", ()))
