"""Where training starts: an encoder's folder, a checkpoint, bare weights, or nothing but chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import tf_keras
from transformers import DistilBertConfig, TFDistilBertForSequenceClassification

from consumer.errors import ModelRefusedError
from consumer.model.folder import POINTER, resolve, vocabulary_size
from consumer.model.manifest import read_object
from training.fit.weights import Weights, keep_layers, read_weights
from training.measure.opened import check_tokeniser

RANDOM = "random"
BEST = "best"  # of a run's folder: the weights that validated best
_WEIGHTS = ("model.safetensors", "tf_model.h5")
_ONE_LOGIT = {"num_labels": 1, "id2label": {0: "positive"}, "label2id": {"positive": 0}}
_HEADS = 12  # of DistilBERT, and of most encoders; weights do not tell it


@dataclass(frozen=True, slots=True)
class Source:
    """Where to start, as it was asked for.

    Attributes:
        place: ``random``, a folder, a ``CURRENT`` file, or a file of weights.
        config: a ``config.json`` where the place has none.
        tokeniser: a folder with ``tokenizer.json`` and ``vocab.txt`` where the place has none.
        settings: what the configuration shall say otherwise: dropout, or the shape of a random model.
        layers: numbers of the layers that are kept, counted from 0; none named are all.
    """

    place: str
    config: Path | None = None
    tokeniser: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    layers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """Where to start, found: nothing of it is in TensorFlow yet, all of it was read and fits."""

    name: str
    config: DistilBertConfig
    weights: Weights
    tokeniser: Path  # the folder of tokenizer.json and vocab.txt
    file: Path | None  # that the weights came from

    def without_weights(self) -> Start:
        """What is left to know of it once TensorFlow has the weights: a run must not keep them twice."""
        return replace(self, weights={})


def find_start(source: Source) -> Start:
    """Read and check all that ``source`` names.

    Raises:
        ModelRefusedError: missing, damaged, of another architecture, or with another tokeniser than it was
            trained with.
    """
    if source.place == RANDOM:
        return _random(source)
    place = Path(source.place)
    if place.name == POINTER and not place.is_dir():
        place = resolve(place)
    folder = place if place.is_dir() else place.parent
    file = _weights_file(place) if place.is_dir() else place
    weights = read_weights(file)
    config = _config(source, folder, place, weights)
    tokeniser = _tokeniser(source, folder, config.vocab_size)
    check_tokeniser(folder, tokeniser / "tokenizer.json")
    _check_shapes(file, config, weights)
    if source.layers:
        weights = keep_layers(weights, source.layers)
        config.n_layers = len(source.layers)
        _check_shapes(file, config, weights)
    return Start(called(place), config, weights, tokeniser, file)


def called(place: Path) -> str:
    """What a start is called: its file or folder; of a run's ``best`` weights the run.

    >>> called(Path("runs/first/best")), called(Path("Models/mini"))
    ('first', 'mini')
    """
    return place.parent.name if place.name == BEST and place.parent.name else place.name


def _random(source: Source) -> Start:
    if source.tokeniser is None:
        raise ModelRefusedError("--from random needs --tokeniser: the folder of a tokenizer.json")
    pieces = vocabulary_size(source.tokeniser / "tokenizer.json")
    read = read_object(source.config) if source.config else {}
    config = _distilbert(Path(source.config or RANDOM), {"vocab_size": pieces} | read, source.settings)
    return Start(RANDOM, config, {}, _tokeniser(source, source.tokeniser, config.vocab_size), None)


def _weights_file(folder: Path) -> Path:
    for name in _WEIGHTS:
        if (folder / name).is_file():
            return folder / name
    raise ModelRefusedError(f"{folder}: neither {' nor '.join(_WEIGHTS)} in it")


def _config(source: Source, folder: Path, place: Path, weights: Weights) -> DistilBertConfig:
    path = source.config or folder / "config.json"
    # Weights alone may lie anywhere: a config.json beside them counts where it is a DistilBERT's.
    if path.is_file() or place.is_dir():
        return _distilbert(path, read_object(path), source.settings)
    return DistilBertConfig.from_dict(_inferred(weights) | _ONE_LOGIT | dict(source.settings))


def _distilbert(path: Path, content: dict[str, Any], settings: Mapping[str, Any]) -> DistilBertConfig:
    kind = content.get("model_type", "distilbert")
    if kind == "bert" and content.get("hidden_act", "gelu") == "gelu":
        content = bert_as_distilbert(path, content)
    elif kind != "distilbert":
        raise ModelRefusedError(f"{path}: a {kind} encoder does not fit DistilBERT's shape")
    content = {k: v for k, v in content.items() if k not in ("architectures", "torch_dtype", "dtype")}
    try:
        config = DistilBertConfig.from_dict(content | _ONE_LOGIT | dict(settings))
    except Exception as error:  # transformers raises whatever a wrong value leads to
        raise ModelRefusedError(f"{path}: not a configuration: {error}") from error
    if config.dim % config.n_heads:
        raise ModelRefusedError(f"{path}: {config.dim} wide does not divide into {config.n_heads} heads")
    return config


def bert_as_distilbert(path: Path, bert: Mapping[str, Any]) -> dict[str, Any]:
    """DistilBERT's configuration with the shape of a BERT encoder's."""
    try:
        return {
            "vocab_size": bert["vocab_size"],
            "max_position_embeddings": bert["max_position_embeddings"],
            "dim": bert["hidden_size"],
            "n_layers": bert["num_hidden_layers"],
            "n_heads": bert["num_attention_heads"],
            "hidden_dim": bert["intermediate_size"],
        }
    except KeyError as error:
        raise ModelRefusedError(f"{path}: {error.args[0]} is missing") from error


def _inferred(weights: Weights) -> dict[str, Any]:
    """The shape that the weights have."""
    base = "distilbert/embeddings"
    try:
        vocabulary, dim = weights[f"{base}/word_embeddings/weight"].shape
        return {
            "vocab_size": vocabulary,
            "dim": dim,
            "max_position_embeddings": weights[f"{base}/position_embeddings/embeddings"].shape[0],
            "n_layers": len({n.split("/")[2] for n in weights if n.startswith("distilbert/transformer/")}),
            "hidden_dim": weights["distilbert/transformer/layer_._0/ffn/lin1/kernel"].shape[1],
            "n_heads": _HEADS if dim % _HEADS == 0 else 4,
        }
    except (KeyError, IndexError, ValueError) as error:
        raise ModelRefusedError(
            f"the weights do not show a DistilBERT's shape ({error}): give --config"
        ) from error


def _tokeniser(source: Source, folder: Path, vocabulary: int) -> Path:
    folder = source.tokeniser or folder
    if not (folder / "tokenizer.json").is_file():
        raise ModelRefusedError(f"{folder} has no tokenizer.json: name a folder that has, with --tokeniser")
    pieces = vocabulary_size(folder / "tokenizer.json")
    if pieces != vocabulary:
        raise ModelRefusedError(
            f"{folder / 'tokenizer.json'}: {pieces} word pieces, the model was made for {vocabulary}"
        )
    return folder


def _check_shapes(file: Path, config: DistilBertConfig, weights: Weights) -> None:
    wanted = expected_shapes(config)
    for name, shape in wanted.items():
        if name not in weights:
            raise ModelRefusedError(f"{file}: lacks {name}")
        if weights[name].shape != shape:
            raise ModelRefusedError(
                f"{file}: {name} is {weights[name].shape}, the configuration says {shape}"
            )


def expected_shapes(config: DistilBertConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of every weight of the encoder."""
    dim, wide = config.dim, config.hidden_dim
    shapes: dict[str, tuple[int, ...]] = {
        "distilbert/embeddings/word_embeddings/weight": (config.vocab_size, dim),
        "distilbert/embeddings/position_embeddings/embeddings": (config.max_position_embeddings, dim),
        **_norm("distilbert/embeddings/LayerNorm", dim),
    }
    for layer in range(config.n_layers):
        base = f"distilbert/transformer/layer_._{layer}"
        for name in ("q_lin", "k_lin", "v_lin", "out_lin"):
            shapes |= _dense(f"{base}/attention/{name}", dim, dim)
        shapes |= _dense(f"{base}/ffn/lin1", dim, wide) | _dense(f"{base}/ffn/lin2", wide, dim)
        shapes |= _norm(f"{base}/sa_layer_norm", dim) | _norm(f"{base}/output_layer_norm", dim)
    return shapes


def _dense(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}/kernel": (inputs, outputs), f"{name}/bias": (outputs,)}


def _norm(name: str, size: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}/gamma": (size,), f"{name}/beta": (size,)}


def build_classifier(start: Start, seed: int) -> tf_keras.Model:
    """A one-logit classifier of ``start``; what it brings no weights for is random, by ``seed``."""
    tf_keras.utils.set_random_seed(seed)
    model = TFDistilBertForSequenceClassification(start.config)
    model(model.dummy_inputs)
    assign_weights(model, start.weights)
    return model


def assign_weights(model: tf_keras.Model, weights: Weights) -> None:
    """Give the model the weights of its names and shapes; a head of another width stays random."""
    for variable in model.weights:
        name = variable.name.split("/", 1)[1].removesuffix(":0")
        value = weights.get(name)
        if value is not None and value.shape == tuple(variable.shape):
            variable.assign(value)


def starting_model(folder: Path, seed: int) -> tf_keras.Model:
    """The classifier that training would start from at ``folder``."""
    return build_classifier(find_start(Source(str(folder))), seed)
