"""Scorers alone, each in a process of its own: ``python -m tests.bench.scorers NAME COUNT``.

Prints one JSON object: texts per second, peak memory. All use the weights of the model in use.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from consumer.clean import clean
from consumer.cli.loading import usable_cores
from consumer.model.folder import ModelFolder, open_model
from consumer.scoring.load import load_scorer
from consumer.tokenise import Tokeniser
from tests.bench import texts

MICRO_BATCH = 512
Score = Callable[[Sequence[list[int]]], object]


def openvino(folder: ModelFolder) -> tuple[Score, int]:
    """The default scorer, fed whole micro-batches."""
    cache = Path(".state/compiled")
    scorer = load_scorer(folder.path, "openvino", streams=usable_cores(), cache_dir=cache)
    return scorer.logits, MICRO_BATCH


def tensorflow(folder: ModelFolder) -> tuple[Score, int]:
    """The reference scorer with the same sorted chunks."""
    return load_scorer(folder.path, "tensorflow").logits, MICRO_BATCH


def padded(folder: ModelFolder) -> tuple[Score, int]:
    """As the original project served: one graph, every text padded to 128, batches of 32."""
    graph = _graph(folder)
    return lambda ids: graph(*_pad(ids)), 32


def predict(folder: ModelFolder) -> tuple[Score, int]:
    """The original project's own call: one text a ``model.predict``."""
    model = _model(folder)

    def score(ids: Sequence[list[int]]) -> object:
        input_ids, mask = _pad(ids)
        return model.predict({"input_ids": input_ids, "attention_mask": mask}, verbose=0)

    return score, 1


WAYS = {"predict": predict, "padded": padded, "tensorflow": tensorflow, "openvino": openvino}


def _model(folder: ModelFolder):  # type: ignore[no-untyped-def] # noqa: ANN202 - TensorFlow has no types
    from transformers import TFDistilBertForSequenceClassification  # noqa: PLC0415 - only two ways need it

    return TFDistilBertForSequenceClassification.from_pretrained(folder.path)


def _graph(folder: ModelFolder) -> Callable[..., object]:
    import tensorflow as tf  # noqa: PLC0415 - only this way needs it

    model = _model(folder)
    graph = tf.function(lambda ids, mask: model(input_ids=ids, attention_mask=mask, training=False).logits)
    return lambda ids, mask: graph(tf.constant(ids), tf.constant(mask)).numpy()


def _pad(ids: Sequence[list[int]]):  # type: ignore[no-untyped-def] # noqa: ANN202 - arrays
    import numpy as np  # noqa: PLC0415 - kept out of start-up

    full = np.zeros((len(ids), 128), np.int32)
    mask = np.zeros_like(full)
    for row, tokens in enumerate(ids):
        full[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return full, mask


def _parts(ids: Sequence[list[int]], size: int) -> Iterator[Sequence[list[int]]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def main() -> None:
    """Measure one way on COUNT texts, after a warm-up on the first batch or two."""
    name, count = sys.argv[1], int(sys.argv[2])
    folder = open_model(Path("Models/CURRENT"))
    tokeniser = Tokeniser(folder.tokeniser_path, folder.max_length)
    found, _ = texts.load(count)
    ids = [tokens.ids for tokens in tokeniser([clean(text) or "x" for text in found])]
    score, size = WAYS[name](folder)
    for part in list(_parts(ids, size))[:2]:
        score(part)
    started = time.perf_counter()
    for part in _parts(ids, size):
        score(part)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"per_second": len(ids) / seconds, "peak_bytes": peak}))


if __name__ == "__main__":
    main()
