"""The reference scorer: ``TFDistilBertForSequenceClassification`` in float32, as one graph."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# transformers' TensorFlow classes need Keras 2. Both must be set before TensorFlow is first imported.
os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from transformers import TFDistilBertForSequenceClassification
from transformers.utils import logging as transformers_logging

from consumer.errors import ModelRefusedError
from consumer.scoring.chunks import cut, pad
from consumer.scoring.scorer import Logits

# The largest difference between a text's logit alone and in company: float32 sums in another order.
NEIGHBOUR_TOLERANCE = 1e-4
SIGNATURE = (
    tf.TensorSpec((None, None), tf.int32, name="input_ids"),
    tf.TensorSpec((None, None), tf.int32, name="attention_mask"),
)


def read_classifier(folder: Path) -> Any:
    """The Keras model of ``config.json`` and ``model.safetensors`` or ``tf_model.h5``.

    Weights in float16 are widened to float32. Raises ``ModelRefusedError`` naming what does not fit.
    """
    _check_config(folder / "config.json")
    transformers_logging.set_verbosity_error()
    try:
        model, report = TFDistilBertForSequenceClassification.from_pretrained(
            folder, local_files_only=True, output_loading_info=True
        )
    except Exception as error:  # transformers, h5py and safetensors raise dozens of types
        raise ModelRefusedError(f"{folder}: transformers cannot load it: {error}") from error
    # In tf_model.h5 layers go by name, and a dropout layer, which has no weights, by another each time.
    weightless = {layer.name for layer in model.layers if not layer.weights}
    missing = sorted(set(report["missing_keys"]) - weightless)
    if missing:
        raise ModelRefusedError(f"{folder}: its weights lack {', '.join(missing[:3])}")
    return model


def _check_config(path: Path) -> None:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelRefusedError(f"{path}: not readable as JSON: {error}") from error
    if config.get("model_type") != "distilbert":
        raise ModelRefusedError(f"{path}: model_type is {config.get('model_type')!r}, must be 'distilbert'")
    outputs = len(config.get("id2label", {0: "", 1: ""}))  # transformers leaves the default of two out
    if outputs != 1:
        raise ModelRefusedError(f"{path}: {outputs} outputs, must be one logit")


def as_graph(model: Any) -> Any:
    """A graph ``(input_ids, attention_mask) → {"logits": (n,)}``, both (n, t) int32."""

    @tf.function(input_signature=SIGNATURE)
    def logits(input_ids: tf.Tensor, attention_mask: tf.Tensor) -> dict[str, tf.Tensor]:
        output = model(input_ids=input_ids, attention_mask=attention_mask, training=False)
        return {"logits": output.logits[:, 0]}

    return logits


class TensorFlowScorer:
    """Logits from a model folder's TensorFlow weights."""

    def __init__(self, folder: Path, *, streams: int, chunk_tokens: int) -> None:
        """Load, and set TensorFlow's threads to ``streams`` where it has not started yet."""
        _limit_threads(streams)
        self._graph: Any = as_graph(read_classifier(folder))
        self._chunk_tokens = chunk_tokens
        self.padded_tokens = 0

    def logits(self, ids: Sequence[Sequence[int]]) -> Logits:
        """Logits (n,) of n texts, in order."""
        out = np.full(len(ids), np.nan, np.float32)
        self.padded_tokens = 0
        for chunk in cut([len(text) for text in ids], self._chunk_tokens):
            input_ids, mask = pad(ids, chunk)
            out[list(chunk.rows)] = self._graph(input_ids, mask)["logits"].numpy()
            self.padded_tokens += chunk.padded_tokens
        return out

    def close(self) -> None:
        """Drop the graph."""
        self._graph = None


def _limit_threads(count: int) -> None:
    try:
        tf.config.threading.set_intra_op_parallelism_threads(count)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        return  # TensorFlow runs already, with the threads it was first given
