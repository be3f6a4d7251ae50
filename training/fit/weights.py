"""Weights of a file by the names our classifier has for them, whichever library wrote them.

TensorFlow's names are ``distilbert/transformer/layer_._0/attention/q_lin/kernel`` and so on; a Keras
``kernel`` is PyTorch's ``weight`` transposed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

from consumer.errors import ModelRefusedError

Weights = dict[str, npt.NDArray[np.float32]]
_LAYER = "distilbert/transformer/layer_._"
_TORCH_LAYER = re.compile(r"transformer\.layer\.(\d+)\.")
_BERT_PART = {
    "attention.self.query": "attention.q_lin",
    "attention.self.key": "attention.k_lin",
    "attention.self.value": "attention.v_lin",
    "attention.output.dense": "attention.out_lin",
    "attention.output.LayerNorm": "sa_layer_norm",
    "intermediate.dense": "ffn.lin1",
    "output.dense": "ffn.lin2",
    "output.LayerNorm": "output_layer_norm",
}
_BERT_NAME = re.compile(r"(?:bert\.)?encoder\.layer\.(\d+)\.(.+)\.(weight|bias|gamma|beta)$")
_NORM = re.compile("LayerNorm|layer_norm")


def read_weights(path: Path) -> Weights:
    """All weights of an encoder and its head, if it has one, in float32.

    Reads ``.safetensors`` of TensorFlow or PyTorch, DistilBERT or BERT, in any float width, and ``.h5``
    as Keras' ``save_weights`` and ``transformers`` write it.

    Raises:
        ModelRefusedError: missing, cut short, or nothing of DistilBERT in it.
    """
    if not path.is_file():
        raise ModelRefusedError(f"{path} is missing")
    try:
        raw = _read_h5(path) if path.suffix == ".h5" else load_file(path)
    except Exception as error:  # h5py and safetensors raise a dozen types
        raise ModelRefusedError(f"{path}: damaged or not a file of weights: {error}") from error
    found = {name: value.astype(np.float32) for name, value in _renamed(raw).items()}
    if not any(name.startswith("distilbert/") for name in found):
        raise ModelRefusedError(f"{path}: holds no weights of a DistilBERT or BERT encoder")
    for name, value in found.items():
        if not np.isfinite(value).all():
            raise ModelRefusedError(f"{path}: {name} holds numbers that are none")
    return found


def keep_layers(weights: Weights, layers: Sequence[int]) -> Weights:
    """Those of an encoder that has only these layers of it, in this order, numbered anew.

    Raises ``ModelRefusedError`` naming a layer that is not there.
    """
    before = [f"{_LAYER}{layer}/" for layer in layers]
    kept = {name: value for name, value in weights.items() if not name.startswith(_LAYER)}
    for number, prefix in enumerate(before):
        found = {name: value for name, value in weights.items() if name.startswith(prefix)}
        if not found:
            raise ModelRefusedError(f"--layers: there is no layer {layers[number]} (they count from 0)")
        kept |= {f"{_LAYER}{number}/{name.removeprefix(prefix)}": v for name, v in found.items()}
    return kept


def _read_h5(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    found: dict[str, npt.NDArray[np.generic]] = {}

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


def _renamed(raw: Mapping[str, npt.NDArray[np.generic]]) -> dict[str, npt.NDArray[np.generic]]:
    if any("/" in name for name in raw):
        # Keras puts a layer's own name before the full name of each weight: the last root counts.
        pairs = ((_after_last_root(name), value) for name, value in raw.items())
        return {name: value for name, value in pairs if name}
    if any(_BERT_NAME.match(name) for name in raw):
        raw = _bert_as_distilbert(raw)
    return dict(_of_torch(name, value) for name, value in raw.items())


def _after_last_root(name: str) -> str | None:
    for root in ("/distilbert/", "/pre_classifier/", "/classifier/"):
        _, found, rest = f"/{name}".rpartition(root)
        if found:
            return f"{root.strip('/')}/{rest.removesuffix(':0')}"
    return None


def _bert_as_distilbert(raw: Mapping[str, npt.NDArray[np.generic]]) -> dict[str, npt.NDArray[np.generic]]:
    found: dict[str, npt.NDArray[np.generic]] = {}
    for name, value in raw.items():
        match = _BERT_NAME.match(name)
        if match and match[2] in _BERT_PART:
            found[f"distilbert.transformer.layer.{match[1]}.{_BERT_PART[match[2]]}.{match[3]}"] = value
        elif name.removeprefix("bert.").startswith("embeddings."):
            found[f"distilbert.{name.removeprefix('bert.')}"] = value
    positions, types = (f"distilbert.embeddings.{n}_embeddings.weight" for n in ("position", "token_type"))
    if positions in found and types in found:
        # DistilBERT has no token types: type 0, the only one ever used, moves into the positions.
        found[positions] = found[positions].astype(np.float32) + found.pop(types)[0].astype(np.float32)
    return found


def _of_torch(name: str, value: npt.NDArray[np.generic]) -> tuple[str, npt.NDArray[np.generic]]:
    name = _TORCH_LAYER.sub(r"transformer.layer_._\1.", name)
    stem, _, kind = name.rpartition(".")
    if _NORM.search(stem):
        kind = {"weight": "gamma", "bias": "beta"}.get(kind, kind)
    elif kind == "weight" and stem.endswith("position_embeddings"):
        kind = "embeddings"
    elif kind == "weight" and not stem.endswith("word_embeddings"):
        kind, value = "kernel", value.T
    stem = stem.replace("layer_._", "\0").replace(".", "/").replace("\0", "layer_._")
    return f"{stem}/{kind}", value
