"""Training alone, in a process of its own: ``python -m tests.bench.training train|train_bare STEPS``.

``train`` is our loop as the command runs it, reading and tokenising included; ``train_bare`` the least that
TensorFlow needs for the same batches: a graph of model, loss and optimiser. Both train a random model of the
shape that ships. Prints one JSON object: rows per second, peak memory.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
import tf_keras
from transformers import TFDistilBertForSequenceClassification

from consumer.model.folder import open_model
from consumer.tokenise import Tokeniser
from tests.bench import texts
from training.data.batches import Parts
from training.data.mixture import Mixture, Position, endless, survey
from training.fit.hyper import Hyper
from training.fit.loop import Progress, Run, fit
from training.fit.progress import Display
from training.fit.session import open_session, prepare
from training.fit.start import Source, Start, find_start
from training.fit.stop import Stop

_WARM = 3  # steps that are not counted: the graph is built, caches fill
_HYPER = Hyper(batch_size=64)
Batches = Callable[[Position], Iterator[tuple[Position, Parts]]]


def train(start: Start, batches: Batches, steps: int) -> tuple[int, float]:
    """Rows and seconds of our loop."""
    prepare(_HYPER)
    session = open_session(start, _HYPER, steps + _WARM)
    moments, rows = [], []

    def step_once(asked: bool, parts: Sequence[Any]) -> tuple[float, bool]:  # noqa: FBT001 - as Run calls it
        told = session.step_once(asked, parts)
        moments.append(time.perf_counter())
        rows.append(sum(len(part.labels) for part in parts))
        return told

    run = Run(
        steps=steps + _WARM,
        save_every=0,
        batches=batches,
        step_once=step_once,
        rate=_HYPER.rate(steps + _WARM),
        save=lambda _: None,
        clock=time.monotonic,
    )
    with Display(run.steps, 0, time.monotonic) as display:
        fit(run, Progress(), display, Stop())
    return sum(rows[_WARM:]), moments[-1] - moments[_WARM - 1]


def train_bare(start: Start, batches: Batches, steps: int) -> tuple[int, float]:
    """Rows and seconds of a loop of its own over batches made before."""
    model = TFDistilBertForSequenceClassification(start.config)
    model(model.dummy_inputs)
    optimiser = tf_keras.optimizers.AdamW(1e-4, weight_decay=0.01, global_clipnorm=1.0, jit_compile=False)
    tokens, rows = tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None,), tf.float32)

    def step(ids: Any, mask: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(input_ids=ids, attention_mask=mask, training=True).logits[:, 0]
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))
        variables = model.trainable_variables
        optimiser.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    graph = tf.function(step, input_signature=(tokens, tokens, rows))
    made = [batch for _, (batch,) in islice(batches(Position()), steps + _WARM)]
    started = 0.0
    for number, batch in enumerate(made):
        if number == _WARM:
            started = time.perf_counter()
        float(graph(batch.input_ids, batch.attention_mask, batch.labels))
    return sum(len(batch.labels) for batch in made[_WARM:]), time.perf_counter() - started


def main() -> None:
    """Measure one way."""
    name, steps = sys.argv[1], int(sys.argv[2])
    model = open_model(Path("Models/CURRENT"))
    with tempfile.TemporaryDirectory() as folder:
        chunk = Path(folder) / "chunk_0001.csv"
        with chunk.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("target", "text"))
            rows.writerows((("0", "4")[i % 2], text) for i, text in enumerate(texts.load(4_000)[0]))
        start = find_start(Source("random", model.path / "config.json", model.path))
        batches = endless(
            Mixture((survey(chunk),)),
            Tokeniser(model.tokeniser_path, _HYPER.max_length),
            _HYPER.batch_size,
            7,
        )
        rows_done, seconds = {"train": train, "train_bare": train_bare}[name](start, batches, steps)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"per_second": rows_done / seconds, "peak_bytes": peak}))


if __name__ == "__main__":
    main()
