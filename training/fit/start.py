"""Where training starts: a DistilBERT folder, or a BERT-family encoder that fits DistilBERT's shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import tf_keras
from safetensors.numpy import load_file
from transformers import DistilBertConfig, TFDistilBertForSequenceClassification

_LAYER = {
    "attention.self.query": "attention/q_lin",
    "attention.self.key": "attention/k_lin",
    "attention.self.value": "attention/v_lin",
    "attention.output.dense": "attention/out_lin",
    "attention.output.LayerNorm": "sa_layer_norm",
    "intermediate.dense": "ffn/lin1",
    "output.dense": "ffn/lin2",
    "output.LayerNorm": "output_layer_norm",
}


def starting_model(folder: Path, seed: int) -> tf_keras.Model:
    """A one-logit classifier with the encoder of ``folder``; its head is random, by ``seed``."""
    tf_keras.utils.set_random_seed(seed)
    config = json.loads((folder / "config.json").read_text())
    if config["model_type"] == "distilbert":
        return TFDistilBertForSequenceClassification.from_pretrained(folder, num_labels=1)
    if config["model_type"] != "bert" or config["hidden_act"] != "gelu":
        raise ValueError(f"{folder}: a {config['model_type']} encoder does not fit DistilBERT's shape")
    model = TFDistilBertForSequenceClassification(distilbert_config(config))
    model(model.dummy_inputs)
    _copy_encoder(model, load_file(folder / "model.safetensors"), config["num_hidden_layers"])
    return model


def distilbert_config(bert: dict[str, Any]) -> DistilBertConfig:
    """DistilBERT's configuration with the shape of a BERT encoder."""
    return DistilBertConfig(
        vocab_size=bert["vocab_size"],
        max_position_embeddings=bert["max_position_embeddings"],
        dim=bert["hidden_size"],
        n_layers=bert["num_hidden_layers"],
        n_heads=bert["num_attention_heads"],
        hidden_dim=bert["intermediate_size"],
        num_labels=1,
        id2label={0: "positive"},
        label2id={"positive": 0},
    )


def _copy_encoder(model: tf_keras.Model, source: dict[str, np.ndarray], layers: int) -> None:
    source = {name.removeprefix("bert."): value for name, value in source.items()}
    weights = {w.name.split("/", 1)[1].removesuffix(":0"): w for w in model.weights}
    used: set[str] = set()

    def assign(target: str, value: np.ndarray) -> None:
        weights[target].assign(value)
        used.add(target)

    base = "distilbert/embeddings"
    assign(f"{base}/word_embeddings/weight", source["embeddings.word_embeddings.weight"])
    # DistilBERT has no token types: type 0, the only one ever used, moves into the positions.
    positions = source["embeddings.position_embeddings.weight"]
    assign(
        f"{base}/position_embeddings/embeddings",
        positions + source["embeddings.token_type_embeddings.weight"][0],
    )
    _assign_norm(assign, f"{base}/LayerNorm", source, "embeddings.LayerNorm")
    for layer in range(layers):
        for theirs, ours in _LAYER.items():
            name = f"encoder.layer.{layer}.{theirs}"
            target = f"distilbert/transformer/layer_._{layer}/{ours}"
            if theirs.endswith("LayerNorm"):
                _assign_norm(assign, target, source, name)
            else:
                assign(f"{target}/kernel", source[f"{name}.weight"].T)
                assign(f"{target}/bias", source[f"{name}.bias"])
    left = {
        name for name in weights if name not in used and not name.startswith(("pre_classifier", "classifier"))
    }
    if left:
        raise ValueError(f"the encoder has no weights for {sorted(left)}")


def _assign_norm(assign: Any, target: str, source: dict[str, np.ndarray], name: str) -> None:
    assign(f"{target}/gamma", source[f"{name}.weight"])
    assign(f"{target}/beta", source[f"{name}.bias"])
