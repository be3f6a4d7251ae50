"""``training pretrain``: raw texts → an encoder that knows how tweets are written.

Masked-language modelling from a pretrained encoder, before ``train`` gives it labels. No label is
used; rows that ``chunk`` would hold out are left out here too.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras
from transformers import DistilBertConfig, TFDistilBertForMaskedLM

from consumer.clean import CLEANING_VERSION, clean
from consumer.tokenise import Tokeniser
from training.data.batches import Example, Ints, bucketed
from training.data.rows import read_rows
from training.data.split import place, split_of
from training.fit.checkpoint import replace_folder
from training.fit.start import starting_model
from training.train import make_optimiser

_MASKED, _BECOMES_MASK, _BECOMES_ANY = 0.15, 0.8, 0.1  # Devlin et al. 2019
_INPUTS = (
    tf.TensorSpec((None, None), tf.int32),
    tf.TensorSpec((None, None), tf.int32),
    tf.TensorSpec((None,), tf.int32),
    tf.TensorSpec((None,), tf.int32),
)


@dataclass(frozen=True, slots=True)
class Special:
    """Ids that masking needs."""

    mask: int
    first_ordinary: int  # ids below are special or unused
    vocabulary: int


@dataclass(frozen=True, slots=True)
class Masked:
    """A batch with some word pieces hidden."""

    input_ids: Ints  # (n, t)
    attention_mask: Ints  # (n, t)
    positions: Ints  # (m,) into the flattened batch
    targets: Ints  # (m,) the hidden ids


def read_texts(paths: list[Path]) -> list[str]:
    """Cleaned texts of the files, each once, without those that belong to a held-out split."""
    texts: dict[int, str] = {}
    for path in paths:
        for row in read_rows(path, path.stem):
            key, position = place(row.text)
            if split_of(position) == "train":
                texts.setdefault(key, clean(row.text))
    return [text for text in texts.values() if text]


def hide(ids: Ints, mask: Ints, special: Special, rng: np.random.Generator) -> Masked:
    """Choose 15 % of the ordinary pieces; most become the mask, some any piece, some stay."""
    chosen = np.flatnonzero((rng.random(ids.shape) < _MASKED) & (ids >= special.first_ordinary))
    hidden = ids.copy().reshape(-1)
    fate = rng.random(len(chosen))
    hidden[chosen[fate < _BECOMES_MASK]] = special.mask
    other = chosen[fate >= 1 - _BECOMES_ANY]
    hidden[other] = rng.integers(special.first_ordinary, special.vocabulary, len(other))
    return Masked(
        hidden.reshape(ids.shape), mask, chosen.astype(np.int32), ids.reshape(-1)[chosen].astype(np.int32)
    )


def make_step(model: tf_keras.Model, optimiser: tf_keras.optimizers.Optimizer) -> Any:
    """One gradient step as a graph; the vocabulary is scored at hidden positions only."""

    @tf.function(input_signature=_INPUTS)
    def step(ids: tf.Tensor, mask: tf.Tensor, positions: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            states = model.distilbert(input_ids=ids, attention_mask=mask, training=True)[0]  # (n, t, dim)
            dim = model.config.dim
            rows = tf.gather(tf.reshape(states, (-1, dim)), positions)[None]  # the head wants (n, t, dim)
            rows = model.vocab_layer_norm(model.act(model.vocab_transform(rows)))
            logits = tf.cast(model.vocab_projector(rows)[0], tf.float32)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits))
        variables = model.trainable_variables
        optimiser.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    return step


def masked_model(folder: Path, seed: int) -> tf_keras.Model:
    """The encoder of ``folder`` under a fresh masked-language head."""
    source = starting_model(folder, seed)
    model = TFDistilBertForMaskedLM(DistilBertConfig.from_dict(source.config.to_dict()))
    model(model.dummy_inputs)
    model.distilbert.set_weights(source.distilbert.get_weights())
    return model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training pretrain``."""
    parser.add_argument("texts", nargs="+", type=Path, help="labelled csv files, plain or .gz")
    parser.add_argument("--from", dest="start", type=Path, required=True, help="encoder to start from")
    parser.add_argument("--out", type=Path, default=Path("runs/pretrained"))
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16, keep weights in float32")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training pretrain``."""
    if args.bf16:
        tf_keras.mixed_precision.set_global_policy("mixed_bfloat16")
    tokeniser = Tokeniser(args.start / "tokenizer.json", args.max_length)
    texts = read_texts(args.texts)
    examples = [Example(t.ids, 0) for t in tokeniser(texts)]
    steps = int(len(examples) // args.batch_size * args.epochs)
    model = masked_model(args.start, args.seed)
    special = Special(mask=103, first_ordinary=999, vocabulary=model.config.vocab_size)
    optimiser = make_optimiser(args.learning_rate, int(steps * 0.06), steps, 0.01)
    optimiser.build(model.trainable_variables)
    step_once, losses, started = make_step(model, optimiser), [], time.monotonic()
    for step, batch in enumerate(_batches(examples, args, special, steps), start=1):
        losses.append(float(step_once(batch.input_ids, batch.attention_mask, batch.positions, batch.targets)))
        if step % 50 == 0 or step == steps:
            pace = (time.monotonic() - started) / step
            print(f"step {step}/{steps} loss {np.mean(losses[-100:]):.4f} {pace:.2f} s/step "
                  f"{pace * (steps - step) / 60:.0f} min left", flush=True)  # fmt: skip
        if step % 500 == 0 or step == steps:
            _save(
                model,
                args,
                {"steps": steps, "step": step, "texts": len(texts), "loss": float(np.mean(losses[-100:]))},
            )
    return 0


def _batches(
    examples: list[Example], args: argparse.Namespace, special: Special, steps: int
) -> Iterator[Masked]:
    order, chance = random.Random(args.seed), np.random.default_rng(args.seed)
    done = 0
    while True:
        for batch in bucketed(examples, args.batch_size, order):
            if done == steps:
                return
            yield hide(batch.input_ids, batch.attention_mask, special, chance)
            done += 1


def _save(model: tf_keras.Model, args: argparse.Namespace, facts: dict[str, Any]) -> None:
    temporary = args.out.with_name(args.out.name + ".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    model.save_pretrained(temporary, safe_serialization=True)
    for name in ("tokenizer.json", "vocab.txt"):
        shutil.copyfile(args.start / name, temporary / name)
    config = {"masked_language": facts | {"started_from": args.start.name, "cleaning_version": CLEANING_VERSION,
              "learning_rate": args.learning_rate, "batch_size": args.batch_size, "seed": args.seed}}  # fmt: skip
    (temporary / "training-config.json").write_text(json.dumps(config, indent=1) + "\n")
    replace_folder(temporary, args.out)
