"""``training train``: chunks → a checkpoint folder.

One logit, binary cross-entropy from logits, one learning-rate schedule over the whole run, the best
weights by accuracy at probability 0.5 on fixed validation files.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import random
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras

from consumer.clean import CLEANING_VERSION
from consumer.tokenise import Tokeniser, fingerprint
from training.data.batches import Batch, Example, bucketed, read_examples
from training.fit.checkpoint import load_state, replace_folder, save_state, save_weights
from training.fit.start import starting_model

_CHUNKS_TOGETHER = 12  # rows mixed before bucketing: 12 chunks of 1,000
_NO_DECAY = ["bias", "LayerNorm", "layer_norm"]
_INPUTS = (
    tf.TensorSpec((None, None), tf.int32),
    tf.TensorSpec((None, None), tf.int32),
    tf.TensorSpec((None,), tf.float32),
)


class WarmUpThenLinear(tf_keras.optimizers.schedules.LearningRateSchedule):
    """Linear from 0 to ``peak`` over ``warm_up`` steps, then linear to 0 at ``steps``."""

    def __init__(self, peak: float, warm_up: int, steps: int) -> None:
        self.peak, self.warm_up, self.steps = peak, warm_up, steps

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Rate at a step, counted from 0."""
        done = tf.cast(step, tf.float32) + 1.0
        falling = (self.steps - done + 1.0) / max(1, self.steps - self.warm_up)
        return self.peak * tf.clip_by_value(tf.minimum(done / max(1, self.warm_up), falling), 0.0, 1.0)

    def get_config(self) -> dict[str, float]:
        """What Keras stores with the optimiser."""
        return {"peak": self.peak, "warm_up": self.warm_up, "steps": self.steps}


def make_optimiser(
    rate: float, warm_up: int, steps: int, weight_decay: float
) -> tf_keras.optimizers.Optimizer:
    """AdamW with global-norm clipping; no weight decay on biases and norms."""
    optimiser = tf_keras.optimizers.AdamW(
        WarmUpThenLinear(rate, warm_up, steps), weight_decay=weight_decay, epsilon=1e-6, global_clipnorm=1.0
    )
    optimiser.exclude_from_weight_decay(var_names=_NO_DECAY)
    return optimiser


