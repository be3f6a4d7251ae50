"""A TensorFlow model folder → ``openvino/model.xml|bin`` in int8. No PyTorch and no ONNX on the way.

TensorFlow → SavedModel → OpenVINO (logits equal to 1e-6) → NNCF static quantisation, its activation
ranges taken from real tweets.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nncf
import numpy as np
import openvino as ov
import tensorflow as tf

from consumer.scoring.tensorflow import as_graph, read_classifier

# The head computes over one row a text, so float32 costs nothing there, and an error in it is not
# averaged out any more. Measured on 2,000 tweets: mean |Δp| 0.0103 → 0.0069.
_FLOAT = nncf.IgnoredScope(patterns=[".*/(pre_)?classifier/MatMul"])
# How much of the activations' outliers moves into the weights: 0.95, the default, leaves a bias of
# 0.003 in p. Measured: labels agree 99.45 % → 99.60 %.
_SMOOTHING = nncf.AdvancedSmoothQuantParameters(matmul=0.8)
# Weights in 7 of their 8 bits: a CPU with AVX2 alone adds two products of 8 bits in 16, which overflow when
# the whole range is used, and it computes another model.
_RANGE = nncf.OverflowFix.ENABLE


def to_openvino(folder: Path, texts: Sequence[Sequence[int]] | None) -> Path:
    """Write ``folder/openvino/model.xml`` from the TensorFlow weights in ``folder``.

    Args:
        folder: holds ``config.json`` and weights.
        texts: word-piece ids of a few hundred real tweets, for the ranges of activations; ``None`` leaves
            the model in float: weights in float16, computed in float32.

    Returns:
        The path of ``model.xml``.

    Raises:
        OSError: a file could not be written; names it, or the temporary folder of the step between.
    """
    path = folder / "openvino" / "model.xml"
    path.parent.mkdir(exist_ok=True)
    model = _read(folder)
    if texts is not None:
        model = _quantised(model, texts)
    _save(model, path)
    return path


def _save(model: Any, path: Path) -> None:
    """Write the model and read it again: OpenVINO does not look whether the disk took all of it."""
    try:
        ov.save_model(model, path, compress_to_fp16=True)
        ov.Core().read_model(path)
    except RuntimeError as error:
        raise _unwritten(path, error) from error


def _unwritten(path: Path, error: Exception) -> OSError:
    """The error of a runtime that could not write, in the last of its many lines."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return OSError(f"{path}: could not be written: {lines[-1]}")


def _quantised(model: Any, texts: Sequence[Sequence[int]]) -> Any:
    return nncf.quantize(
        model,
        nncf.Dataset(texts, _inputs),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(texts),
        ignored_scope=_FLOAT,
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            overflow_fix=_RANGE, smooth_quant_alphas=_SMOOTHING
        ),
    )


def _read(folder: Path) -> Any:
    model = read_classifier(folder)
    tf.get_logger().setLevel("ERROR")  # it warns of every dropout layer that is not exported
    with tempfile.TemporaryDirectory() as temporary:
        try:
            tf.saved_model.save(model, temporary, signatures=as_graph(model))
        except tf.errors.OpError as error:
            raise _unwritten(Path(temporary), error) from error
        found = ov.convert_model(temporary)
    found.set_rt_info(
        "saved_model", ["conversion_parameters", "input_model"]
    )  # not where it lay for a moment
    return found


def _inputs(ids: Sequence[int]) -> dict[str, np.ndarray]:
    row = np.array([ids], np.int32)
    return {"input_ids": row, "attention_mask": np.ones_like(row)}
