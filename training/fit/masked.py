"""Masked-language modelling: some word pieces are hidden, the model says which they were."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras
from transformers import TFDistilBertForMaskedLM

from consumer.errors import ModelRefusedError
from consumer.model.manifest import read_object
from training.data.batches import Ints, Parts
from training.fit.start import Start, assign_weights
from training.fit.step import ONE, TOKENS, Loss

HIDDEN, BECOMES_MASK, BECOMES_ANY = 0.15, 0.8, 0.1  # Devlin et al. 2019
PIECES = tf.TensorSpec((None,), tf.int32)  # (m,)
SIGNATURE = (TOKENS, TOKENS, PIECES, PIECES, ONE)
_SPECIAL = re.compile(r"\[(PAD|UNK|CLS|SEP|MASK|unused\d+)\]")


@dataclass(frozen=True, slots=True)
class Pieces:
    """What hiding needs to know of a vocabulary."""

    mask: int
    ordinary: npt.NDArray[np.bool_]  # (v,) neither special nor unused


@dataclass(frozen=True, slots=True)
class Masked:
    """A batch, or a part of one, with some word pieces hidden."""

    input_ids: Ints  # (n, t)
    attention_mask: Ints  # (n, t)
    positions: Ints  # (m,) into the flattened batch
    targets: Ints  # (m,) the hidden ids
    share: float = 1.0  # of all pieces hidden in the batch

    @property
    def arrays(self) -> tuple[Ints, Ints, Ints, Ints, np.float32]:
        """As a graph takes them."""
        return self.input_ids, self.attention_mask, self.positions, self.targets, np.float32(self.share)


def read_pieces(folder: Path) -> Pieces:
    """The special and the ordinary ids of a tokeniser, by its own account.

    Raises ``ModelRefusedError`` where it has no ``[MASK]``.
    """
    path = folder / "tokenizer.json"
    content = read_object(path)
    vocabulary: dict[str, int] = content.get("model", {}).get("vocab", {})
    if "[MASK]" not in vocabulary:
        raise ModelRefusedError(f"{path}: no [MASK] among its word pieces: nothing can be hidden")
    ordinary = np.ones(max(vocabulary.values()) + 1, np.bool_)
    ordinary[[i for piece, i in vocabulary.items() if _SPECIAL.fullmatch(piece)]] = False
    ordinary[[t["id"] for t in content.get("added_tokens", []) if t.get("special")]] = False
    return Pieces(vocabulary["[MASK]"], ordinary)


def hide(ids: Ints, mask: Ints, pieces: Pieces, rng: np.random.Generator) -> Masked:
    """Choose 15 % of the ordinary pieces; most become the mask, some any piece, some stay.

    At least one is chosen wherever there is an ordinary piece, so that every batch has a loss.
    """
    draws = np.where(pieces.ordinary[ids], rng.random(ids.shape), np.inf).reshape(-1)
    chosen = np.flatnonzero(draws < HIDDEN)
    if not len(chosen):
        chosen = np.array([int(np.argmin(draws))])
    hidden = ids.copy().reshape(-1)
    fate = rng.random(len(chosen))
    hidden[chosen[fate < BECOMES_MASK]] = pieces.mask
    other = chosen[fate >= 1 - BECOMES_ANY]
    hidden[other] = rng.choice(np.flatnonzero(pieces.ordinary), len(other))
    targets = ids.reshape(-1)[chosen]
    return Masked(hidden.reshape(ids.shape), mask, chosen.astype(np.int32), targets.astype(np.int32))


def hide_in_parts(parts: Parts, pieces: Pieces, rng: np.random.Generator) -> tuple[Masked, ...]:
    """``hide`` in each part of a batch; every hidden piece of the batch counts alike."""
    hidden = [hide(part.input_ids, part.attention_mask, pieces, rng) for part in parts]
    total = sum(len(one.positions) for one in hidden)
    return tuple(replace(one, share=len(one.positions) / total) for one in hidden)


def masked_loss(model: tf_keras.Model) -> Loss:
    """Mean cross-entropy at hidden positions, times the part's share; the vocabulary is scored nowhere else.

    Scoring every position would take three times as long: the vocabulary is the widest layer.
    """

    def loss(
        ids: tf.Tensor, mask: tf.Tensor, positions: tf.Tensor, targets: tf.Tensor, share: tf.Tensor
    ) -> tf.Tensor:
        states = model.distilbert(input_ids=ids, attention_mask=mask, training=True)[0]  # (n, t, dim)
        rows = tf.gather(tf.reshape(states, (-1, model.config.dim)), positions)[
            None
        ]  # the head wants (n, t, dim)
        rows = model.vocab_layer_norm(model.act(model.vocab_transform(rows)))
        logits = tf.cast(model.vocab_projector(rows)[0], tf.float32)  # (m, v)
        return share * tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits))

    return loss


def masked_model(start: Start, seed: int) -> tf_keras.Model:
    """The encoder of ``start`` under a fresh masked-language head, random by ``seed``."""
    tf_keras.utils.set_random_seed(seed)
    model = TFDistilBertForMaskedLM(start.config)
    model(model.dummy_inputs)
    assign_weights(model, start.weights)
    return model