def make_step(model: tf_keras.Model, optimiser: tf_keras.optimizers.Optimizer) -> Any:
    """One gradient step as a graph; returns the batch's mean loss."""

    @tf.function(input_signature=_INPUTS)
    def step(input_ids: tf.Tensor, attention_mask: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = model(input_ids=input_ids, attention_mask=attention_mask, training=True).logits[:, 0]
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimiser.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return step


def make_scorer(model: tf_keras.Model) -> Any:
    """Logits of a batch as a graph."""

    @tf.function(input_signature=_INPUTS[:2])
    def logits(input_ids: tf.Tensor, attention_mask: tf.Tensor) -> tf.Tensor:
        return model(input_ids=input_ids, attention_mask=attention_mask, training=False).logits[:, 0]

    return logits


def epoch_batches(chunks: list[Path], tokeniser: Tokeniser, batch_size: int, seed: int) -> Iterator[Batch]:
    """All chunks once in random order, a dozen mixed at a time so that memory stays bounded."""
    rng = random.Random(seed)
    order = chunks.copy()
    rng.shuffle(order)
    for start in range(0, len(order), _CHUNKS_TOGETHER):
        group: list[Example] = []
        for path in order[start : start + _CHUNKS_TOGETHER]:
            group += read_examples(path, tokeniser)
        yield from bucketed(group, batch_size, rng)


def validate(scorer: Any, examples: list[Example]) -> dict[str, float]:
    """Accuracy at probability 0.5 and mean log loss."""
    hits, loss, count = 0, 0.0, 0
    ordered = sorted(examples, key=lambda e: len(e.ids))
    for start in range(0, len(ordered), 128):
        batch = _padded(ordered[start : start + 128])
        logits = scorer(batch.input_ids, batch.attention_mask).numpy()
        hits += int(np.sum((logits >= 0) == (batch.labels == 1)))
        loss += float(np.sum(np.logaddexp(0, logits) - batch.labels * logits))
        count += len(logits)
    return {"accuracy": hits / count, "log_loss": loss / count}


def _padded(examples: list[Example]) -> Batch:
    return next(bucketed(examples, len(examples), random.Random(0)))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training train``."""
    parser.add_argument(
        "--from", dest="start", type=Path, required=True, help="folder of the encoder to start from"
    )
    parser.add_argument("--chunks", type=Path, default=Path("Data/processed/Chunks"))
    parser.add_argument("--validation", type=Path, nargs="+", default=[Path("Data/processed/validation.csv")])
    parser.add_argument("--out", type=Path, default=Path("runs/latest"))
    parser.add_argument("--epochs", type=float, default=2.0)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--warm-up-ratio", type=float, default=0.06)
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--validate-every", type=int, default=500, help="steps")
    parser.add_argument("--save-every", type=int, default=250, help="steps")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--resume", action="store_true", help="go on from the state in --out")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training train``."""
    chunks = sorted(args.chunks.glob("chunk_*.csv"))
    if not chunks:
        raise ValueError(f"{args.chunks}: no chunk_*.csv; run `python -m training chunk` first")
    args.out.mkdir(parents=True, exist_ok=True)
    tokeniser = Tokeniser(args.start / "tokenizer.json", args.max_length)
    validation = {path.stem: read_examples(path, tokeniser) for path in args.validation}
    rows = sum(len(read_examples(path, tokeniser)) for path in chunks)
    steps = int(rows // args.batch_size * args.epochs)
    model = starting_model(args.start, args.seed)
    optimiser = make_optimiser(args.learning_rate, int(steps * args.warm_up_ratio), steps, args.weight_decay)
    optimiser.build(model.trainable_variables)
    _write_config(args, chunks, steps, rows)
    _loop(args, chunks, tokeniser, validation, steps, model, optimiser)
    return 0


def _loop(
    args: argparse.Namespace,
    chunks: list[Path],
    tokeniser: Tokeniser,
    validation: dict[str, list[Example]],
    steps: int,
    model: tf_keras.Model,
    optimiser: tf_keras.optimizers.Optimizer,
) -> None:
    state = args.out / "state.npz"
    variables = [*model.weights, *optimiser.variables]
    progress: dict[str, Any] = {"step": 0, "best": 0.0, "history": []}
    if args.resume:
        progress = load_state(state, variables)
        print(f"resumed at step {progress['step']} of {steps}")
    step_once, scorer = make_step(model, optimiser), make_scorer(model)
    started, first, losses = time.monotonic(), progress["step"], []
    for batch in _skip(_all_epochs(args, chunks, tokeniser), progress["step"]):
        losses.append(float(step_once(batch.input_ids, batch.attention_mask, batch.labels)))
        step = progress["step"] = progress["step"] + 1
        if step % 25 == 0 or step == steps:
            pace = (time.monotonic() - started) / (step - first)
            print(f"step {step}/{steps} loss {np.mean(losses[-100:]):.4f} {pace:.2f} s/step "
                  f"{pace * (steps - step) / 60:.0f} min left")  # fmt: skip
        if step % args.validate_every == 0 or step == steps:
            _validate_and_keep(args, model, scorer, validation, progress, float(np.mean(losses[-100:])))
        if step % args.save_every == 0 or step == steps:
            save_state(state, variables, progress)
        if step == steps:
            return


def _all_epochs(args: argparse.Namespace, chunks: list[Path], tokeniser: Tokeniser) -> Iterator[Batch]:
    epoch = 0
    while True:
        yield from epoch_batches(chunks, tokeniser, args.batch_size, args.seed + epoch)
        epoch += 1


def _skip(batches: Iterator[Batch], count: int) -> Iterator[Batch]:
    for _ in range(count):
        next(batches)
    return batches


def _validate_and_keep(
    args: argparse.Namespace,
    model: tf_keras.Model,
    scorer: Any,
    validation: dict[str, list[Example]],
    progress: dict[str, Any],
    train_loss: float,
) -> None:
    scores = {name: validate(scorer, examples) for name, examples in validation.items()}
    accuracy = float(np.mean([s["accuracy"] for s in scores.values()]))
    progress["history"].append({"step": progress["step"], "train_loss": train_loss, "validation": scores})
    print("validation", {n: {k: round(v, 4) for k, v in s.items()} for n, s in scores.items()})
    if accuracy > progress["best"]:
        progress["best"] = accuracy
        keep(args, model, progress)


def keep(args: argparse.Namespace, model: tf_keras.Model, progress: dict[str, Any]) -> None:
    """Write the best weights so far, with tokeniser and training configuration beside them."""
    temporary, final = args.out / "best.tmp", args.out / "best"
    shutil.rmtree(temporary, ignore_errors=True)
    save_weights(model, temporary)
    for name in ("tokenizer.json", "vocab.txt"):
        shutil.copyfile(args.start / name, temporary / name)
    config = json.loads((args.out / "training-config.json").read_text())
    config["history"] = progress["history"]
    (temporary / "training-config.json").write_text(json.dumps(config, indent=1) + "\n")
    replace_folder(temporary, final)


def _write_config(args: argparse.Namespace, chunks: list[Path], steps: int, rows: int) -> None:
    flags = {
        k: v for k, v in vars(args).items() if k not in {"start", "chunks", "validation", "out", "command"}
    }
    data = hashlib.sha256(b"".join(path.read_bytes() for path in chunks)).hexdigest()
    manifest = args.chunks.parent / "manifest.json"
    config = {
        "hyper_parameters": flags,
        "steps": steps,
        "rows": rows,
        "started_from": args.start.name,
        "start_sha256": _weights_hash(args.start),
        "tokeniser_fingerprint": fingerprint(args.start / "tokenizer.json"),
        "cleaning_version": CLEANING_VERSION,
        "data_sha256": data,
        "data": json.loads(manifest.read_text()) | {"chunks": len(chunks)} if manifest.exists() else None,
        "validation": [path.name for path in args.validation],
        "versions": {
            n: importlib.metadata.version(n) for n in ("tensorflow", "tf-keras", "transformers", "numpy")
        },
        "command": ["python", "-m", "training", "train", *_portable(sys.argv[2:])],
    }
    (args.out / "training-config.json").write_text(json.dumps(config, indent=1) + "\n")


def _weights_hash(folder: Path) -> str | None:
    path = folder / "model.safetensors"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def _portable(arguments: list[str]) -> list[str]:
    """Absolute paths tell of one machine; their last part is what matters."""
    return [Path(a).name if Path(a).is_absolute() else a for a in arguments]
